/** The door of authentication and authorization, and of the certificates a server makes itself. */

export { allowAuthenticated } from './authorizer.js';
export { bearerToken } from './bearer.js';
export { AUTHENTICATED_GROUP, authenticatorChain } from './chain.js';
export type { AuthenticatorChain } from './chain.js';
export { clientCertificateAuthenticator } from './client-certificate.js';
export type { ClientCertificateOptions } from './client-certificate.js';
export type {
  AuthClock,
  Authenticator,
  AuthorizationDecision,
  AuthorizationRequest,
  Authorizer,
} from './contract.js';
export { AuthError } from './error.js';
export type { AuthErrorCode } from './error.js';
export { generateCertificates } from './generate.js';
export type { GenerateOptions, GeneratedCertificates, KeyPair } from './generate.js';
export { kubeconfigText, writeKubeconfig } from './kubeconfig.js';
export type { KubeconfigOptions } from './kubeconfig.js';
export { parseTokenFile, tokenAuthenticator, tokenFileAuthenticator } from './token-file.js';
export type { TokenUser } from './token-file.js';

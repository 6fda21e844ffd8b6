/** The door of authentication and authorization, and of the certificates a server makes itself. */

export { accessReviewAuthorizer } from './access-review.js';
export type { AccessReviewOptions } from './access-review.js';
export { allowAuthenticated } from './authorizer.js';
export { bearerToken } from './bearer.js';
export { ANONYMOUS_USER, AUTHENTICATED_GROUP, authenticatorChain } from './chain.js';
export type { AuthenticatorChain, AuthenticatorChainOptions } from './chain.js';
export { clientCertificateAuthenticator } from './client-certificate.js';
export type { ClientCertificateOptions } from './client-certificate.js';
export { followClusterAuthentication } from './cluster-authentication.js';
export type {
  AuthenticationPart,
  ClusterAuthentication,
  ClusterAuthenticationOptions,
} from './cluster-authentication.js';
export type {
  AuthClock,
  Authenticator,
  AuthorizationDecision,
  AuthorizationRequest,
  Authorizer,
} from './contract.js';
export { AuthError } from './error.js';
export type { AuthErrorCode } from './error.js';
export { frontProxyAuthenticator } from './front-proxy.js';
export type { FrontProxyOptions, FrontProxyTrust } from './front-proxy.js';
export { generateCertificates } from './generate.js';
export type { GenerateOptions, GeneratedCertificates, KeyPair } from './generate.js';
export { kubeconfigDocument, kubeconfigText, writeKubeconfig } from './kubeconfig.js';
export type { KubeconfigDocument, KubeconfigOptions } from './kubeconfig.js';
export type { DelegationOptions } from './reviewer.js';
export {
  parseTokenFile,
  readTokenFile,
  tokenAuthenticator,
  tokenFileAuthenticator,
} from './token-file.js';
export type { TokenUser } from './token-file.js';
export { tokenReviewAuthenticator } from './token-review.js';
export type { TokenReviewOptions } from './token-review.js';

/** Where a Kubernetes API server is, how to trust it, and who to be there. */

/** PEM or a token, as it is or in a file. A file is read again while the client lives. */
export type Material = { readonly data: string } | { readonly file: string };

export interface ClientConfig {
  /** `https://10.0.0.1:443`; a path in front of the API's is kept. */
  readonly server: string;
  /** PEM of the authorities that may issue the server's certificate. Default the system's. */
  readonly certificateAuthority?: Material;
  /** The name that the server's certificate must have. Default the host of `server`. */
  readonly tlsServerName?: string;
  /** Takes any server for the right one: nothing that is sent is secret then. Default false. */
  readonly insecureSkipTlsVerify?: boolean;
  /** PEM of a client certificate (with its intermediates) and its key: both or neither. */
  readonly clientCertificate?: Material;
  readonly clientKey?: Material;
  /** A bearer token. */
  readonly token?: Material;
  /** HTTP basic authentication. */
  readonly basic?: { readonly username: string; readonly password: string };
  /** A user to act as, where the one above may (`Impersonate-User` and its kin). */
  readonly impersonate?: Impersonation;
}

export interface Impersonation {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: { readonly [key: string]: readonly string[] };
}

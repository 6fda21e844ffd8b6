/**
 * How a user of a test server reaches it: kubeconfigs in every form in which clients take them.
 */

import {
  kubeconfigDocument,
  kubeconfigText,
  writeKubeconfig,
  type KubeconfigDocument,
  type KubeconfigOptions,
} from '../auth/index.js';

/** What `KubeConfig.loadFromOptions` of @kubernetes/client-node takes. */
export interface KubeconfigClientOptions {
  readonly clusters: readonly {
    readonly name: string;
    readonly server: string;
    readonly caData?: string;
    readonly skipTLSVerify: boolean;
  }[];
  readonly users: readonly {
    readonly name: string;
    readonly certData?: string;
    readonly keyData?: string;
    readonly token?: string;
  }[];
  readonly contexts: readonly {
    readonly name: string;
    readonly cluster: string;
    readonly user: string;
  }[];
  readonly currentContext: string;
}

export class UserAccess {
  /** The bearer token that the server knows the user by. */
  readonly token: string;
  /** As an object; `JSON.stringify` of it is a kubeconfig, too. */
  readonly kubeconfig: KubeconfigDocument;
  readonly #options: KubeconfigOptions;

  /** @internal Made by the server. */
  constructor(options: KubeconfigOptions, token: string) {
    this.token = token;
    this.#options = options;
    this.kubeconfig = kubeconfigDocument(options);
  }

  /** As YAML: for `KUBECONFIG` files, and `loadFromString` of @kubernetes/client-node. */
  get kubeconfigText(): string {
    return kubeconfigText(this.#options);
  }

  /** For `loadFromOptions` of @kubernetes/client-node. */
  get clientOptions(): KubeconfigClientOptions {
    const [{ name, cluster }] = this.kubeconfig.clusters;
    const [{ user }] = this.kubeconfig.users;
    const ca = cluster['certificate-authority-data'];
    const cert = user['client-certificate-data'];
    const key = user['client-key-data'];
    return {
      clusters: [
        {
          name,
          server: cluster.server,
          skipTLSVerify: false,
          ...(ca === undefined ? {} : { caData: ca }),
        },
      ],
      users: [
        {
          name,
          ...(cert === undefined || key === undefined ? {} : { certData: cert, keyData: key }),
          ...(user.token === undefined ? {} : { token: user.token }),
        },
      ],
      contexts: [{ name, cluster: name, user: name }],
      currentContext: name,
    };
  }

  /**
   * Writes it to a file that only its owner may read; one that is there is replaced. Throws an
   * AuthError `bad-folder`.
   */
  writeKubeconfig(file: string): void {
    writeKubeconfig(file, this.#options);
  }
}

/**
 * An informer of @kubernetes/client-node that is started again whenever it gives up, as its users
 * do, and keeps an account of what it was told. It lists by pages.
 */

import {
  CustomObjectsApi,
  type Informer,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
} from '@kubernetes/client-node';

import { Account, type Following } from './account.js';
import { type ItemList, PATH } from './items.js';

/** Small, so that a compaction meets lists that are under way. */
const PAGE = 10;
/** Users wait before they start it again, and so does this. */
const RESTART_MS = 20;

export class InformerFollower implements Following {
  readonly account: Account = new Account();
  readonly #informer: Informer<KubernetesObject>;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  failures = 0;

  constructor(kubeconfig: string, labelSelector?: string) {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    const api = config.makeApiClient(CustomObjectsApi);
    const list = (): Promise<KubernetesListObject<KubernetesObject>> =>
      this.#list(api, labelSelector);
    this.#informer = makeInformer(config, PATH, list, labelSelector);
    const put = ({ metadata }: KubernetesObject): void => {
      this.account.put(metadata?.name ?? '', Number(metadata?.resourceVersion));
    };
    this.#informer.on('add', put);
    this.#informer.on('update', put);
    this.#informer.on('delete', ({ metadata }) => {
      this.account.deleted(metadata?.name ?? '', Number(metadata?.resourceVersion));
    });
    this.#informer.on('error', () => this.#restart());
  }

  async start(): Promise<void> {
    try {
      await this.#informer.start();
    } catch {
      this.#restart();
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#informer.stop();
  }

  #restart(): void {
    if (this.#isStopped || this.#timer !== undefined) return;
    this.failures++;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.start();
    }, RESTART_MS);
  }

  async #list(
    api: CustomObjectsApi,
    labelSelector: string | undefined,
  ): Promise<KubernetesListObject<KubernetesObject>> {
    const items: KubernetesObject[] = [];
    let token: string | undefined;
    for (;;) {
      const page = (await api.listNamespacedCustomObject({
        group: 'example.com',
        version: 'v1',
        namespace: 'followed',
        plural: 'items',
        limit: PAGE,
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(token === undefined ? {} : { _continue: token }),
      })) as ItemList;
      items.push(...(page.items as readonly KubernetesObject[]));
      token = page.metadata.continue;
      if (token !== undefined && token !== '') continue;
      this.account.listed(Number(page.metadata.resourceVersion));
      return { ...page, items };
    }
  }
}

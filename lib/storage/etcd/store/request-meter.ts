/** What the storage asks of etcd, told one by one to whoever counts it. */

import type { Clock } from '../../clock.js';

/** Operations as upstream's metrics name them. */
export type EtcdOperation =
  'get' | 'list' | 'create' | 'update' | 'delete' | 'getCurrentResourceVersion';

export interface EtcdStorageRequest {
  readonly operation: EtcdOperation;
  /** Empty for the core group, and where it is about no type. */
  readonly group: string;
  /** Plural, without the group; empty where it is about no type. */
  readonly resource: string;
  /** From the question to the answer, repetitions and pages included. */
  readonly durationMs: number;
  readonly hasFailed: boolean;
}

/** Called once for each request; must not throw. */
export type OnEtcdRequest = (request: EtcdStorageRequest) => void;

export class RequestMeter {
  readonly #clock: Clock;
  readonly #onRequest: OnEtcdRequest | undefined;

  constructor(clock: Clock, onRequest: OnEtcdRequest | undefined) {
    this.#clock = clock;
    this.#onRequest = onRequest;
  }

  /** `path`: a key or prefix of the storage, of which the type is told. */
  async measure<Answer>(
    operation: EtcdOperation,
    path: string,
    answer: Promise<Answer>,
  ): Promise<Answer> {
    if (this.#onRequest === undefined) return answer;
    const startedAt = this.#clock.now();
    let hasFailed = true;
    try {
      const answered = await answer;
      hasFailed = false;
      return answered;
    } finally {
      const durationMs = Math.max(0, this.#clock.now() - startedAt);
      this.#onRequest({ operation, ...typeOf(path), durationMs, hasFailed });
    }
  }
}

// `/example.com/widgets/…`, and `/core/pods/…` of the group without a name.
function typeOf(path: string): { readonly group: string; readonly resource: string } {
  const [, group = '', resource = ''] = path.split('/', 3);
  if (resource === '') return { group: '', resource: '' };
  return { group: group === 'core' ? '' : group, resource };
}

/**
 * A small operator: it writes `Hello, NAME!` into the status of every Greeting.
 *
 *  1. It acts on the state, never on the event: a lost or doubled event does no harm.
 *  2. A conflict is no error: somebody was faster, and his change comes as an event.
 *  3. Whatever else fails is tried again after a pause that doubles, by the clock it is given.
 */

import {
  CustomObjectsApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';

const TYPE = { group: 'example.com', version: 'v1', plural: 'greetings' };
const PATH = '/apis/example.com/v1/greetings';
const PAUSE_MIN_MS = 1_000;
const PAUSE_MAX_MS = 30_000;

/** `clock.setTimer(delayMs, callback)` gives a timer with `cancel()`. */
export function startOperator(config, clock) {
  const api = config.makeApiClient(CustomObjectsApi);
  const informer = makeInformer(config, PATH, () => api.listCustomObjectForAllNamespaces(TYPE));
  const timers = new Set();
  let pauseMs = PAUSE_MIN_MS;
  let isStopped = false;

  function later(delayMs, callback) {
    const timer = clock.setTimer(delayMs, () => {
      timers.delete(timer);
      callback();
    });
    timers.add(timer);
  }

  async function reconcile(greeting, attempt = 0) {
    const { name, namespace, resourceVersion } = greeting.metadata;
    const message = `Hello, ${greeting.spec.name}!`;
    if (isStopped || greeting.status?.message === message) return;
    try {
      await api.patchNamespacedCustomObjectStatus(
        { ...TYPE, namespace, name, body: { metadata: { resourceVersion }, status: { message } } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      );
    } catch (error) {
      if (isStopped || error.code === 409 || error.code === 404) return;
      const newest = () => informer.get(name, namespace);
      later(Math.min(PAUSE_MIN_MS * 2 ** attempt, PAUSE_MAX_MS), () => {
        if (newest() !== undefined) void reconcile(newest(), attempt + 1);
      });
    }
  }

  function restart() {
    if (isStopped) return;
    later(pauseMs, () => void informer.start());
    pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS);
  }

  const onChange = (greeting) => {
    pauseMs = PAUSE_MIN_MS;
    void reconcile(greeting);
  };
  informer.on('add', onChange);
  informer.on('update', onChange);
  informer.on('error', restart);
  void informer.start();
  return {
    async stop() {
      isStopped = true;
      for (const timer of timers) timer.cancel();
      await informer.stop();
    },
  };
}

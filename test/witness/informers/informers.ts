/** The session with informers of @kubernetes/client-node. */

import { InformerFollower } from './informer-follower.js';
import { EVEN } from './items.js';
import { type Followers, followThroughTrouble, type SessionSummary } from './session.js';

export function followByInformers(changes: number, rounds: number): Promise<SessionSummary> {
  return followThroughTrouble({ changes, rounds, follow });
}

function follow(kubeconfig: string): Followers {
  return {
    all: [new InformerFollower(kubeconfig), new InformerFollower(kubeconfig)],
    even: [new InformerFollower(kubeconfig, EVEN)],
  };
}

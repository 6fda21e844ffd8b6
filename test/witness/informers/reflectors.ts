/** The session with client-go's reflector, with and without streamed initial states. */

import { ReflectorFollower } from './reflector-follower.js';
import { type Followers, followThroughTrouble, type SessionSummary } from './session.js';

export function followByReflectors(
  program: string,
  changes: number,
  rounds: number,
): Promise<SessionSummary> {
  const follow = (kubeconfig: string): Followers => ({
    all: [true, false].map(
      (streamsState) => new ReflectorFollower(kubeconfig, { program, streamsState }),
    ),
    even: [],
  });
  return followThroughTrouble({ changes, rounds, follow });
}

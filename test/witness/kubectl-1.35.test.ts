/** kubectl 1.35 against a server of its own. */

import { registerKubectlSession } from './kubectl-session.js';

registerKubectlSession('1.35');

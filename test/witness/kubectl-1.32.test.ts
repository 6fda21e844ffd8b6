/** kubectl 1.32 against a server of its own. */

import { registerKubectlSession } from './kubectl-session.js';

registerKubectlSession('1.32');

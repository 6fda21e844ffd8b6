/** kubectl 1.35 against a server of its own: of two threads, where the engine is one of threads. */

import { engineReport } from '../../lib/engine/index.js';
import { registerKubectlSession, serverProcess } from './kubectl-session.js';

const threads = engineReport().kind === 'native' ? ['--threads', '2'] : [];

registerKubectlSession('1.35', () => serverProcess(...threads));

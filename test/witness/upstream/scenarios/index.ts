/** All scenarios, by what they are about. */

import type { Scenario } from '../scenario.js';
import { CREATE } from './create.js';
import { DELETE } from './delete.js';
import { DISCOVERY } from './discovery.js';
import { LIST } from './list.js';
import { METADATA } from './metadata.js';
import { PATCH } from './patch.js';
import { REPRESENTATION } from './representation.js';
import { ROUTING } from './routing.js';
import { SCALE } from './scale.js';
import { UPDATE } from './update.js';
import { VALUES } from './values.js';
import { WATCH } from './watch.js';

export const SCENARIOS: readonly Scenario[] = [
  ...LIST,
  ...WATCH,
  ...CREATE,
  ...UPDATE,
  ...SCALE,
  ...PATCH,
  ...DELETE,
  ...METADATA,
  ...VALUES,
  ...REPRESENTATION,
  ...ROUTING,
  ...DISCOVERY,
];

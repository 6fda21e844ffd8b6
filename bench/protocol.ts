/** What the command and a contender's process say to each other: one question, one answer. */

import type { EngineKind } from '../lib/engine/index.js';
import type { Sample, TrialSize } from './trials/contract.js';

export type Question =
  | {
      readonly type: 'prepare';
      readonly trial: string;
      /** `engine`, or the name of a rival. */
      readonly contender: string;
      readonly engine: EngineKind;
      readonly size: TrialSize;
      readonly seed: number;
    }
  | { readonly type: 'digest'; readonly operation: string }
  | { readonly type: 'sample'; readonly operation: string; readonly budgetMs: number };

export type Answer =
  | { readonly type: 'prepared'; readonly operations: readonly string[] }
  | { readonly type: 'digest'; readonly digest: string | undefined }
  | { readonly type: 'sample'; readonly sample: Sample }
  | { readonly type: 'error'; readonly message: string };

/** Opens a view of a store that another thread has. */

import { attachEngineCache } from '../../lib/engine/index.js';
import { sharedNowMs } from './clock.js';
import { EngineView } from './engine-view.js';
import { LockedView } from './locked-store.js';
import { TableView } from './table.js';
import type { Token, View } from './view.js';

/** Tables have no lists and no watches. */
export type ReadView = Pick<View, 'read' | 'bytes' | 'put'> & Partial<View>;

export function openView(token: Token): ReadView {
  switch (token.type) {
    case 'engine':
      return new EngineView(attachEngineCache(token.share, { now: sharedNowMs }));
    case 'locked':
      return new LockedView(token.store);
    case 'table':
      return new TableView(token.memory);
  }
}

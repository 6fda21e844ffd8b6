/** Bodies that are made on the way to the transport. */

export { EndingSource, errorEvent, eventsSource } from './events.js';
export { indentedSource, Indenter } from './indent.js';
export { emptySource, piecesSource } from './pieces.js';

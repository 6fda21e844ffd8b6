/** Content negotiation: which representation a client gets. */

export { MEDIA_TYPE_JSON, MEDIA_TYPE_YAML, negotiate } from './accept.js';
export type { MediaType, Representation, Transformation } from './accept.js';

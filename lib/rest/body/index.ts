/** Request bodies, and the YAML form of answers. */

export { BODY_BYTES_MAX, bodyMediaType, decodeBody, readBody } from './decode.js';
export type { DecodedBody } from './decode.js';
export { decodeYaml, encodeYaml, YamlError } from './yaml.js';

/**
 * The differences that are meant, each with its reason. One that no run shows any more is to be
 * taken out: the command says so.
 */

import type { Difference } from './difference.js';
import type { Scenario } from './scenario.js';

export interface Expected {
  readonly reason: string;
  /** Of the scenario's name; absent: all. */
  readonly scenario?: RegExp;
  /** Of the step and the path in its answer: `3 GET /path body.message`. Absent: all. */
  readonly at?: RegExp;
  /** Of what each side has there. */
  readonly ours?: RegExp;
  readonly theirs?: RegExp;
}

export const EXPECTED: readonly Expected[] = [
  {
    reason: 'a list without a next page has no continue; upstream has an empty one',
    at: /metadata\.continue$/,
    ours: /^nothing$/,
    theirs: /^""$/,
  },
  {
    reason: 'why something can not be read is said in words of our own, not in those of Go',
    at: /(message|body)$/,
    theirs:
      /json: |invalid character|unexpected end of JSON|yaml: |strconv\.|no kind \\"|illegal base64|continue key is not valid|Invalid JSON Patch/,
  },
  {
    reason: 'there is no protobuf: it is not among the media types',
    theirs: /vnd\.kubernetes\.protobuf/,
  },
  {
    reason: 'there is no protobuf: upstream fails on such a body of a custom resource',
    scenario: /^create: content types$/,
    at: /^6 /,
  },
  {
    reason: 'there is no server-side apply yet: it is not among the media types',
    scenario: /^patch: media types$/,
    at: /^[0-9]+ PATCH .* (status|body.*)$/,
    theirs: /apply|422|Invalid|meta\.k8s\.io/,
  },
  {
    reason: 'a shard selector is always taken; upstream has a gate for it, off by default',
    scenario: /^list: unknown parameters$/,
    at: /^8 /,
  },
  {
    reason: 'media types are compared without regard to case (RFC 9110)',
    scenario: /^patch: media types$/,
    at: /^8 /,
  },
  {
    reason: 'a patch that does not apply says which operation failed, and why',
    at: /PATCH .* body\.details(\.(name|group|kind|causes))?$/,
    theirs: /^(nothing|\{\})$/,
  },
  {
    reason: 'each fault of an update is told once; upstream validates several times',
    scenario: /^(patch|update|metadata)/,
    at: /body\.details\.causes\[[0-9]+\]$/,
    ours: /^nothing$/,
  },
  {
    reason: 'objects are shown without managedFields, in faults of patches too',
    scenario: /^patch/,
    at: /message$/,
    theirs: /managedFields/,
  },
  {
    reason: 'a JSON patch that moves what is not there, or whose path is no pointer, is refused',
    scenario: /^patch: JSON patches$/,
    at: /^(50|64) /,
  },
  {
    reason: 'an operation of a JSON patch that is null is no operation: 400, not 422',
    scenario: /^patch: JSON patches$/,
    at: /^72 /,
  },
  {
    reason: 'a patch that removes the apiVersion is a fault of the client: 422, not 500',
    scenario: /^patch: /,
    at: /PATCH .* (status|body.*)$/,
    theirs:
      /^("?500"?|"InternalError"|nothing|".*'apiVersion' is missing.*"|\{.*'apiVersion' is missing.*\}|\{"number":"500"\})$/,
  },
  {
    reason: 'a resourceVersion that is no number is a fault of the client: 400, not 500',
    scenario: /^(get: options|update: revisions|watch: (refused|initial)|patch: merge patches)/,
    at: / (status|body(\[0\])?\.(reason|code\.number))$/,
    ours: /^(400|"BadRequest"|"400")$/,
    theirs: /^(500|nothing|"500")$/,
  },
  {
    reason: 'numbers stay as they are written; upstream reads them as int64 or double',
    scenario: /^(values|create: YAML)/,
    at: /number$/,
  },
  {
    reason: 'half of a surrogate pair is refused; upstream stores a replacement character',
    scenario: /^values: texts$/,
    at: /^(5|12) /,
  },
  {
    reason: 'YAML bodies are YAML 1.2, of one document and with unique keys',
    scenario: /^create: YAML$/,
  },
  {
    reason: 'objects are not pruned, defaulted or validated by their schemas yet',
    scenario: /^values: members of the object itself$/,
    at: /body(\.items\[[0-9]+\])?\.(spec|KIND)$/,
  },
  {
    reason: 'a type keeps its history from the start, an API server only what fits its cache',
    scenario: /^watch: a revision from long ago$/,
  },
  {
    reason: 'the columns Name and Age describe themselves in words of our own',
    at: /columnDefinitions\[[01]\]\.description$/,
  },
  {
    reason: 'the columns of a Scale describe themselves in words of our own',
    scenario: /^scale: reads$/,
    at: /columnDefinitions\[[1-3]\]\.description$/,
  },
  {
    reason: 'a count of 0 is a cell of a table like any other; upstream leaves it empty',
    scenario: /^scale: reads$/,
    at: /rows\[0\]\.cells\[1\]$/,
    ours: /"0"/,
    theirs: /^null$/,
  },
  {
    reason: 'what is sent as a Scale and is none is told by its API version',
    scenario: /^scale: what an update is refused for$/,
    at: /^6 PUT .*body\.message$/,
  },
  {
    reason: 'transformations of meta.k8s.io/v1beta1 are not offered',
    scenario: /^accept: transformations$/,
    at: /^(4|5|18|19|22|23) /,
  },
  {
    reason: 'what can not be shown as asked is a 406 before anything is tried',
    scenario: /^(accept: transformations|watch: representations)$/,
    at: /^(12|17|20) /,
  },
  {
    reason: 'indented answers end with a newline',
    scenario: /^pretty printing$/,
    at: /body\[1\]$/,
  },
  {
    reason: 'endpoints beside resources take GET and HEAD alone; upstream takes any method',
    scenario: /^(HEAD and OPTIONS|routing: methods that are not allowed)$/,
    at: / (\/version|\/healthz|\/apis|\/apis\/\{\{group\}\}(\/v1)?|\/openapi\/v3) /,
  },
  {
    reason: 'a POST to the path of an object is not allowed; upstream does not look at the name',
    scenario: /^routing: methods that are not allowed$/,
    at: /^4 /,
  },
  {
    reason: 'unknown methods are refused by the HTTP parser',
    scenario: /^routing: methods that are not allowed$/,
    at: /^10 /,
  },
  {
    reason: 'the version document has no emulation or compatibility version',
    scenario: /^endpoints: version and root$/,
    at: /^1 GET \/version/,
  },
  {
    reason: 'metrics are in the format of prom-client',
    scenario: /^endpoints: version and root$/,
    at: /\/metrics headers\.content-type$/,
  },
  {
    reason: 'what varies by the Accept header says so',
    at: / \/apis? headers\.vary$/,
    theirs: /^nothing$/,
  },
  {
    reason: 'discovery is JSON only',
    scenario: /^discovery: resources$/,
    at: /^5 /,
  },
  {
    reason: 'If-None-Match: * matches any document (RFC 9110)',
    scenario: /^discovery: aggregated$/,
    at: /^7 /,
  },
  {
    reason: 'the OpenAPI documents are the least that clients need, in words of our own',
    scenario: /^openapi: /,
  },
  {
    reason: 'keys of the storage have no /registry in front',
    at: /message$/,
    theirs: /Key: \/registry\//,
  },
  {
    reason: 'answers that refuse carry no warnings about the body',
    scenario: /^update: options$/,
    at: /^8 .* headers\.warning$/,
  },
  {
    reason: 'answers of the filters in front of everything are JSON, whatever is accepted',
    scenario: /^routing: authentication$/,
    at: /^6 /,
  },
  {
    reason: 'a path where nothing is served is a 404 in text, and says nosniff',
    scenario: /^routing: nowhere$/,
    at: / \/(healthz|livez|readyz|openapi|version)\//,
  },
  {
    reason: 'a path that can not be taken apart is a Status',
    scenario: /^routing: nowhere$/,
    at: /\/v1\/watch /,
  },
  {
    reason: 'duplicate fields are told from the inside out',
    scenario: /^create: fieldValidation$/,
    at: /(body\.message|headers\.warning)$/,
    theirs: /duplicate field/,
  },
  {
    reason: 'a cell of what is null is null; upstream prints <no value>',
    scenario: /^table: cells$/,
    theirs: /<no value>/,
  },
  {
    reason: 'objects that can not be read are deleted on demand; upstream has a gate for it, off',
    scenario: /^delete: queries$/,
    // The last of them; it has not deleted what the two behind it ask for.
    at: /^([0-9]+ DELETE .*ignoreStoreReadErrorWithClusterBreakingPotential=true |8[34] )/,
  },
];

/** Why the difference is meant, or `undefined`. */
export function expectedDifference(
  scenario: Scenario,
  step: string,
  difference: Difference,
): Expected | undefined {
  const matches = (pattern: RegExp | undefined, text: string): boolean =>
    pattern === undefined || pattern.test(text);
  return EXPECTED.find(
    (expected) =>
      matches(expected.scenario, scenario.name) &&
      matches(expected.at, `${step} ${difference.path}`) &&
      matches(expected.ours, difference.ours) &&
      matches(expected.theirs, difference.theirs),
  );
}

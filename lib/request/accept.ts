/**
 * Media types in headers (RFC 9110 §8.3 and §12.5.1): what a body is, and what a client would take.
 */

/** A media type; type and subtype in lower case, parameter names too. */
export interface MediaType {
  /** `application/json`. */
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** One clause of an Accept header. `name` may be a range: `application/*`, or `*` on both sides. */
export interface AcceptClause extends MediaType {
  /** Above 0, at most 1. */
  readonly quality: number;
}

/** Reads a Content-Type; undefined for what is none. */
export function parseMediaType(text: string): MediaType | undefined {
  const [name = '', ...parameters] = splitOutsideQuotes(text, ';').map((part) => part.trim());
  if (!MEDIA_TYPE.test(name)) return undefined;
  return { name: name.toLowerCase(), parameters: readParameters(parameters) };
}

/**
 * The clauses of an Accept header in the order in which a client wants them: by quality, then the
 * more specific first, then as they stand. Clauses that can't be read, or have quality 0, are left
 * out. An absent or empty header takes anything.
 */
export function parseAccept(text: string | undefined): readonly AcceptClause[] {
  if (text === undefined || text.trim() === '') return [ANYTHING];
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const clauses = readAccept(text);
  if (text.length <= REMEMBERED_LENGTH_MAX) {
    if (remembered.size === REMEMBERED_MAX) remembered.clear();
    remembered.set(text, clauses);
  }
  return clauses;
}

/** Clients send the same few headers with every request. */
const REMEMBERED_MAX = 256;
const REMEMBERED_LENGTH_MAX = 512;
const remembered = new Map<string, readonly AcceptClause[]>();

function readAccept(text: string): readonly AcceptClause[] {
  const clauses: AcceptClause[] = [];
  for (const part of splitOutsideQuotes(text, ',')) {
    const mediaType = parseMediaType(part);
    if (mediaType === undefined) continue;
    const quality = readQuality(mediaType.parameters.get('q'));
    if (quality === 0) continue;
    const parameters = new Map(mediaType.parameters);
    parameters.delete('q');
    clauses.push({ name: mediaType.name, parameters, quality });
  }
  return clauses.sort(
    (left, right) => right.quality - left.quality || specificity(right) - specificity(left),
  );
}

/** Whether a clause takes the media type `name`, parameters aside. */
export function acceptsMediaType(clause: MediaType, name: string): boolean {
  if (clause.name === '*/*' || clause.name === name) return true;
  return clause.name.endsWith('/*') && name.startsWith(clause.name.slice(0, -1));
}

const MEDIA_TYPE = /^[-!#$%&'*+.^_`|~\w]+\/[-!#$%&'*+.^_`|~\w]+$/;
const ANYTHING: AcceptClause = { name: '*/*', parameters: new Map(), quality: 1 };

function specificity(clause: AcceptClause): number {
  if (clause.name === '*/*') return 0;
  return clause.name.endsWith('/*') ? 1 : 2;
}

function readQuality(text: string | undefined): number {
  if (text === undefined) return 1;
  const quality = /^(?:0|1|0?\.[0-9]+|1\.0+|0\.|1\.)$/.test(text) ? Number(text) : 1;
  return Math.min(quality, 1);
}

function readParameters(parts: readonly string[]): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of parts) {
    const equals = part.indexOf('=');
    if (equals < 1) continue;
    const name = part.slice(0, equals).trim().toLowerCase();
    const value = part.slice(equals + 1).trim();
    parameters.set(name, /^".*"$/.test(value) ? unquoted(value) : value);
  }
  return parameters;
}

function unquoted(value: string): string {
  return value.slice(1, -1).replace(/\\(.)/g, '$1');
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): readonly string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '\\' && quoted) index++;
    else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

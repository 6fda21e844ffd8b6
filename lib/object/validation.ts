/**
 * What names, label keys, label values and annotations may look like, with the messages that
 * apimachinery's validation gives. Each check returns the messages of what is wrong: an empty array
 * means valid.
 *
 * Sources: RFC 1035 §2.3.1, RFC 1123 §2.1, Kubernetes' "Object Names and IDs" and "Labels and
 * Selectors". Lengths count bytes, as upstream does.
 */

/** Characters of a DNS-1123 or DNS-1035 label (RFC 1035 §2.3.4). */
export const DNS_LABEL_LENGTH_MAX = 63;
/** Characters of a DNS-1123 subdomain. */
export const DNS_SUBDOMAIN_LENGTH_MAX = 253;
/** Characters of the name part of a qualified name. */
export const QUALIFIED_NAME_LENGTH_MAX = 63;
/** Characters of a label value. */
export const LABEL_VALUE_LENGTH_MAX = 63;
/** Bytes of all annotations of an object, keys and values together. */
export const ANNOTATIONS_BYTES_MAX: number = 256 * 1024;

/** Checks a name such as a namespace has: lower case letters, digits and `-`. */
export function isDns1123Label(value: string): string[] {
  const messages: string[] = [];
  if (bytesOf(value) > DNS_LABEL_LENGTH_MAX)
    messages.push(tooLong(DNS_LABEL_LENGTH_MAX, 'characters'));
  if (!DNS_1123_LABEL.test(value)) {
    messages.push(
      DNS_1123_SUBDOMAIN.test(value) ? 'must not contain dots' : `${LABEL_RULE} ${LABEL_EXAMPLES}`,
    );
  }
  return messages;
}

/** Checks a name such as most objects have: labels joined by dots. */
export function isDns1123Subdomain(value: string): string[] {
  return subdomainFaults(value, 'characters');
}

/** Checks a name that must begin with a letter, such as that of a resource type or a service. */
export function isDns1035Label(value: string): string[] {
  const messages: string[] = [];
  if (bytesOf(value) > DNS_LABEL_LENGTH_MAX)
    messages.push(tooLong(DNS_LABEL_LENGTH_MAX, 'characters'));
  if (!DNS_1035_LABEL.test(value)) messages.push(`${DNS_1035_RULE} ${DNS_1035_EXAMPLES}`);
  return messages;
}

/** Checks that a name can be one segment of a URL path. */
export function isPathSegmentName(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  const messages: string[] = [];
  for (const forbidden of ['/', '%']) {
    if (value.includes(forbidden)) messages.push(`may not contain '${forbidden}'`);
  }
  return messages;
}

/** Checks a label key, an annotation key or a finalizer: a name, with or without a DNS prefix. */
export function isQualifiedName(value: string): string[] {
  const messages: string[] = [];
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${QUALIFIED_RULE} ${QUALIFIED_EXAMPLES} with an optional DNS subdomain ` +
        "prefix and '/' (e.g. 'example.com/MyName')",
    ];
  }
  const [prefix, name] = parts.length === 2 ? [parts[0], parts[1] as string] : [undefined, value];
  if (prefix === '') messages.push('prefix part must be non-empty');
  else if (prefix !== undefined) {
    messages.push(...subdomainFaults(prefix, 'bytes').map((message) => `prefix part ${message}`));
  }
  if (name === '') messages.push('name part must be non-empty');
  else if (bytesOf(name) > QUALIFIED_NAME_LENGTH_MAX) {
    messages.push(`name part ${tooLong(QUALIFIED_NAME_LENGTH_MAX, 'bytes')}`);
  }
  if (!QUALIFIED_NAME.test(name))
    messages.push(`name part ${QUALIFIED_RULE} ${QUALIFIED_EXAMPLES}`);
  return messages;
}

/** Checks the value of a label: empty, or letters and digits with `-`, `_` and `.` between them. */
export function isLabelValue(value: string): string[] {
  const messages: string[] = [];
  if (bytesOf(value) > LABEL_VALUE_LENGTH_MAX)
    messages.push(tooLong(LABEL_VALUE_LENGTH_MAX, 'bytes'));
  if (!LABEL_VALUE.test(value)) messages.push(`${LABEL_VALUE_RULE} ${LABEL_VALUE_EXAMPLES}`);
  return messages;
}

/** Bytes that annotations count as: all keys and values (in UTF-8). */
export function annotationsSize(annotations: { readonly [key: string]: string }): number {
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) size += bytesOf(key) + bytesOf(value);
  return size;
}

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const DNS_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const VALUE = `(${QUALIFIED})?`;

const DNS_1123_LABEL = new RegExp(`^${LABEL}$`);
const DNS_1123_SUBDOMAIN = new RegExp(`^${SUBDOMAIN}$`);
const DNS_1035_LABEL = new RegExp(`^${DNS_1035}$`);
const QUALIFIED_NAME = new RegExp(`^${QUALIFIED}$`);
const LABEL_VALUE = new RegExp(`^${VALUE}$`);

const LABEL_RULE =
  'a lowercase RFC 1123 label must consist of lower case alphanumeric characters or ' +
  "'-', and must start and end with an alphanumeric character";
const LABEL_EXAMPLES = examples(LABEL, 'my-name', '123-abc');
const SUBDOMAIN_RULE =
  'a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, ' +
  "'-' or '.', and must start and end with an alphanumeric character";
const SUBDOMAIN_EXAMPLES = examples(SUBDOMAIN, 'example.com');
const DNS_1035_RULE =
  'a DNS-1035 label must consist of lower case alphanumeric characters or ' +
  "'-', start with an alphabetic character, and end with an alphanumeric character";
const DNS_1035_EXAMPLES = examples(DNS_1035, 'my-name', 'abc-123');
const QUALIFIED_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', " +
  'and must start and end with an alphanumeric character';
const QUALIFIED_EXAMPLES = examples(QUALIFIED, 'MyName', 'my.name', '123-abc');
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', " +
  'and must start and end with an alphanumeric character';
const LABEL_VALUE_EXAMPLES = examples(VALUE, 'MyValue', 'my_value', '12345');

function examples(pattern: string, ...samples: readonly string[]): string {
  const listed = samples.map((sample) => `'${sample}'`).join(',  or ');
  return `(e.g. ${listed}, regex used for validation is '${pattern}')`;
}

function subdomainFaults(value: string, unit: Unit): string[] {
  const messages: string[] = [];
  if (bytesOf(value) > DNS_SUBDOMAIN_LENGTH_MAX) {
    messages.push(tooLong(DNS_SUBDOMAIN_LENGTH_MAX, unit));
  }
  if (!DNS_1123_SUBDOMAIN.test(value)) messages.push(`${SUBDOMAIN_RULE} ${SUBDOMAIN_EXAMPLES}`);
  return messages;
}

// Upstream says the one of names and the other of labels, and counts bytes of both.
type Unit = 'characters' | 'bytes';

function tooLong(lengthMax: number, unit: Unit): string {
  return `must be no more than ${lengthMax} ${unit}`;
}

function bytesOf(value: string): number {
  return Buffer.byteLength(value);
}

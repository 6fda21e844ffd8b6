/** Which header fields may be sent, where Node does not check it itself (HTTP/2, upgrades). */

/** The name of a field in lower case, as HTTP/2 has it. Throws a TypeError as `assertSendable`. */
export function sendableName(name: string, value: string): string {
  const known = lowerCase.get(name);
  if (known !== undefined && !unsafe.test(value)) return known;
  assertSendable(name, value);
  const lower = name.toLowerCase();
  if (lowerCase.size < NAMES_MAX) lowerCase.set(name, lower);
  return lower;
}

/** Names that are remembered: answers have the same few again and again. */
const NAMES_MAX = 256;
const lowerCase = new Map<string, string>();

/** Throws a TypeError for a name or value that RFC 9110 §5 does not allow. */
export function assertSendable(name: string, value: string): void {
  if (!token.test(name) || unsafe.test(value)) {
    throw new TypeError(`the header ${JSON.stringify(name)} can't be sent`);
  }
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const unsafe = /[^\t\x20-\x7e\x80-\xff]/;

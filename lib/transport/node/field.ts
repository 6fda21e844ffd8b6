/** Which header fields may be sent, where Node does not check it itself (HTTP/2, upgrades). */

/** Throws a TypeError for a name or value that RFC 9110 §5 does not allow. */
export function assertSendable(name: string, value: string): void {
  if (!token.test(name) || unsafe.test(value)) {
    throw new TypeError(`the header ${JSON.stringify(name)} can't be sent`);
  }
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const unsafe = /[^\t\x20-\x7e\x80-\xff]/;

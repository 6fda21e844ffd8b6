/**
 * The apiVersion and kind that answers carry: names so plain that JSON needs no escapes for them.
 */

const PLAIN = /^[A-Za-z0-9._/-]*$/;

/** `"kind":"Widget","apiVersion":"example.com/v1"`; throws a TypeError for other characters. */
export function typeMeta(kind: string, apiVersion: string): string {
  for (const [field, text] of Object.entries({ kind, apiVersion })) {
    if (typeof text === 'string' && PLAIN.test(text)) continue;
    throw new TypeError(
      `${field} has other characters than letters, digits, '.', '/', '-' and '_': ${String(text)}`,
    );
  }
  return `"kind":"${kind}","apiVersion":"${apiVersion}"`;
}

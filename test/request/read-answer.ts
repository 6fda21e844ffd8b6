/** Answers as a client would see them, for tests of whatever answers with whole bodies. */

import type { Answer } from '../../lib/request/index.js';

export function bodyText(answer: Answer | undefined): string {
  if (answer?.source.type !== 'bytes') throw new Error('the answer has no whole body');
  return new TextDecoder().decode(answer.source.bytes);
}

export function bodyJson(answer: Answer | undefined): unknown {
  return JSON.parse(bodyText(answer));
}

/** Headers by lower-case name. */
export function headersOf(answer: Answer | undefined): { readonly [name: string]: string } {
  return Object.fromEntries(
    (answer?.headers ?? []).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

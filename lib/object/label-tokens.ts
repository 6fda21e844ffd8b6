/**
 * The tokens of a label selector: words (keys, values, `in`, `notin`), symbols and the end.
 *
 * A run of symbol characters is cut into the longest symbols from the left: `!=`, `==` before `=`
 * and `!`. White space separates and is dropped.
 */

export interface LabelToken {
  readonly type: 'word' | 'symbol' | 'end';
  readonly text: string;
}

/** Cuts a selector into tokens; the last one is the end. */
export function tokenize(text: string): readonly LabelToken[] {
  const tokens: LabelToken[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const [token, word] = match;
    tokens.push(
      word === undefined ? { type: 'symbol', text: token } : { type: 'word', text: token },
    );
  }
  tokens.push({ type: 'end', text: '' });
  return tokens;
}

const TOKEN = /([^ \t\r\n=!(),><]+)|!=|==|[=!(),><]/g;

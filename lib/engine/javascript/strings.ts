/**
 * Strings that repeat from object to object (namespaces, label keys and values, index values), kept
 * once, with a count of who uses them, and given back with their last user.
 */

interface Entry {
  readonly text: string;
  users: number;
}

export class StringPool {
  readonly #entries = new Map<string, Entry>();

  /** Number of different strings. */
  get size(): number {
    return this.#entries.size;
  }

  /** The one copy of this string, with one user more. */
  acquire(text: string): string {
    const entry = this.#entries.get(text);
    if (entry === undefined) {
      this.#entries.set(text, { text, users: 1 });
      return text;
    }
    entry.users++;
    return entry.text;
  }

  /** One user less. */
  release(text: string): void {
    const entry = this.#entries.get(text)!;
    if (--entry.users === 0) this.#entries.delete(text);
  }
}

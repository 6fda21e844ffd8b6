/** What `verify` finds: one sentence for each fault, with a stable code, and how many there are. */

export type FindingCode =
  /** A page of LMDB's data file: cut off, overwritten, not where it belongs. */
  | 'page'
  /** The rows that tell format, revision and owner. */
  | 'meta'
  /** A row, or a line of an export, without the form that it should have. */
  | 'malformed'
  /** A key that no object can have. */
  | 'key'
  /** Keys that are out of order, or there twice. */
  | 'order'
  /** A value that is no JSON object. */
  | 'json'
  /** JSON in another form than the canonical one, which writes are compared with. */
  | 'canonical'
  /** An object whose metadata is not that of its key. */
  | 'metadata'
  /** A revision above the store's, below the one the key was made at, or given twice. */
  | 'revision'
  /** The history of changes does not fit the objects. */
  | 'history'
  /** The index of times to live does not fit the objects. */
  | 'expiry'
  /** Another number of objects than is told. */
  | 'count'
  /** The SHA-256 of an export is not what its footer tells. */
  | 'checksum'
  /** An export that ends before its footer. */
  | 'truncated';

export interface Finding {
  readonly code: FindingCode;
  /** What it is about and what is wrong. */
  readonly message: string;
}

export interface VerifyReport {
  /** The folder, or the file as it was named. */
  readonly subject: string;
  readonly kind: 'store' | 'export';
  /** Absent where the damage is such that it can't be told. */
  readonly revision?: bigint;
  readonly compactedRevision?: bigint;
  readonly objects: number;
  /** Objects by `resource.group`; the core group's by `resource`. */
  readonly objectsByResource: { readonly [resource: string]: number };
  /** Of all findings. */
  readonly findingCount: number;
  /** The first FINDINGS_MAX of them. */
  readonly findings: readonly Finding[];
}

/** How many findings are kept: one damaged tree may have millions. */
export const FINDINGS_MAX = 1000;

export type Report = (code: FindingCode, message: string) => void;

/** Gathers findings and counts. */
export class Findings {
  readonly found: Finding[] = [];
  objects = 0;
  #count = 0;
  readonly #byResource = new Map<string, number>();

  readonly report: Report = (code, message) => {
    this.#count++;
    if (this.found.length < FINDINGS_MAX) this.found.push({ code, message });
  };

  get count(): number {
    return this.#count;
  }

  /** `resource` is absent where the key does not tell. */
  countObject(resource: string | undefined): void {
    this.objects++;
    if (resource === undefined) return;
    this.#byResource.set(resource, (this.#byResource.get(resource) ?? 0) + 1);
  }

  summary(): Pick<VerifyReport, 'objects' | 'objectsByResource' | 'findingCount' | 'findings'> {
    return {
      objects: this.objects,
      objectsByResource: Object.fromEntries(this.#byResource),
      findingCount: this.#count,
      findings: this.found,
    };
  }
}

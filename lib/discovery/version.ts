/**
 * The order of API versions (apimachinery `util/version`, kube-aware): released before beta before
 * alpha, each by falling number, then every other name in alphabetical order. `v2`, `v1`,
 * `v2beta1`, `v1beta2`, `v1alpha1`, `bar`, `foo`.
 */

import { compareUtf8 } from '../object/index.js';

/** Below 0 where `left` is preferred to `right`. */
export function compareVersions(left: string, right: string): number {
  const a = parse(left);
  const b = parse(right);
  if (a === undefined || b === undefined) {
    if (a === b) return compareUtf8(left, right);
    return a === undefined ? 1 : -1;
  }
  return (
    b.stability - a.stability ||
    compareNumbers(b.major, a.major) ||
    compareNumbers(b.minor, a.minor)
  );
}

interface ParsedVersion {
  /** 2 released, 1 beta, 0 alpha. */
  readonly stability: number;
  readonly major: bigint;
  readonly minor: bigint;
}

function parse(version: string): ParsedVersion | undefined {
  const match = /^v([0-9]+)(?:(alpha|beta)([0-9]+))?$/.exec(version);
  if (match === null) return undefined;
  const [, major = '0', stage, minor = '0'] = match;
  const stability = stage === undefined ? 2 : stage === 'beta' ? 1 : 0;
  return { stability, major: BigInt(major), minor: BigInt(minor) };
}

function compareNumbers(left: bigint, right: bigint): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

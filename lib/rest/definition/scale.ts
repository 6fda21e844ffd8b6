/**
 * The scale subresource of a version: which fields of its objects `/scale` reads and writes
 * (apiextensions, `CustomResourceSubresourceScale`).
 */

import type { ScaleSubresource } from '../../object/index.js';
import type { DefinitionField } from './field.js';

const PLAIN_PATH = /^(?:\.[A-Za-z_][-A-Za-z0-9_]*)+$/;

/** Reads `scale`; notes every path that is missing or leads elsewhere. */
export function readScale(scale: DefinitionField): ScaleSubresource | undefined {
  const known = ['specReplicasPath', 'statusReplicasPath', 'labelSelectorPath'];
  if (scale.isAbsent || !scale.isObject(known)) return undefined;
  const selector = scale.member('labelSelectorPath');
  const labelSelectorPath = selector.isAbsent ? '' : selector.text();
  checkPath(selector, labelSelectorPath ?? '', ['spec', 'status']);
  return {
    specReplicasPath: readPath(scale.member('specReplicasPath'), 'spec'),
    statusReplicasPath: readPath(scale.member('statusReplicasPath'), 'status'),
    ...(labelSelectorPath ? { labelSelectorPath } : {}),
  };
}

function readPath(field: DefinitionField, root: string): string {
  const path = field.requiredText();
  checkPath(field, path, [root]);
  return path;
}

// Upstream's texts.
function checkPath(field: DefinitionField, path: string, roots: readonly string[]): void {
  if (path === '') return;
  if (!PLAIN_PATH.test(path)) {
    field.refuse('must be a plain path such as .spec.replicas');
  } else if (!roots.some((root) => path.startsWith(`.${root}.`))) {
    const either = roots.length > 1 ? 'either ' : '';
    field.refuse(
      `should be a json path under ${either}${roots.map((root) => `.${root}`).join(' or ')}`,
    );
  }
}

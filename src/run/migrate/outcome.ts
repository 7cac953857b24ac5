import type { ChangeGroup, FileError, Refused } from '../../types.js';
import { messageFor } from '../../messages/index.js';
import type { FileResult, ResultDocument } from '../document.js';
import { byPlace, filesOf } from '../plan.js';
import { bytesOf, hashOf } from '../read.js';
import type { RunDetails } from '../run.js';
import type { LeftOut } from './search.js';

interface Addition {
  readonly refused?: readonly Refused[];
  readonly errors?: readonly FileError[];
  readonly written?: ReadonlySet<string>;
}

/** The document of a run with only some of its groups, and what came to light since. */
export function narrowed(found: RunDetails, groups: readonly ChangeGroup[], more: Addition): ResultDocument {
  const { document, sources } = found;
  const after = new Map(filesOf(groups, sources).map((file) => [file.source.path, file]));
  const files = document.files.flatMap((file): FileResult[] => {
    if (file.status !== 'would-change' && file.status !== 'changed') return [file];
    const planned = after.get(file.path);
    if (!planned)
      return file.created
        ? []
        : [{ path: file.path, ...(file.language && { language: file.language }), status: 'unchanged' }];
    const bytes = bytesOf({ text: planned.after, bom: planned.source.bom });
    return [{ ...file, status: more.written?.has(file.path) ? 'changed' : 'would-change', after: hashOf(bytes) }];
  });
  const refused = [...document.refused, ...(more.refused ?? [])].sort(byPlace);
  const errors = [...document.errors, ...(more.errors ?? [])].sort(byPlace);
  return {
    ...document,
    files,
    groups,
    refused,
    errors,
    summary: {
      ...document.summary,
      changed: after.size,
      groups: groups.length,
      unsafe: groups.filter((group) => group.level === 'unsafe').length,
      refused: document.summary.refused + (more.refused?.length ?? 0),
      errors: errors.length,
    },
  };
}

/** A group that the tests do not bear, as a site that was left: its reason is what they said. */
export function leftOutOf({ group, output }: LeftOut<ChangeGroup>, found: RunDetails, test: string): Refused {
  const own = group.edits.filter((edit) => edit.path === group.path);
  const start = Math.min(...own.map((edit) => edit.start));
  const text = found.sources.get(group.path)?.text ?? '';
  return {
    path: group.path,
    line: group.line,
    column: group.column,
    start,
    end: Math.max(...own.map((edit) => edit.end)),
    rule: group.rule,
    reason: 'breaks-the-tests',
    message: messageFor('breaks-the-tests', { code: test }),
    excerpt: text.split('\n', group.line)[group.line - 1]?.trimEnd() ?? '',
    output,
  };
}

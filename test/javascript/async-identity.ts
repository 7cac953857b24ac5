import { readAsync } from '../../src/javascript/async/read';
import { compose } from '../../src/javascript/compose';
import { contextsOf } from '../../src/javascript/contexts';
import type { PlannedGroup } from '../../src/javascript/plan';
import { findWrong } from '../../src/javascript/verify';
import { changeOf, refusedOf } from '../../src/transforms/result';
import type { ProjectResult, ProjectView, SourceText } from '../../src/types';

/** Async functions read and written again as async functions: what is lost or moved on the way shows. */
export function readAndWrite(files: readonly SourceText[], view: ProjectView): ProjectResult {
  const { contexts, errors } = contextsOf(files, { to: 'async' }, view);
  const read = contexts.map((ctx) => ({ ctx, ...readAsync(ctx) }));
  const groups = read.flatMap(({ ctx, entries }) =>
    entries.map((entry): PlannedGroup => ({
      rule: 'async-to-async',
      title: entry.name,
      entries: [{ ctx, entry }],
      edits: [],
      unsafe: [],
      notes: [],
      main: { ctx, at: entry.at.start },
    })),
  );
  const { written, unsaid } = compose(groups, 'async');
  const wrong = findWrong(written);
  if (unsaid.length || wrong.length)
    throw new Error(`not written: ${JSON.stringify([...unsaid, ...wrong].map(String))}`);
  const refused = read.flatMap(({ ctx, refusals }) =>
    refusals.map((refusal) => refusedOf({ ctx, rule: 'async-to-async', refusal })),
  );
  return { groups: written.map(changeOf), refused, errors, ignored: [], sites: groups.length + refused.length };
}

/** What is read is said again as an async function: what the reader makes of a text shows. */
export function again(text: string, path = 'a.js'): { text: string; refused: string[] } {
  const view = { root: '/', read: () => undefined, others: [] };
  const result = readAndWrite([{ path, text }], view);
  expect(result.errors).toEqual([]);
  const edits = result.groups.flatMap((group) => group.edits).sort((a, b) => b.start - a.start || b.end - a.end);
  const after = edits.reduce((out, edit) => out.slice(0, edit.start) + edit.text + out.slice(edit.end), text);
  const refused = result.refused.map((each) => `${each.reason} at ${text.slice(each.start, each.end).split('\n')[0]}`);
  return { text: after, refused };
}

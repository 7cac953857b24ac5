import { positionOf } from '../edits/edits.js';
import { messageFor } from '../messages/index.js';
import { pyFile, type PyFile } from '../python/file.js';
import { leftovers } from '../python/leftovers.js';
import type { PlacedRefusal, PlannedChange } from '../python/plan.js';
import { PyProject } from '../python/project.js';
import { requirementEdits } from '../python/requirements.js';
import type {
  ChangeGroup,
  FileError,
  ProjectResult,
  ProjectView,
  Refused,
  SourceText,
  TransformOptions,
} from '../types.js';
import { pythonAsyncToCallback } from './python-async-to-callback.js';
import { pythonAsyncToPool } from './python-async-to-pool.js';
import { pythonCallbackToAsync } from './python-callback-to-async.js';
import { pythonCallbackToPool } from './python-callback-to-pool.js';
import { pythonPoolToAsync } from './python-pool-to-async.js';
import { pythonPoolToCallback } from './python-pool-to-callback.js';
import type { PythonTransform } from './python-transform.js';
import { groupId, inOrder, sortPlaces } from './result.js';
import { isAsked } from './transform.js';

/** What can be asked for in Python. */
export const pythonTransforms: readonly PythonTransform[] = [
  pythonAsyncToCallback,
  pythonAsyncToPool,
  pythonCallbackToAsync,
  pythonCallbackToPool,
  pythonPoolToAsync,
  pythonPoolToCallback,
];

/** Converts the Python files of one project; the contract is that of `convertProject`. */
export function convertPython(
  files: readonly SourceText[],
  options: TransformOptions,
  view: ProjectView,
): ProjectResult {
  const errors: FileError[] = [];
  const parsed: PyFile[] = [];
  for (const { path, text } of files) {
    const file = pyFile(path, text);
    if (!('error' in file)) parsed.push(file);
    else
      errors.push({
        path,
        line: file.error.line,
        column: file.error.column,
        kind: 'parse-error',
        message: file.error.message,
      });
  }
  const asked = pythonTransforms.filter((each) => isAsked(each, options));
  const groups: ChangeGroup[] = [];
  const refused: Refused[] = [];
  const ignored: Refused[] = [];
  for (const transform of asked) {
    const others = view.others.filter((path) => path.endsWith('.py'));
    const project = new PyProject(parsed, (path) => view.read(path), others);
    const plan = transform.plan(project, options);
    // Two directions never change the same file in one run: the first stands.
    const free = plan.changes.filter(
      (change) =>
        !change.files.some(({ file }) => groups.some((group) => group.edits.some((edit) => edit.path === file.path))),
    );
    groups.push(...free.map((change) => groupOf(project, change, transform.name)));
    const unchanged = [...plan.refusals, ...leftovers(project, transform.from, plan)];
    for (const each of unchanged) (each.ignored ? ignored : refused).push(refusedOf(each, transform.name));
    errors.push(...plan.defects.map(({ file, message }) => defect(file, message)));
  }
  const done = new Map(groups.flatMap((group) => group.edits.map((edit) => [edit.path, group.rule] as const)));
  const left = refused.filter((each) => (done.get(each.path) ?? each.rule) === each.rule);
  const sources = new Set(files.map(({ path }) => path));
  const changedIn = ({ edits }: ChangeGroup) =>
    new Set(edits.map(({ path }) => path).filter((path) => sources.has(path)));
  const changed = groups.reduce((sum, group) => sum + changedIn(group).size, 0);
  return {
    groups: sortPlaces(groups),
    refused: sortPlaces(left),
    errors,
    ignored: sortPlaces(ignored),
    sites: changed + left.length + ignored.length,
  };
}

const defect = (file: PyFile, message: string): FileError => ({
  path: file.path,
  line: 1,
  column: 1,
  kind: 'internal-error',
  message: `the result would not parse: ${message}`,
});

function groupOf(project: PyProject, change: PlannedChange, rule: string): ChangeGroup {
  const beside = requirementEdits(project, change);
  const own = change.files.flatMap(({ file, edits: each }) => each.map((edit) => ({ path: file.path, ...edit })));
  const edits = [...own, ...beside.map(({ edit }) => edit)];
  const texts = new Map(change.files.map(({ file }) => [file.path, file.text]));
  for (const { edit, text } of beside) texts.set(edit.path, text);
  const main = change.units.find((unit) => unit.at && texts.has(unit.file.path)) ?? change.units[0]!;
  const names = change.units.flatMap((unit) => (unit.fn && !unit.rewrite.isEmpty ? [unit.fn.name] : []));
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  return {
    id: groupId(
      rule,
      edits.map((edit) => ({
        path: edit.path,
        old: texts.get(edit.path)!.slice(edit.start, edit.end),
        text: edit.text,
      })),
    ),
    rule,
    level: 'safe',
    differences: [
      ...new Set([...change.notes.map((note) => note.code), ...(beside.length > 0 ? ['dependency-added'] : [])]),
    ].sort(),
    title: names.length > 0 ? `${names[0]}${more}: ${rule.replaceAll('-', ' ')}` : rule.replaceAll('-', ' '),
    path: main.file.path,
    ...positionOf(main.file.text, main.at?.start ?? 0),
    edits: inOrder(edits),
  };
}

function refusedOf({ file, refusal }: PlacedRefusal, rule: string): Refused {
  const { start, end } = refusal.at;
  const lineStart = file.text.lastIndexOf('\n', start - 1) + 1;
  const lineEnd = file.text.indexOf('\n', start);
  return {
    path: file.path,
    ...positionOf(file.text, start),
    start,
    end,
    rule,
    reason: refusal.code,
    message: messageFor(refusal.code, {
      code: file.text.slice(start, end),
      ...(refusal.detail && { name: refusal.detail }),
    }),
    excerpt: file.text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).trimEnd(),
  };
}

import { chainEdits } from '../edits/chain.js';
import { applyEdits } from '../edits/edits.js';
import { pyFile, type PyFile } from './file.js';
import type { PlannedChange, PlannedFile, PyPlan, PlacedRefusal } from './plan.js';
import { PyProject } from './project.js';

/**
 * Two directions one after the other as one: what the first changes must be changed by the second too, or it is left as it was. A style that two others
 * lie between needs no writer of its own.
 */
export function twoSteps(
  project: PyProject,
  first: (project: PyProject) => PyPlan,
  second: (project: PyProject) => PyPlan,
): PyPlan {
  const one = first(project);
  if (one.changes.length === 0) return one;
  const middle = new Map<string, PyFile>();
  for (const file of project.files) {
    const edits = one.changes.flatMap((change) =>
      change.files.filter((each) => each.file === file).flatMap((each) => each.edits),
    );
    const after = edits.length > 0 ? pyFile(file.path, applyEdits(file.text, edits)) : file;
    if ('error' in after) throw new Error(`the result of the first step does not parse: ${after.error.message}`);
    middle.set(file.path, after);
  }
  const two = second(new PyProject([...middle.values()], project.read, project.others));
  const changes: PlannedChange[] = [];
  const refusals: PlacedRefusal[] = [...one.refusals];
  for (const change of one.changes) {
    const paths = change.files.map((each) => each.file.path);
    const later = two.changes.filter((each) => each.files.some(({ file }) => paths.includes(file.path)));
    const refused = two.refusals.find((each) => paths.includes(each.file.path));
    const all = paths.every((path) => later.some((each) => each.files.some(({ file }) => file.path === path)));
    if (refused || !all) refusals.push(refusalOf(change, refused));
    else changes.push(joined(project, change, later));
  }
  return { changes, refusals, fallen: one.fallen, defects: [...one.defects, ...two.defects] };
}

/** The files that the first direction changes are its own; the second one has the others. What is refused in both is told as the first has it. */
export function firstOrSecond(project: PyProject, first: PyPlan, second: () => PyPlan): PyPlan {
  const isOwn = (each: { readonly file: PyFile }): boolean =>
    first.changes.some((change) => change.files.some(({ file }) => file === each.file));
  const isTold = (each: { readonly file: PyFile }): boolean => first.refusals.some(({ file }) => file === each.file);
  if (project.files.every((file) => isOwn({ file }))) return first;
  const other = second();
  const changes = other.changes.filter((change) => !change.files.some(isOwn));
  return {
    changes: [...first.changes, ...changes],
    refusals: [...first.refusals, ...other.refusals.filter((each) => !isOwn(each) && !isTold(each))],
    fallen: [...(first.fallen ?? []), ...(other.fallen ?? [])],
    defects: [...first.defects, ...other.defects],
  };
}

/** What stands in the way in the second step, told where the first one would have begun. */
function refusalOf(change: PlannedChange, why: PlacedRefusal | undefined): PlacedRefusal {
  const [first] = change.files;
  const unit = change.units.find((each) => each.at && each.file === first!.file);
  const at = unit?.at ?? { start: 0, end: 1 };
  return {
    file: first!.file,
    refusal: {
      code: why?.refusal.code ?? 'unknown-callee',
      at: { start: at.start, end: at.end },
      ...(why?.refusal.detail && { detail: why.refusal.detail }),
    },
  };
}

function joined(project: PyProject, change: PlannedChange, later: readonly PlannedChange[]): PlannedChange {
  const files: PlannedFile[] = [];
  const paths = new Set([...change.files, ...later.flatMap((each) => each.files)].map(({ file }) => file.path));
  for (const path of paths) {
    const file = project.files.find((each) => each.path === path)!;
    const own = change.files.find((each) => each.file === file)?.edits ?? [];
    const next = later.flatMap((each) =>
      each.files.filter((one) => one.file.path === path).flatMap((one) => one.edits),
    );
    files.push({ file, edits: chainEdits(file.text, own, next).map(({ start, end, text }) => ({ start, end, text })) });
  }
  return { units: change.units, files, notes: [...change.notes, ...later.flatMap((each) => each.notes)] };
}

import type { TextEdit } from '../edits/edits.js';
import { applyEdits } from '../edits/edits.js';
import type { Note, Refusal } from '../flow/model.js';
import { pyFile, type PyFile } from './file.js';
import { refuseHazards } from './hazards.js';
import { headOf, Imports, noLongerUsed } from './imports.js';
import { ignoresIn } from './ignores.js';
import { Rewrite } from './rewrite.js';
import type { Unit, Units } from './unit.js';
import { wrongWith } from './verify.js';

export interface PlannedFile {
  readonly file: PyFile;
  readonly edits: readonly TextEdit[];
}

/** Units that are converted together, written out. */
export interface PlannedChange {
  readonly units: readonly Unit[];
  readonly files: readonly PlannedFile[];
  readonly notes: readonly Note[];
}

export interface PlacedRefusal {
  readonly file: PyFile;
  readonly refusal: Refusal;
  readonly ignored?: boolean;
}

export interface PyPlan {
  readonly changes: readonly PlannedChange[];
  readonly refusals: readonly PlacedRefusal[];
  /** Units that were not converted because they, or others that they stand with, are refused. */
  readonly fallen?: readonly Unit[];
  /** Defects of ours: a result that is no Python. */
  readonly defects: readonly { file: PyFile; message: string }[];
}

/** Which units stand or fall together, and what becomes of those that stand. */
export function planUnits(units: Units, rule: string): PyPlan {
  refuseHazards(units, rule);
  const refusals: PlacedRefusal[] = [];
  const good: Unit[][] = [];
  const fallen: Unit[] = [];
  for (const component of componentsOf(units.all().filter((unit) => unit.touched))) {
    const said = refusalsOf(component, rule);
    if (said.length > 0) fallen.push(...component);
    if (said.length > 0) refusals.push(...said);
    else if (component.some((unit) => !unit.rewrite.isEmpty)) good.push(component);
  }
  const changes: PlannedChange[] = [];
  const defects: { file: PyFile; message: string }[] = [];
  for (const group of byFile(good)) {
    const written = write(group);
    if (written.wrong === undefined)
      changes.push({ units: group, files: written.files, notes: group.flatMap((unit) => unit.notes) });
    else if (written.wrong.code === 'unparsable')
      defects.push({ file: written.wrong.file, message: written.wrong.detail });
    else
      refusals.push({
        file: written.wrong.file,
        refusal: { code: written.wrong.code, at: group[0]!.at ?? { start: 0, end: 1 }, detail: written.wrong.detail },
      });
  }
  return { changes, refusals: eachOnce(refusals), fallen, defects };
}

/** What stands in the way of several units is told once. */
function eachOnce(refusals: readonly PlacedRefusal[]): PlacedRefusal[] {
  const key = ({ file, refusal }: PlacedRefusal): string => `${file.path}\0${refusal.code}\0${refusal.at.start}`;
  return [...new Map(refusals.map((each) => [key(each), each])).values()];
}

function componentsOf(units: readonly Unit[]): Unit[][] {
  const seen = new Set<Unit>();
  return units.flatMap((start) => {
    if (seen.has(start)) return [];
    const component: Unit[] = [];
    const visit = (unit: Unit): void => {
      if (seen.has(unit)) return;
      seen.add(unit);
      if (unit.touched) component.push(unit);
      for (const other of unit.links) visit(other);
    };
    visit(start);
    return [component];
  });
}

/** A component's refusals: its own, what is ignored in it, and one for each unit that falls with them. */
function refusalsOf(component: readonly Unit[], rule: string): PlacedRefusal[] {
  const own = component.flatMap((unit) => unit.refusals.map((refusal) => ({ file: unit.file, refusal })));
  const ignored = component.flatMap((unit) => {
    const at = unit.at ?? unit.refusals[0]?.at;
    const by =
      at &&
      ignoresIn(unit.file).find(
        (each) => each.start <= at.start && at.start < each.end && (!each.rule || each.rule === rule),
      );
    return by ? [{ file: unit.file, refusal: { code: 'ignored', at: at }, ignored: true }] : [];
  });
  if (own.length === 0 && ignored.length === 0) return [];
  const told = ignored.length > 0 ? [...ignored, ...own.map((each) => ({ ...each, ignored: true }))] : own;
  const fallen = component.filter(
    (unit) =>
      unit.refusals.length === 0 &&
      unit.fn &&
      !ignored.some((each) => each.file === unit.file && each.refusal.at === unit.at),
  );
  return [
    ...told,
    ...fallen.map((unit) => ({
      file: unit.file,
      refusal: { code: 'caller-not-convertible', at: firstLineOf(unit), detail: unit.fn!.name },
      ...(ignored.length > 0 && { ignored: true }),
    })),
  ];
}

/** The first line of a function, for reports. */
function firstLineOf(unit: Unit): { start: number; end: number } {
  const { start } = unit.fn!.def;
  const end = unit.file.text.indexOf('\n', start);
  return { start, end: end < 0 ? unit.file.text.length : end };
}

/** Components that change the same file are one group: they share its imports. */
function byFile(components: readonly Unit[][]): Unit[][] {
  const groups: { units: Unit[]; files: Set<PyFile> }[] = [];
  for (const component of components) {
    const files = new Set(component.filter((unit) => !unit.rewrite.isEmpty).map((unit) => unit.file));
    const touching = groups.filter((group) => [...files].some((file) => group.files.has(file)));
    const merged = {
      units: [...touching.flatMap((group) => group.units), ...component],
      files: new Set([...touching.flatMap((group) => [...group.files]), ...files]),
    };
    for (const group of touching) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  return groups.map((group) => group.units);
}

interface Wrong {
  readonly file: PyFile;
  readonly code: string;
  readonly detail: string;
}

function write(units: readonly Unit[]): { files: PlannedFile[]; wrong?: Wrong } {
  const files: PlannedFile[] = [];
  for (const file of new Set(units.map((unit) => unit.file))) {
    const own = units.filter((unit) => unit.file === file);
    const edits = writeFile(file, own);
    if ('message' in edits) return { files: [], wrong: { file, code: 'unparsable', detail: edits.message } };
    if (edits.edits.length === 0) continue;
    const wrong = wrongWith(file, applyEdits(file.text, edits.edits));
    if (wrong) return { files: [], wrong: { file, ...wrong } };
    files.push({ file, edits: edits.edits });
  }
  return { files };
}

function writeFile(file: PyFile, units: readonly Unit[]): { edits: TextEdit[] } | { message: string } {
  const rewrite = new Rewrite(file.text, file.strings);
  for (const unit of units) rewrite.addAll(unit.rewrite);
  const helpers = [...new Map(units.flatMap((unit) => [...unit.helpers])).values()];
  if (rewrite.isEmpty && helpers.length === 0) return { edits: [] };
  const draft = new Rewrite(file.text, file.strings);
  draft.addAll(rewrite);
  insertHelpers(file, helpers, draft);
  const after = pyFile(file.path, applyEdits(file.text, draft.edits()));
  if ('error' in after) return { message: `${after.error.line}:${after.error.column} ${after.error.message}` };
  const needs = units.flatMap((unit) => unit.needs);
  Imports.change(file, rewrite, needs, noLongerUsed(file, after));
  insertHelpers(file, helpers, rewrite);
  return { edits: rewrite.edits() };
}

/** Functions of ours stand behind the imports, two blank lines apart from all that is around them. */
function insertHelpers(file: PyFile, sources: readonly string[], rewrite: Rewrite): void {
  if (sources.length === 0) return;
  const last = headOf(file).at(-1);
  const at = last ? rewrite.lineOf(last.end).end : 0;
  const [blank] = /^(?:[ \t]*\r?\n)*/.exec(file.text.slice(at))!;
  const behind = '\n'.repeat(Math.max(0, 2 - blank.split('\n').length + 1));
  const text = sources.map((source) => `\n\n${source.replaceAll('    ', file.unit)}\n`).join('');
  rewrite.insert(at, text + behind);
}

import { finish, FIXED, indentAt, reindent, type Canvas } from '../edits/render.js';
import { shrinkEdit, sortEdits, type TextEdit } from '../edits/edits.js';
import type { Binding, Block, Entry, ImportNeed } from '../flow/model.js';
import { nameBindings } from '../flow/passes/names.js';
import type { Range, Style } from '../types.js';
import type { FileContext } from './context.js';
import { addImports, localNameFor } from './imports.js';
import { ts } from './parse.js';
import type { PlannedEntry, PlannedGroup } from './plan.js';
import { asyncLibraryFor } from './pool/libraries.js';
import { writerFor, type Writer } from './writers.js';

/** A group as finished edits per file; groups whose entries stand inside one another are one. */
export interface WrittenGroup {
  readonly members: readonly PlannedGroup[];
  readonly edits: readonly (TextEdit & { readonly ctx: FileContext })[];
}

export interface Composed {
  readonly written: readonly WrittenGroup[];
  /** Groups that the writer could not say: left alone, with the code of the reason. */
  readonly unsaid: readonly {
    readonly group: PlannedGroup;
    readonly code: string;
    readonly at: Range;
    readonly ctx: FileContext;
  }[];
}

/** Turns plans into edits of the source: flows through the passes, names, then text, inner functions before outer ones. */
export function compose(groups: readonly PlannedGroup[], to: Style): Composed {
  const writer = writerFor(to);
  const unsaid: Composed['unsaid'][number][] = [];
  const prepared = new Map<PlannedGroup, readonly Prepared[]>();
  for (const group of groups) {
    const entries = group.entries.map((each) => prepare(each, writer));
    const bad = entries.find((each) => each.wrong);
    if (bad) unsaid.push({ group, code: bad.wrong!.code, at: bad.wrong!.at, ctx: bad.planned.ctx });
    else prepared.set(group, entries);
  }
  const files = new Map<FileContext, FileJob>();
  for (const [group, entries] of prepared) {
    for (const each of entries) jobFor(files, each.planned.ctx).entries.push({ ...each, group });
    for (const { ctx, edit, needs = [] } of group.edits) {
      jobFor(files, ctx).drafts.push({ edit, owners: new Set([group]) });
      jobFor(files, ctx).needs.push(...needs.map((need) => ({ need, group })));
    }
  }
  const drafts = [...files].flatMap(([ctx, job]) => writeFile(ctx, job, writer).map((draft) => ({ ...draft, ctx })));
  return { written: unite(drafts), unsaid };
}

interface Prepared {
  readonly planned: PlannedEntry;
  readonly flow: Block;
  readonly wrong?: { readonly code: string; readonly at: Range };
}

function prepare(planned: PlannedEntry, writer: Writer): Prepared {
  const made = writer.prepare(planned.entry, planned.ctx);
  return 'flow' in made ? { planned, flow: made.flow } : { planned, flow: planned.entry.flow, wrong: made };
}

interface FileJob {
  readonly entries: (Prepared & { group: PlannedGroup })[];
  readonly drafts: Draft[];
  /** What edits beside the entries need. */
  readonly needs: { readonly need: ImportNeed; readonly group: PlannedGroup }[];
}

interface Draft {
  readonly edit: TextEdit;
  readonly owners: Set<PlannedGroup>;
}

function jobFor(files: Map<FileContext, FileJob>, ctx: FileContext): FileJob {
  let job = files.get(ctx);
  if (!job) files.set(ctx, (job = { entries: [], drafts: [], needs: [] }));
  return job;
}

/** All edits of one file. An outer entry's text holds the edits inside it, so these are no longer edits of their own. */
function writeFile(ctx: FileContext, job: FileJob, writer: Writer): Draft[] {
  const { style, typescript } = ctx;
  const asyncLibrary = asyncLibraryFor(ctx);
  const library = asyncLibrary ? { asyncLibrary } : {};
  const names = new Map<Binding, string>();
  const taken = new Set(ctx.text.match(/[\w$\u00aa-\uffff]+/g) ?? []);
  const canvas: Canvas & { renames: Map<number, string> } = {
    text: ctx.text,
    frozen: frozenRanges(ctx.file),
    renames: new Map(),
    nested: [],
    nameOf: (binding) => names.get(binding) ?? binding.name,
  };
  for (const { planned, flow } of job.entries) {
    const naming = nameBindings(flow, planned.entry.params, (name) => taken.has(name));
    for (const [binding, name] of naming.names) (names.set(binding, name), taken.add(name));
    for (const [at, text] of naming.renames) canvas.renames.set(at, text);
  }
  for (const { planned, flow } of job.entries)
    writer.rename?.(planned.entry, flow, canvas).forEach((name, binding) => names.set(binding, name));
  let drafts: Draft[] = [...job.drafts];
  for (const each of job.entries) {
    for (const edit of each.planned.entry.head.edits)
      if (!edit.keyword || writer.keyword) drafts.push({ edit, owners: new Set([each.group]) });
  }
  const inner = [...job.entries].sort((a, b) => size(a.planned.entry.body) - size(b.planned.entry.body));
  for (const { planned, flow, group } of inner) {
    const { body } = planned.entry;
    const swallowed = drafts.filter(({ edit }) => edit.start >= body.start && edit.end <= body.end);
    canvas.nested.splice(0, canvas.nested.length, ...swallowed.map((draft) => draft.edit));
    const need = (wanted: ImportNeed): string => {
      job.needs.push({ need: wanted, group });
      return localNameFor(ctx, wanted);
    };
    const written = writer.write(planned.entry, flow, { ...library, canvas, style, typescript, need });
    const text = withPrologue(written, planned.entry, ctx);
    const owners = new Set([group, ...swallowed.flatMap((draft) => [...draft.owners])]);
    drafts = [...drafts.filter((draft) => !swallowed.includes(draft)), { edit: { ...body, text }, owners }];
  }
  // At one place an import comes before what stands there already, such as the `async` of a function that starts there.
  return intoRemovals([...importDrafts(ctx, job), ...drafts]).flatMap(({ edit, owners }) => {
    const shrunk = shrinkEdit(ctx.text, { ...edit, text: finish(edit.text, ctx.style.eol) });
    return shrunk ? [{ edit: shrunk, owners }] : [];
  });
}

/** A line that is added behind one that goes takes its place. */
function intoRemovals(drafts: readonly Draft[]): Draft[] {
  const all = [...drafts];
  for (const added of drafts) {
    const { start, end, text } = added.edit;
    const index = all.findIndex(
      ({ edit }) => start === end && edit.text === '' && edit.start < start && start < edit.end,
    );
    if (index < 0) continue;
    const { edit, owners } = all[index]!;
    const moved = text.replace(/^(\r?\n)([^]*)$/, '$2$1');
    all[index] = { edit: { ...edit, text: moved }, owners: new Set([...owners, ...added.owners]) };
    all.splice(all.indexOf(added), 1);
  }
  return all;
}

/** Directives are the first thing in a body, whatever a writer makes of the rest. */
function withPrologue(text: string, { prologue, body }: Entry, ctx: FileContext): string {
  if (!prologue || !text.startsWith('{')) return text;
  const outer = indentAt(ctx.text, body.start);
  const indent = /^\{\n([ \t]+)/.exec(text)?.[1] ?? outer + ctx.style.indent;
  const directives = reindent(ctx.text.slice(prologue.start, prologue.end), indentAt(ctx.text, prologue.start), indent);
  return `{\n${indent}${directives}${text === '{}' ? `\n${outer}}` : text.slice(1)}`;
}

/** One edit brings in what several groups need; the groups then stand or fall together. */
function importDrafts(ctx: FileContext, job: FileJob): Draft[] {
  const ofEntries = job.entries.flatMap(({ planned, group }) => planned.entry.needs.map((need) => ({ need, group })));
  const all = [...ofEntries, ...job.needs];
  const owners = new Set(all.map((each) => each.group));
  return addImports(
    ctx,
    all.map((each) => each.need),
  ).map((edit) => ({ edit, owners }));
}

function size(range: Range): number {
  return range.end - range.start;
}

/** Groups that share an edit are one group. */
function unite(drafts: readonly (Draft & { ctx: FileContext })[]): WrittenGroup[] {
  const parent = new Map<PlannedGroup, PlannedGroup>();
  const find = (group: PlannedGroup): PlannedGroup => {
    const up = parent.get(group) ?? group;
    return up === group ? group : find(up);
  };
  for (const { owners } of drafts) {
    const [first, ...rest] = owners;
    for (const other of rest) if (first && find(other) !== find(first)) parent.set(find(other), find(first));
  }
  const united = new Map<PlannedGroup, { members: Set<PlannedGroup>; edits: (TextEdit & { ctx: FileContext })[] }>();
  for (const { edit, owners, ctx } of drafts) {
    const [first] = owners;
    if (!first) continue;
    const root = find(first);
    let one = united.get(root);
    if (!one) united.set(root, (one = { members: new Set(), edits: [] }));
    for (const owner of owners) one.members.add(owner);
    one.edits.push({ ...edit, ctx });
  }
  return [...united.values()].map(({ members, edits }) => ({ members: [...members], edits: sortEdits(edits) }));
}

/** Where a line break is content: template literals, JSX text, and strings continued with a backslash. */
function frozenRanges(file: ts.SourceFile): Range[] {
  const found: Range[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isNoSubstitutionTemplateLiteral(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node) ||
      ts.isStringLiteral(node)
    ) {
      const start = node.getStart();
      if (file.text.slice(start, node.end).includes('\n')) found.push({ start, end: node.end });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** A text that holds our own mark can't be rendered. */
export function canRender(text: string): boolean {
  return !text.includes(FIXED);
}

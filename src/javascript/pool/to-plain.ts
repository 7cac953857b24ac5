import type { TextEdit } from '../../edits/edits.js';
import { indentAt } from '../../edits/render.js';
import type { ImportNeed } from '../../flow/model.js';
import type { FileEdit, ProjectView, Style } from '../../types.js';
import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { localNameFor } from '../imports.js';
import { ts } from '../parse.js';
import type { PlacedRefusal, PlannedEdit, PlannedGroup } from '../plan.js';
import { mostItems } from './count.js';
import { functionOf, isAsync } from './fan-outs.js';
import { readLimited, type Limited, type TaskText } from './limited.js';
import { manifestOf, withoutDependencies } from './manifest.js';
import { rangeOf } from '../snippet.js';
import { isWaitedFor } from './place.js';
import { limitIn, windowNeed } from './window.js';

/** All pools of one file: they go together, since they share imports. */
interface Job {
  readonly ctx: FileContext;
  readonly sites: readonly Limited[];
  /** Libraries that the file no longer mentions. */
  readonly freed: readonly string[];
  readonly edits: readonly PlannedEdit[];
}

/**
 * Pools become windows in plain code: `mapBounded(list, 4, task)`, a function of the file that keeps the bound, the order of the results and
 * what happens at the first failure. Where there are never more items than the bound allows, `Promise.all` says the same.
 */
export function planWindows(
  files: readonly FileContext[],
  to: Exclude<Style, 'pool'>,
  view: ProjectView,
): { groups: PlannedGroup[]; refusals: PlacedRefusal[] } {
  const rule = `pool-to-${to}`;
  const refusals: PlacedRefusal[] = [];
  const jobs: Job[] = [];
  for (const ctx of files) {
    const sites: Limited[] = [];
    for (const read of readLimited(ctx)) {
      if ('limited' in read && startsElsewhere(read.limited))
        refusals.push({ ctx, rule, refusal: { code: 'microtask-order', at: rangeOf(read.limited.node) } });
      else if ('limited' in read) sites.push(read.limited);
      else refusals.push({ ctx, rule, refusal: read.refusal });
    }
    if (sites.length > 0) jobs.push(jobFor(ctx, sites, to !== 'async'));
  }
  return { groups: groupsOf(jobs, files, view, rule), refusals };
}

/** These libraries start a turn later, and what stands behind the call would now come second. */
const startsElsewhere = ({ library, node }: Limited): boolean =>
  (library === 'p-limit' || library === 'p-map') && !isWaitedFor(node, () => false);

function jobFor(ctx: FileContext, sites: readonly Limited[], chained: boolean): Job {
  const edits = sites.flatMap((site) => editsOf(site, sites, ctx, chained));
  const limiters = new Set(sites.flatMap(({ limiter }) => limiter ?? []));
  const removed = [...limiters].map(({ declaration }) => declaration.parent.parent);
  const gone = [...sites.map((site) => site.node.expression), ...[...limiters].map((each) => each.declaration)];
  const imports = importsLeft(ctx, [...new Set(sites.map((site) => site.library))], gone);
  const all = withoutLines([...removed, ...imports.unused], ctx).map((edit): PlannedEdit => ({ ctx, edit }));
  const lines = dedented(sites, [...edits, ...all], ctx).map((edit): PlannedEdit => ({ ctx, edit }));
  return { ctx, sites, freed: imports.freed, edits: [...edits, ...all, ...lines] };
}

function editsOf(site: Limited, sites: readonly Limited[], ctx: FileContext, chained: boolean): PlannedEdit[] {
  const fits = isNeverHeldBack(site, ctx);
  const before = fits ? { text: 'Promise.all(', between: '.map(', after: '))' } : windowText(site, sites, ctx, chained);
  const { node, list } = site;
  const start = node.getStart();
  const task = taskRange(site);
  return [
    {
      ctx,
      edit: { start, end: list.getStart(), text: before.text },
      ...('need' in before && { needs: [before.need] }),
    },
    { ctx, edit: { start: list.end, end: task.start, text: before.between } },
    ...taskEdits(site.task, task, ctx).map((edit): PlannedEdit => ({ ctx, edit })),
    { ctx, edit: { start: task.end, end: node.end, text: before.after } },
  ];
}

/** One window for all sites of a file that a library ran in the same way. */
function flagsFor(site: Limited, sites: readonly Limited[], ctx: FileContext): { awaits: boolean; checked: boolean } {
  const alike = sites.filter(({ rule, awaits }) => rule === site.rule && awaits === site.awaits);
  const mayBeWrong = ({ limit }: Limited): boolean => limit !== undefined && !((limitIn(limit, ctx) ?? 0) >= 1);
  return {
    awaits: site.awaits && alike.some(({ list }) => !hasPlainItems(list)),
    checked: alike.some(mayBeWrong),
  };
}

function windowText(
  site: Limited,
  sites: readonly Limited[],
  ctx: FileContext,
  chained: boolean,
): { text: string; between: string; after: string; need: ImportNeed } {
  const { rule, limit } = site;
  const need = windowNeed({ rule, ...flagsFor(site, sites, ctx), chained });
  const most = limitText(site, limit && limitIn(limit, ctx));
  return { text: `${localNameFor(ctx, need)}(`, between: `, ${most}, `, after: ')', need };
}

/** p-map and Bluebird take no limit for no limit. */
function limitText({ limit, library }: Limited, known: number | undefined): string {
  if (!limit) return 'Infinity';
  const mayLack = known === undefined && (library === 'p-map' || library === 'bluebird');
  const isPath = ts.isIdentifier(bare(limit)) || ts.isPropertyAccessExpression(bare(limit));
  return mayLack && isPath ? `${limit.getText()} ?? Infinity` : limit.getText();
}

/** As many may run as there are items: then all start at once, and no rule about starting matters. */
function isNeverHeldBack({ list, limit, rule, task, awaits, gives }: Limited, ctx: FileContext): boolean {
  if (rule === 'settle' || gives === 'nothing') return false;
  if (awaits && !hasPlainItems(list)) return false;
  const most = mostItems(list, ctx);
  const known = limit ? limitIn(limit, ctx) : Infinity;
  if (most === undefined || known === undefined || known < most || ts.isObjectLiteralExpression(bare(list)))
    return false;
  // A throw must stay one task's failure, and the third argument is none that the task may look at.
  const fn = task.kind === 'as-is' ? functionOf(task.node, ctx) : task.kind === 'merged' ? task.inner : undefined;
  const takes = task.kind === 'as-is' ? (fn?.parameters.length ?? 3) : 0;
  return !!fn && (isAsync(fn) || isOneCall(fn)) && takes <= 2 && !fn.parameters.some((each) => each.dotDotDotToken);
}

/** `(url) => fetch(url)`: what gives a promise is taken not to throw instead. */
const isOneCall = (fn: ts.FunctionLikeDeclaration): boolean =>
  ts.isArrowFunction(fn) && !ts.isBlock(fn.body) && ts.isCallExpression(bare(fn.body));

/** No item can be a promise. */
function hasPlainItems(list: ts.Expression): boolean {
  const node = bare(list);
  if (ts.isArrayLiteralExpression(node)) return node.elements.every(isPlain);
  if (ts.isCallExpression(node))
    return (
      /^(Object\.(keys|entries)|[\w.]+\.split|fs\.readdirSync|readdirSync)$/.test(node.expression.getText()) &&
      !/entries/.test(node.expression.getText())
    );
  if (!ts.isIdentifier(node)) return false;
  const { text } = node.getSourceFile();
  // const urls = ['/a', '/b'];
  const found = new RegExp(`\\bconst\\s+${node.text}\\s*(?::[^=]+)?=\\s*\\[([^\\][(){}]*)\\]`).exec(text)?.[1];
  return found !== undefined && /^(\s*(['"`][^'"`]*['"`]|\d+)\s*,?)*\s*$/.test(found);
}

const isPlain = (node: ts.Expression): boolean =>
  ts.isLiteralExpression(node) ||
  ts.isObjectLiteralExpression(node) ||
  ts.isArrayLiteralExpression(node) ||
  ts.isTemplateExpression(node);

/** Where the task's text ends up being: the task itself, or the function from which its turn-taking goes. */
function taskRange({ task }: Limited): { start: number; end: number } {
  const node = task.kind === 'as-is' ? task.node : task.outer;
  return { start: node.getStart(), end: node.end };
}

/** Tasks that stood on lines of their own stand behind the list now: their lines move out with them. */
function dedented(sites: readonly Limited[], others: readonly PlannedEdit[], { text }: FileContext): TextEdit[] {
  const moves = new Map<number, number>();
  for (const { task, node } of sites) {
    const kept = task.kind === 'as-is' ? task.node : task.kind === 'merged' ? task.inner.body : undefined;
    const deep = kept ? indentAt(text, kept.getStart()).length - indentAt(text, node.getStart()).length : 0;
    if (!kept || deep <= 0 || hasFixedLines(kept)) continue;
    for (let at = text.indexOf('\n', kept.getStart()); at >= 0 && at < kept.end; at = text.indexOf('\n', at + 1))
      moves.set(at + 1, (moves.get(at + 1) ?? 0) + deep);
  }
  const edits = [...moves].flatMap(([start, by]): TextEdit[] => {
    const indent = /^[ \t]*/.exec(text.slice(start))![0].length;
    return [{ start, end: start + Math.min(by, indent), text: '' }];
  });
  const meets = (one: TextEdit): boolean => others.some(({ edit }) => edit.start <= one.end && one.start <= edit.end);
  return edits.filter((one) => one.end > one.start && !meets(one));
}

/** A template or a string over several lines: what its lines begin with is content. */
export function hasFixedLines(node: ts.Node): boolean {
  const isText = ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) || ts.isJsxText(node);
  return (
    (isText && node.getText().includes('\n')) || !!ts.forEachChild(node, (child) => hasFixedLines(child) || undefined)
  );
}

// (x) => limit(() => f(x))
//        ~~~~~~~~~~~    ~   and an `async` of the inner function moves to the front
function taskEdits(task: TaskText, range: { start: number; end: number }, ctx: FileContext): TextEdit[] {
  if (task.kind === 'as-is') return [];
  const { outer } = task;
  const params = paramsText(outer, ctx);
  if (task.kind === 'called') {
    const args = task.args.map((each) => each.getText()).join(', ');
    const callee =
      ts.isIdentifier(bare(task.callee)) || ts.isPropertyAccessExpression(bare(task.callee))
        ? task.callee.getText()
        : `(${task.callee.getText()})`;
    return [{ ...range, text: `${params} => ${callee}(${args})` }];
  }
  const { inner } = task;
  const word = isAsync(inner) ? 'async ' : '';
  const type = inner.type ? `: ${inner.type.getText()}` : '';
  const bracketed = type && !params.startsWith('(') ? `(${params})` : params;
  return [
    { start: range.start, end: inner.body.getStart(), text: `${word}${bracketed}${type} => ` },
    { start: inner.body.end, end: range.end, text: '' },
  ];
}

function paramsText(fn: ts.ArrowFunction | ts.FunctionExpression, { text }: FileContext): string {
  const [first] = fn.parameters;
  const last = fn.parameters.at(-1);
  if (!first || !last) return '()';
  const own = text.slice(first.getStart(), last.end);
  return /^\s*,?\s*\)/.test(text.slice(last.end)) ? `(${own})` : own;
}

/** Takes statements out with their lines, and the blank line that belonged to them; `isFilled`: something else comes at the top of the file. */
export function withoutLines(nodes: readonly ts.Node[], ctx: FileContext, isFilled = false): TextEdit[] {
  const edits: TextEdit[] = [];
  for (const node of [...nodes].sort((a, b) => a.pos - b.pos)) {
    const edit = withoutLine(node, ctx.text, (start) => edits.at(-1)?.end === start);
    const last = edits.at(-1);
    if (last && last.end === edit.start) edits.splice(-1, 1, { start: last.start, end: edit.end, text: '' });
    else edits.push(edit);
  }
  return edits.map((edit) => (isFilled && edit.start === 0 ? edit : withBlank(edit, ctx.text)));
}

function withoutLine(node: ts.Node, text: string, isBehindOne: (start: number) => boolean): TextEdit {
  const lineStart = text.lastIndexOf('\n', node.getStart() - 1) + 1;
  const isAlone = text.slice(lineStart, node.getStart()).trim() === '' || isBehindOne(lineStart);
  const rest = /^[ \t]*(\r?\n|$)/.exec(text.slice(node.end));
  if (rest && isAlone) return { start: lineStart, end: node.end + rest[0].length, text: '' };
  return { start: node.getStart(), end: node.end + /^ */.exec(text.slice(node.end))![0].length, text: '' };
}

/** Where nothing is left above, the blank line below was its own; so it was where blank lines would meet. */
function withBlank(edit: TextEdit, text: string): TextEdit {
  const isFirst = /(^|\{[ \t]*\r?\n|\n[ \t]*\r?\n)$/.test(text.slice(0, edit.start));
  const blank = isFirst ? /^([ \t]*\r?\n)+/.exec(text.slice(edit.end)) : null;
  return { ...edit, end: edit.end + (blank?.[0].length ?? 0) };
}

/** The imports of libraries of which nothing is used any more. */
/** Of the imports of these modules: statements that nobody needs once `gone` is gone, and modules that the file no longer mentions. */
export function importsLeft(
  ctx: FileContext,
  libraries: readonly string[],
  gone: readonly ts.Node[],
): { unused: ts.Statement[]; freed: string[] } {
  const unused: ts.Statement[] = [];
  const freed: string[] = [];
  for (const library of libraries) {
    const statement = ctx.file.statements.find((each) => importOf(each) === library);
    const names = statement && namesOf(statement);
    if (!statement || !names) continue;
    const isLeft = (name: ts.Identifier): boolean => {
      const symbol = ctx.scopes.symbolOf(name);
      const uses = symbol ? ctx.scopes.references(symbol) : [];
      return !uses.every((use) => use === name || gone.some((node) => node.pos <= use.pos && use.end <= node.end));
    };
    if (names.some(isLeft)) continue;
    unused.push(statement);
    const others = ctx.text.slice(0, statement.getStart()) + ctx.text.slice(statement.end);
    if (!new RegExp(`['"\`]${library}['"\`/]`).test(others)) freed.push(library);
  }
  return { unused, freed };
}

/** The module of a statement that does nothing but import. */
function importOf(node: ts.Statement): string | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) return node.moduleSpecifier.text;
  if (!ts.isVariableStatement(node) || node.declarationList.declarations.length !== 1) return undefined;
  const made = node.declarationList.declarations[0]!.initializer;
  return made && /^require\(\s*['"]([^'"]+)['"]\s*\)(\.default|\.promises)?$/.exec(made.getText())?.[1];
}

function namesOf(node: ts.Statement): ts.Identifier[] | undefined {
  if (ts.isImportDeclaration(node)) {
    const clause = node.importClause;
    const bindings = clause?.namedBindings;
    if (!clause) return undefined;
    const named = !bindings
      ? []
      : ts.isNamedImports(bindings)
        ? bindings.elements.map((each) => each.name)
        : [bindings.name];
    return [...(clause.name ? [clause.name] : []), ...named];
  }
  if (!ts.isVariableStatement(node)) return undefined;
  const { name } = node.declarationList.declarations[0]!;
  if (ts.isIdentifier(name)) return [name];
  if (!ts.isObjectBindingPattern(name)) return undefined;
  return name.elements.flatMap((each) => (ts.isIdentifier(each.name) ? [each.name] : []));
}

/** A group per file; where package.json loses a library, one for all files that used it. */
function groupsOf(
  jobs: readonly Job[],
  files: readonly FileContext[],
  view: ProjectView,
  rule: string,
): PlannedGroup[] {
  const groups: PlannedGroup[] = [];
  // What becomes of the window may be a call of that library again, with a callback.
  const stays = (library: string): boolean => library === 'async' && rule === 'pool-to-callback';
  const dropped = [...new Set(jobs.flatMap((job) => job.freed))].filter(
    (library) => !stays(library) && isUnused(library, jobs, files, view),
  );
  const manifest = jobs[0] && manifestOf(jobs[0].ctx);
  const edit = manifest && withoutDependencies(manifest, dropped);
  const united = edit ? jobs.filter((job) => job.freed.some((library) => dropped.includes(library))) : [];
  if (united.length > 0) groups.push(groupOf(united, [edit!], rule));
  for (const job of jobs) if (!united.includes(job)) groups.push(groupOf([job], [], rule));
  return groups;
}

/** No file of the project names the library any more. */
function isUnused(library: string, jobs: readonly Job[], files: readonly FileContext[], view: ProjectView): boolean {
  const users = jobs.filter((job) => job.freed.includes(library));
  const manifest = users[0] && manifestOf(users[0].ctx);
  if (!manifest || manifest.text.split(`"${library}"`).length !== 2) return false;
  const names = new RegExp(`['"\`]${library}['"\`/]`);
  const isUser = (ctx: FileContext): boolean => users.some((job) => job.ctx === ctx);
  if (files.some((ctx) => !isUser(ctx) && names.test(ctx.text))) return false;
  return !view.others.some((path) => path !== manifest.path && names.test(view.read(path) ?? ''));
}

function groupOf(jobs: readonly Job[], beside: readonly FileEdit[], rule: string): PlannedGroup {
  const [main] = jobs as [Job];
  const count = jobs.reduce((sum, job) => sum + job.sites.length, 0);
  return {
    rule,
    title: count === 1 ? 'a pool becomes a window in plain code' : `${count} pools become windows in plain code`,
    entries: [],
    edits: jobs.flatMap((job) => job.edits),
    beside,
    unsafe: [],
    notes: [],
    main: { ctx: main.ctx, at: Math.min(...main.sites.map((site) => site.node.getStart())) },
  };
}

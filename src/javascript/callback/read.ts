import type { Step, Target } from '../../flow/model.js';
import { blocksOf, isTask, leaves } from '../../flow/query.js';
import type { FileContext } from '../context.js';
import { mayThrowSync } from '../calls/throws.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { hasDynamicScope, usesArguments, usesThis } from '../scope.js';
import { snippetsOf } from '../snippet.js';
import type { Snippets } from '../snippet.js';
import { attempt, stop } from '../stop.js';
import { bodyOf } from './answer.js';
import { keepComments } from './keep-comments.js';
import { mention, mentions } from './state.js';
import type { Env, Role, State } from './state.js';
import { returnsOf } from './returns.js';
import { ended, tellsAnother } from './silent.js';
import { readList } from './statements.js';
import { readSteps, withSteps } from './steps.js';
import { substituting } from './substitute.js';
import type { Substitutes } from './substitute.js';
import type {
  CallbackFacts,
  CallbackFunction,
  CallbackReading,
  CallResolver,
  FunctionNode,
  ReadOutcome,
  Reported,
  Reporter,
  ReportSite,
  Results,
  Shuffle,
  StepReading,
} from './types.js';

export { findCallbackFunctions } from './find.js';

/**
 * What a callback function does, as a flow whose exits are its reports; or why that can't be said. With `whole` all of it will
 * be async, so that nothing in it needs to answer at once.
 */
export function readCallback(
  fn: CallbackFunction,
  ctx: FileContext,
  calls: CallResolver,
  whole = false,
): ReadOutcome<CallbackReading> {
  const read = readAsIs(fn, ctx, calls, { whole });
  const heard = read.ok || !/^(path-without-callback|returns-value)$/.test(read.refusal.code);
  const silent = heard ? read : readAsIs(fn, ctx, calls, { whole, silence: true });
  const found = silent.ok ? silent : read;
  return found.ok ? { ok: true, value: found.value, notes: found.value.notes } : found;
}

type Tried = ReturnType<typeof attempt<CallbackReading>>;

/** What is known of the function as a whole; `silence`: its paths may end without an answer. */
type Way = Pick<State, 'whole' | 'silence'>;

function readAsIs(fn: CallbackFunction, ctx: FileContext, calls: CallResolver, way: Way): Tried {
  const simple = attempt(() => readFunction(fn, ctx, calls, way));
  return simple.ok ? simple : orSteps(simple, fn, ctx, calls, way);
}

/** Local functions that fit into no loop and no block can be async functions of their own. */
function orSteps(
  simple: Extract<Tried, { ok: false }>,
  fn: CallbackFunction,
  ctx: FileContext,
  calls: CallResolver,
  way: Way,
): Tried {
  if (!/^(reference-use|shared-loop-variable|path-without-callback|error-not-checked)$/.test(simple.refusal.code))
    return simple;
  const { body } = fn.node;
  const declares = !!body && ts.isBlock(body) && body.statements.some(declaresFunction);
  const stepped = declares ? attempt(() => readFunction(fn, ctx, calls, way, true)) : simple;
  return stepped.ok ? stepped : simple;
}

function declaresFunction(statement: ts.Statement): boolean {
  if (ts.isFunctionDeclaration(statement)) return true;
  if (!ts.isVariableStatement(statement)) return false;
  return statement.declarationList.declarations.some(
    (each) => !!each.initializer && ts.isFunctionLike(bare(each.initializer)),
  );
}

function readFunction(
  fn: CallbackFunction,
  ctx: FileContext,
  calls: CallResolver,
  way: Way,
  stepped = false,
): CallbackReading {
  const { node } = fn;
  if (fn.unclear) stop('not-error-first', fn.unclear);
  checkPlace(fn, ctx);
  const steps = stepped ? { fns: new Map(), calls: new Map() } : undefined;
  const state: State = { ...newState(ctx, node, calls), ...way, ...(steps && { steps }) };
  if (way.silence && tellsAnother(fn, state)) stop('path-without-callback', node);
  const target: Target = { of: 'entry' };
  const env = entryEnv(fn, target, ctx);
  for (const shuffle of fn.shuffles) if (!isShared(shuffle)) state.moved.add(shuffle.node);
  checkWrites(fn, ctx);
  const body = bodyOf(node);
  const flow = readList(body.statements, body.range, env, state, fn.part?.from);
  const all = ended(flow.steps, body.statements.at(-1) ?? node, env, state);
  const own = readSteps(target, state);
  const results = resultsOf(state.reports.get(target) ?? [], fn);
  const { from, prologueSteps } = prologueOf(fn, all, body.statements, state);
  checkPart(fn, from, body.statements);
  return {
    flow: keepComments(withSteps({ steps: all, tail: flow.tail }, prologueSteps, body.statements, state), node.body!),
    ...(own.length > 0 && { steps: own, stepCalls: stepCallsOf(own, state) }),
    target,
    snippets: state.snippets,
    from,
    prologueSteps,
    results,
    facts: factsOf(fn, all, from, prologueSteps, env, state),
    needs: state.needs,
    notes: state.notes,
    waits: state.waits,
    listTails: [...state.listTails],
    consumed: [...state.inlined] as CallbackReading['consumed'],
    answersAtOnce: [...state.joins.values()].some((plan) => plan.empty && plan.sync),
  };
}

/**
 * A function whose answer goes elsewhere than to an error-first parameter: the executor of a promise (`settle`), or a function
 * with another reporter. `snippets` are those of the entry that it stands in.
 */
export function readReported(
  fn: FunctionNode,
  reporter: Reporter,
  ctx: FileContext,
  snippets: Snippets,
  calls: CallResolver,
  target: Target,
): ReadOutcome<Reported> {
  const read = attempt((): Reported => {
    const state = newState(ctx, fn, calls, snippets);
    const env: Env = {
      roles: rolesOf(reporter, target),
      known: new Map(),
      paired: new Map(),
      sync: true,
      targets: [target],
    };
    const body = bodyOf(fn);
    const flow = readList(body.statements, body.range, env, state);
    if (!leaves(flow.steps)) stop('path-without-callback', body.statements.at(-1) ?? fn);
    const kept = keepComments({ steps: flow.steps, tail: flow.tail }, fn.body!);
    const { needs, notes, waits } = state;
    return { flow: kept, results: joinOf(state.reports.get(target) ?? []) ?? 'mixed', needs, notes, waits };
  });
  return read.ok ? { ok: true, value: read.value, notes: read.value.notes } : read;
}

function rolesOf(reporter: Reporter, target: Target): Map<ts.Symbol, Role> {
  if (reporter.kind === 'errorFirst')
    return new Map([[reporter.symbol, { kind: 'report', target, shape: 'errorFirst' }]]);
  const roles = new Map<ts.Symbol, Role>([
    [reporter.resolve, { kind: 'report', target, shape: 'values', single: true }],
  ]);
  if (reporter.reject) roles.set(reporter.reject, { kind: 'report', target, shape: 'error' });
  return roles;
}

export function newState(
  ctx: FileContext,
  entry: ts.Node,
  calls: CallResolver,
  snippets = snippetsOf(ctx, entry),
): State {
  const substitutes: Substitutes = new Map();
  return {
    ctx,
    snippets: substituting(snippets, substitutes),
    substitutes,
    calls,
    entry,
    needs: [],
    notes: [],
    waits: [],
    listTails: new Set(),
    reports: new Map(),
    foreign: new Set(),
    turning: new Set(),
    bound: new Set(),
    inlined: new Set(),
    moved: new Set(),
    joins: new Map(),
    counters: new Map(),
    counting: new Set(),
    flags: new Set(),
    dropped: new Set(),
  };
}

/** `var done = cb || noop, self = this`: only one of its names is the callback's. */
function isShared(shuffle: Shuffle): boolean {
  return (
    shuffle.kind === 'alias' &&
    ts.isVariableStatement(shuffle.node) &&
    shuffle.node.declarationList.declarations.length > 1
  );
}

function entryEnv(fn: CallbackFunction, target: Target, ctx: FileContext): Env {
  const alias = fn.alias && ctx.scopes.symbolOf(fn.alias);
  const once = fn.shuffles.some(
    (each) => each.kind === 'once' || (each.value && /\bonce\(/i.test(each.value.getText())),
  );
  const symbols = [fn.callbackSymbol, ...(alias ? [alias] : [])];
  return {
    roles: new Map(
      symbols.map((symbol) => [symbol, { kind: 'report', target, shape: 'errorFirst', ...(once && { once }) }]),
    ),
    known: new Map(symbols.map((symbol) => [symbol, 'given'])),
    paired: new Map(),
    sync: !fn.part?.later,
    targets: [target],
  };
}

function stepCallsOf(own: readonly StepReading[], state: State): ReadonlyMap<ts.Node, StepReading> {
  return new Map(
    [...(state.steps?.calls ?? [])].map(([call, fn]) => [call, own.find(({ node }) => node === fn.node)!]),
  );
}

/** What was not read stays where it is, so that nothing in front of it may go. */
function checkPart({ node, part }: CallbackFunction, from: number, statements: readonly ts.Statement[]): void {
  if (part && part.from > 0 && from < statements[part.from - 1]!.end) stop('reference-use', node);
}

/** Places that cannot be async, and text that must not be moved. */
export function checkPlace(fn: CallbackFunction, ctx: FileContext): void {
  const { node } = fn;
  if (ts.isConstructorDeclaration(node) || ts.isAccessor(node)) stop('no-async-here', node);
  if (node.asteriskToken) stop('generator', node);
  if (node.modifiers?.some((m) => m.kind === ts.SyntaxKind.AsyncKeyword)) stop('mixed-style', node, fn.name);
  if (fn.callback.dotDotDotToken || fn.callback.initializer) stop('arity-observed', fn.callback);
  if (hasDynamicScope(node)) stop('dynamic-scope', node);
  const length = ctx.scopes.references(fn.callbackSymbol).find((use) => isMember(use, 'length'));
  if (length) stop('arity-observed', length.parent);
}

function isMember(use: ts.Identifier, name: string): boolean {
  return ts.isPropertyAccessExpression(use.parent) && use.parent.expression === use && use.parent.name.text === name;
}

/** The callback may be given another value only where the arguments are sorted out. */
function checkWrites(fn: CallbackFunction, ctx: FileContext): void {
  for (const use of ctx.scopes.references(fn.callbackSymbol)) {
    if (!ctx.scopes.isWritten(use)) continue;
    if (!fn.shuffles.some(({ node }) => use.pos >= node.pos && use.end <= node.end))
      stop('reference-use', use.parent, use.text);
  }
}

function resultsOf(kinds: readonly ReportSite['kind'][], fn: CallbackFunction): Results {
  return joinOf(kinds) ?? stop('several-results', fn.callback, fn.name);
}

/** What all the reports give together; undefined when some give one result and others more. */
function joinOf(kinds: readonly ReportSite['kind'][]): Results | undefined {
  const seen = new Set(kinds.filter((kind) => kind !== 'fail'));
  if (seen.has('list')) return seen.size === 1 ? 'list' : undefined;
  if (seen.has('value')) return 'value';
  if (seen.has('null')) return seen.has('nothing') ? 'mixed' : 'null';
  return 'nothing';
}

/** Where the async part begins: the first statement that waits, or a continuation that is declared before it. */
function prologueOf(
  fn: CallbackFunction,
  steps: readonly Step[],
  statements: readonly ts.Statement[],
  state: State,
): { from: number; prologueSteps: number } {
  const waiting = steps.find(stepWaits);
  const shuffles = new Set<ts.Node>(fn.shuffles.map((each) => each.node));
  const first =
    waiting && statements.find((each) => each.getStart() <= waiting.at.start && waiting.at.start < each.end);
  const early = statements.slice(0, first ? statements.indexOf(first) : statements.length);
  const moved = statements.filter(
    (each) => state.moved.has(each) && !shuffles.has(each) && !isUsedIn(early, each, state),
  );
  const starts = [...moved, ...(first ? [first] : [])].sort((a, b) => a.pos - b.pos);
  const statement = starts[0];
  if (!statement) return { from: fn.node.body!.end, prologueSteps: steps.length };
  const index = statements.indexOf(statement);
  const before = index > 0 ? statements[index - 1]!.end : fn.node.body!.getStart() + 1;
  const comment = state.snippets.leadOf(statement, before).find((each) => each !== '');
  const from = comment ? comment.start : statement.getStart();
  const inside = steps.findIndex((step) => step.at.end > from);
  return { from, prologueSteps: inside < 0 ? steps.length : inside };
}

/** `function fail(text) { cb(new Error(text)); }`, which answers for what stays in front too: it stays with that. */
function isUsedIn(early: readonly ts.Statement[], declaring: ts.Statement, state: State): boolean {
  const name = ts.isFunctionDeclaration(declaring)
    ? declaring.name
    : ts.isVariableStatement(declaring)
      ? declaring.declarationList.declarations[0]?.name
      : undefined;
  const symbol = name && ts.isIdentifier(name) ? state.ctx.scopes.symbolOf(name) : undefined;
  return !!symbol && early.some((each) => !state.moved.has(each) && mentions(each, symbol, state));
}

function stepWaits(step: Step): boolean {
  if (step.kind === 'wait') return true;
  if (step.kind === 'exit') return step.how === 'succeed' && !!step.with && isTask(step.with);
  return blocksOf(step).some((block) => block.steps.some(stepWaits));
}

function factsOf(
  fn: CallbackFunction,
  all: readonly Step[],
  from: number,
  prologueSteps: number,
  env: Env,
  state: State,
): CallbackFacts {
  const { node } = fn;
  const body = node.body!;
  const statements = ts.isBlock(body) ? body.statements : [];
  const prologue = statements.filter(
    (each) => each.end <= from && !fn.shuffles.some((shuffle) => shuffle.node === each),
  );
  const inside = statements.find((each) => each.getStart() >= from);
  const steps = all.slice(prologueSteps);
  return {
    reportsInPrologue: prologue.some((each) => !!mention(each, env, state)),
    reportsSyncInside: reportsBeforeWait(steps),
    throwsInPrologue: prologue.some(hasThrow),
    mayThrowSync: [...prologue, ...(inside ? [inside] : [])].some((each) => !!mayThrowSync(each, state.ctx.scopes)),
    // What stands in front of a part stays, and gives what it gave.
    returns: returnsOf(fn.part ? statements.filter((each) => each.end > from) : statements, env, state),
    returnsInside: returnsOf(
      statements.filter((each) => each.end > from),
      env,
      state,
    ),
    usesThis: usesThis(body),
    usesArguments: usesArguments(body),
    body: { start: body.getStart(), end: body.end },
  };
}

/** An exit that can be reached without a wait. */
function reportsBeforeWait(steps: readonly Step[]): boolean {
  for (const step of steps) {
    if (step.kind === 'exit' && (step.how === 'fail' || (step.how === 'succeed' && !(step.with && isTask(step.with)))))
      return true;
    if (step.kind === 'wait' || step.kind === 'exit') return false;
    const blocks = blocksOf(step);
    if (blocks.some((block) => reportsBeforeWait(block.steps))) return true;
    if (leaves([step])) return false;
  }
  return false;
}

function hasThrow(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return false;
  return ts.isThrowStatement(node) || !!ts.forEachChild(node, (child) => hasThrow(child) || undefined);
}

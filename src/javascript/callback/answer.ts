import type { Bind, Block, Handler, Snippet, Step, Task } from '../../flow/model.js';
import { leaves } from '../../flow/query.js';
import { ts } from '../parse.js';
import { usesArguments, usesNewTarget, usesThis } from '../scope.js';
import { rangeOf } from '../snippet.js';
import { attempt, stop, stopWith } from '../stop.js';
import type { Assumed } from './assume.js';
import { bindResults, isUsed, nameOnly } from './await.js';
import { isErrorByItsUse, isFirstArgument, isTestOf, isUnderTest } from './error-uses.js';
import { withoutCommentsOf } from './keep-comments.js';
import { ended } from './silent.js';
import { readList } from './statements.js';
import type { ReadBlock } from './statements.js';
import { mark, mention, mentions, withKnown } from './state.js';
import type { Env, State } from './state.js';
import type { FunctionNode, Gives } from './types.js';

/** A task and the function that gets its answer. */
export interface Answered {
  readonly on: Task;
  readonly gives: Gives;
  readonly fn: FunctionNode;
  /** The wait: its call, for ranges. */
  readonly at: ts.Node;
}

type Body = { readonly statements: readonly ts.Statement[]; readonly range: { start: number; end: number } };

/**
 * A wait and what its continuation does: the error branch guards the wait, the rest follows.
 *
 *   g(x, function (err, v) { if (err) return cb(err); REST })   is   wait v = g(x); REST
 *   g(x, function (err, v) { if (err) { A; return; } REST })    is   wait v = g(x) onFail(err) { A; exit }; REST
 */
export function readAnswer(answered: Answered, env: Env, state: State): Step[] {
  const { fn, gives } = answered;
  checkContinuation(fn, state);
  const inner: Env = { ...env, sync: false, followed: undefined, inTry: undefined };
  const body = bodyOf(fn);
  if (gives.errorFirst === false) {
    const bind = bindResults(fn.parameters, gives, state);
    return [waitOn(answered, bind), ...readAll(body, 0, inner, state, fn)];
  }
  const [error, ...results] = fn.parameters;
  if (isIgnoring(answered, state)) {
    const bind = bindResults(results, gives, state);
    const ignored = waitOn(answered, bind, { body: { steps: [], tail: [] } });
    return [ignored, ...readAll(body, 0, inner, state, fn)];
  }
  if (error && (!ts.isIdentifier(error.name) || error.dotDotDotToken || error.initializer))
    stop('not-error-first', error);
  const first = error && isUsed(error, state) ? firstMention(body, error, state) : -1;
  if (!error || first < 0) stop('error-not-checked', error ?? fn);
  if (gives.results === 'unknown' && !isErrorByItsUse(error, inner, state)) stop('not-error-first', error);
  return new ErrorSplit(answered, error, results, body, first, inner, state).read();
}

/**
 * `fs.unlink(tmp, () => cb(null, made))`: how it went does not matter, on purpose. A callee that nobody has described may be
 * something else than error-first, or call many times: that its callback looks at the error is the only evidence.
 */
function isIgnoring({ fn, gives }: Answered, state: State): boolean {
  if (gives.results === 'unknown') return false;
  const [error, ...results] = fn.parameters;
  if (error && !(ts.isIdentifier(error.name) && /^_|^ignored?$/i.test(error.name.text))) return false;
  if (error && isUsed(error, state)) return false;
  // Node's own functions give nothing beside an error: what was asked for is `undefined` then, as before.
  const isPlain =
    gives.sync === 'never' && gives.results === 'value' && results.every(({ name }) => ts.isIdentifier(name));
  return isPlain || !results.some((each) => isUsed(each, state));
}

/** `function` callbacks with a `this` or `arguments` of their own mean the callee's. */
export function checkContinuation(fn: FunctionNode, state: State): void {
  state.inlined.add(fn);
  if (fn.asteriskToken) stop('generator', fn);
  if (fn.modifiers?.some((m) => m.kind === ts.SyntaxKind.AsyncKeyword)) stop('mixed-style', fn);
  if (!ts.isArrowFunction(fn) && fn.body) {
    if (usesThis(fn.body) && !state.bound.has(fn)) stop('own-this', fn);
    if (usesArguments(fn.body) || usesNewTarget(fn.body)) stop('arity-observed', fn);
  }
  const name = ts.isFunctionExpression(fn) ? fn.name : undefined;
  const symbol = name && state.ctx.scopes.symbolOf(name);
  if (symbol && state.ctx.scopes.references(symbol).length > 1 && !state.turning.has(fn))
    stop('reference-use', fn, name.text);
}

export function bodyOf(fn: FunctionNode): Body {
  const body = fn.body!;
  if (ts.isBlock(body))
    return { statements: body.statements, range: { start: body.getStart() + 1, end: body.end - 1 } };
  // An arrow's expression is read as the statement that it stands for.
  const statement = standInFor(body);
  return { statements: [statement], range: rangeOf(body) };
}

/** A stand-in with the positions of the real expression, so that its text and comments are found. */
function standInFor(expression: ts.Expression): ts.Statement {
  const known = standIns.get(expression);
  if (known) return known;
  const statement = ts.factory.createReturnStatement(expression);
  Object.assign(statement, { pos: expression.pos, end: expression.end, parent: expression.parent });
  standIns.set(expression, statement);
  return statement;
}

const standIns = new WeakMap<ts.Expression, ts.Statement>();

function firstMention(body: Body, param: ts.ParameterDeclaration, state: State): number {
  const symbol = state.ctx.scopes.symbolOf(param.name as ts.Identifier);
  const found = body.statements.findIndex((statement) => mentions(statement, symbol!, state));
  // What goes anyway does not stand in front of it.
  return body.statements.slice(0, found).every((each) => state.moved.has(each)) ? Math.min(found, 0) : found;
}

function waitOn(answered: Answered, bind: Bind | undefined, onFail?: Handler): Step {
  return {
    kind: 'wait',
    on: answered.on,
    ...(bind && { bind }),
    ...(onFail && { onFail }),
    lead: [],
    at: rangeOf(answered.at),
  };
}

/** Reads the list from an index to its end; every path must report. */
function readAll(body: Body, from: number, env: Env, state: State, fn: ts.Node): Step[] {
  const block = readList(body.statements, body.range, env, state, from);
  return ended(withTail(block), lastOf(body) ?? fn, env, state);
}

function lastOf(body: Body): ts.Node | undefined {
  return body.statements.at(-1);
}

/** A list's last comments, when the list is spliced into another. */
export function withTail(block: Block): Step[] {
  const comments = block.tail.filter((each) => each !== '');
  const last = block.steps.at(-1);
  if (!comments.length || !last) return [...block.steps];
  return [...block.steps.slice(0, -1), { ...last, trail: [...(last.trail ?? []), ...comments] }];
}

/** The three ways to say what a continuation does with its error; the first that is exact is taken. */
class ErrorSplit {
  private readonly error: ts.Symbol;
  private readonly resultSymbols: readonly ts.Symbol[];

  constructor(
    private readonly answered: Answered,
    private readonly param: ts.ParameterDeclaration,
    private readonly results: readonly ts.ParameterDeclaration[],
    private readonly body: Body,
    private readonly first: number,
    private readonly env: Env,
    private readonly state: State,
  ) {
    const { scopes } = state.ctx;
    this.error = scopes.symbolOf(param.name as ts.Identifier)!;
    this.resultSymbols = results.flatMap((each) => (ts.isIdentifier(each.name) ? [scopes.symbolOf(each.name)!] : []));
  }

  read(): Step[] {
    if (this.state.ctx.scopes.references(this.error).some((use) => this.state.ctx.scopes.isWritten(use)))
      return this.kept();
    if (this.first > 0) return this.behindOthers();
    const reset = mark(this.state);
    const branched = attempt(() => this.branched());
    if (branched.ok && branched.value) return branched.value;
    reset();
    const rejoined = attempt(() => this.rejoined());
    if (rejoined.ok && rejoined.value) return rejoined.value;
    reset();
    const kept = attempt(() => this.kept());
    if (kept.ok) return kept.value;
    return stopWith(branched.ok ? kept.refusal : branched.refusal);
  }

  /** `if (err) …` comes first: an error branch, and the rest. No statement may belong to both. */
  private branched(): Step[] | undefined {
    const { statements, range } = this.body;
    const { waits } = this.state;
    const start = waits.length;
    const failed = this.toItsEnd(readList(statements, range, this.failing(), this.state));
    if (!leaves(failed.steps)) return undefined;
    const inFailed = waits.slice(start);
    const bind = bindResults(this.results, this.answered.gives, this.state);
    const fine = this.toItsEnd(readList(statements, range, this.succeeding(), this.state));
    // Waiting for one call in two places would write it twice.
    if (inFailed.some((call) => waits.includes(call, start + inFailed.length))) return undefined;
    const both = statements.slice(0, Math.min(failed.read, fine.read));
    if (both.some((each) => !mentions(each, this.error, this.state) && !this.state.moved.has(each))) return undefined;
    if (!leaves(fine.steps)) stop('path-without-callback', lastOf(this.body) ?? this.answered.fn);
    return this.withHandler(failed, withoutCommentsOf(failed, withTail(fine)), bind);
  }

  /** Where a path may end without an answer, the end of the list is one. */
  private toItsEnd(block: ReadBlock): ReadBlock {
    const { statements } = this.body;
    const last = lastOf(this.body);
    if (!this.state.silence || !last || block.read < statements.length || leaves(block.steps)) return block;
    return { ...block, steps: ended(withTail(block), last, this.env, this.state), tail: [] };
  }

  /** `if (err) log(err); REST`: both ways go on with the rest. */
  private rejoined(): Step[] | undefined {
    const { statements, range } = this.body;
    const last = statements.findLastIndex((each) => mentions(each, this.error, this.state));
    const head = statements.slice(0, last + 1);
    const inside = { start: range.start, end: head.at(-1)!.end };
    const followed = statements[last + 1];
    const failed = readList(head, inside, { ...this.failing(), followed }, this.state);
    const fine = readList(head, inside, { ...this.succeeding(), followed }, this.state);
    if (fine.steps.length > 0 || leaves(failed.steps)) return undefined;
    const bind = bindResults(this.results, this.answered.gives, this.state);
    return this.withHandler(
      failed,
      readAll(this.body, last + 1, this.succeeding(), this.state, this.answered.fn),
      bind,
    );
  }

  private withHandler(failed: Block, rest: Step[], bind: Bind | undefined): Step[] {
    if (!this.passesOn(failed)) {
      const param = this.catchParam(failed);
      return [
        waitOn(this.answered, bind, { ...(param && { param }), body: { steps: failed.steps, tail: failed.tail } }),
        ...rest,
      ];
    }
    return withComments(waitOn(this.answered, bind), failed, rest);
  }

  /** Statements before the test run in both cases: cleanup in a `finally`, or else the error is kept in a variable. */
  private behindOthers(): Step[] {
    const { statements, range } = this.body;
    const before = statements.slice(0, this.first);
    const simple = before.every((each) => this.isCleanup(each));
    if (!simple) return this.kept();
    const reset = mark(this.state);
    const failed = readList(statements, range, this.failing(), this.state, this.first);
    const shared = statements.slice(this.first, failed.read).some((each) => !mentions(each, this.error, this.state));
    if (!leaves(failed.steps) || shared || !this.passesOn(failed)) return (reset(), this.kept());
    const bind = bindResults(this.results, this.answered.gives, this.state);
    const always = readList(before, { start: range.start, end: before.at(-1)!.end }, this.env, this.state);
    const rest = readAll(this.body, this.first, this.succeeding(), this.state, this.answered.fn);
    return this.guarded(bind, always, rest);
  }

  private guarded(bind: Bind | undefined, always: Block, rest: Step[]): Step[] {
    const at = rangeOf(this.answered.at);
    if (!bind)
      return [
        { kind: 'guard', body: { steps: [waitOn(this.answered, undefined)], tail: [] }, always, lead: [], at },
        ...rest,
      ];
    const [binding, more] = bind.pattern.declares;
    if (!binding || more || bind.pattern.destructures) return this.kept();
    const { snippets } = this.state;
    const declare = { ...bind.pattern, parts: ['let ', ...bind.pattern.parts] };
    const assign: Bind = { pattern: snippets.compose([binding.binding], bind.pattern.at, 'no'), how: 'assign' };
    return [
      { kind: 'code', made: true, code: declare, lead: [], at },
      { kind: 'guard', body: { steps: [waitOn(this.answered, assign)], tail: [] }, always, lead: [], at },
      ...rest,
    ];
  }

  /** Plain code that neither waits, reports nor needs the result, and declares nothing that is used later. */
  private isCleanup(statement: ts.Statement): boolean {
    if (!ts.isExpressionStatement(statement) || mention(statement, this.env, this.state)) return false;
    return !this.resultSymbols.some((symbol) => mentions(statement, symbol, this.state));
  }

  /** `let err; try { v = await g() } catch (e) { err = e } …`: the error as the variable that it was. */
  private kept(): Step[] {
    this.checkKept();
    const { snippets } = this.state;
    const at = rangeOf(this.answered.at);
    const name = nameOnly(this.param.name as ts.Identifier, this.state);
    const binding = snippets.bindingOf(this.param.name as ts.Identifier)!;
    const caught = snippets.invent('error');
    const typed = this.state.ctx.typescript ? ': any' : '';
    const param = { ...snippets.compose([caught], at, 'no'), declares: [{ binding: caught, how: 'lexical' as const }] };
    const assign: Step = {
      kind: 'code',
      made: true,
      code: snippets.compose([binding, ' = ', caught], at, 'no'),
      lead: [],
      at,
    };
    const bind = bindResults(this.results, this.answered.gives, this.state);
    const start = this.isNode() ? ' = null' : '';
    const declare: Snippet = { ...name, parts: ['let ', ...name.parts, typed, start] };
    const one = this.resultSymbols.filter(
      (symbol) => !symbol.declarations?.some((each) => ts.isParameter(each) && each.dotDotDotToken),
    );
    const env: Env = { ...this.env, paired: new Map([...this.env.paired, [this.error, new Set(one)]]) };
    const rest = readAll(this.body, 0, env, this.state, this.answered.fn);
    const onFail: Handler = { param: { pattern: param, how: 'let' }, body: { steps: [assign], tail: [] } };
    return [{ kind: 'code', made: true, code: declare, lead: [], at }, waitOn(this.answered, bind, onFail), ...rest];
  }

  /** Where nothing failed a callee gives `null` or `undefined`: only uses for which these are the same can be kept. */
  private checkKept(): void {
    const { scopes } = this.state.ctx;
    // The error is set and a result with it: a rejection carries one thing.
    if (this.answered.gives.fields) stop('partial-result-with-error', this.param);
    if (this.isNode()) return;
    for (const use of scopes.references(this.error)) {
      if (use.parent === this.param || scopes.isWritten(use)) continue;
      if (!isTestOf(use) && !isFirstArgument(use, this.env, this.state) && !isUnderTest(use, this.error, this.state))
        stop('error-not-checked', use);
    }
  }

  /** Node's own functions give `null` where nothing failed. */
  private isNode(): boolean {
    return this.answered.gives.sync === 'never' && this.answered.on.kind === 'call';
  }

  private failing(): Env {
    const absent = this.resultSymbols.filter((symbol) => !this.isWrittenLater(symbol));
    const known: [ts.Symbol, Assumed][] = absent.map((symbol) => [symbol, 'absent']);
    return withKnown(this.env, [[this.error, 'error'], ...known]);
  }

  private isWrittenLater(symbol: ts.Symbol): boolean {
    return this.state.ctx.scopes.references(symbol).some((use) => this.state.ctx.scopes.isWritten(use));
  }

  private succeeding(): Env {
    return withKnown(this.env, [[this.error, 'noError']]);
  }

  /** The error branch is `throw err`: nothing to write. */
  private passesOn(failed: Block): boolean {
    const [only, more] = failed.steps;
    if (more || only?.kind !== 'exit' || only.how !== 'fail') return false;
    const binding = this.state.snippets.bindingOf(this.param.name as ts.Identifier);
    const [use, other] = only.with.uses;
    const [part, rest] = only.with.parts;
    return (
      !other &&
      !rest &&
      use?.binding === binding &&
      typeof part === 'object' &&
      'start' in part &&
      part.end - part.start === use!.name.length
    );
  }

  private catchParam(failed: Block): Bind | undefined {
    const binding = this.state.snippets.bindingOf(this.param.name as ts.Identifier);
    if (!binding || !mentionsBinding(failed, binding)) return undefined;
    const name = nameOnly(this.param.name as ts.Identifier, this.state);
    // A caught value is `unknown` to TypeScript where the callback said what it is.
    const pattern = this.state.ctx.typescript ? { ...name, parts: [...name.parts, ': any'] } : name;
    return { pattern, how: 'let' };
  }
}

/** An error branch that is not written leaves its comments: behind the wait, or above what follows. */
function withComments(wait: Step, gone: Block, rest: readonly Step[]): Step[] {
  const [first, ...others] = rest;
  const above = [...gone.steps.flatMap((step) => step.lead), ...gone.tail].filter((each) => each !== '');
  const behind = gone.steps.flatMap((step) => step.trail ?? []);
  const led = first && above.length ? [{ ...first, lead: [...above, ...first.lead] }, ...others] : rest;
  return [behind.length ? { ...wait, trail: behind } : wait, ...led];
}

function mentionsBinding(part: unknown, binding: object): boolean {
  if (part === binding) return true;
  if (typeof part !== 'object' || part === null) return false;
  return Object.values(part).some((each) => mentionsBinding(each, binding));
}

import { bareness } from '../body.js';
import type { Block, Handler, Lead, Step } from '../../flow/model.js';
import { leaves } from '../../flow/query.js';
import type { Range } from '../../types.js';
import { ts } from '../parse.js';
import { namesOf } from '../bindings.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { bare } from '../calls/origin.js';
import { settledBy, simplify } from './assume.js';
import type { Assumed } from './assume.js';
import { nameOnly } from './await.js';
import { joinsOf, readJoin } from './joins.js';
import { localsOf, readShared, sharedAt } from './locals.js';
import { checkNames, plainSnippet, simpleText } from './report.js';
import { isInert, isPure, ownJump, stopsList } from './shape.js';
import { silentEnd } from './silent.js';
import { mention, roleOf, withKnown } from './state.js';
import type { Env, State } from './state.js';
import { plainStep, readTail } from './tail.js';
import { windowsOf } from './windows.js';

export interface ReadBlock extends Block {
  /** How many statements were read from the list's begin: those behind them are never reached. */
  readonly read: number;
}

/**
 * A list of statements as a flow. What comes behind a report or a wait must do nothing: it would run before the answer.
 * Reading ends where every path has ended.
 */
export function readList(
  statements: readonly ts.Statement[],
  range: Range,
  env: Env,
  state: State,
  from = 0,
): ReadBlock {
  windowsOf(statements, env, state);
  const inner = localsOf(statements, env, state);
  joinsOf(statements, inner, state);
  return readFrom(statements, range, inner, state, from);
}

/** The same with the roles of the list's own functions known. `isLed`: what stands above the first statement is written elsewhere. */
export function readFrom(
  statements: readonly ts.Statement[],
  range: Range,
  env: Env,
  state: State,
  from: number,
  isLed = false,
): ReadBlock {
  const { snippets } = state;
  const steps: Step[] = [];
  let end = from === 0 ? range.start : statements[from - 1]!.end;
  const moved: Range[] = [];
  let index = from;
  for (; index < statements.length; index++) {
    const statement = statements[index]!;
    if (state.moved.has(statement)) {
      const around = aroundMoved(statements, index, end, range, state);
      moved.push(...around);
      end = Math.max(statement.end, around.at(-1)?.end ?? 0);
      continue;
    }
    const own = index === from && isLed ? [] : leadOf(statement, end, index === 0, state);
    const lead = [...moved.splice(0), ...own];
    const shared = sharedAt(statements, index, env, state);
    if (shared) {
      steps.push(...framed(readShared(shared, statements, range, index, env, state), lead, []));
      return { steps, tail: [], read: statements.length };
    }
    const trail = snippets.trailOf(statement, statements[index + 1]?.getStart() ?? range.end);
    const inner = { ...env, followed: followedBy(statements.slice(index + 1), env, state) };
    const made = readJoin(statement, inner, state) ?? readStatement(statement, inner, state);
    steps.push(...framed(made, lead, trail));
    end = trail.at(-1)?.end ?? statement.end;
    if (!leaves(made)) continue;
    if (stopsList(statement)) checkUnreached(statements.slice(index + 1), state);
    for (index++; index < statements.length && state.moved.has(statements[index]!); index++) {
      const around = aroundMoved(statements, index, end, range, state);
      moved.push(...around);
      end = Math.max(statements[index]!.end, around.at(-1)?.end ?? 0);
    }
    break;
  }
  return { steps, tail: [...moved, ...tailOf(statements, index, end, range, state)], read: index };
}

/** Code that no path reaches is still somebody's code. */
function checkUnreached(rest: readonly ts.Statement[], state: State): void {
  const dead = rest.find((each) => !state.moved.has(each) && !isInert(each));
  if (dead) stop('code-after-call', dead);
}

/** Comments above a function that is written elsewhere, and behind it: they stay here, those inside go with it. */
function aroundMoved(
  statements: readonly ts.Statement[],
  index: number,
  end: number,
  range: Range,
  state: State,
): Range[] {
  const statement = statements[index]!;
  if ([...(state.steps?.fns.values() ?? [])].some((fn) => fn.statement === statement)) return [];
  const above = leadOf(statement, end, index === 0, state).filter((each): each is Range => each !== '');
  return [...above, ...state.snippets.trailOf(statement, statements[index + 1]?.getStart() ?? range.end)];
}

function leadOf(statement: ts.Statement, end: number, first: boolean, state: State): readonly Lead[] {
  const { snippets } = state;
  return first && end !== 0
    ? snippets.comments({ start: end, end: statement.getStart() })
    : snippets.leadOf(statement, end);
}

function tailOf(
  statements: readonly ts.Statement[],
  index: number,
  end: number,
  range: Range,
  state: State,
): readonly Lead[] {
  return index >= statements.length && end < range.end ? state.snippets.comments({ start: end, end: range.end }) : [];
}

/** Steps made without their comments get them: the lead goes to the first, the trail to the last. */
export function framed(steps: readonly Step[], lead: readonly Lead[], trail: readonly Range[]): Step[] {
  const all = [...steps];
  const [first] = all;
  if (!first) return [];
  all[0] = { ...first, lead: [...lead, ...first.lead] };
  const last = all.at(-1)!;
  if (trail.length) all[all.length - 1] = { ...last, trail: [...(last.trail ?? []), ...trail] };
  return all;
}

/** The first thing that would run behind a statement which reports or waits. */
function followedBy(rest: readonly ts.Statement[], env: Env, state: State): ts.Node | undefined {
  for (const statement of rest) {
    if (state.moved.has(statement)) continue;
    if (ts.isReturnStatement(statement)) return isInert(statement) ? undefined : statement;
    if (ts.isBreakStatement(statement)) return env.breaksTo;
    if (ts.isContinueStatement(statement)) return env.continuesTo;
    if (!isInert(statement)) return statement;
  }
  return env.followed;
}

export function readStatement(statement: ts.Statement, env: Env, state: State): Step[] {
  const counted = state.counters.get(statement);
  if (counted) {
    const given = counted.value && plainSnippet(counted.value, env, state);
    return [
      {
        kind: 'exit',
        how: 'succeed',
        of: counted.target,
        ...(given && { with: given }),
        lead: [],
        at: rangeOf(statement),
      },
    ];
  }
  if (ts.isVariableStatement(statement) && state.dropped.size > 0) {
    const kept = withoutDropped(statement, state);
    if (kept) return kept.length ? declaring(statement, kept, env, state) : [];
  }
  if (isPlain(statement, env, state)) {
    checkNames(statement, env, state);
    return [{ kind: 'code', code: state.snippets.statement(statement), lead: [], at: rangeOf(statement) }];
  }
  if (ts.isExpressionStatement(statement))
    return readTail(statement.expression, { returned: false, at: statement }, env, state);
  if (ts.isReturnStatement(statement)) return readReturn(statement, env, state);
  if (ts.isIfStatement(statement)) return readIf(statement, env, state);
  if (ts.isBlock(statement)) return [...readBody(statement, env, state).steps];
  if (ts.isThrowStatement(statement)) return readThrow(statement, env, state);
  if (ts.isBreakOrContinueStatement(statement)) return readJump(statement, env);
  if (ts.isTryStatement(statement)) return readTry(statement, env, state);
  if (ts.isSwitchStatement(statement)) return readSwitch(statement, env, state);
  if (ts.isIterationStatement(statement, false)) return readLoopStatement(statement, env, state);
  const others = ts.isVariableStatement(statement) ? withoutAlias(statement, env, state) : undefined;
  return others ?? stop(refusalFor(statement, env, state), mention(statement, env, state) ?? statement);
}

/** `var done = cb || noop, self = this` without the callback's other name. */
function withoutAlias(statement: ts.VariableStatement, env: Env, state: State): Step[] | undefined {
  const { declarations } = statement.declarationList;
  const kept = declarations.filter((each) => !(ts.isIdentifier(each.name) && isReport(each.name, env, state)));
  return kept.length === declarations.length || !kept.length ? undefined : declaring(statement, kept, env, state);
}

/** Without counters and flags; undefined when it declares none. */
function withoutDropped(statement: ts.VariableStatement, state: State): readonly ts.VariableDeclaration[] | undefined {
  const { declarations } = statement.declarationList;
  const kept = declarations.filter((each) => !state.dropped.has(each));
  return kept.length === declarations.length ? undefined : kept;
}

function declaring(
  statement: ts.VariableStatement,
  kept: readonly ts.VariableDeclaration[],
  env: Env,
  state: State,
): Step[] {
  const { declarations } = statement.declarationList;
  kept.forEach((each) => checkNames(each, env, state));
  const { snippets } = state;
  const whole = snippets.statement(statement);
  const keyword = state.ctx.text.slice(statement.getStart(), declarations[0]!.getStart());
  const parts = kept.flatMap((each, index) => [index === 0 ? keyword : ', ', snippets.piece(rangeOf(each), [each])]);
  const code = snippets.compose(parts, rangeOf(statement), 'no');
  const declares = whole.declares.filter(({ binding }) =>
    kept.some((each) => namesOf(each.name).some((name) => snippets.bindingOf(name) === binding)),
  );
  return [{ kind: 'code', made: true, code: { ...code, declares }, lead: [], at: rangeOf(statement) }];
}

function isReport(name: ts.Identifier, env: Env, state: State): boolean {
  return roleOf(name, env, state)?.kind === 'report';
}

/** Nothing of it concerns the flow: it is copied. */
function isPlain(statement: ts.Statement, env: Env, state: State): boolean {
  if (mention(statement, env, state) || ownJump(statement)) return false;
  if (!ts.isIfStatement(statement) && !ts.isBlock(statement)) return true;
  return ![...env.known.keys()].some((symbol) =>
    state.ctx.scopes.references(symbol).some((use) => use.pos >= statement.pos && use.end <= statement.end),
  );
}

function refusalFor(statement: ts.Statement, env: Env, state: State): string {
  if (ts.isLabeledStatement(statement)) return 'labels';
  if (!ts.isVariableStatement(statement)) return 'reference-use';
  const called = statement.declarationList.declarations.some(
    (d) => d.initializer && ts.isCallExpression(d.initializer),
  );
  return called && mention(statement, env, state) ? 'returns-value' : 'reference-use';
}

function readReturn(statement: ts.ReturnStatement, env: Env, state: State): Step[] {
  const { expression } = statement;
  if (!expression || !mention(expression, env, state)) {
    if (expression && env.sync && !state.silence && !isInert(statement)) stop('returns-value', statement);
    const end = silentEnd(statement, env, state);
    return expression && !isPure(expression) ? [plainStep(expression, statement, env, state), end] : [end];
  }
  return readTail(expression, { returned: true, at: statement }, env, state);
}

/** Thrown at the caller as long as nothing was waited for; later it was an exception that nobody could catch. */
function readThrow(statement: ts.ThrowStatement, env: Env, state: State): Step[] {
  if (!env.sync && !env.caught) stop('throws-in-callback', statement);
  const error = plainSnippet(statement.expression, env, state);
  return [{ kind: 'exit', how: 'fail', with: error, lead: [], at: rangeOf(statement) }];
}

function readJump(statement: ts.BreakOrContinueStatement, env: Env): Step[] {
  const how = ts.isBreakStatement(statement) ? 'break' : 'continue';
  if (statement.label) stop('labels', statement);
  if (env.noJumps) stop('path-without-callback', statement);
  return [{ kind: 'exit', how, lead: [], at: rangeOf(statement) }];
}

function readIf(statement: ts.IfStatement, env: Env, state: State): Step[] {
  const test = simplify(statement.expression, env.known, state.ctx.scopes);
  const truth = settledBy(test, env.known, state.ctx.scopes);
  const { thenStatement, elseStatement } = statement;
  if (truth !== undefined) {
    const chosen = truth ? thenStatement : elseStatement;
    return chosen ? spliced(readBody(chosen, env, state)) : [];
  }
  const then = readBody(thenStatement, withKnown(env, impliedBy(statement.expression, state)), state);
  const other = elseStatement && readBody(elseStatement, env, state);
  const printed = simpleText(test, statement.expression, env, state);
  return [{ kind: 'branch', test: printed, then, ...(other && { else: other }), lead: [], at: rangeOf(statement) }];
}

/** `if (failure) return cb(failure)`: in there it is one. */
function impliedBy(test: ts.Expression, state: State): [ts.Symbol, Assumed][] {
  const node = bare(test);
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken)
    return [...impliedBy(node.left, state), ...impliedBy(node.right, state)];
  const symbol = ts.isIdentifier(node) ? state.ctx.scopes.symbolOf(node) : undefined;
  if (!symbol) return [];
  const { scopes } = state.ctx;
  const later = scopes.references(symbol).some((use) => scopes.isWritten(use) && use.pos >= test.pos);
  return later ? [] : [[symbol, 'error']];
}

/** A block's steps among those of another list, its last comments behind its last step. */
export function spliced(block: Block): Step[] {
  const comments = block.tail.filter((each): each is Range => each !== '');
  const last = block.steps.at(-1);
  if (!comments.length || !last) return [...block.steps];
  return [...block.steps.slice(0, -1), { ...last, trail: [...(last.trail ?? []), ...comments] }];
}

export function readBody(body: ts.Statement, env: Env, state: State): Block {
  if (ts.isBlock(body)) {
    const { steps, tail } = readList(body.statements, { start: body.getStart() + 1, end: body.end - 1 }, env, state);
    return { steps, tail };
  }
  const { steps, tail } = readList([body], { start: body.pos, end: body.end }, env, state);
  return { steps, tail, bare: bareness(body) };
}

/**
 * A report inside a `try` with a `catch` is refused: what the callback throws would be caught, and answered a second time.
 * A `try` around the whole that only passes errors on says nothing new.
 */
function readTry(statement: ts.TryStatement, env: Env, state: State): Step[] {
  const { tryBlock, catchClause, finallyBlock } = statement;
  if (finallyBlock && mention(finallyBlock, env, state)) stop('finally-overrides', finallyBlock);
  const inTry = { ...env, inTry: statement, caught: catchClause ? true : env.caught };
  const body = readBody(tryBlock, { ...inTry, followed: env.followed ?? finallyBlock }, state);
  if (finallyBlock && ownJump(finallyBlock)) stop('finally-overrides', finallyBlock);
  const onFail = catchClause && readCatch(catchClause, finallyBlock ? { ...env, inTry: statement } : env, state);
  const always = finallyBlock && readBody(finallyBlock, env, state);
  return [
    { kind: 'guard', body, ...(onFail && { onFail }), ...(always && { always }), lead: [], at: rangeOf(statement) },
  ];
}

function readCatch(clause: ts.CatchClause, env: Env, state: State): Handler {
  const name = clause.variableDeclaration?.name;
  const body = readBody(clause.block, env, state);
  if (!name) return { body };
  const pattern =
    ts.isIdentifier(name) && !clause.variableDeclaration.type ? nameOnly(name, state) : state.snippets.pattern(name);
  return { param: { pattern, how: 'let' }, body };
}

function readSwitch(statement: ts.SwitchStatement, env: Env, state: State): Step[] {
  const { snippets } = state;
  const { clauses } = statement.caseBlock;
  const on = plainSnippet(statement.expression, env, state);
  let from = statement.caseBlock.getStart() + 1;
  const arms = clauses.map((clause, index) => {
    const colon = clause.getChildren().find((part) => part.kind === ts.SyntaxKind.ColonToken)!;
    const start = clause.getStart();
    const next = clauses.slice(index + 1).flatMap((each) => [...each.statements]);
    const followed = next.find((each) => !isInert(each) && !state.moved.has(each)) ?? env.followed;
    const until = clauses[index + 1] ? clause.end : statement.caseBlock.end - 1;
    const inner = { ...env, followed, breaksTo: env.followed };
    if (ts.isCaseClause(clause)) checkNames(clause.expression, env, state);
    const body = readList(clause.statements, { start: colon.end, end: until }, inner, state);
    const lead = index === 0 ? snippets.comments({ start: from, end: start }) : snippets.leadOf(clause, from);
    from = clause.end;
    const label = snippets.piece({ start, end: colon.end }, ts.isCaseClause(clause) ? [clause.expression] : []);
    return {
      label,
      lead,
      ...(ts.isDefaultClause(clause) && { isDefault: true }),
      body: { steps: body.steps, tail: body.tail },
    };
  });
  return [{ kind: 'switch', on, arms, lead: [], at: rangeOf(statement) }];
}

/** A loop that can leave the function (`return cb(err)`) but does not wait. */
function readLoopStatement(statement: ts.IterationStatement, env: Env, state: State): Step[] {
  const { snippets } = state;
  const body = statement.statement;
  const inner = {
    ...env,
    followed: statement,
    breaksTo: env.followed ?? statement,
    continuesTo: statement,
    noJumps: false,
  };
  const at = rangeOf(statement);
  const read = readBody(body, inner, state);
  if (ts.isDoStatement(statement)) {
    const close = statement
      .getChildren()
      .filter((part) => part.kind === ts.SyntaxKind.CloseParenToken)
      .at(-1)!;
    const start = statement.getStart();
    const foot = state.ctx.text.indexOf('while', body.end);
    checkNames(statement.expression, env, state);
    const head = snippets.piece({ start, end: start + 2 }, []);
    return [
      {
        kind: 'loop',
        head,
        body: read,
        foot: snippets.piece({ start: foot, end: close.end }, [statement.expression]),
        lead: [],
        at,
      },
    ];
  }
  const parts = statement.getChildren().filter((part) => part !== body && part.end <= body.getStart());
  parts.forEach((part) => checkNames(part, env, state));
  const head = snippets.piece({ start: statement.getStart(), end: parts.at(-1)!.end }, parts);
  return [{ kind: 'loop', head, body: read, lead: [], at }];
}

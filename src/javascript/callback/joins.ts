import type { Range } from '../../types.js';
import type { Bind, Snippet, Step, StepOf, Target, Task } from '../../flow/model.js';
import { leaves } from '../../flow/query.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { windowed } from '../pool/windowed.js';
import { usesThis } from '../scope.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { counterIn, emptyAnswer, emptyIsAnswered } from './counter.js';
import type { CounterStep } from './counter.js';
import { nameOnly } from './await.js';
import { plainSnippet } from './report.js';
import { isFunction } from './shape.js';
import { readList } from './statements.js';
import { mention, mentions } from './state.js';
import type { Env, LocalFunction, Role, State } from './state.js';

/** A fan-out over a list: what is done for each element, and the counter by which the last one goes on. */
export interface JoinPlan {
  readonly statement: ts.Statement;
  readonly list: ts.Expression;
  readonly params: readonly (ts.ParameterDeclaration | ts.Identifier)[];
  readonly body: readonly ts.Statement[];
  readonly bodyNode: ts.Node;
  readonly step: CounterStep;
  /** A continuation with a name that does the counting. */
  readonly named?: LocalFunction;
  /** `out[i] = v` in front of the counter, and nothing else done with `out`: what the join itself gives. */
  readonly gather?: Gather;
  /** The answer to an empty list, where the join gives the same. */
  readonly empty?: ts.Statement;
  /** The fan-out begins before the function returns. */
  readonly sync?: boolean;
  /** Of a window made by hand: its limit, the index of an item, how long the list is, and the function that starts tasks. */
  readonly limit?: ts.Expression;
  readonly index?: ts.Identifier;
  readonly length?: string;
  readonly turn?: ts.Node;
  /** What is left of its body. */
  readonly range?: Range;
}

interface Gather {
  readonly name: ts.Identifier;
  readonly index: ts.Symbol;
  readonly statement: ts.Statement;
  readonly value: ts.Expression;
}

/**
 * Finds the fan-outs of a list of statements before it is read, and takes the counters out of it:
 *
 *   let left = ids.length;                        (gone)
 *   ids.forEach((id) => get(id, (err, v) => {     wait fanOut over ids: { wait v = get(id); … }
 *     if (failed) return;                         (gone)
 *     if (err) { failed = true; return cb(err); }
 *     …; if (--left === 0) cb(null, out);         the rest: exit out
 *   }));
 */
export function joinsOf(statements: readonly ts.Statement[], env: Env, state: State): void {
  for (const statement of statements) {
    if (state.joins.has(statement)) continue;
    const shape = fanOutOf(statement, state);
    if (!shape || !mention(statement, env, state)) continue;
    const found = counterFor(shape, env, state);
    if (!found) continue;
    const empty = state.whole ? emptyAnswer({ statement, ...shape, ...found }, statements, state) : undefined;
    const gather = found.named ? undefined : gatherOf(shape, found.step, empty, state);
    const plan: JoinPlan = {
      statement,
      ...shape,
      ...found,
      ...(gather && { gather }),
      ...(empty && { empty, sync: env.sync }),
    };
    // A list is read again in another way when the first fails: what could not be taken out must fail then too.
    takeOut(plan, statements, state);
    state.joins.set(statement, plan);
  }
}

type Shape = Pick<JoinPlan, 'list' | 'params' | 'body' | 'bodyNode'>;

/** `list.forEach(function (item, index) { … })`, `for (const item of list) { … }` */
function fanOutOf(statement: ts.Statement, state: State): Shape | undefined {
  if (ts.isForOfStatement(statement)) return forOf(statement);
  if (!ts.isExpressionStatement(statement)) return undefined;
  const call = bare(statement.expression);
  if (!ts.isCallExpression(call) || !ts.isPropertyAccessExpression(call.expression)) return undefined;
  if (!/^(forEach|map)$/.test(call.expression.name.text)) return undefined;
  const fn = call.arguments[0] && bare(call.arguments[0]);
  if (!fn || !isFunction(fn) || !ts.isBlock(fn.body))
    return fn && isFunction(fn) ? arrowShape(call.expression.expression, fn) : undefined;
  if (!ts.isArrowFunction(fn) && usesThis(fn.body)) return undefined;
  state.inlined.add(fn);
  return { list: call.expression.expression, params: fn.parameters, body: fn.body.statements, bodyNode: fn.body };
}

/** `list.forEach((x) => get(x, done))` */
function arrowShape(list: ts.Expression, fn: ts.FunctionExpression | ts.ArrowFunction): Shape | undefined {
  if (!ts.isArrowFunction(fn) || ts.isBlock(fn.body)) return undefined;
  const statement = ts.factory.createExpressionStatement(fn.body);
  Object.assign(statement, { pos: fn.body.pos, end: fn.body.end, parent: fn });
  return { list, params: fn.parameters, body: [statement], bodyNode: fn.body };
}

function forOf(statement: ts.ForOfStatement): Shape | undefined {
  const { initializer } = statement;
  if (statement.awaitModifier || !ts.isVariableDeclarationList(initializer)) return undefined;
  if (!(initializer.flags & ts.NodeFlags.BlockScoped)) return undefined;
  const name = initializer.declarations[0]?.name;
  if (!name || !ts.isIdentifier(name) || !ts.isBlock(statement.statement)) return undefined;
  return {
    list: statement.expression,
    params: [name],
    body: statement.statement.statements,
    bodyNode: statement.statement,
  };
}

/** The counting is done in a continuation of the body, or in a named one that the body hands on. */
function counterFor(shape: Shape, env: Env, state: State): Pick<JoinPlan, 'step' | 'named'> | undefined {
  const inside = counterIn(shape.bodyNode, env, state);
  if (inside) return { step: inside };
  for (const role of env.roles.values()) {
    if (role.kind !== 'inline' && role.kind !== 'shared') continue;
    if (!mentions(shape.bodyNode, role.fn.symbol, state)) continue;
    const step = counterIn(role.fn.node.body, env, state);
    if (step) return { step, named: role.fn };
  }
  return undefined;
}

function gatherOf(shape: Shape, step: CounterStep, empty: ts.Statement | undefined, state: State): Gather | undefined {
  const { scopes } = state.ctx;
  const list = ts.isBlock(step.statement.parent) ? step.statement.parent.statements : undefined;
  const statement = list?.[list.indexOf(step.statement) - 1 - step.also.length];
  const index = shape.params[1];
  if (
    !statement ||
    !ts.isExpressionStatement(statement) ||
    !index ||
    !ts.isParameter(index) ||
    !ts.isIdentifier(index.name)
  )
    return undefined;
  const node = bare(statement.expression);
  if (
    !ts.isBinaryExpression(node) ||
    node.operatorToken.kind !== ts.SyntaxKind.EqualsToken ||
    !ts.isElementAccessExpression(node.left)
  )
    return undefined;
  const [out, at] = [bare(node.left.expression), bare(node.left.argumentExpression)];
  const symbol = ts.isIdentifier(out) ? scopes.symbolOf(out) : undefined;
  const indexSymbol = scopes.symbolOf(index.name);
  if (!symbol || !indexSymbol || !ts.isIdentifier(at) || scopes.symbolOf(at) !== indexSymbol) return undefined;
  const declaration = symbol.declarations?.[0];
  if (
    !declaration ||
    !ts.isVariableDeclaration(declaration) ||
    !ts.isIdentifier(declaration.name) ||
    !isEmptyList(declaration.initializer)
  )
    return undefined;
  const [start, end] = [step.final[0]?.pos ?? 0, step.final.at(-1)?.end ?? 0];
  const gone = (use: ts.Node): boolean => !!empty && use.pos >= empty.pos && use.end <= empty.end;
  const rest = scopes.references(symbol).filter((use) => use !== out && use !== declaration.name && !gone(use));
  // Outside of the fan-out it is only looked at when all is done.
  if (!rest.every((use) => use.pos >= start && use.end <= end && !scopes.isWritten(use))) return undefined;
  return { name: declaration.name, index: indexSymbol, statement, value: node.right };
}

/** `[]`, `new Array(n)` */
function isEmptyList(node: ts.Expression | undefined): boolean {
  if (!node) return false;
  if (ts.isNewExpression(node)) return node.expression.getText() === 'Array' && (node.arguments?.length ?? 0) <= 1;
  return ts.isArrayLiteralExpression(node) && node.elements.length === 0;
}

/** The counter, and the flag that stops a second report, are no variables any more; so are the statements that keep them. */
function takeOut(plan: JoinPlan, statements: readonly ts.Statement[], state: State): void {
  const { step } = plan;
  const owned = [step.statement, ...step.also, ...(plan.empty ? [plan.empty] : [])];
  for (const each of step.also) state.moved.add(each);
  const outside = state.ctx.scopes
    .references(step.counter)
    .filter(
      (use) =>
        !owned.some((node) => use.pos >= node.pos && use.end <= node.end) && !ts.isVariableDeclaration(use.parent),
    );
  const inFan = outside.find((use) => use.pos >= plan.bodyNode.pos && use.end <= plan.bodyNode.end);
  if (inFan) stop('called-more-than-once', inFan.parent);
  if (outside.some((use) => state.ctx.scopes.isWritten(use))) stop('called-more-than-once', outside[0]!.parent);
  checkCount(plan, state);
  if (!outside.length) dropDeclaration(step.counter, state);
  takeFlag(plan, state);
  if (!emptyIsAnswered(plan, statements, state)) stop('path-without-callback', plan.statement);
  if (plan.named) state.counting.add(plan.named.symbol);
  if (plan.empty) state.moved.add(plan.empty);
  if (!plan.gather) return;
  state.moved.add(plan.gather.statement);
  if (ts.isVariableDeclaration(plan.gather.name.parent)) state.dropped.add(plan.gather.name.parent);
}

/** The counter starts at the length of the very list, or runs up to it. */
function checkCount(plan: JoinPlan, state: State): void {
  const { step, list } = plan;
  const declaration = step.counter.declarations?.[0];
  const start = declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
  const wanted = `${list.getText()}.length`;
  const from = step.down ? start?.getText() : step.until?.getText();
  const zero = step.down || start?.getText() === '0';
  if (!zero || (from !== wanted && !isLengthOf(step.down ? start : step.until, wanted, state)))
    stop('called-more-than-once', step.statement);
}

/** `const n = list.length`, and `n` where the length is meant. */
export function isLengthOf(node: ts.Expression | undefined, wanted: string, state: State): boolean {
  if (!node || !ts.isIdentifier(node)) return false;
  const symbol = state.ctx.scopes.symbolOf(node);
  const declaration = symbol?.declarations?.[0];
  return (
    !!symbol &&
    state.ctx.scopes.isConstant(symbol) &&
    !!declaration &&
    ts.isVariableDeclaration(declaration) &&
    declaration.initializer?.getText() === wanted
  );
}

function dropDeclaration(symbol: ts.Symbol, state: State): void {
  const declaration = symbol.declarations?.[0];
  if (declaration && ts.isVariableDeclaration(declaration)) state.dropped.add(declaration);
}

/** The fan-out as a wait, then what the last of them did. */
export function readJoin(statement: ts.Statement, env: Env, state: State): Step[] | undefined {
  const plan = state.joins.get(statement);
  if (!plan) return undefined;
  if (env.followed) stop(mention(env.followed, env, state) ? 'called-more-than-once' : 'code-after-call', env.followed);
  const target: Target = { of: 'block' };
  state.counters.set(plan.step.statement, { target, ...(plan.gather && { value: plan.gather.value }) });
  const inner = eachEnv(plan, target, !!plan.step.flag, env, state);
  const node = plan.bodyNode;
  const whole = ts.isBlock(node) ? { start: node.getStart() + 1, end: node.end - 1 } : rangeOf(node);
  const each = readList(plan.body, plan.range ?? whole, inner, state);
  if (!leaves(each.steps)) stop('path-without-callback', plan.body.at(-1) ?? plan.statement);
  const over = state.snippets.expression(plan.list);
  const task: Task = {
    kind: 'fanOut',
    over,
    item: itemsOf(plan, state),
    each: { kind: 'block', target, body: { steps: each.steps, tail: each.tail } },
    join: 'all',
  };
  const { gather } = plan;
  const bind: Bind | undefined = gather && { pattern: nameOnly(gather.name, state), how: 'const' };
  let wait: StepOf<'wait'> = { kind: 'wait', on: task, ...(bind && { bind }), lead: [], at: rangeOf(statement) };
  const { limit } = plan;
  // One that a library kept is a pool already.
  if (limit) wait = { ...wait, on: { ...task, byHand: true } };
  const waits = limit ? windowed([wait], plainSnippet(limit, env, state), limit, state.ctx) : [wait];
  return [...waits, ...readFinal(plan, env, state)];
}

/** Its parameters, without an index that only said where the result goes. */
function itemsOf(plan: JoinPlan, state: State): Snippet[] {
  const { gather, params } = plan;
  const only = gather && state.ctx.scopes.references(gather.index).length === 2;
  if (plan.index) return [unnamed(plan.index), nameOnly(plan.index, state)];
  return (only ? params.slice(0, 1) : params).map((param) => itemOf(param, state));
}

/** An item that nothing names. */
function unnamed(beside: ts.Node): Snippet {
  const binding = { name: '_' };
  const declares = [{ binding, how: 'lexical' }] as const;
  return { parts: [binding], uses: [], declares, promise: 'no', at: rangeOf(beside) };
}

function itemOf(param: ts.ParameterDeclaration | ts.Identifier, state: State): Snippet {
  return ts.isIdentifier(param) ? nameOnly(param, state) : state.snippets.pattern(param);
}

/** Inside, the function can only be failed; its counting continuation may be used on several paths. */
function eachEnv(plan: JoinPlan, target: Target, guarded: boolean, env: Env, state: State): Env {
  const roles = [...env.roles].map(([symbol, role]): [ts.Symbol, Role] => {
    if (plan.named?.symbol === symbol) return [symbol, { kind: 'inline', fn: plan.named }];
    if (role.kind === 'report')
      return [
        symbol,
        guarded || role.once ? { ...role, failOnly: true } : { kind: 'closed', code: 'called-more-than-once' },
      ];
    return role.kind === 'inline' && mentions(plan.bodyNode, symbol, state)
      ? [symbol, role]
      : [symbol, { kind: 'closed', code: 'called-more-than-once' }];
  });
  return {
    ...env,
    roles: new Map(roles),
    targets: [...env.targets, target],
    followed: undefined,
    continuesTo: undefined,
    noJumps: true,
    sync: false,
    inTry: undefined,
  };
}

/**
 * `if (failed) return;` and `failed = true; return cb(err);`: the join answers once anyway, so the flag goes where nothing else is
 * kept from running by it.
 */
function takeFlag(plan: JoinPlan, state: State): void {
  const { flag } = plan.step;
  if (!flag) return;
  for (const each of flag.statements) state.moved.add(each);
  state.flags.add(flag.symbol);
  dropDeclaration(flag.symbol, state);
}

function readFinal(plan: JoinPlan, env: Env, state: State): Step[] {
  const { final, range } = plan.step;
  const inner = { ...env, sync: false, followed: undefined, inTry: undefined };
  for (const statement of final) checkLocal(statement, plan, state);
  const block = readList(final, range, inner, state);
  if (!leaves(block.steps)) stop('path-without-callback', final.at(-1) ?? plan.statement);
  const comments = block.tail.filter((each) => each !== '');
  const last = block.steps.at(-1);
  if (!comments.length || !last) return [...block.steps];
  return [...block.steps.slice(0, -1), { ...last, trail: [...(last.trail ?? []), ...comments] }];
}

/** What the last one does must not need the names of one turn. */
function checkLocal(statement: ts.Statement, plan: JoinPlan, state: State): void {
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const declaration = state.ctx.scopes.symbolOf(node)?.declarations?.[0];
      const turn = plan.named?.node ?? plan.turn ?? plan.statement;
      if (
        declaration &&
        declaration.pos >= turn.pos &&
        declaration.end <= turn.end &&
        !(declaration.pos >= statement.pos && declaration.end <= statement.end)
      )
        stop('shared-loop-variable', node, node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(statement);
}

import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { emptyIsAnswered, flagIn } from './counter.js';
import type { CounterStep, Flag } from './counter.js';
import { isLengthOf } from './joins.js';
import type { JoinPlan } from './joins.js';
import { mention, roleOf } from './state.js';
import type { Env, State } from './state.js';
import { kickOf, pumpOf, turnOf } from './window-parts.js';
import type { Pump, Turn } from './window-parts.js';

/**
 * A window made by hand: a function that starts tasks while fewer than the limit run, and that each answer calls again. It is a fan-out
 * with a bound; the variables that kept it go.
 *
 *   const start = () => {                                   (gone)
 *     while (running < limit && next < names.length) {      (gone)
 *       const index = next++;                               the index of the item
 *       running++;                                          (gone)
 *       fs.stat(names[index], (err, stats) => {             wait stats = fs.stat(names[index])
 *         running--;                                        (gone)
 *         if (failed) return;                               (gone: after a failure nothing starts)
 *         if (err) { failed = true; return cb(err); }
 *         if (++done === names.length) return cb(null, out);    the rest: exit out
 *         start();                                          (gone)
 *       });
 *     }
 *   };
 *   start();                                                wait fanOut over names, limit
 */
export function windowsOf(statements: readonly ts.Statement[], env: Env, state: State): void {
  for (const statement of statements) {
    if (state.joins.has(statement)) continue;
    const found = windowAt(statement, statements, env, state);
    if (found) take(found, statement, env, state);
  }
}

interface Found {
  readonly pump: Pump;
  readonly turn: Turn;
  readonly flag: Flag;
  readonly step: CounterStep;
  /** The kick answers an empty list by itself, at once. */
  readonly answersEmpty: boolean;
  readonly limit: ts.Expression;
  readonly declaration?: ts.Statement;
}

function windowAt(kick: ts.Statement, statements: readonly ts.Statement[], env: Env, state: State): Found | undefined {
  const started = kickOf(kick, statements, state);
  const pump = started && pumpOf(started.fn, state);
  const limit = pump?.limit ?? started?.limit;
  if (!pump || !limit || (pump.limit && started.limit) || !isFixed(limit, state)) return undefined;
  const turn = turnOf(pump, started.symbol, state);
  if (!turn || !isReadOnly(pump, started.fn, state)) return undefined;
  const flag = flagOf(turn, pump, state);
  if (!flag || !failsAlone(turn, flag, pump, env, state)) return undefined;
  const step = endOf(pump, turn, flag, env, state);
  if (!step || !endsWith(turn, step) || !isKept(pump, turn, flag, step, started.fn, state)) return undefined;
  const answersEmpty = step.statement === turn.again;
  if (answersEmpty && env.sync && !state.whole) return undefined;
  const asked = { statement: kick, list: pump.list, length: pump.length, step };
  if (!answersEmpty && !emptyIsAnswered(asked, statements, state)) return undefined;
  return {
    pump,
    turn,
    flag,
    step,
    answersEmpty,
    limit,
    ...(started.declaration && { declaration: started.declaration }),
  };
}

/** A number, or what nobody writes while the window runs. */
function isFixed(node: ts.Expression, { ctx: { scopes } }: State): boolean {
  const inner = bare(node);
  if (ts.isNumericLiteral(inner)) return Number(inner.text) >= 1;
  if (ts.isPropertyAccessExpression(inner)) return isFixed(inner.expression, { ctx: { scopes } } as State);
  const symbol = ts.isIdentifier(inner) ? scopes.symbolOf(inner) : undefined;
  return !!symbol && scopes.isConstant(symbol);
}

/** Nothing is put into the list while it is gone through, nor taken out of it but by the turn itself. */
function isReadOnly({ list, taken }: Pump, fn: ts.Node, { ctx: { scopes } }: State): boolean {
  const name = bare(list);
  const symbol = ts.isIdentifier(name) ? scopes.symbolOf(name) : undefined;
  if (!symbol || !scopes.isConstant(symbol)) return false;
  return scopes.references(symbol).every(({ parent: access, pos, end }) => {
    if (pos < fn.pos || end > fn.end || (taken.pos <= pos && end <= taken.end)) return true;
    if (ts.isElementAccessExpression(access)) return !isTarget(access);
    return ts.isPropertyAccessExpression(access) && access.name.text === 'length' && !isTarget(access);
  });
}

const isTarget = (node: ts.Node): boolean =>
  ts.isBinaryExpression(node.parent) &&
  node.parent.left === node &&
  node.parent.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
  node.parent.operatorToken.kind <= ts.SyntaxKind.LastAssignment;

/** `if (failed) return;` in front of all that an answer does, so that nothing starts after a failure. */
function flagOf({ list, counted, again }: Turn, { tests, idle }: Pump, state: State): Flag | undefined {
  const rest = list.filter((each) => !counted.includes(each) && each !== again);
  return flagIn(rest, state, idle ? tests.filter((each) => each !== idle.statement) : tests);
}

/** Every failure is told in the turn's own continuation, right behind `failed = true`. */
function failsAlone({ list }: Turn, flag: Flag, pump: Pump, env: Env, state: State): boolean {
  const isSet = (statement: ts.Statement): boolean =>
    flag.statements.includes(statement) && /=\s*true\s*;?$/.test(statement.getText());
  const isBehindFlag = (node: ts.Node): boolean => {
    const statement = ts.findAncestor(node, ts.isStatement)!;
    const block = statement.parent;
    return ts.isBlock(block) && block.statements.slice(0, block.statements.indexOf(statement)).some(isSet);
  };
  const home = ts.findAncestor(list[0]!, ts.isFunctionLike);
  let good = true;
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && roleOf(node, env, state)?.kind === 'report') {
      const call = node.parent;
      const isError = ts.isCallExpression(call) && call.expression === node && !isNull(call.arguments[0]);
      good &&= !isError || (ts.findAncestor(node, ts.isFunctionLike) === home && isBehindFlag(node));
    }
    ts.forEachChild(node, visit);
  };
  pump.body.forEach(visit);
  return good;
}

const isNull = (node: ts.Expression | undefined): boolean => !node || /^(null|undefined)$/.test(bare(node).getText());

/** Where the last answer is told apart: a count that has reached the length, or nothing left and nothing running. */
function endOf(pump: Pump, turn: Turn, flag: Flag, env: Env, state: State): CounterStep | undefined {
  const { list, again } = turn;
  const common = { down: false, flag, also: [] as ts.Statement[] };
  if (pump.idle) {
    const { statement, counter } = pump.idle;
    return { ...common, counter, statement: again, ...finalOf(statement.thenStatement, flag) };
  }
  for (const [index, statement] of list.entries()) {
    if (!ts.isIfStatement(statement) || statement.elseStatement || !mention(statement.thenStatement, env, state))
      continue;
    const idle = pump.idleIn(statement.expression);
    if (idle) return { ...common, counter: idle, statement, ...finalOf(statement.thenStatement, flag) };
    const test = bare(statement.expression);
    if (!ts.isBinaryExpression(test) || !/^={2,3}$/.test(test.operatorToken.getText())) continue;
    const count = countedIn(test.left, list[index - 1], state);
    const isAll = count && (isLengthOf(test.right, pump.length, state) || test.right.getText() === pump.length);
    if (!isAll) continue;
    return { ...common, ...count, until: test.right, statement, ...finalOf(statement.thenStatement, flag) };
  }
  return undefined;
}

/** Behind the count, and behind the next start, an answer does nothing more. */
function endsWith({ list, again, counted }: Turn, { statement, also }: CounterStep): boolean {
  const ends = [again, statement, ...also, ...counted];
  const from = Math.min(list.indexOf(again), list.indexOf(statement));
  return (
    from >= 0 && list.slice(from).every((each) => ends.includes(each) || each.getText().replace(';', '') === 'return')
  );
}

/** `++done` in the test, or `done++;` in front of it. */
function countedIn(
  left: ts.Expression,
  before: ts.Statement | undefined,
  { ctx: { scopes } }: State,
): Pick<CounterStep, 'counter' | 'also'> | undefined {
  const node = bare(left);
  const isUp = ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.PlusPlusToken;
  const name = isUp ? bare(node.operand) : node;
  const counter = ts.isIdentifier(name) ? scopes.symbolOf(name) : undefined;
  if (!counter) return undefined;
  if (isUp) return { counter, also: [] };
  const text = before?.getText().replace(/[\s;]/g, '');
  const steps = [`${name.getText()}++`, `++${name.getText()}`, `${name.getText()}+=1`];
  return before && steps.includes(text ?? '') ? { counter, also: [before] } : undefined;
}

function finalOf(then: ts.Statement, flag: Flag): Pick<CounterStep, 'final' | 'range'> {
  const isSet = (each: ts.Statement): boolean => flag.statements.includes(each);
  const final = (ts.isBlock(then) ? [...then.statements] : [then]).filter((each) => !isSet(each));
  const range = ts.isBlock(then) ? { start: then.getStart() + 1, end: then.end - 1 } : rangeOf(then);
  return { final, range };
}

/** Its variables start at nothing, and are used by the window alone. */
function isKept(pump: Pump, turn: Turn, flag: Flag, step: CounterStep, fn: ts.Node, state: State): boolean {
  const { scopes } = state.ctx;
  const owned: ts.Node[] = [...pump.tests, pump.taken, ...turn.counted, ...step.also, step.statement];
  const inOwned = (use: ts.Node): boolean => owned.some((each) => each.pos <= use.pos && use.end <= each.end);
  const inFinal = (use: ts.Node): boolean => step.final.some((each) => each.pos <= use.pos && use.end <= each.end);
  const isOwn = (symbol: ts.Symbol, isCounter: boolean): boolean => {
    const declaration = symbol.declarations?.[0];
    if (
      !declaration ||
      !ts.isVariableDeclaration(declaration) ||
      (declaration.pos >= fn.pos && declaration.end <= fn.end)
    )
      return false;
    if (isCounter && declaration.initializer?.getText() !== '0') return false;
    return scopes.references(symbol).every((use) => use.parent === declaration || (inOwned(use) && !inFinal(use)));
  };
  const counters = [...new Set([...pump.counters, ...(step.until ? [step.counter] : [])])];
  if (!counters.every((each) => isOwn(each, true))) return false;
  const others = flag.statements;
  return scopes
    .references(flag.symbol)
    .every(
      (use) =>
        ts.isVariableDeclaration(use.parent) ||
        inOwned(use) ||
        others.some((each) => each.pos <= use.pos && use.end <= each.end),
    );
}

function take(found: Found, kick: ts.Statement, env: Env, state: State): void {
  const { pump, turn, flag, step, declaration, answersEmpty } = found;
  const moved = [
    ...turn.counted,
    ...step.also,
    ...flag.statements,
    ...(turn.again === step.statement ? [] : [turn.again]),
  ];
  for (const each of [...moved, ...(declaration ? [declaration] : []), ...pump.gone]) state.moved.add(each);
  state.flags.add(flag.symbol);
  for (const symbol of [...pump.counters, step.counter, flag.symbol]) {
    const own = symbol.declarations?.[0];
    if (own && ts.isVariableDeclaration(own)) state.dropped.add(own);
  }
  const plan: JoinPlan = {
    statement: kick,
    list: pump.list,
    params: pump.item,
    ...(pump.index && { index: pump.index }),
    body: pump.body,
    bodyNode: pump.bodyNode,
    range: pump.range,
    step,
    turn: pump.fn,
    limit: found.limit,
    ...(answersEmpty && { empty: kick, sync: env.sync }),
  };
  state.joins.set(kick, plan);
}

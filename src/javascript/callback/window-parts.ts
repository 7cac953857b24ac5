import type { Range } from '../../types.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import { isFunction } from './shape.js';
import type { State } from './state.js';
import type { FunctionNode } from './types.js';

/** The function that starts tasks. */
export interface Pump {
  readonly fn: FunctionNode;
  readonly list: ts.Expression;
  /** `names.length`: how many there are. */
  readonly length: string;
  /** The name of an item, and of its index. */
  readonly item: readonly ts.Identifier[];
  readonly index?: ts.Identifier;
  /** `const index = next++;` */
  readonly taken: ts.Statement;
  readonly limit?: ts.Expression;
  readonly body: readonly ts.Statement[];
  readonly bodyNode: ts.Node;
  /** The text of what is left of it. */
  readonly range: Range;
  /** Variables that only keep the window. */
  readonly counters: readonly ts.Symbol[];
  /** Expressions and statements that only ask for them. */
  readonly tests: readonly ts.Node[];
  readonly gone: readonly ts.Statement[];
  /** Asked first: nothing left and nothing running. */
  readonly idle?: { readonly statement: ts.IfStatement; readonly counter: ts.Symbol };
  readonly idleIn: (test: ts.Expression) => ts.Symbol | undefined;
}

/** The continuation that ends a task and starts the next. */
export interface Turn {
  readonly list: readonly ts.Statement[];
  /** `start();` */
  readonly again: ts.Statement;
  /** `running--;` */
  readonly counted: readonly ts.Statement[];
}

interface Kick {
  readonly fn: FunctionNode;
  readonly symbol: ts.Symbol;
  readonly declaration?: ts.Statement;
  readonly limit?: ts.Expression;
}

/** `start();`, `(function start() { … })();`, `for (let i = 0; i < limit; i++) start();` */
export function kickOf(statement: ts.Statement, statements: readonly ts.Statement[], state: State): Kick | undefined {
  if (ts.isForStatement(statement)) {
    const body = ts.isBlock(statement.statement) ? statement.statement.statements : [statement.statement];
    const limit = timesOf(statement);
    const kick = limit && body.length === 1 ? kickOf(body[0]!, statements, state) : undefined;
    return kick?.declaration && !kick.limit ? { ...kick, limit } : undefined;
  }
  if (!ts.isExpressionStatement(statement)) return undefined;
  const call = bare(statement.expression);
  if (!ts.isCallExpression(call) || call.arguments.length > 0 || call.questionDotToken) return undefined;
  const callee = bare(call.expression);
  const { scopes } = state.ctx;
  if (ts.isFunctionExpression(callee)) {
    const symbol = callee.name && scopes.symbolOf(callee.name);
    return symbol && isPlain(callee) ? { fn: callee, symbol } : undefined;
  }
  const symbol = ts.isIdentifier(callee) ? scopes.symbolOf(callee) : undefined;
  const declared = symbol?.declarations?.[0];
  if (!symbol || !declared || !(ts.isFunctionDeclaration(declared) || scopes.isConstant(symbol))) return undefined;
  const value = ts.isVariableDeclaration(declared) ? declared.initializer && bare(declared.initializer) : declared;
  const declaration = ts.findAncestor(declared, ts.isStatement);
  if (!value || !(isFunction(value) || ts.isFunctionDeclaration(value)) || !declaration) return undefined;
  return statements.includes(declaration) && isPlain(value) ? { fn: value, symbol, declaration } : undefined;
}

const isPlain = (fn: ts.FunctionLikeDeclaration): fn is FunctionNode & { readonly body: ts.Block } =>
  !!fn.body && ts.isBlock(fn.body) && fn.parameters.length === 0 && !fn.asteriskToken && !fn.modifiers?.length;

/** The limit of `for (let i = 0; i < limit && i < list.length; i++)`. */
function timesOf({ initializer, condition, incrementor }: ts.ForStatement): ts.Expression | undefined {
  const name = /^(?:let|var)\s+(\w+)\s*=\s*0$/.exec(initializer?.getText() ?? '')?.[1];
  if (!name || !condition || !/^(\w+\+\+|\+\+\w+|\w+\s*\+=\s*1)$/.test(incrementor?.getText() ?? '')) return undefined;
  const bounds = partsOf(condition, ts.SyntaxKind.AmpersandAmpersandToken).map((each) => lessThan(each));
  if (bounds.some((each) => each?.left.getText() !== name)) return undefined;
  const limits = bounds.map((each) => each!.right).filter((each) => !/\.length$/.test(each.getText()));
  const [limit, more] = limits.flatMap((each) => leastOf(each));
  return more ? undefined : limit;
}

/** `Math.min(limit, list.length)` */
function leastOf(node: ts.Expression): ts.Expression[] {
  const call = bare(node);
  if (!ts.isCallExpression(call) || call.expression.getText() !== 'Math.min') return [node];
  return call.arguments.filter((each) => !/\.length$/.test(each.getText()));
}

export function pumpOf(fn: FunctionNode, state: State): Pump | undefined {
  const statements = [...(fn.body as ts.Block).statements];
  const tests: ts.Node[] = [];
  let idleStatement: ts.IfStatement | undefined;
  for (let first = statements[0]; first && ts.isIfStatement(first); first = statements[0]) {
    if (!isBareReturn(first.thenStatement)) {
      if (idleStatement || first.elseStatement) return undefined;
      idleStatement = first;
    } else if (partsOf(first.expression, ts.SyntaxKind.BarBarToken).some((each) => atEnd(each))) break;
    tests.push(first);
    statements.shift();
  }
  const [only, more] = statements;
  if (only && !more && ts.isWhileStatement(only) && ts.isBlock(only.statement)) {
    const asked = partsOf(only.expression, ts.SyntaxKind.AmpersandAmpersandToken);
    const room = asked.map((each) => lessThan(each)).find((each) => each && !/\.length$/.test(each.right.getText()));
    const running = room && symbolIn(room.left, state);
    if (!room || !running) return undefined;
    const rest = asked.filter((each) => lessThan(each)?.right !== room.right && !isNot(each));
    if (rest.length !== 1) return undefined;
    const block = only.statement;
    return pump({ fn, tests: [...tests, only.expression], limit: room.right, running, idleStatement, block }, state);
  }
  if (!only || !ts.isIfStatement(only) || only.elseStatement || !isBareReturn(only.thenStatement)) return undefined;
  const block = { statements: statements.slice(1), node: fn.body as ts.Block };
  return pump({ fn, tests: [...tests, only], idleStatement, block }, state);
}

interface Read {
  readonly fn: FunctionNode;
  readonly tests: readonly ts.Node[];
  readonly limit?: ts.Expression;
  readonly running?: ts.Symbol;
  readonly idleStatement: ts.IfStatement | undefined;
  readonly block: ts.Block | { readonly statements: readonly ts.Statement[]; readonly node: ts.Node };
}

function pump({ fn, tests, limit, running, idleStatement, block }: Read, state: State): Pump | undefined {
  const statements = block.statements;
  const [taken] = statements;
  const took = taken && takenBy(taken, state);
  if (!took) return undefined;
  const counters = [...(running ? [running] : []), ...(took.next ? [took.next] : [])];
  const ups = statements.filter((each) => running && isChange(each, running, '++', state));
  if (running && ups.length !== 1) return undefined;
  const isLeft = (each: ts.Expression): boolean => endsList(each, took.list, took.next, state);
  // All tests of the length are of this list.
  const asked = tests.flatMap((each) => (ts.isIfStatement(each) ? each.expression : (each as ts.Expression)));
  const ofLength = asked.flatMap((each) => each.getText().match(/[\w$.]+\.length/g) ?? []);
  if (ofLength.some((each) => each !== `${took.list.getText()}.length`)) return undefined;
  const idleIn = (test: ts.Expression): ts.Symbol | undefined => {
    const parts = partsOf(test, ts.SyntaxKind.AmpersandAmpersandToken);
    const rest = parts.filter((each) => !isLeft(each));
    const zero = rest.length === 1 && parts.length === 2 && running && isZero(rest[0]!, running, state);
    return zero ? running : undefined;
  };
  if (idleStatement && !idleIn(idleStatement.expression)) return undefined;
  return {
    fn,
    list: took.list,
    length: took.length,
    item: took.item ? [took.item] : [],
    ...(took.index && { index: took.index }),
    taken: taken!,
    ...(limit && { limit }),
    body: statements,
    bodyNode: 'node' in block ? block.node : block,
    range: { start: taken!.getFullStart(), end: ('node' in block ? block.node : block).end - 1 },
    counters,
    tests: [...tests, ...ups],
    gone: [taken!, ...ups],
    ...(idleStatement && { idle: { statement: idleStatement, counter: running! } }),
    idleIn,
  };
}

/** `const index = next++;`, `const item = list[next++];`, `const item = queue.shift();` */
function takenBy(
  statement: ts.Statement,
  state: State,
): { list: ts.Expression; length: string; item?: ts.Identifier; index?: ts.Identifier; next?: ts.Symbol } | undefined {
  if (!ts.isVariableStatement(statement)) return undefined;
  const [only, more] = statement.declarationList.declarations;
  if (!only?.initializer || more || !ts.isIdentifier(only.name)) return undefined;
  const value = bare(only.initializer);
  const { scopes } = state.ctx;
  const symbol = scopes.symbolOf(only.name);
  if (!symbol || !scopes.isConstant(symbol)) return undefined;
  if (ts.isPostfixUnaryExpression(value)) {
    const next = value.operator === ts.SyntaxKind.PlusPlusToken ? symbolIn(value.operand, state) : undefined;
    const list = next && listOf(only.name, state);
    return list && { list, length: `${list.getText()}.length`, index: only.name, next: next! };
  }
  if (ts.isElementAccessExpression(value)) {
    const at = bare(value.argumentExpression);
    const next = ts.isPostfixUnaryExpression(at) ? symbolIn(at.operand, state) : undefined;
    return next && { list: value.expression, length: `${value.expression.getText()}.length`, item: only.name, next };
  }
  if (!ts.isCallExpression(value) || !ts.isPropertyAccessExpression(value.expression)) return undefined;
  if (value.expression.name.text !== 'shift' || value.arguments.length > 0) return undefined;
  const list = value.expression.expression;
  return { list, length: copiedLength(list, state), item: only.name };
}

/** The list that the index is used with: `names[index]`. */
function listOf(index: ts.Identifier, { ctx: { scopes } }: State): ts.Expression | undefined {
  for (const use of scopes.references(scopes.symbolOf(index)!)) {
    const { parent } = use;
    if (!ts.isElementAccessExpression(parent) || parent.argumentExpression !== use) continue;
    const isWritten = ts.isBinaryExpression(parent.parent) && parent.parent.left === parent;
    if (!isWritten) return parent.expression;
  }
  return undefined;
}

/** `const queue = names.slice();`: as long as `names` at first. */
function copiedLength(queue: ts.Expression, { ctx: { scopes } }: State): string {
  const name = bare(queue);
  const declaration = ts.isIdentifier(name) ? scopes.symbolOf(name)?.declarations?.[0] : undefined;
  const text = declaration && ts.isVariableDeclaration(declaration) ? (declaration.initializer?.getText() ?? '') : '';
  const of = /^([\w$.]+)\.(?:slice|concat)\(\s*\)$|^\[\.\.\.([\w$.]+)\]$|^Array\.from\(([\w$.]+)\)$/.exec(text);
  return of ? `${of[1] ?? of[2] ?? of[3]}.length` : 'unknown';
}

export function turnOf({ body, counters, limit }: Pump, start: ts.Symbol, state: State): Turn | undefined {
  const { scopes } = state.ctx;
  const calls: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && scopes.symbolOf(node) === start)
      calls.push(ts.isCallExpression(node.parent) && node.parent.expression === node ? node.parent : (node as never));
    ts.forEachChild(node, visit);
  };
  body.forEach(visit);
  const [call, more] = calls;
  if (!call || more || !ts.isCallExpression(call) || call.arguments.length > 0) return undefined;
  const again = call.parent;
  if (!(ts.isExpressionStatement(again) || ts.isReturnStatement(again)) || !ts.isBlock(again.parent)) return undefined;
  const { parent: fn } = again.parent;
  if (!isFunction(fn)) return undefined;
  const list = again.parent.statements;
  const running = limit ? counters[0] : undefined;
  const counted = list.filter((each) => running && isChange(each, running, '--', state));
  return running && (counted.length !== 1 || list.indexOf(counted[0]!) > 1) ? undefined : { list, again, counted };
}

const lessThan = (test: ts.Expression): { left: ts.Expression; right: ts.Expression } | undefined => {
  const node = bare(test);
  if (!ts.isBinaryExpression(node)) return undefined;
  if (node.operatorToken.kind === ts.SyntaxKind.LessThanToken) return { left: node.left, right: node.right };
  return node.operatorToken.kind === ts.SyntaxKind.GreaterThanToken && !/^0$/.test(node.right.getText())
    ? { left: node.right, right: node.left }
    : undefined;
};

function partsOf(test: ts.Expression, operator: ts.SyntaxKind): ts.Expression[] {
  const node = bare(test) as ts.Expression;
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== operator) return [node];
  return [...partsOf(node.left, operator), ...partsOf(node.right, operator)];
}

const isNot = (node: ts.Expression): boolean =>
  ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken && ts.isIdentifier(node.operand);

/** `next >= list.length`, `!queue.length` */
const atEnd = (node: ts.Expression): boolean =>
  /^[\w$]+(>=|===?)[\w$.]+\.length$|^![\w$.]+\.length$|^[\w$.]+\.length===?0$/.test(node.getText().replace(/\s/g, ''));

function endsList(node: ts.Expression, list: ts.Expression, next: ts.Symbol | undefined, state: State): boolean {
  const length = `${list.getText()}.length`;
  const text = node.getText().replace(/\s/g, '');
  if (!next) return [`!${length}`, `${length}===0`, `${length}==0`].includes(text);
  const test = bare(node);
  if (!ts.isBinaryExpression(test) || test.right.getText() !== length) return false;
  return /^(>=|===?)$/.test(test.operatorToken.getText()) && symbolIn(test.left, state) === next;
}

function isZero(node: ts.Expression, counter: ts.Symbol, state: State): boolean {
  const test = bare(node);
  if (ts.isPrefixUnaryExpression(test))
    return test.operator === ts.SyntaxKind.ExclamationToken && symbolIn(test.operand, state) === counter;
  if (!ts.isBinaryExpression(test) || test.right.getText() !== '0') return false;
  return /^(===?|<=)$/.test(test.operatorToken.getText()) && symbolIn(test.left, state) === counter;
}

/** `running++;`, `running -= 1;` */
function isChange(statement: ts.Statement, counter: ts.Symbol, by: '++' | '--', state: State): boolean {
  if (!ts.isExpressionStatement(statement)) return false;
  const node = bare(statement.expression);
  if (ts.isPostfixUnaryExpression(node) || ts.isPrefixUnaryExpression(node))
    return symbolIn(node.operand, state) === counter && node.getText().includes(by);
  if (!ts.isBinaryExpression(node) || node.right.getText() !== '1') return false;
  return node.operatorToken.getText() === `${by[0]}=` && symbolIn(node.left, state) === counter;
}

function symbolIn(node: ts.Node, { ctx: { scopes } }: State): ts.Symbol | undefined {
  const name = bare(node);
  return ts.isIdentifier(name) ? scopes.symbolOf(name) : undefined;
}

function isBareReturn(statement: ts.Statement): boolean {
  const [only, more] = ts.isBlock(statement) ? statement.statements : [statement];
  return !!only && !more && ts.isReturnStatement(only) && !only.expression;
}

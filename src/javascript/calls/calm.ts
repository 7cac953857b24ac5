import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { neverThrows } from './calm-clients.js';
import { bare, memberName, originOf } from './origin.js';
import { runsAtOnce } from './throws.js';
import { valueKind } from './values.js';

/**
 * True when running the node can't throw, as far as its text shows: names, literals, comparisons, members of things that are there,
 * calls that are known to take anything. A proof, not a guess: an unknown call, or a member of an unknown value, is not calm.
 */
export function isCalm(node: ts.Node, scopes: Scopes, dependencies?: Readonly<Record<string, string>>): boolean {
  return calm(node, { scopes, depth: 0, dependencies });
}

interface Question {
  readonly scopes: Scopes;
  readonly dependencies?: Readonly<Record<string, string>> | undefined;
  readonly depth: number;
}

function calm(node: ts.Node | undefined, ask: Question): boolean {
  if (!node) return true;
  if (ask.depth > 60) return false;
  const deeper = { ...ask, depth: ask.depth + 1 };
  return isQuiet(node, ask.scopes) || (ts.isStatement(node) ? calmStatement(node, deeper) : calmPart(node, deeper));
}

/** Nothing runs: literals, functions that are only made, types. */
function isQuiet(node: ts.Node, scopes: Scopes): boolean {
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isFunctionDeclaration(node)) return true;
  if (ts.isLiteralExpression(node) || ts.isTypeNode(node) || ts.isInterfaceDeclaration(node)) return true;
  if (ts.isTypeAliasDeclaration(node) || ts.isEmptyStatement(node) || ts.isOmittedExpression(node)) return true;
  if (ts.isIdentifier(node)) return !!scopes.symbolOf(node) || globals.has(node.text);
  return quietKinds.has(node.kind);
}

const quietKinds = new Set([
  ts.SyntaxKind.ThisKeyword,
  ts.SyntaxKind.NullKeyword,
  ts.SyntaxKind.TrueKeyword,
  ts.SyntaxKind.FalseKeyword,
  ts.SyntaxKind.BreakStatement,
  ts.SyntaxKind.ContinueStatement,
]);

const globals = new Set(
  (
    'undefined NaN Infinity console process Math JSON Object Array String Number Boolean Date Promise Map Set Buffer globalThis ' +
    'Error TypeError RangeError SyntaxError module exports require __dirname __filename arguments setTimeout clearTimeout'
  ).split(' '),
);

function calmStatement(node: ts.Statement, ask: Question): boolean {
  const all = (nodes: readonly (ts.Node | undefined)[]): boolean => nodes.every((each) => calm(each, ask));
  if (ts.isBlock(node)) return all(node.statements);
  if (ts.isExpressionStatement(node) || ts.isReturnStatement(node)) return calm(node.expression, ask);
  if (ts.isVariableStatement(node)) return all(node.declarationList.declarations);
  if (ts.isIfStatement(node)) return all([node.expression, node.thenStatement, node.elseStatement]);
  if (ts.isForStatement(node)) return all([node.initializer, node.condition, node.incrementor, node.statement]);
  if (ts.isWhileStatement(node) || ts.isDoStatement(node)) return all([node.expression, node.statement]);
  if (ts.isForOfStatement(node))
    return (
      !node.awaitModifier && isList(node.expression, ask) && all([node.initializer, node.expression, node.statement])
    );
  if (ts.isSwitchStatement(node))
    return (
      calm(node.expression, ask) &&
      node.caseBlock.clauses.every((each) =>
        all([...(ts.isCaseClause(each) ? [each.expression] : []), ...each.statements]),
      )
    );
  if (ts.isTryStatement(node)) {
    const caught = node.catchClause ? calm(node.catchClause.block, ask) : calm(node.tryBlock, ask);
    return caught && calm(node.finallyBlock, ask);
  }
  return false;
}

function calmPart(node: ts.Node, ask: Question): boolean {
  const all = (nodes: readonly ts.Node[]): boolean => nodes.every((each) => calm(each, ask));
  const inner = bare(node);
  if (inner !== node) return calm(inner, ask);
  // What is waited for has been waited for before: a name stands there.
  if (ts.isAwaitExpression(node)) return true;
  if (ts.isVariableDeclarationList(node)) return all(node.declarations);
  if (ts.isVariableDeclaration(node)) return calmDeclaration(node, ask);
  if (ts.isParameter(node)) return ts.isIdentifier(node.name) && calm(node.initializer, ask);
  if (ts.isTemplateExpression(node)) return all(node.templateSpans.map((span) => span.expression));
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return calmOperand(node.operand, ask);
  if (ts.isTypeOfExpression(node) || ts.isVoidExpression(node)) return calm(node.expression, ask);
  if (ts.isDeleteExpression(node)) return calm(node.expression, ask);
  if (ts.isConditionalExpression(node)) return all([node.condition, node.whenTrue, node.whenFalse]);
  if (ts.isBinaryExpression(node)) return calmBinary(node, ask);
  if (ts.isArrayLiteralExpression(node))
    return node.elements.every((each) => (ts.isSpreadElement(each) ? isList(each.expression, ask) : calm(each, ask)));
  if (ts.isObjectLiteralExpression(node)) return node.properties.every((each) => calmProperty(each, ask));
  if (ts.isPropertyAccessExpression(node)) return calmMember(node.expression, !!node.questionDotToken, ask);
  if (ts.isElementAccessExpression(node))
    return calmMember(node.expression, !!node.questionDotToken, ask) && calm(node.argumentExpression, ask);
  if (ts.isNewExpression(node)) return calmNew(node, ask);
  if (ts.isCallExpression(node)) return calmCall(node, ask);
  return false;
}

function calmDeclaration(node: ts.VariableDeclaration, ask: Question): boolean {
  if (!node.initializer) return true;
  if (!calm(node.initializer, ask)) return false;
  if (ts.isIdentifier(node.name)) return true;
  const flat = node.name.elements.every(
    (each) => ts.isOmittedExpression(each) || (ts.isIdentifier(each.name) && !each.initializer),
  );
  if (!flat) return false;
  return ts.isArrayBindingPattern(node.name) ? isList(node.initializer, ask) : isThere(node.initializer, ask);
}

/** `i++`, `-x`: of a name, or of a member that can be read. */
function calmOperand(node: ts.Expression, ask: Question): boolean {
  return !isConstName(node, ask) && calm(node, ask);
}

function isConstName(node: ts.Node, { scopes }: Question): boolean {
  const name = bare(node);
  if (!ts.isIdentifier(name) || !scopes.isWritten(name)) return false;
  const declaration = scopes.symbolOf(name)?.declarations?.[0];
  return (
    !!declaration &&
    ts.isVariableDeclaration(declaration) &&
    !!(ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const)
  );
}

function calmBinary(node: ts.BinaryExpression, ask: Question): boolean {
  const kind = node.operatorToken.kind;
  if (kind === ts.SyntaxKind.InKeyword) return calm(node.left, ask) && isThere(node.right, ask);
  if (kind === ts.SyntaxKind.InstanceOfKeyword) return calm(node.left, ask) && isClass(node.right, ask);
  const assigns = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
  if (assigns) {
    const to = bare(node.left);
    const plain = ts.isIdentifier(to) || ts.isPropertyAccessExpression(to) || ts.isElementAccessExpression(to);
    return plain && calmOperand(to as ts.Expression, ask) && calm(node.right, ask);
  }
  return calm(node.left, ask) && calm(node.right, ask);
}

function isClass(node: ts.Expression, { scopes }: Question): boolean {
  const name = bare(node);
  if (!ts.isIdentifier(name)) return false;
  const symbol = scopes.symbolOf(name);
  if (!symbol) return globals.has(name.text);
  return symbol.declarations?.every((each) => ts.isClassLike(each) || ts.isFunctionDeclaration(each)) ?? false;
}

function calmProperty(node: ts.ObjectLiteralElementLike, ask: Question): boolean {
  if (node.name && ts.isComputedPropertyName(node.name) && !calm(node.name.expression, ask)) return false;
  if (ts.isPropertyAssignment(node)) return calm(node.initializer, ask);
  if (ts.isShorthandPropertyAssignment(node)) return true;
  if (ts.isSpreadAssignment(node)) return calm(node.expression, ask);
  return true;
}

function calmMember(of: ts.Expression, optional: boolean, ask: Question): boolean {
  return calm(of, ask) && (optional || isThere(of, ask));
}

/** The value is neither `null` nor `undefined`. */
function isThere(expression: ts.Node, ask: Question): boolean {
  const node = bare(expression);
  if (node.kind === ts.SyntaxKind.ThisKeyword || ts.isNewExpression(node)) return true;
  if (ts.isClassLike(node) || ts.isFunctionLike(node)) return true;
  if (ts.isIdentifier(node)) return nameIsThere(node, ask);
  const kind = valueKind(node, ask.scopes);
  if (kind && kind !== 'plain') return true;
  const origin = originOf(node, ask.scopes);
  return origin?.module === '' && /^process\.(env|argv|stdout|stderr|stdin|versions)$/.test(origin.path.join('.'));
}

function nameIsThere(node: ts.Identifier, ask: Question): boolean {
  const { scopes, depth } = ask;
  const symbol = scopes.symbolOf(node);
  if (!symbol) return globals.has(node.text) && !/^(undefined|NaN|Infinity)$/.test(node.text);
  const [declaration, more] = symbol.declarations ?? [];
  if (!declaration || more || !scopes.isConstant(symbol)) return false;
  if (ts.isFunctionDeclaration(declaration) || ts.isClassDeclaration(declaration)) return true;
  if (ts.isImportClause(declaration) || ts.isImportSpecifier(declaration) || ts.isNamespaceImport(declaration))
    return true;
  if (ts.isParameter(declaration)) return isErrorOfHandler(declaration) || isResultOf(declaration, scopes);
  if (!ts.isVariableDeclaration(declaration)) return false;
  if (ts.isCatchClause(declaration.parent)) return true; // what is thrown is something
  if (!declaration.initializer || !ts.isIdentifier(declaration.name) || depth > 50) return false;
  return (
    givesSomething(declaration.initializer, scopes) || isThere(declaration.initializer, { ...ask, depth: depth + 5 })
  );
}

/** The parameter of `.catch(…)` or of a second handler: a promise is rejected with something. */
function isErrorOfHandler(parameter: ts.ParameterDeclaration): boolean {
  const call = handlerCall(parameter);
  const name = call && memberName(call.expression);
  const fn = parameter.parent;
  return name === 'catch' || (name === 'then' && call?.arguments[1] === (fn as ts.Node));
}

function handlerCall(parameter: ts.ParameterDeclaration): ts.CallExpression | undefined {
  const fn = parameter.parent;
  if (!ts.isArrowFunction(fn) && !ts.isFunctionExpression(fn)) return undefined;
  if (fn.parameters[0] !== parameter || !ts.isCallExpression(fn.parent)) return undefined;
  return fn.parent.arguments.includes(fn) ? fn.parent : undefined;
}

/** The parameter of `fs.promises.stat(path).then((stats) => …)`. */
function isResultOf(parameter: ts.ParameterDeclaration, scopes: Scopes): boolean {
  const call = handlerCall(parameter);
  if (!call || memberName(call.expression) !== 'then' || call.arguments[0] !== (parameter.parent as ts.Node))
    return false;
  return answersSomething((call.expression as ts.AccessExpression).expression, scopes);
}

function givesSomething(expression: ts.Expression, scopes: Scopes): boolean {
  const node = bare(expression);
  if (ts.isAwaitExpression(node)) return answersSomething(node.expression, scopes);
  return !!originOf(node, scopes) && ts.isCallExpression(node) && isRequire(node);
}

function isRequire(call: ts.CallExpression): boolean {
  return ts.isIdentifier(call.expression) && call.expression.text === 'require';
}

const answering = /^(stat|lstat|readFile|readdir|open|mkdtemp|realpath|readlink|opendir|statfs)$/;

/** A call whose promise is known to be fulfilled with an object, a list or a text. */
function answersSomething(expression: ts.Expression, scopes: Scopes): boolean {
  const node = bare(expression);
  if (!ts.isCallExpression(node)) return false;
  const origin = originOf(node.expression, scopes);
  if (!origin) return false;
  const name = origin.path.at(-1) ?? '';
  if (origin.module === '') return name === 'fetch';
  if (/^(axios|node-fetch|undici|got)$/.test(origin.module)) return true;
  return /^(fs|fs\/promises)$/.test(origin.module) && answering.test(name);
}

/** A list for sure: it can be gone through. */
function isList(node: ts.Node, ask: Question): boolean {
  return calm(node, ask) && valueKind(node, ask.scopes) === 'array';
}

const calmClasses =
  /^(Error|TypeError|RangeError|SyntaxError|EvalError|ReferenceError|URIError|Date|Object|AbortController|EventEmitter)$/;
const emptyClasses = /^(Map|Set|WeakMap|WeakSet|Array|FormData|Headers|URLSearchParams)$/;

function calmNew(node: ts.NewExpression, ask: Question): boolean {
  const args = node.arguments ?? [];
  // Making an error does not fail on purpose.
  if (ts.isIdentifier(node.expression) && /(Error|Exception)$/.test(node.expression.text))
    return args.every((each) => calm(each, ask));
  const origin = originOf(node.expression, ask.scopes);
  if (origin?.module !== '') return false;
  const name = origin.path.join('.');
  if (calmClasses.test(name)) return args.every((each) => calm(each, ask));
  return emptyClasses.test(name) && args.every((each) => isList(each, ask));
}

const calmCalls =
  /^(console\.\w+|Math\.\w+|Date\.now|Array\.(isArray|of)|Object\.(is|create)|Number(\.is\w+|\.parse\w+)?|String|Boolean|parseInt|parseFloat|isNaN|isFinite|Number|clearTimeout|clearInterval|clearImmediate|performance\.now|process\.(hrtime|cwd|uptime|memoryUsage|exit)|Buffer\.isBuffer|Promise\.resolve)$/;
const calmOfObject = /^Object\.(keys|values|entries|assign|freeze|getOwnPropertyNames)$/;
const timers = /^(setTimeout|setInterval|setImmediate|queueMicrotask|process\.nextTick)$/;
const calmMethods: Readonly<Record<string, RegExp>> = {
  string:
    /^(trim|trimStart|trimEnd|toLowerCase|toUpperCase|split|slice|substring|substr|indexOf|lastIndexOf|charAt|charCodeAt|startsWith|endsWith|includes|concat|padStart|padEnd|replace|toString)$/,
  array:
    /^(push|pop|shift|unshift|slice|concat|join|indexOf|lastIndexOf|includes|reverse|keys|values|entries|splice|at|fill|flat|map|filter|forEach|some|every|find|findIndex|flatMap|sort|reduce|toString)$/,
  number: /^(toString|toFixed)$/,
};

function calmCall(node: ts.CallExpression, ask: Question): boolean {
  if (node.questionDotToken) return false;
  const origin = originOf(node.expression, ask.scopes);
  const args = node.arguments;
  if (origin?.module === '') {
    const path = origin.path.join('.');
    if (timers.test(path)) return !!args[0] && ts.isFunctionLike(bare(args[0])) && calmArguments(args, ask);
    if (calmOfObject.test(path)) return !!args[0] && isThere(args[0], ask) && calmArguments(args, ask);
    if (calmCalls.test(path)) return calmArguments(args, ask);
  }
  if (origin?.module === 'path' && /^(join|resolve|basename|dirname|extname|normalize)$/.test(origin.path.join('.')))
    return args.every((each) => calm(each, ask) && isText(each, ask));
  if (neverThrows(node, ask.scopes, ask.dependencies)) {
    const callee = bare(node.expression);
    // The arguments of `got(url)` in `got(url).json()`.
    const inner = ts.isPropertyAccessExpression(callee) && ts.isCallExpression(bare(callee.expression));
    return (!inner || calm(callee.expression, ask)) && calmArguments(args, ask);
  }
  const method = memberName(node.expression);
  if (method === undefined) return false;
  const of = (node.expression as ts.AccessExpression).expression;
  const kind = valueKind(of, ask.scopes);
  const known = kind && calmMethods[kind];
  return !!known?.test(method) && calm(of, ask) && calmArguments(args, ask);
}

function isText(node: ts.Expression, { scopes }: Question): boolean {
  const name = bare(node);
  if (ts.isIdentifier(name) && /^__(dirname|filename)$/.test(name.text)) return true;
  return valueKind(node, scopes) === 'string';
}

/** A function that is called at once with each of a list is part of the call. */
function calmArguments(args: readonly ts.Expression[], ask: Question): boolean {
  return args.every((each) => {
    if (ts.isSpreadElement(each)) return isList(each.expression, ask);
    const fn = bare(each);
    if (!runsAtOnce(fn)) return calm(each, ask) && !(ts.isIdentifier(fn) && isIterated(each));
    const { parameters, body } = fn as ts.ArrowFunction;
    return parameters.every((parameter) => calm(parameter, ask)) && calm(body, ask);
  });
}

/** `list.map(parse)`: a function with a name that is called at once. */
function isIterated(argument: ts.Expression): boolean {
  const call = argument.parent;
  const name = ts.isCallExpression(call) ? memberName(call.expression) : undefined;
  return !!name && /^(map|forEach|filter|flatMap|reduce|some|every|find|findIndex|sort)$/.test(name);
}

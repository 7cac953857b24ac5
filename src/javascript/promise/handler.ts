import type { Binding, Snippet } from '../../flow/model.js';
import { bare, memberName, originOf } from '../calls/origin.js';
import { isThisFree } from '../calls/values.js';
import { hasDynamicScope, isVariableName, isWriteTarget, usesThis } from '../scope.js';
import type { Scopes } from '../scope.js';
import { ts } from '../parse.js';
import { stop } from '../stop.js';
import { isPlainBody, isPlainFunction } from './answer.js';
import type { Env } from './env.js';
import { isPromiseClass } from './links.js';
import { isFunctionNode, isTestFunction } from './uses.js';

export type HandlerFunction = ts.ArrowFunction | ts.FunctionExpression;

/** What is handed to `.then`, `.catch` or `.finally`. */
export type HandlerForm =
  /** `undefined`, `null` or nothing: the value or error goes on. */
  | { readonly kind: 'none' }
  /** A function written in place: its body becomes part of the flow. */
  | { readonly kind: 'function'; readonly fn: HandlerFunction }
  /** A function by name: it is called with what came. */
  | {
      readonly kind: 'call';
      readonly call: (value: Binding | Snippet | undefined) => (string | Snippet | Binding)[];
      readonly plain: boolean;
    };

/** Recognises a handler, or gives the link up: what is called later must be a function and must not miss its `this`. */
export function handlerForm(argument: ts.Expression | undefined, env: Env): HandlerForm {
  if (!argument) return { kind: 'none' };
  const node = bare(argument) as ts.Expression;
  if (node.kind === ts.SyntaxKind.NullKeyword || isUndefined(node, env.ctx.scopes)) return { kind: 'none' };
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node))
    return { kind: 'function', fn: readable(node, env, false) };
  if (ts.isIdentifier(node) && isFunctionName(node, env.ctx.scopes))
    return callOf(node, [], env, isPlainCall(node, env));
  if (ts.isPropertyAccessExpression(node) && isDetachable(node, env.ctx.scopes))
    return callOf(node, [], env, isPlainCall(node, env));
  if (ts.isCallExpression(node)) return boundForm(node, env) ?? stop('unknown-handler', argument);
  return stop('unknown-handler', argument);
}

function callOf(
  callee: ts.Expression,
  before: readonly ts.Expression[],
  env: Env,
  plain = false,
  open = '(',
): HandlerForm {
  const lead = before.flatMap((argument, index) =>
    index ? [', ', env.snippets.expression(argument)] : [env.snippets.expression(argument)],
  );
  const call = (value: Binding | Snippet | undefined): (string | Snippet | Binding)[] => [
    env.snippets.expression(callee),
    open,
    ...lead,
    ...(lead.length && value ? [', '] : []),
    ...(value ? [value] : []),
    ')',
  ];
  return { kind: 'call', call, plain };
}

export function isUndefined(node: ts.Node, scopes: Scopes): boolean {
  if (ts.isVoidExpression(node)) return ts.isNumericLiteral(node.expression);
  return ts.isIdentifier(node) && node.text === 'undefined' && !scopes.symbolOf(node);
}

/** A function in place whose body can stand in another function: nothing in it is its own but its parameters. */
function readable(fn: HandlerFunction, env: Env, bound: boolean): HandlerFunction {
  if (fn.asteriskToken) stop('generator', fn);
  if (ts.isFunctionExpression(fn)) {
    const own = ownWord(fn.body, bound) ?? fn.parameters.map((each) => ownWord(each, bound)).find((each) => each);
    if (own) stop('own-this', own);
    if (fn.name && env.ctx.scopes.references(env.ctx.scopes.symbolOf(fn.name)!).length > 1) stop('own-this', fn);
  }
  if (hasDynamicScope(fn)) stop('dynamic-scope', evalIn(fn) ?? fn);
  if (ts.isBlock(fn.body) && fn.body.statements.some(isDirective)) stop('own-this', fn);
  return fn;
}

/** `this`, `arguments` or `new.target` of the function itself. */
function ownWord(node: ts.Node, bound: boolean): ts.Node | undefined {
  if (node.kind === ts.SyntaxKind.ThisKeyword) return bound ? undefined : node;
  if (ts.isIdentifier(node) && node.text === 'arguments' && isVariableName(node)) return node;
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.NewKeyword) return node;
  if (ts.isFunctionLike(node) && !ts.isArrowFunction(node)) return undefined;
  if (ts.isClassLike(node)) return undefined;
  return ts.forEachChild(node, (child) => ownWord(child, bound));
}

function evalIn(node: ts.Node): ts.Node | undefined {
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'eval') return node;
  return ts.forEachChild(node, evalIn);
}

function isDirective(statement: ts.Statement): boolean {
  return ts.isExpressionStatement(statement) && ts.isStringLiteral(statement.expression);
}

const globalFunctions = new Set(
  'String Number Boolean parseInt parseFloat isNaN isFinite encodeURIComponent decodeURIComponent encodeURI decodeURI fetch alert structuredClone'.split(
    ' ',
  ),
);

/** A name that means a function for certain: declared in the file and never written, imported, or one of the language's own. */
function isFunctionName(name: ts.Identifier, scopes: Scopes): boolean {
  const symbol = scopes.symbolOf(name);
  if (!symbol) return globalFunctions.has(name.text);
  const declaration = symbol.declarations?.[0];
  if (!declaration || scopes.references(symbol).some(scopes.isWritten) || !scopes.isConstant(symbol)) return false;
  if (ts.isFunctionDeclaration(declaration)) return true;
  if (ts.isParameter(declaration)) return isFunctionParameter(declaration, scopes);
  if (ts.isImportSpecifier(declaration) || ts.isImportClause(declaration)) return true;
  const origin = originOf(name, scopes);
  if (origin && origin.module !== '') return true;
  if (!ts.isVariableDeclaration(declaration) || !declaration.initializer) return false;
  const value = bare(declaration.initializer);
  return ts.isArrowFunction(value) || ts.isFunctionExpression(value);
}

/** What executors, test runners and middleware chains hand over is a function. */
function isFunctionParameter(parameter: ts.ParameterDeclaration, scopes: Scopes): boolean {
  const fn = parameter.parent;
  if (parameter.initializer || parameter.dotDotDotToken || !ts.isIdentifier(parameter.name)) return false;
  if (parameter.type) return ts.isFunctionTypeNode(parameter.type) && !parameter.questionToken;
  const { text } = parameter.name;
  if (ts.isNewExpression(fn.parent) && isPromiseClass(fn.parent.expression, scopes)) return true;
  if (fn.parameters.length === 1 && isTestFunction(fn, scopes)) return true;
  return (
    text === 'next' && fn.parameters.length >= 2 && /^(_?req\w*|ctx|context)$/.test(fn.parameters[0]!.name.getText())
  );
}

/** A member that does not mind being called with its object as `this`, as it is when we write the call. */
function isDetachable(node: ts.PropertyAccessExpression, scopes: Scopes): boolean {
  if (isThisFree(node, scopes)) return true;
  const origin = originOf(node, scopes);
  if (origin && origin.module !== '' && origin.path.length <= 1) return true;
  return !!methodOfLiteral(node, scopes);
}

/**
 * `format.name` of `const format = { name(user) { … } }`, or of `class Format { static name(user) { … } }`, which does not use `this` and is
 * never replaced.
 */
function methodOfLiteral(node: ts.PropertyAccessExpression, scopes: Scopes): ts.Node | undefined {
  if (!ts.isIdentifier(node.expression)) return undefined;
  const symbol = scopes.symbolOf(node.expression);
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || !scopes.isConstant(symbol)) return undefined;
  const replaced = scopes
    .references(symbol)
    .some((use) => memberName(use.parent) !== undefined && isWriteTarget(use.parent));
  if (replaced) return undefined;
  const property = membersOf(declaration)?.find(
    (each) => each.name && ts.isIdentifier(each.name) && each.name.text === node.name.text,
  );
  const fn = property && (ts.isPropertyAssignment(property) ? bare(property.initializer) : property);
  const isFunction = fn && (ts.isMethodDeclaration(fn) || ts.isFunctionExpression(fn) || ts.isArrowFunction(fn));
  return isFunction && fn.body && !usesThis(fn.body) && !usesSuper(fn.body) ? fn : undefined;
}

/** What can be reached as `name.member`: of an object literal its properties, of a class its static methods. */
function membersOf(
  declaration: ts.Declaration,
): readonly (ts.ObjectLiteralElementLike | ts.ClassElement)[] | undefined {
  if (ts.isClassDeclaration(declaration))
    return declaration.members.filter((each) => ts.isMethodDeclaration(each) && isStatic(each));
  const value = ts.isVariableDeclaration(declaration) && declaration.initializer && bare(declaration.initializer);
  return value && ts.isObjectLiteralExpression(value) ? value.properties : undefined;
}

function isStatic(node: ts.ClassElement): boolean {
  return ts.canHaveModifiers(node) && !!node.modifiers?.some((each) => each.kind === ts.SyntaxKind.StaticKeyword);
}

function usesSuper(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.SuperKeyword || !!ts.forEachChild(node, (child) => usesSuper(child) || undefined);
}

/** The call gives nothing that could be a promise: `console.log(x)`, `JSON.parse(x)`. */
function isPlainCall(node: ts.Expression, env: Env): boolean {
  const origin = originOf(node, env.ctx.scopes);
  if (isPlainFunction(node, env)) return true;
  const method = ts.isPropertyAccessExpression(node) ? methodOfLiteral(node, env.ctx.scopes) : undefined;
  if (method && isFunctionNode(method) && isPlainBody(method, env)) return true;
  if (origin?.module !== '') return false;
  return (
    /^(console|JSON|Math|Number|String|Boolean|Array|Object)\b/.test(origin.path.join('.')) ||
    /^(parse|is|encode|decode)/.test(origin.path[0] ?? '')
  );
}

/** `this.render.bind(this)`, `save.bind(null, 1)`, `function (x) { … }.bind(this)`. */
function boundForm(node: ts.CallExpression, env: Env): HandlerForm | undefined {
  const callee = node.expression;
  if (!ts.isPropertyAccessExpression(callee) || callee.name.text !== 'bind' || callee.questionDotToken)
    return undefined;
  const [self, ...first] = node.arguments;
  const target = bare(callee.expression) as ts.Expression;
  if (!self) return undefined;
  const { scopes } = env.ctx;
  if ((ts.isFunctionExpression(target) || ts.isArrowFunction(target)) && !first.length) {
    const isThis = self.kind === ts.SyntaxKind.ThisKeyword;
    return { kind: 'function', fn: readable(target, env, isThis) };
  }
  if (!first.every((argument) => isFixedValue(argument, scopes))) return undefined;
  if (ts.isIdentifier(target) && isFunctionName(target, scopes))
    return isThisFreeFunction(target, scopes) || isNullish(self, scopes)
      ? callOf(target, first, env)
      : isFixedValue(self, scopes)
        ? callOf(target, [self, ...first], env, false, '.call(')
        : undefined;
  if (!ts.isPropertyAccessExpression(target) || !isFixedValue(self, scopes)) return undefined;
  return bare(target.expression).getText() === self.getText() ? callOf(target, first, env) : undefined;
}

function isNullish(node: ts.Expression, scopes: Scopes): boolean {
  return node.kind === ts.SyntaxKind.NullKeyword || isUndefined(node, scopes);
}

function isThisFreeFunction(name: ts.Identifier, scopes: Scopes): boolean {
  const declaration = scopes.symbolOf(name)?.declarations?.[0];
  if (declaration && ts.isFunctionDeclaration(declaration)) return !!declaration.body && !usesThis(declaration.body);
  const value =
    declaration && ts.isVariableDeclaration(declaration) && declaration.initializer && bare(declaration.initializer);
  if (!value) return false;
  return ts.isArrowFunction(value) || (ts.isFunctionExpression(value) && !usesThis(value.body));
}

/** Evaluating it later gives the same: a literal, `this`, a name that is never written again. */
export function isFixedValue(expression: ts.Expression, scopes: Scopes): boolean {
  const node = bare(expression);
  if (ts.isLiteralExpression(node) || node.kind === ts.SyntaxKind.ThisKeyword) return true;
  if ([ts.SyntaxKind.NullKeyword, ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword].includes(node.kind))
    return true;
  if (isUndefined(node, scopes)) return true;
  if (!ts.isIdentifier(node)) return false;
  const symbol = scopes.symbolOf(node);
  return !!symbol && (scopes.isConstant(symbol) || isUnwrittenParameter(symbol, scopes));
}

function isUnwrittenParameter(symbol: ts.Symbol, scopes: Scopes): boolean {
  const declaration = symbol.declarations?.[0];
  return !!declaration && ts.isParameter(declaration) && !scopes.references(symbol).some(scopes.isWritten);
}

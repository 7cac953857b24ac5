import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { isWriteTarget, usesThis } from '../scope.js';
import { bare, memberName, originOf } from './origin.js';
import type { Origin } from './origin.js';
import {
  arrayMethods,
  globalCalls,
  moduleCalls,
  numberMethods,
  plainClasses,
  stringMethods,
  thisFree,
  unmistakable,
} from './value-tables.js';
import type { Kind } from './value-tables.js';

/** The caller's own proof that an expression is no promise: a variable that a wait has bound, a parameter of a handler. */
export type KnownPlain = (node: ts.Expression) => boolean;

/**
 * True when the expression's value can be neither a promise nor a thenable, so that `await` in front of it would only cost a turn.
 * It is a proof, not a guess: a parameter, a call of an unknown function or a property of an unknown object is not plain.
 */
export function isPlainValue(expression: ts.Node, scopes: Scopes, known: KnownPlain = () => false): boolean {
  return kindOf(expression, { scopes, known, depth: 0 }) !== undefined;
}

/** What an expression's value is, where its text shows it. */
export function valueKind(expression: ts.Node, scopes: Scopes): Kind | undefined {
  return kindOf(expression, { scopes, known: () => false, depth: 0 });
}

/** True for functions that never look at `this`: `console.log`, `JSON.parse`, arrows, functions of the file without `this`. */
export function isThisFree(expression: ts.Node, scopes: Scopes): boolean {
  const node = bare(expression);
  if (ts.isArrowFunction(node)) return true;
  if (ts.isFunctionExpression(node)) return !usesThis(node);
  const declared = ts.isIdentifier(node) ? scopes.symbolOf(node) : undefined;
  const own =
    declared && scopes.isConstant(declared) ? declared.declarations?.find(ts.isFunctionDeclaration) : undefined;
  if (own) return !usesThis(own);
  const origin = originOf(expression, scopes);
  if (!origin) return false;
  if (origin.module === '')
    return thisFree.has(origin.path.join('.')) || (origin.path.length === 2 && origin.path[0] === 'Math');
  return origin.module === 'path' || (moduleCalls.get(origin.module)?.has(origin.path.join('.')) ?? false);
}

interface Question {
  readonly scopes: Scopes;
  readonly known: KnownPlain;
  readonly depth: number;
}

function kindOf(expression: ts.Node, ask: Question): Kind | undefined {
  const node = bare(expression);
  if (ask.depth > 40) return undefined;
  const deeper = { ...ask, depth: ask.depth + 1 };
  if (ask.known(node as ts.Expression)) return 'plain';
  return kindOfLiteral(node) ?? kindOfOperation(node, deeper) ?? kindOfObject(node, deeper) ?? kindOfUse(node, deeper);
}

function kindOfLiteral(node: ts.Node): Kind | undefined {
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return 'string';
  if (ts.isNumericLiteral(node)) return 'number';
  if (ts.isArrayLiteralExpression(node)) return 'array';
  if (ts.isFunctionExpression(node) || ts.isArrowFunction(node)) return 'function';
  switch (node.kind) {
    case ts.SyntaxKind.TrueKeyword:
    case ts.SyntaxKind.FalseKeyword:
      return 'boolean';
    case ts.SyntaxKind.NullKeyword:
    case ts.SyntaxKind.BigIntLiteral:
    case ts.SyntaxKind.RegularExpressionLiteral:
    case ts.SyntaxKind.JsxElement:
    case ts.SyntaxKind.JsxSelfClosingElement:
    case ts.SyntaxKind.JsxFragment:
    case ts.SyntaxKind.AwaitExpression: // what `await` gives has been waited for, through every level
    case ts.SyntaxKind.VoidExpression:
      return 'plain';
    case ts.SyntaxKind.TypeOfExpression:
      return 'string';
    case ts.SyntaxKind.DeleteExpression:
      return 'boolean';
    default:
      return undefined;
  }
}

function kindOfOperation(node: ts.Node, ask: Question): Kind | undefined {
  if (ts.isPrefixUnaryExpression(node)) return node.operator === ts.SyntaxKind.ExclamationToken ? 'boolean' : 'plain';
  if (ts.isPostfixUnaryExpression(node)) return 'plain';
  if (ts.isConditionalExpression(node)) return either(kindOf(node.whenTrue, ask), kindOf(node.whenFalse, ask));
  if (!ts.isBinaryExpression(node)) return undefined;
  const left = (): Kind | undefined => kindOf(node.left, ask);
  const right = (): Kind | undefined => kindOf(node.right, ask);
  switch (node.operatorToken.kind) {
    case ts.SyntaxKind.CommaToken:
    case ts.SyntaxKind.EqualsToken:
      return right();
    case ts.SyntaxKind.AmpersandAmpersandToken:
    case ts.SyntaxKind.BarBarToken:
    case ts.SyntaxKind.QuestionQuestionToken:
    case ts.SyntaxKind.AmpersandAmpersandEqualsToken:
    case ts.SyntaxKind.BarBarEqualsToken:
    case ts.SyntaxKind.QuestionQuestionEqualsToken:
      return either(left(), right());
    case ts.SyntaxKind.PlusToken:
      return left() === 'string' || right() === 'string' ? 'string' : 'plain';
    default:
      return 'plain'; // arithmetic and comparison give primitives
  }
}

function either(one: Kind | undefined, other: Kind | undefined): Kind | undefined {
  if (!one || !other) return undefined;
  return one === other ? one : 'plain';
}

function kindOfObject(node: ts.Node, ask: Question): Kind | undefined {
  if (ts.isObjectLiteralExpression(node)) {
    const sure = node.properties.every((property) => {
      if (ts.isSpreadAssignment(property)) return kindOf(property.expression, ask) !== undefined;
      const name = property.name;
      return !ts.isComputedPropertyName(name) && name.text !== 'then' && name.text !== '__proto__';
    });
    return sure ? 'object' : undefined;
  }
  if (!ts.isNewExpression(node)) return undefined;
  const origin = originOf(node.expression, ask.scopes);
  return isGlobalOf(origin) && plainClasses.has(origin.path[0]!) ? 'plain' : undefined;
}

function isGlobalOf(origin: Origin | undefined): origin is Origin {
  return !!origin && origin.module === '' && origin.path.length === 1;
}

function kindOfUse(node: ts.Node, ask: Question): Kind | undefined {
  if (ts.isIdentifier(node)) return kindOfName(node, ask);
  if (ts.isCallExpression(node)) return kindOfCall(node, ask);
  const name = memberName(node);
  if (name === 'length') return 'number';
  if (name === undefined) return undefined;
  const path = pathOf(originOf(node, ask.scopes));
  if (path?.startsWith('process.env.') || path === 'process.platform' || path === 'process.version') return 'plain';
  if (path === 'process.argv') return 'array';
  return path && /^(Math|Number)\.[A-Z]/.test(path) ? 'number' : undefined;
}

function pathOf(origin: Origin | undefined): string | undefined {
  return origin?.module === '' ? origin.path.join('.') : undefined;
}

function kindOfName(node: ts.Identifier, ask: Question): Kind | undefined {
  const symbol = ask.scopes.symbolOf(node);
  if (!symbol)
    return ['undefined', 'NaN', 'Infinity', '__dirname', '__filename'].includes(node.text) ? 'plain' : undefined;
  if (!ask.scopes.isConstant(symbol)) return undefined;
  const declaration = symbol.declarations?.[0];
  if (!declaration) return undefined;
  if (ts.isFunctionDeclaration(declaration)) return 'function';
  // Only a whole `const` has its initialiser's value wherever it is read; a `var` may be read before.
  if (!ts.isVariableDeclaration(declaration) || !declaration.initializer || !ts.isIdentifier(declaration.name))
    return undefined;
  if (ask.scopes.references(symbol).some((one) => isGivenThen(one))) return undefined;
  return kindOf(declaration.initializer, ask);
}

/** `query.then = …` makes a thenable of an object. */
function isGivenThen(name: ts.Identifier): boolean {
  return memberName(name.parent) === 'then' && isWriteTarget(name.parent);
}

function kindOfCall(call: ts.CallExpression, ask: Question): Kind | undefined {
  const origin = originOf(call.expression, ask.scopes);
  const told = origin && kindOfKnownCall(call, origin, ask);
  if (told) return told;
  const name = memberName(call.expression);
  if (name === undefined) return undefined;
  const receiver = kindOf((call.expression as ts.AccessExpression).expression, ask);
  const own = receiver && methodsOf[receiver]?.get(name);
  return own ?? unmistakable.get(name);
}

const methodsOf: Partial<Record<Kind, ReadonlyMap<string, Kind>>> = {
  string: stringMethods,
  array: arrayMethods,
  number: numberMethods,
};

function kindOfKnownCall(call: ts.CallExpression, origin: Origin, ask: Question): Kind | undefined {
  const path = origin.path.join('.');
  if (origin.module !== '') {
    if (/^(fs|graceful-fs|fs-extra|child_process|zlib|crypto)$/.test(origin.module) && path.endsWith('Sync'))
      return 'plain';
    return moduleCalls.get(origin.module)?.get(path) ?? unmistakable.get(origin.path.at(-1) ?? '');
  }
  if (/^Math\.\w+$/.test(path)) return 'number';
  if (/^Object\.(freeze|seal|preventExtensions)$/.test(path))
    return call.arguments[0] && kindOf(call.arguments[0], ask);
  if (path === 'Object.assign') return call.arguments.every((one) => kindOf(one, ask)) ? 'object' : undefined;
  if (path === 'Object.create')
    return call.arguments[0]?.kind === ts.SyntaxKind.NullKeyword && call.arguments.length === 1 ? 'object' : undefined;
  return globalCalls.get(path) ?? (origin.path.length > 1 ? unmistakable.get(origin.path.at(-1)!) : undefined);
}

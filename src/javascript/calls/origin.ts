import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';

/** Where a value comes from: `fs.readFile` of `const fs = require('node:fs')` is member `readFile` of module `fs`. */
export interface Origin {
  /** The module's name without `node:`; `''` for globals. Relative modules keep their path as written. */
  readonly module: string;
  /** The members on the way: `[]` is the module itself, `['promises', 'readFile']`. `default` is left out. */
  readonly path: readonly string[];
  /** The specifier as written, so that a new import can look the same. */
  readonly specifier: string;
}

/**
 * Follows constants, destructuring, imports and `require` to a module or a global; `undefined` when the value can be another one:
 * a parameter, a variable that is written twice, a call's result.
 */
export function originOf(expression: ts.Node, scopes: Scopes): Origin | undefined {
  let known = origins.get(scopes);
  if (!known) origins.set(scopes, (known = new Map()));
  if (!known.has(expression)) known.set(expression, follow(expression, scopes, 0));
  return known.get(expression);
}

/** Every reader asks the same of the same nodes. */
const origins = new WeakMap<Scopes, Map<ts.Node, Origin | undefined>>();

function follow(expression: ts.Node, scopes: Scopes, depth: number): Origin | undefined {
  if (depth > 12) return undefined; // `var a = b, b = a`
  const node = bare(expression);
  if (ts.isIdentifier(node)) return originOfName(node, scopes, depth);
  if (ts.isCallExpression(node)) return originOfCall(node, scopes, depth);
  if (ts.isAwaitExpression(node)) return importedBy(bare(node.expression));
  const name = memberName(node);
  if (name === undefined) return undefined;
  const base = follow((node as ts.AccessExpression).expression, scopes, depth + 1);
  return base && member(base, name);
}

/** The expression without parentheses, `as`, `!`, `satisfies`. */
export function bare(node: ts.Node): ts.Node {
  while (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isTypeAssertionExpression(node)
  ) {
    node = node.expression;
  }
  return node;
}

/** The name in `a.name` and `a['name']`. */
export function memberName(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression))
    return node.argumentExpression.text;
  return undefined;
}

/** True when the origin is this member of this module: `is(origin, 'util', 'promisify')`; globals are module `''`. */
export function isOrigin(origin: Origin | undefined, module: string, ...path: string[]): boolean {
  return !!origin && origin.module === module && origin.path.join('.') === path.join('.');
}

function member(base: Origin, name: string): Origin {
  if (base.module === '' && base.path.length === 1 && globalObjects.has(base.path[0]!))
    return { ...base, path: [name] };
  // `require('x').default` and `import x` are one thing for our purpose: what the module gives as a whole.
  if (name === 'default' && base.module !== '' && base.path.length === 0) return base;
  if (name === 'promises' && base.path.length === 0 && withPromises.has(base.module))
    return { ...base, module: `${base.module}/promises` };
  return { ...base, path: [...base.path, name] };
}

const globalObjects = new Set(['global', 'globalThis', 'window', 'self']);
const withPromises = new Set(['fs', 'dns', 'timers', 'stream', 'readline']);
const moduleGlobals = new Set(['process', 'console', 'buffer']);

function fromModule(specifier: string): Origin {
  const module = specifier.replace(/^node:/, '');
  // `require('process')` is the global of this name.
  if (moduleGlobals.has(module)) return { module: '', path: module === 'buffer' ? [] : [module], specifier };
  return { module, path: [], specifier };
}

function originOfName(name: ts.Identifier, scopes: Scopes, depth: number): Origin | undefined {
  const symbol = scopes.symbolOf(name);
  if (!symbol) return scopes.isGlobal(name) ? { module: '', path: [name.text], specifier: '' } : undefined;
  if (!scopes.isConstant(symbol)) return undefined;
  const declaration = symbol.declarations?.[0];
  return declaration && originOfDeclaration(declaration, scopes, depth);
}

function originOfDeclaration(node: ts.Declaration, scopes: Scopes, depth: number): Origin | undefined {
  if (ts.isVariableDeclaration(node)) return node.initializer && follow(node.initializer, scopes, depth + 1);
  if (ts.isBindingElement(node)) return originOfElement(node, scopes, depth);
  if (ts.isImportEqualsDeclaration(node)) {
    const reference = node.moduleReference;
    if (!ts.isExternalModuleReference(reference)) return undefined;
    return ts.isStringLiteralLike(reference.expression) ? fromModule(reference.expression.text) : undefined;
  }
  return originOfImport(node);
}

function originOfElement(node: ts.BindingElement, scopes: Scopes, depth: number): Origin | undefined {
  if (node.initializer || node.dotDotDotToken || !ts.isObjectBindingPattern(node.parent)) return undefined;
  const key = node.propertyName ?? node.name;
  if (!ts.isIdentifier(key) && !ts.isStringLiteral(key)) return undefined;
  const base = originOfDeclaration(node.parent.parent, scopes, depth + 1);
  return base && member(base, key.text);
}

function originOfImport(node: ts.Declaration): Origin | undefined {
  const clause = ts.findAncestor(node, ts.isImportDeclaration);
  if (!clause || !ts.isStringLiteral(clause.moduleSpecifier)) return undefined;
  if (clause.importClause?.isTypeOnly || (ts.isImportSpecifier(node) && node.isTypeOnly)) return undefined;
  const base = fromModule(clause.moduleSpecifier.text);
  if (!ts.isImportSpecifier(node)) return base;
  return member(base, (node.propertyName ?? node.name).text);
}

function originOfCall(call: ts.CallExpression, scopes: Scopes, depth: number): Origin | undefined {
  const required = requiredBy(call, scopes);
  if (required) return required;
  const [first] = call.arguments;
  if (!first || call.arguments.length !== 1) return undefined;
  // `fs.readFile.bind(fs)` is the same function.
  if (memberName(call.expression) === 'bind')
    return follow((call.expression as ts.AccessExpression).expression, scopes, depth + 1);
  const helper =
    ts.isIdentifier(call.expression) &&
    /^(_?interopRequire(Default|Wildcard)|__import(Default|Star))$/.test(call.expression.text);
  return helper ? follow(first, scopes, depth + 1) : undefined;
}

/** `require('x')` with the real `require`. */
export function requiredBy(node: ts.Node, scopes: Scopes): Origin | undefined {
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression) || node.expression.text !== 'require')
    return undefined;
  const [first] = node.arguments;
  if (node.arguments.length !== 1 || !first || !ts.isStringLiteralLike(first)) return undefined;
  return scopes.symbolOf(node.expression) ? undefined : fromModule(first.text);
}

function importedBy(node: ts.Node): Origin | undefined {
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return undefined;
  const [first] = node.arguments;
  return first && ts.isStringLiteralLike(first) ? fromModule(first.text) : undefined;
}

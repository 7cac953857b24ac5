import type { Refusal } from '../../../flow/model.js';
import { isCloneable } from './cloneable.js';
import type { FileContext } from '../../context.js';
import { ts } from '../../parse.js';
import { onlyReads } from '../count.js';
import { usesArguments, usesNewTarget, usesSuper, usesThis } from '../../scope.js';
import { rangeOf } from '../../snippet.js';

/** What a task takes along when it moves into a module of its own. */
export interface Moved {
  /** Statements of the file that the task needs, in the order of the file; the task's own among them when it has one. */
  readonly statements: readonly ts.Statement[];
  /** Names that imports of the file bring in and the task uses. */
  readonly imported: readonly ts.Identifier[];
  /** Names of the function around the task that it uses. */
  readonly captured: readonly ts.Identifier[];
}

type Found = Moved | Refusal;

/** Globals that mean another thing in a thread, or can be seen from outside it: the code of each. */
const globals: Readonly<Record<string, string>> = {
  console: 'task-logs',
  process: 'module-state',
  module: 'module-state',
  exports: 'module-state',
  globalThis: 'module-state',
  global: 'module-state',
  window: 'module-state',
  document: 'module-state',
};

/**
 * Follows the names that a task uses: functions and plain constants of the file come along, imports are made again, anything
 * else is captured and stays where it is (H47, H50).
 */
export function movedWith(task: ts.FunctionLikeDeclaration, ctx: FileContext): Found {
  const statements = new Set<ts.Statement>();
  const imported = new Map<ts.Symbol, ts.Identifier>();
  const captured = new Map<ts.Symbol, ts.Identifier>();
  const waiting: ts.Node[] = [task];
  const own = statementOf(task);
  if (own && isOwnStatement(own, task)) statements.add(own);
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const wrong = ownHazard(node);
    if (wrong) return wrong;
    for (const name of namesIn(node)) {
      const symbol = ctx.scopes.symbolOf(name);
      if (!symbol) {
        const code = ctx.scopes.isGlobal(name) ? globals[name.text] : undefined;
        if (code) return { code, at: rangeOf(name), detail: name.text };
        continue;
      }
      const declaration = symbol.declarations?.[0];
      if (!declaration || (declaration.pos >= node.pos && declaration.end <= node.end)) continue;
      const what = ofTopLevel(declaration, ctx);
      if (what === 'import') imported.set(symbol, name);
      else if (what === undefined) captured.set(symbol, name);
      else if (what === 'state' || !isLasting(symbol, what, ctx))
        return { code: 'module-state', at: rangeOf(name), detail: name.text };
      else if (!statements.has(what)) {
        statements.add(what);
        waiting.push(what);
      }
    }
  }
  const ordered = [...statements].sort((a, b) => a.pos - b.pos);
  return { statements: ordered, imported: [...imported.values()], captured: [...captured.values()] };
}

/** Nothing writes the name, and nothing changes the list or object that it holds: each thread has a copy. */
function isLasting(symbol: ts.Symbol, statement: ts.Statement, ctx: FileContext): boolean {
  if (!ctx.scopes.isConstant(symbol)) return false;
  const value = ts.isVariableStatement(statement) && statement.declarationList.declarations[0]!.initializer;
  if (!value || !(ts.isArrayLiteralExpression(value) || ts.isObjectLiteralExpression(value))) return true;
  return ctx.scopes.references(symbol).every((use) => use.parent === value.parent || onlyReads(use, ctx));
}

function ownHazard(node: ts.Node): Refusal | undefined {
  const body = ts.isFunctionLike(node) ? (node as ts.FunctionLikeDeclaration).body : node;
  if (!body) return undefined;
  const uses = [usesThis, usesArguments, usesNewTarget, usesSuper].some((each) => each(body));
  return uses ? { code: 'captures', at: rangeOf(node), detail: 'this' } : undefined;
}

/** Identifiers that are read as variables. */
function namesIn(node: ts.Node): ts.Identifier[] {
  const found: ts.Identifier[] = [];
  const visit = (each: ts.Node): void => {
    if (ts.isIdentifier(each)) found.push(each);
    else if (!ts.isTypeNode(each)) ts.forEachChild(each, visit);
  };
  visit(node);
  return found;
}

/** What a declaration at the top of the file is for a task; `undefined`: it stands inside some function. */
function ofTopLevel(declaration: ts.Declaration, ctx: FileContext): ts.Statement | 'import' | 'state' | undefined {
  const statement = statementOf(declaration);
  if (!statement || ts.findAncestor(declaration.parent, ts.isFunctionLike)) return undefined;
  if (ts.isImportDeclaration(statement) || isRequire(declaration)) return 'import';
  if (ts.isFunctionDeclaration(statement)) return isExported(statement) ? 'state' : statement;
  if (!ts.isVariableStatement(statement) || statement.declarationList.declarations.length > 1) return 'state';
  const value = statement.declarationList.declarations[0]!.initializer;
  const isFixed = !!value && (isCloneable(value, ctx) || ts.isArrowFunction(value) || ts.isFunctionExpression(value));
  return isFixed && !isExported(statement) ? statement : 'state';
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    !!ts.getModifiers(statement)?.some((each) => each.kind === ts.SyntaxKind.ExportKeyword)
  );
}

/** `const x = require('y')`, with or without a pattern. */
function isRequire(declaration: ts.Declaration): boolean {
  const whole = ts.findAncestor(declaration, ts.isVariableDeclaration);
  const value = whole?.initializer;
  return !!value && /^require\(\s*(['"])[^'"]+\1\s*\)(\.\w+)*$/.test(value.getText());
}

export function statementOf(node: ts.Node): ts.Statement | undefined {
  return ts.findAncestor(node, (each): each is ts.Statement => ts.isStatement(each) && ts.isSourceFile(each.parent));
}

/** The statement is the task's declaration and nothing else. */
export function isOwnStatement(statement: ts.Statement, task: ts.FunctionLikeDeclaration): boolean {
  if (statement === (task as ts.Node)) return true;
  if (!ts.isVariableStatement(statement)) return false;
  const [only, more] = statement.declarationList.declarations;
  return !more && only?.initializer === task && ts.isIdentifier(only.name);
}

/** The name that a statement declares. */
export function nameOf(statement: ts.Statement): ts.Identifier | undefined {
  if (ts.isFunctionDeclaration(statement)) return statement.name;
  const name = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0]!.name : undefined;
  return name && ts.isIdentifier(name) ? name : undefined;
}

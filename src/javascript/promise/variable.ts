import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';

/**
 * `const answer = get(id).then(f); return answer.then(g);`: the variable only breaks the chain in two. Gives what it was declared
 * with, when the name is used once more, by the statement behind, where nothing happens in between.
 */
export function declaredJustBefore(use: ts.Expression, scopes: Scopes): ts.Expression | undefined {
  const name = bare(use);
  const symbol = ts.isIdentifier(name) ? scopes.symbolOf(name) : undefined;
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) return undefined;
  if (!ts.isIdentifier(declaration.name) || declaration.type || scopes.references(symbol).length !== 2)
    return undefined;
  const list = declaration.parent;
  const statement = list.parent;
  if (!ts.isVariableStatement(statement) || !ts.isVariableDeclarationList(list) || list.declarations.length > 1)
    return undefined;
  return followedBy(statement, use) ? declaration.initializer : undefined;
}

/** Does the `return` that holds the use stand right behind the statement? */
function followedBy(statement: ts.VariableStatement, use: ts.Node): boolean {
  let outer: ts.Node = use;
  while (outer && !ts.isReturnStatement(outer)) {
    if (ts.isFunctionLike(outer)) return false;
    outer = outer.parent;
  }
  const { parent } = statement;
  if (!outer || outer.parent !== parent || !(ts.isBlock(parent) || ts.isSourceFile(parent))) return false;
  return parent.statements.indexOf(outer as ts.ReturnStatement) === parent.statements.indexOf(statement) + 1;
}

/** The same question from the declaration's side. */
export function onlyBreaksAChain(
  statement: ts.Statement,
  following: ts.Statement | undefined,
  scopes: Scopes,
): ts.Identifier | undefined {
  if (!ts.isVariableStatement(statement) || !following || !ts.isReturnStatement(following)) return undefined;
  const [only, more] = statement.declarationList.declarations;
  if (!only || more || !ts.isIdentifier(only.name)) return undefined;
  const symbol = scopes.symbolOf(only.name);
  const use = symbol && scopes.references(symbol).find((each) => each !== only.name);
  return use && declaredJustBefore(use, scopes) ? use : undefined;
}

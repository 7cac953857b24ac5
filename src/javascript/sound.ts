import { namesOf } from './bindings.js';
import { ts } from './parse.js';

/** What a parser lets pass and no engine runs: a jump out of nothing, a name declared twice, an `await` that is a call. */
export function firstUnsound(file: ts.SourceFile): { readonly at: number; readonly message: string } | undefined {
  const jump = misplacedJump(file, { loop: false, breakable: false, labels: [] });
  if (jump) return { at: jump.getStart(), message: `'${jump.getText()}' stands outside of what it leaves` };
  const twice = declaredTwice(file);
  return twice && { at: twice.getStart(), message: `'${twice.text}' is declared twice` };
}

interface Around {
  readonly loop: boolean;
  readonly breakable: boolean;
  readonly labels: readonly string[];
}

function misplacedJump(node: ts.Node, around: Around): ts.Node | undefined {
  if (ts.isBreakOrContinueStatement(node)) {
    if (node.label) return around.labels.includes(node.label.text) ? undefined : node;
    return (ts.isBreakStatement(node) ? around.breakable : around.loop) ? undefined : node;
  }
  return ts.forEachChild(node, (child) => misplacedJump(child, inside(node, around)));
}

function inside(node: ts.Node, around: Around): Around {
  if (ts.isFunctionLike(node) || ts.isClassStaticBlockDeclaration(node))
    return { loop: false, breakable: false, labels: [] };
  if (ts.isIterationStatement(node, false)) return { ...around, loop: true, breakable: true };
  if (ts.isSwitchStatement(node)) return { ...around, breakable: true };
  return ts.isLabeledStatement(node) ? { ...around, labels: [...around.labels, node.label.text] } : around;
}

/** A `let`, `const` or class that meets its name in the same block, or as a parameter of the function that the block is the body of. */
function declaredTwice(node: ts.Node): ts.Identifier | undefined {
  const statements = statementsOf(node);
  const seen = new Set<string>();
  if (statements && ts.isFunctionLike(node.parent))
    for (const each of node.parent.parameters) for (const name of namesOf(each.name)) seen.add(name.text);
  for (const name of statements?.flatMap(lexicalNames) ?? []) {
    if (seen.has(name.text)) return name;
    seen.add(name.text);
  }
  return ts.forEachChild(node, declaredTwice);
}

function statementsOf(node: ts.Node): readonly ts.Statement[] | undefined {
  if (ts.isBlock(node) || ts.isSourceFile(node)) return node.statements;
  return ts.isCaseBlock(node) ? node.clauses.flatMap((clause) => [...clause.statements]) : undefined;
}

function lexicalNames(statement: ts.Statement): ts.Identifier[] {
  if (ts.isVariableStatement(statement) && statement.declarationList.flags & ts.NodeFlags.BlockScoped)
    return statement.declarationList.declarations.flatMap((each) => namesOf(each.name));
  return ts.isClassDeclaration(statement) && statement.name && !isAmbient(statement) ? [statement.name] : [];
}

function isAmbient(node: ts.ClassDeclaration): boolean {
  return !!node.modifiers?.some((each) => each.kind === ts.SyntaxKind.DeclareKeyword);
}

/** How often `await` is a name: in a function that is not async, `await (x)` is a call of something that does not exist. */
export function awaitNames(node: ts.Node): number {
  let count = ts.isIdentifier(node) && node.text === 'await' ? 1 : 0;
  ts.forEachChild(node, (child) => void (count += awaitNames(child)));
  return count;
}

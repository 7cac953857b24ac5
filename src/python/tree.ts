import type { ClassDef, Expr, FunctionDef, Lambda, Node, Stmt } from './nodes.js';

export type * from './nodes.js';

const parents = new WeakMap<Node, Node>();

/** Who holds a node; undefined for a module. */
export const parentOf = (node: Node): Node | undefined => parents.get(node);

/** Called by the parser, once per node. */
export const setParent = (node: Node, parent: Node): void => void parents.set(node, parent);

/** The nodes directly inside, in the order of the text. */
export function childrenOf(node: Node): Node[] {
  const found: Node[] = [];
  const add = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(add);
    else if (value !== null && typeof value === 'object' && 'nodeType' in value && 'start' in value)
      found.push(value as Node);
  };
  for (const value of Object.values(node)) add(value);
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** Calls `visit` for the node and everything inside it; `false` keeps it from going deeper. */
export function walk(node: Node, visit: (node: Node) => boolean | void): void {
  if (visit(node) === false) return;
  for (const child of childrenOf(node)) walk(child, visit);
}

/** Everything inside a function that is its own: not the insides of functions, lambdas and classes in it. */
export function walkOwn(nodes: readonly Node[], visit: (node: Node) => boolean | void): void {
  for (const top of nodes)
    walk(top, (node) => {
      const goOn = visit(node);
      return goOn === false ? false : !isScope(node);
    });
}

export const isScope = (node: Node): node is FunctionDef | ClassDef | Lambda =>
  isFunction(node) || node.nodeType === 'ClassDef' || node.nodeType === 'Lambda';

export const isFunction = (node: Node | undefined): node is FunctionDef =>
  node?.nodeType === 'FunctionDef' || node?.nodeType === 'AsyncFunctionDef';

/** The nearest function or class around a node (not the node itself); lambdas are passed through. */
export function functionAround(node: Node): FunctionDef | undefined {
  for (let at = parentOf(node); at; at = parentOf(at)) if (isFunction(at)) return at;
  return undefined;
}

const statements = new Set<string>([
  'FunctionDef', 'AsyncFunctionDef', 'ClassDef', 'Return', 'Delete', 'Assign', 'TypeAlias', 'AugAssign', 'AnnAssign', 'For',
  'AsyncFor', 'While', 'If', 'With', 'AsyncWith', 'Match', 'Raise', 'Try', 'TryStar', 'Assert', 'Import', 'ImportFrom',
  'Global', 'Nonlocal', 'Expr', 'Pass', 'Break', 'Continue',
]); // prettier-ignore

export const isStatement = (node: Node): node is Stmt => statements.has(node.nodeType);

/** The statement that a node is part of (itself, if it is one). */
export function statementOf(node: Node): Stmt {
  let at: Node | undefined = node;
  while (at && !isStatement(at)) at = parentOf(at);
  return at as Stmt;
}

/** The list of statements that a statement stands in. */
export function blockOf(stmt: Stmt): readonly Stmt[] {
  const parent = parentOf(stmt);
  if (!parent) return [stmt];
  for (const value of Object.values(parent)) if (Array.isArray(value) && value.includes(stmt)) return value as Stmt[];
  return [stmt];
}

/** `a.b.c` as its names; undefined for anything else. */
export function dotted(node: Expr | undefined): string[] | undefined {
  if (node?.nodeType === 'Name') return [node.id];
  if (node?.nodeType !== 'Attribute') return undefined;
  const left = dotted(node.value);
  return left && [...left, node.attr];
}

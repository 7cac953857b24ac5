import { isName } from '../file.js';
import { blockOf, isFunction, isStatement, parentOf, statementOf, type Node, type Stmt } from '../tree.js';

/* Where the statements of a group of tasks stand. */

/** `tasks = []`: an empty start needs no executor. */
export function isEmptyStart(site: Node): boolean {
  const parent = parentOf(site);
  const value = parent?.nodeType === 'Assign' || parent?.nodeType === 'AnnAssign' ? parent.value : undefined;
  if (value?.nodeType === 'List' || value?.nodeType === 'Set') return value.elts.length === 0;
  if (value?.nodeType === 'Dict') return value.keys.length === 0;
  return (
    value?.nodeType === 'Call' &&
    value.args.length === 0 &&
    isName(value.func) &&
    /^(?:list|set|dict|deque)$/.test(value.func.id)
  );
}

export function aroundFunction(node: Node): Node | undefined {
  for (let at = parentOf(node); at; at = parentOf(at)) if (isFunction(at)) return at;
  return undefined;
}

export interface Region {
  readonly block: readonly Stmt[];
  readonly first: number;
  readonly last: number;
}

/** The statements of one block between which everything of a cluster happens. */
export function regionOf(nodes: readonly Node[]): Region {
  const chains = nodes.map((node) => blocksAround(statementOf(node)));
  const [shortest] = [...chains].sort((a, b) => a.length - b.length);
  for (let depth = shortest!.length - 1; depth >= 0; depth--) {
    const { block } = shortest![depth]!;
    const places = chains.map((chain) => chain.find((each) => each.block === block)?.stmt);
    if (places.some((place) => !place)) continue;
    const indexes = places.map((place) => block.indexOf(place!));
    return { block, first: Math.min(...indexes), last: Math.max(...indexes) };
  }
  const top = chains[0]![0]!;
  return { block: top.block, first: top.block.indexOf(top.stmt), last: top.block.indexOf(top.stmt) };
}

/** From the outermost block in: which statement of each block a statement is in. */
function blocksAround(stmt: Stmt): { block: readonly Stmt[]; stmt: Stmt }[] {
  const found: { block: readonly Stmt[]; stmt: Stmt }[] = [];
  for (let at: Node | undefined = stmt; at && at.nodeType !== 'Module'; at = parentOf(at)) {
    if (isStatement(at)) found.unshift({ block: blockOf(at), stmt: at });
    if (isFunction(at) && at !== stmt) break;
  }
  return found;
}

import { isBuiltin, qualified, type PyFile } from '../file.js';
import type { Binding } from '../scope.js';
import { parentOf, type Expr, type Name, type Starred } from '../tree.js';
import { Cluster, type Join } from './fans.js';

/** What waits for several tasks. */
export const JOINS: Readonly<Record<string, Join['kind']>> = {
  'asyncio.gather': 'gather',
  'asyncio.wait': 'wait',
  'asyncio.as_completed': 'as_completed',
};

/** Tasks that belong together, by the variables and joins that have them. */
export class Clusters {
  protected readonly of = new Map<Binding | Expr, Cluster>();
  protected readonly collections = new Set<Binding>();
  protected readonly singles = new Set<Binding>();

  constructor(protected readonly file: PyFile) {}

  /** Where a started task goes: the join that takes it directly, or the variable that keeps it. */
  protected homeOf(node: Expr): Binding | Expr | undefined {
    const parent = parentOf(node)!;
    switch (parent.nodeType) {
      case 'ListComp':
      case 'SetComp':
      case 'GeneratorExp':
        return parent.elt === node ? this.collectionHome(parent) : undefined;
      case 'DictComp':
        return parent.value === node ? this.collectionHome(parent) : undefined;
      case 'Dict':
      case 'List':
      case 'Tuple':
      case 'Set':
        return this.collectionHome(parent);
      case 'Starred':
        return this.joinAround(parent);
      case 'Call': {
        const join = this.joinAround(node);
        if (join) return join;
        const { func } = parent;
        if (
          func.nodeType !== 'Attribute' ||
          func.value.nodeType !== 'Name' ||
          !/^(?:append|add|appendleft)$/.test(func.attr)
        )
          return undefined;
        return this.keep(func.value, this.collections);
      }
      case 'Assign':
      case 'AnnAssign': {
        const target = parent.nodeType === 'Assign' ? parent.targets : [parent.target];
        const [first] = target;
        if (target.length !== 1) return undefined;
        if (first?.nodeType === 'Name') return this.keep(first, this.singles);
        if (first?.nodeType === 'Subscript' && first.value.nodeType === 'Name') {
          const key = this.keep(first.value, this.collections);
          return key;
        }
        return undefined;
      }
      case 'Expr':
        return this.groupAround(node);
      default:
        return undefined;
    }
  }

  /** `tg.create_task(f())` as a statement: the group waits for it. */
  protected groupAround(node: Expr): Expr | undefined {
    if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute' || node.func.value.nodeType !== 'Name')
      return undefined;
    const binding = this.file.scopes.bindingOf(node.func.value);
    const site = binding?.sites[0];
    const item = site && parentOf(site);
    return item?.nodeType === 'WithItem' ? item.context_expr : undefined;
  }

  protected collectionHome(container: Expr): Binding | Expr | undefined {
    const parent = parentOf(container)!;
    if (parent.nodeType === 'Starred') return this.joinAround(parent);
    const join = this.joinAround(container);
    if (join) return join;
    if (
      parent.nodeType === 'Call' &&
      (isBuiltin(this.file, parent.func, 'list') || isBuiltin(this.file, parent.func, 'set'))
    )
      return this.collectionHome(parent);
    if (
      parent.nodeType === 'Call' &&
      parent.func.nodeType === 'Attribute' &&
      parent.func.attr === 'extend' &&
      parent.func.value.nodeType === 'Name'
    )
      return this.keep(parent.func.value, this.collections);
    if (parent.nodeType === 'Assign' && parent.targets.length === 1 && parent.targets[0]!.nodeType === 'Name')
      return this.keep(parent.targets[0] as Name, this.collections);
    return undefined;
  }

  protected keep(name: Name, in_: Set<Binding>): Binding | undefined {
    const binding = this.file.scopes.bindingOf(name);
    if (!binding || !['function', 'module', 'comprehension'].includes(binding.scope.kind)) return undefined;
    in_.add(binding);
    return binding;
  }

  protected joinAround(arg: Expr | Starred): Expr | undefined {
    const call = parentOf(arg);
    if (call?.nodeType !== 'Call' || !call.args.includes(arg)) return undefined;
    return JOINS[qualified(this.file, call.func) ?? ''] ? call : undefined;
  }

  protected clusterOf(key: Binding | Expr): Cluster {
    let cluster = this.of.get(key);
    if (!cluster) this.of.set(key, (cluster = new Cluster()));
    return cluster;
  }

  protected merge(a: Binding | Expr, b: Binding | Expr): Cluster {
    const into = this.clusterOf(a);
    const from = this.clusterOf(b);
    if (into === from) return into;
    into.spawns.push(...from.spawns);
    into.joins.push(...from.joins);
    into.nodes.push(...from.nodes);
    into.isStopped ||= from.isStopped;
    for (const [key, cluster] of this.of) if (cluster === from) this.of.set(key, into);
    return into;
  }
}

import { isBuiltin, isName, qualified, type PyFile } from '../file.js';
import type { Binding } from '../scope.js';
import { isFunction, parentOf, type Call, type Expr, type Name, type Node, type Starred } from '../tree.js';
import { refuse, type Unit } from '../unit.js';
import { type Spawn, type Join, Cluster, type Fans, type SpawnQuestions } from './fans.js';
import { aroundFunction, isEmptyStart } from './regions.js';

const JOINS: Readonly<Record<string, Join['kind']>> = {
  'asyncio.gather': 'gather',
  'asyncio.wait': 'wait',
  'asyncio.as_completed': 'as_completed',
};

/** Finds what a unit starts and where it waits for it; what it cannot follow is refused. */
export function findFans(unit: Unit, nodes: readonly Node[], ask: SpawnQuestions): Fans {
  const finder = new Finder(unit, ask);
  for (const node of nodes) if (node.nodeType === 'Call') finder.spawn(node);
  finder.followVariables();
  for (const node of nodes) if (node.nodeType === 'Call') finder.join(node);
  return finder.result();
}

class Finder {
  private readonly of = new Map<Binding | Expr, Cluster>();
  private readonly spawnOf = new Map<Expr, Spawn>();
  private readonly joinOf = new Map<Expr, Join>();
  private readonly collections = new Set<Binding>();
  private readonly singles = new Set<Binding>();
  private readonly awaits = new Set<Expr>();
  private readonly file: PyFile;

  constructor(
    private readonly unit: Unit,
    private readonly ask: SpawnQuestions,
  ) {
    this.file = unit.file;
  }

  result(): Fans {
    const clusters = [...new Set(this.of.values())].filter((each) => each.spawns.length > 0);
    return {
      clusters,
      spawnOf: this.spawnOf,
      joinOf: this.joinOf,
      tasks: new Set([...this.collections, ...this.singles]),
      awaits: this.awaits,
    };
  }

  /** A coroutine's call: waited for at once (nothing to do here), or started. */
  spawn(call: Call): void {
    const mapped = this.mapOf(call);
    if (mapped) return this.place({ node: call, call, mapped: true }, call);
    if (!this.ask.isCoroutine(call)) return;
    let node: Expr = call;
    const maker = parentOf(node);
    const isTask = maker?.nodeType === 'Call' && maker.args[0] === node && this.ask.isTaskMaker(maker);
    if (isTask) {
      if (maker.keywords.some((each) => each.arg !== 'name') || maker.args.length > 1)
        refuse(this.unit, 'task-escapes', maker);
      node = maker;
    }
    const parent = parentOf(node)!;
    if (parent.nodeType === 'Await') return;
    if (parent.nodeType === 'Call' && parent.args[0] === node && this.ask.isRunner(parent)) return;
    if (
      parent.nodeType === 'WithItem' ||
      (parent.nodeType === 'Return' && !isTask && this.unit.fn?.def.nodeType === 'FunctionDef')
    )
      return;
    this.place({ node, call }, node);
  }

  /** `map(f, xs)` for a coroutine function f. */
  private mapOf(call: Call): boolean {
    const [f] = call.args;
    return (
      isBuiltin(this.file, call.func, 'map') &&
      call.args.length === 2 &&
      f !== undefined &&
      this.ask.isCoroutineFunction(f)
    );
  }

  private place(spawn: Spawn, node: Expr): void {
    const home = this.homeOf(node);
    if (!home)
      return refuse(
        this.unit,
        spawn.node === spawn.call && !spawn.mapped ? 'coroutine-value' : 'task-escapes',
        spawn.node,
      );
    const cluster = this.clusterOf(home);
    cluster.spawns.push(spawn);
    cluster.nodes.push(spawn.node);
    this.spawnOf.set(spawn.node, spawn);
  }

  /** Where a started task goes: the join that takes it directly, or the variable that keeps it. */
  private homeOf(node: Expr): Binding | Expr | undefined {
    const parent = parentOf(node)!;
    switch (parent.nodeType) {
      case 'ListComp':
      case 'SetComp':
      case 'GeneratorExp':
        return parent.elt === node ? this.collectionHome(parent) : undefined;
      case 'DictComp':
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
  private groupAround(node: Expr): Expr | undefined {
    if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute' || node.func.value.nodeType !== 'Name')
      return undefined;
    const binding = this.file.scopes.bindingOf(node.func.value);
    const site = binding?.sites[0];
    const item = site && parentOf(site);
    return item?.nodeType === 'WithItem' ? item.context_expr : undefined;
  }

  private collectionHome(container: Expr): Binding | Expr | undefined {
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

  private keep(name: Name, in_: Set<Binding>): Binding | undefined {
    const binding = this.file.scopes.bindingOf(name);
    if (!binding || !['function', 'module', 'comprehension'].includes(binding.scope.kind)) return undefined;
    in_.add(binding);
    return binding;
  }

  private joinAround(arg: Expr | Starred): Expr | undefined {
    const call = parentOf(arg);
    if (call?.nodeType !== 'Call' || !call.args.includes(arg)) return undefined;
    return JOINS[qualified(this.file, call.func) ?? ''] ? call : undefined;
  }

  private clusterOf(key: Binding | Expr): Cluster {
    let cluster = this.of.get(key);
    if (!cluster) this.of.set(key, (cluster = new Cluster()));
    return cluster;
  }

  private merge(a: Binding | Expr, b: Binding | Expr): Cluster {
    const into = this.clusterOf(a);
    const from = this.clusterOf(b);
    if (into === from) return into;
    into.spawns.push(...from.spawns);
    into.joins.push(...from.joins);
    into.nodes.push(...from.nodes);
    for (const [key, cluster] of this.of) if (cluster === from) this.of.set(key, into);
    return into;
  }

  /** Every read of a variable with tasks must be one that is understood. */
  followVariables(): void {
    const done = new Set<Binding>();
    for (let more = true; more;) {
      more = false;
      for (const binding of [...this.collections, ...this.singles]) {
        if (done.has(binding)) continue;
        done.add(binding);
        more = true;
        const cluster = this.clusterOf(binding);
        cluster.variables.add(binding);
        for (const site of binding.sites) if (!isEmptyStart(site)) cluster.nodes.push(site);
        for (const use of binding.uses) {
          cluster.nodes.push(use);
          if (!this.follow(binding, use)) refuse(this.unit, 'task-escapes', use, binding.name);
        }
        if (binding.scope.kind === 'module' && binding.uses.some((use) => isFunction(aroundFunction(use))))
          refuse(this.unit, 'task-escapes', binding.sites[0]!, binding.name);
      }
    }
  }

  private follow(binding: Binding, use: Name): boolean {
    const parent = parentOf(use)!;
    switch (parent.nodeType) {
      case 'Starred':
        return this.joinedBy(binding, parent);
      case 'Call':
        if (parent.func !== use && this.joinedBy(binding, use)) return true;
        if (parent.args[0] === use && this.ask.isRunner(parent))
          return this.singles.has(binding) && Boolean(this.awaits.add(use));
        if (isName(parent.func, 'len') || isName(parent.func, 'enumerate'))
          return isName(parent.func, 'len') || this.iterated(binding, parent);
        return this.addedTo(binding, parent);
      case 'Await':
        this.awaits.add(use);
        return this.singles.has(binding);
      case 'For':
      case 'Comprehension':
        return parent.iter === use && this.iterated(binding, use);
      case 'Attribute':
        return this.usedMember(binding, parent.attr);
      case 'Subscript':
        return parent.slice === use || this.collections.has(binding);
      case 'List':
      case 'Tuple':
      case 'Set': {
        const home = this.collectionHome(parent);
        if (home) this.merge(binding, home);
        return home !== undefined;
      }
      case 'If':
      case 'While':
      case 'UnaryOp':
      case 'Compare':
        return true;
      case 'Assign':
        return false;
      default:
        return false;
    }
  }

  private usedMember(binding: Binding, attr: string): boolean {
    if (
      this.collections.has(binding) &&
      /^(?:append|add|extend|appendleft|clear|items|keys|values|remove|discard|pop|popleft)$/.test(attr)
    )
      return !/^(?:items|keys|values)$/.test(attr);
    return this.singles.has(binding) && /^(?:result|exception|done)$/.test(attr);
  }

  private addedTo(binding: Binding, call: Call): boolean {
    const { func } = call;
    if (func.nodeType !== 'Attribute' || func.value.nodeType !== 'Name' || !/^(?:append|add)$/.test(func.attr))
      return false;
    const home = this.keep(func.value, this.collections);
    if (home) this.merge(binding, home);
    return home !== undefined;
  }

  private joinedBy(binding: Binding, arg: Expr | Starred): boolean {
    const call = this.joinAround(arg);
    if (!call) return false;
    this.merge(binding, call);
    return true;
  }

  /** `for task in tasks`: its name is a task too. */
  private iterated(binding: Binding, iter: Expr): boolean {
    const loop = parentOf(iter);
    if (loop?.nodeType !== 'For' && loop?.nodeType !== 'Comprehension') return false;
    const target = isName(iter) ? loop.target : loop.target.nodeType === 'Tuple' ? loop.target.elts[1] : undefined;
    if (target?.nodeType !== 'Name') return false;
    const home = this.keep(target, this.singles);
    if (home) this.merge(binding, home);
    return home !== undefined;
  }

  /** `gather(…)`, `wait(…)`, `as_completed(…)`: what they wait for must be known, and they must be waited for. */
  join(call: Call): void {
    const kind = JOINS[qualified(this.file, call.func) ?? ''];
    if (!kind) return;
    const cluster = this.of.get(call);
    const outer = kind === 'as_completed' ? call : this.awaiter(call);
    if (!outer) return refuse(this.unit, 'coroutine-value', call);
    const known = (arg: Expr): boolean =>
      arg.nodeType === 'Starred' ? known(arg.value) : isName(arg) ? this.isTracked(arg) : this.isSpawning(arg);
    const unknown = call.args.find((arg) => !known(arg));
    if (unknown || !cluster) return refuse(this.unit, 'unknown-callee', unknown ?? call);
    const join: Join = { kind, call, outer };
    cluster.joins.push(join);
    cluster.nodes.push(outer);
    this.joinOf.set(outer, join);
    this.bindResults(kind, call, outer);
  }

  private bindResults(kind: Join['kind'], call: Call, outer: Expr): void {
    const parent = parentOf(outer);
    const targets: Name[] = [];
    if (
      kind === 'as_completed' &&
      (parent?.nodeType === 'For' || parent?.nodeType === 'Comprehension') &&
      isName(parent.target)
    ) {
      targets.push(parent.target);
    } else if (kind === 'as_completed') return refuse(this.unit, 'coroutine-value', call);
    if (kind === 'wait' && parent?.nodeType === 'Assign') {
      const [target] = parent.targets;
      if (target?.nodeType !== 'Tuple' || !target.elts.every((each) => isName(each)))
        return refuse(this.unit, 'task-escapes', outer);
      for (const each of target.elts as Name[]) {
        const home = this.keep(each, this.collections);
        if (home) this.merge(call, home);
      }
      this.followVariables();
    }
    for (const target of targets) {
      const home = this.keep(target, this.singles);
      if (home) this.merge(call, home);
    }
    if (targets.length > 0) this.followVariables();
  }

  private awaiter(call: Call): Expr | undefined {
    const parent = parentOf(call);
    if (parent?.nodeType === 'Await') return parent;
    return parent?.nodeType === 'Call' && parent.args[0] === call && this.ask.isRunner(parent) ? parent : undefined;
  }

  private isTracked(name: Name): boolean {
    const binding = this.file.scopes.bindingOf(name);
    return binding !== undefined && (this.collections.has(binding) || this.singles.has(binding));
  }

  /** An expression that only makes tasks. */
  private isSpawning(arg: Expr): boolean {
    if (this.spawnOf.has(arg)) return true;
    if (arg.nodeType === 'ListComp' || arg.nodeType === 'GeneratorExp' || arg.nodeType === 'SetComp')
      return this.spawnOf.has(arg.elt);
    if (arg.nodeType === 'List' || arg.nodeType === 'Tuple' || arg.nodeType === 'Set')
      return arg.elts.every((each) => this.isSpawning(each) || (isName(each) && this.isTracked(each)));
    if (arg.nodeType === 'Call' && arg.func.nodeType === 'Attribute' && arg.func.attr === 'keys')
      return isName(arg.func.value) && this.isTracked(arg.func.value);
    return false;
  }
}

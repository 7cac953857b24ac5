import { isBuiltin, isName, qualified } from '../file.js';
import type { Binding } from '../scope.js';
import {
  isFunction,
  parentOf,
  type Attribute,
  type Call,
  type Expr,
  type Name,
  type Node,
  type Starred,
} from '../tree.js';
import { refuse, type Unit } from '../unit.js';
import { type Spawn, type Join, type Fans, type SpawnQuestions } from './fans.js';
import { Clusters, JOINS } from './clusters.js';
import { aroundFunction, isEmptyStart } from './regions.js';

/** Finds what a unit starts and where it waits for it; what it cannot follow is refused. */
export function findFans(unit: Unit, nodes: readonly Node[], ask: SpawnQuestions): Fans {
  const finder = new Finder(unit, ask);
  for (const node of nodes) if (node.nodeType === 'Call') finder.spawn(node);
  finder.followVariables();
  for (const node of nodes) if (node.nodeType === 'Call') finder.join(node);
  return finder.result();
}

/** What gives the same tasks again. */
const HANDS_ON = ['enumerate', 'sorted', 'list', 'tuple', 'set', 'reversed', 'zip'];

const partOf = (target: Expr, index: number): Expr | undefined =>
  target.nodeType === 'Tuple' ? target.elts[index] : undefined;

class Finder extends Clusters {
  private readonly spawnOf = new Map<Expr, Spawn>();
  private readonly joinOf = new Map<Expr, Join>();
  private readonly awaits = new Set<Expr>();

  constructor(
    private readonly unit: Unit,
    private readonly ask: SpawnQuestions,
  ) {
    super(unit.file);
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
    const inner = this.lambdaOf(call);
    if (inner) return this.place({ node: call, call: inner, over: call }, call);
    const outer = parentOf(call);
    const map = outer?.nodeType === 'Lambda' ? parentOf(outer) : undefined;
    if (map?.nodeType === 'Call' && this.lambdaOf(map) === call) return;
    if (!this.ask.isCoroutine(call)) return;
    let node: Expr = call;
    const maker = parentOf(node);
    const isTask = maker?.nodeType === 'Call' && maker.args[0] === node && this.ask.isTaskMaker(maker);
    if (isTask) {
      const isPlain = maker.args.length === 1 && maker.keywords.every((each) => each.arg === 'name');
      if (!isPlain && !this.ask.isTimeLimit(maker)) refuse(this.unit, 'task-escapes', maker);
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
    const group = isTask ? this.ask.groupOf(maker) : undefined;
    this.place({ node, call, ...(group && { group }) }, node);
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

  /** `map(lambda x: f(x, y), xs)`: the call in it. */
  private lambdaOf(call: Call): Call | undefined {
    const [f, ...iterables] = call.args;
    if (!isBuiltin(this.file, call.func, 'map') || f?.nodeType !== 'Lambda' || f.body.nodeType !== 'Call')
      return undefined;
    const { args, defaults, vararg, kwarg, kwonlyargs, posonlyargs } = f.args;
    const isPlain = !vararg && !kwarg && defaults.length + kwonlyargs.length + posonlyargs.length === 0;
    return isPlain && args.length === iterables.length && this.ask.isCoroutine(f.body) ? f.body : undefined;
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
        if (isName(parent.func, 'len')) return true;
        if (HANDS_ON.some((name) => isBuiltin(this.file, parent.func, name))) return this.iterated(binding, parent);
        return this.addedTo(binding, parent);
      case 'Await':
        this.awaits.add(use);
        return this.singles.has(binding);
      case 'For':
      case 'Comprehension':
        return parent.iter === use && this.iterated(binding, use);
      case 'Attribute':
        return this.usedMember(binding, parent);
      case 'Subscript':
        return parent.slice === use || (this.collections.has(binding) && this.taken(parent));
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

  private usedMember(binding: Binding, member: Attribute): boolean {
    const { attr } = member;
    const call = parentOf(member);
    if (this.collections.has(binding)) {
      if (/^(?:items|values)$/.test(attr))
        return call?.nodeType === 'Call' && (this.joinedBy(binding, call) || this.iterated(binding, call));
      return /^(?:append|add|extend|appendleft|clear|keys|remove|discard|pop|popleft)$/.test(attr);
    }
    if (attr === 'cancel' && this.ask.isStop(member)) return (this.clusterOf(binding).isStopped = true);
    return this.singles.has(binding) && /^(?:result|exception|done)$/.test(attr);
  }

  /** `tasks[name]`: waited for, asked, or given its place. */
  private taken(node: Expr): boolean {
    const parent = parentOf(node);
    if (parent?.nodeType === 'Await') this.awaits.add(node);
    return (
      parent?.nodeType === 'Await' ||
      (parent?.nodeType === 'Attribute' && /^(?:result|exception|done)$/.test(parent.attr)) ||
      (parent?.nodeType === 'Assign' && parent.targets.includes(node)) ||
      parent?.nodeType === 'Delete'
    );
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

  /** `for task in tasks`, `for name, task in zip(names, tasks)`: its name is a task too. */
  private iterated(binding: Binding, iter: Expr): boolean {
    const loop = parentOf(iter);
    if (loop?.nodeType === 'Starred') return this.joinedBy(binding, loop);
    if (loop?.nodeType === 'Call') {
      if (this.joinedBy(binding, iter)) return true;
      return HANDS_ON.some((name) => isBuiltin(this.file, loop.func, name)) && this.iterated(binding, loop);
    }
    if (loop?.nodeType === 'Assign') return this.renamed(binding, loop);
    if ((loop?.nodeType !== 'For' && loop?.nodeType !== 'Comprehension') || loop.iter !== iter) return false;
    const target = this.targetOf(binding, iter, loop.target);
    if (target?.nodeType !== 'Name') return false;
    const home = this.keep(target, this.singles);
    if (home) this.merge(binding, home);
    return home !== undefined;
  }

  /** `ordered = sorted(tasks, key=…)` */
  private renamed(binding: Binding, stmt: Extract<Node, { nodeType: 'Assign' }>): boolean {
    const [target] = stmt.targets;
    const home = stmt.targets.length === 1 && isName(target) ? this.keep(target, this.collections) : undefined;
    if (home) this.merge(binding, home);
    return home !== undefined;
  }

  /** The part of a loop's target that a task comes to. */
  private targetOf(binding: Binding, iter: Expr, target: Expr): Expr | undefined {
    if (iter.nodeType !== 'Call') return target;
    const { func, args } = iter;
    if (func.nodeType === 'Attribute') return func.attr === 'items' ? partOf(target, 1) : target;
    if (isBuiltin(this.file, func, 'enumerate'))
      return args[0] && this.targetOf(binding, args[0], partOf(target, 1) ?? target);
    if (isBuiltin(this.file, func, 'zip')) {
      const index = args.findIndex((arg) => isName(arg) && this.file.scopes.bindingOf(arg) === binding);
      return index < 0 ? undefined : partOf(target, index);
    }
    return args[0] ? this.targetOf(binding, args[0], target) : undefined;
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
    if (kind === 'as_completed') {
      const target = this.completedBy(outer);
      if (!target) return refuse(this.unit, 'coroutine-value', call);
      targets.push(target);
    }
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

  /** The name that each finished task is given: `for x in as_completed(…)`, also through `enumerate` and what shows progress. */
  private completedBy(iter: Expr): Name | undefined {
    const loop = parentOf(iter);
    if (loop?.nodeType === 'Call' && loop.args[0] === iter) {
      const through = qualified(this.file, loop.func) ?? (isName(loop.func) ? loop.func.id : '');
      return /^(?:enumerate|tqdm(?:\.\w+)*)$/.test(through) ? this.completedBy(loop) : undefined;
    }
    if ((loop?.nodeType !== 'For' && loop?.nodeType !== 'Comprehension') || loop.iter !== iter) return undefined;
    const counted = iter.nodeType === 'Call' && isBuiltin(this.file, iter.func, 'enumerate');
    const target = counted ? partOf(loop.target, 1) : loop.target;
    return isName(target) ? target : undefined;
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
    if (arg.nodeType === 'DictComp') return this.spawnOf.has(arg.value);
    if (arg.nodeType === 'Call' && arg.func.nodeType === 'Attribute' && /^(?:keys|values)$/.test(arg.func.attr))
      return isName(arg.func.value) && this.isTracked(arg.func.value);
    return false;
  }
}

import type { PyFile } from '../file.js';
import { isBuiltin, qualified } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Binding } from '../scope.js';
import { childrenOf, isFunction, parentOf, type Call, type Expr, type Node, type Stmt } from '../tree.js';
import { valueOf } from '../values.js';
import type { SharedNames } from './shared-names.js';

/* What code does to places that others see, between one wait and the next. */

/** Something is looked at, or changed. */
export interface Access {
  readonly place: unknown;
  readonly isWrite: boolean;
  readonly node: Node;
}

/** An access, or `wait`: others take their turn. */
export type Event = Access | 'wait';

const CHANGES =
  /^(?:add|append|appendleft|pop|popleft|popitem|remove|discard|update|setdefault|insert|extend|extendleft|clear|sort|reverse|rotate|subtract|difference_update|intersection_update|symmetric_difference_update)$/;

/** The functions of the project that a call may mean: where it is not known what a method is called on, all that have its name. */
export function calledBy(project: PyProject, file: PyFile, { func }: Call): PyFunction[] {
  const target = project.resolve(file, func);
  if (target) return target.kind === 'function' ? [target] : [];
  if (func.nodeType !== 'Attribute' || valueOf(project, file, func.value) || qualified(file, func)) return [];
  return project.classes.flatMap((cls) => cls.methods.get(func.attr) ?? []);
}

/** Two accesses with no wait between them, one of which changes something. */
export interface Pair {
  readonly first: Access;
  readonly second: Access;
}

/** Follows the code of functions, with all the ways that it can take. */
export class Accesses {
  private readonly summaries = new Map<PyFunction, Event[]>();

  constructor(
    private readonly project: PyProject,
    private readonly names: SharedNames,
    /** A variable that a function hands to the tasks it starts. */
    private readonly isCaptured: (fn: PyFunction) => (binding: Binding) => boolean,
  ) {}

  /** Every two accesses of a function between which nobody else has a turn while coroutines take theirs. */
  pairsIn(fn: PyFunction, within?: (node: Node) => boolean): Pair[] {
    const pairs = new Map<string, Pair>();
    const flow = new Flow(
      (node) => this.eventsOf(fn, node).filter((each) => each === 'wait' || !within || within(each.node)),
      (first, second) =>
        pairs.set(`${first.node.start} ${second.node.start} ${String(second.isWrite)}`, { first, second }),
    );
    flow.block(fn.def.body, new Set());
    return [...pairs.values()];
  }

  /** All that a function does by itself. */
  all(fn: PyFunction): Access[] {
    const found: Access[] = [];
    const visit = (node: Node): void => {
      for (const event of this.eventsOf(fn, node)) if (event !== 'wait') found.push(event);
    };
    fn.def.body.forEach(visit);
    return found;
  }

  /** What happens in an expression or a simple statement, in its order. */
  private eventsOf(fn: PyFunction, node: Node): Event[] {
    const events: Event[] = [];
    this.visit(fn, node, events);
    return events;
  }

  private visit(fn: PyFunction, node: Node, events: Event[]): void {
    if (isFunction(node) || node.nodeType === 'ClassDef' || node.nodeType === 'Lambda') return;
    if (node.nodeType === 'Await') return this.awaited(fn, node.value, events);
    if (node.nodeType === 'Assign' || node.nodeType === 'AnnAssign') return this.assigned(fn, node, events);
    if (node.nodeType === 'AugAssign') {
      this.read(fn, node.target, node, events);
      this.visit(fn, node.value, events);
      return this.written(fn, node.target, events);
    }
    if (node.nodeType === 'Delete') return node.targets.forEach((each) => this.written(fn, each, events));
    if (node.nodeType === 'Call') return this.called(fn, node, events);
    if (node.nodeType === 'Yield' || node.nodeType === 'YieldFrom') {
      for (const child of childrenOf(node)) this.visit(fn, child, events);
      events.push('wait');
      return;
    }
    if (node.nodeType === 'Attribute' || node.nodeType === 'Name' || node.nodeType === 'Subscript')
      this.read(fn, node, node, events);
    for (const child of childrenOf(node))
      if (node.nodeType !== 'Attribute' || child.nodeType !== 'Name') this.visit(fn, child, events);
  }

  private assigned(fn: PyFunction, node: Extract<Stmt, { nodeType: 'Assign' | 'AnnAssign' }>, events: Event[]): void {
    if (node.value) this.visit(fn, node.value, events);
    for (const target of node.nodeType === 'Assign' ? node.targets : [node.target]) this.written(fn, target, events);
  }

  /** What a coroutine does before its first wait and behind its last happens without a turn of others. */
  private awaited(fn: PyFunction, value: Expr, events: Event[]): void {
    const target = value.nodeType === 'Call' ? this.project.resolve(fn.file, value.func) : undefined;
    if (value.nodeType !== 'Call' || target?.kind !== 'function') {
      this.visit(fn, value, events);
      events.push('wait');
      return;
    }
    for (const arg of [...value.args, ...value.keywords]) this.visit(fn, arg, events);
    for (const each of this.summaryOf(target)) events.push(each === 'wait' ? each : { ...each, node: value });
  }

  private called(fn: PyFunction, call: Call, events: Event[]): void {
    const { func } = call;
    const changes =
      func.nodeType === 'Attribute' && CHANGES.test(func.attr) && !isOfAsyncio(this.project, fn.file, func.value);
    if (func.nodeType === 'Attribute' && changes) this.insideOf(fn, func.value, events);
    else this.visit(fn, func, events);
    for (const arg of [...call.args, ...call.keywords]) this.visit(fn, arg, events);
    if (func.nodeType === 'Attribute' && changes) this.push(fn, func.value, true, call, events);
    for (const target of calledBy(this.project, fn.file, call))
      if (target.def.nodeType !== 'AsyncFunctionDef')
        for (const each of this.summaryOf(target)) if (each !== 'wait') events.push({ ...each, node: call });
  }

  /** `results[key].append(…)` looks `key` up first; `results.append(…)` does one thing. */
  private insideOf(fn: PyFunction, receiver: Expr, events: Event[]): void {
    if (receiver.nodeType === 'Subscript' || receiver.nodeType === 'Call') this.visit(fn, receiver, events);
  }

  private written(fn: PyFunction, target: Expr, events: Event[]): void {
    if (target.nodeType === 'Tuple' || target.nodeType === 'List')
      return target.elts.forEach((each) => this.written(fn, each, events));
    if (target.nodeType === 'Starred') return this.written(fn, target.value, events);
    if (target.nodeType === 'Subscript') {
      this.visit(fn, target.slice, events);
      return this.push(fn, target.value, true, target, events);
    }
    if (target.nodeType === 'Name' && this.isLocal(fn, target)) return;
    this.push(fn, target, true, target, events);
  }

  private read(fn: PyFunction, expr: Expr, node: Node, events: Event[]): void {
    if (expr.nodeType === 'Name' && this.isLocal(fn, expr) && !looksInside(fn.file, expr)) return;
    this.push(fn, expr, false, node, events);
  }

  private isLocal(fn: PyFunction, name: Extract<Expr, { nodeType: 'Name' }>): boolean {
    return fn.file.scopes.bindingOf(name)?.scope === fn.file.scopes.of(fn.def);
  }

  private push(fn: PyFunction, expr: Expr, isWrite: boolean, node: Node, events: Event[]): void {
    const place = this.names.placeOf(fn.file, fn, expr, this.isCaptured(fn));
    if (place !== undefined) events.push({ place, isWrite, node });
  }

  /** What a function does, its waits included; what may be left out is taken as done. */
  private summaryOf(fn: PyFunction): Event[] {
    const known = this.summaries.get(fn);
    if (known) return known;
    this.summaries.set(fn, []);
    const events: Event[] = [];
    const visit = (node: Node): void => {
      if (node.nodeType === 'AsyncFor' || node.nodeType === 'AsyncWith') events.push('wait');
      if (isCompound(node)) childrenOf(node).forEach(visit);
      else events.push(...this.eventsOf(fn, node));
      if (node.nodeType === 'AsyncWith') events.push('wait');
    };
    fn.def.body.forEach(visit);
    this.summaries.set(fn, events);
    return events;
  }
}

const isCompound = (node: Node): boolean =>
  /^(?:If|For|AsyncFor|While|With|AsyncWith|Try|TryStar|Match|ExceptHandler|MatchCase|WithItem)$/.test(node.nodeType);

/** A parameter itself is nobody else's: what it holds may be. */
function looksInside(file: PyFile, name: Extract<Expr, { nodeType: 'Name' }>): boolean {
  const parent = parentOf(name);
  switch (parent?.nodeType) {
    case 'Subscript':
      return parent.value === name;
    case 'Attribute': {
      const call = parentOf(parent);
      return call?.nodeType === 'Call' && call.func === parent;
    }
    case 'Compare':
    case 'For':
    case 'Comprehension':
    case 'If':
    case 'While':
    case 'UnaryOp':
    case 'BoolOp':
    case 'Starred':
      return true;
    case 'Call':
      return ['len', 'list', 'sorted', 'sum', 'min', 'max', 'any', 'all', 'set', 'dict', 'tuple'].some((each) =>
        isBuiltin(file, parent.func, each),
      );
    default:
      return false;
  }
}

/** Locks, queues and the like take care of themselves. */
const isOfAsyncio = (project: PyProject, file: PyFile, expr: Expr): boolean =>
  /^(?:asyncio|aiohttp|httpx)\./.test(valueOf(project, file, expr)?.kind ?? '');

type State = ReadonlySet<Access>;

/** Goes through statements with the accesses since the last wait, by every way. */
class Flow {
  private breaks: Set<Access>[] = [];

  constructor(
    private readonly eventsOf: (node: Node) => Event[],
    private readonly meet: (first: Access, second: Access) => void,
  ) {}

  block(body: readonly Stmt[], state: State): State {
    return body.reduce((now: State, stmt) => this.statement(stmt, now), state);
  }

  private statement(stmt: Stmt, state: State): State {
    switch (stmt.nodeType) {
      case 'If': {
        const tested = this.run(stmt.test, state);
        return union(this.block(stmt.body, tested), this.block(stmt.orelse, tested));
      }
      case 'While':
      case 'For':
      case 'AsyncFor':
        return this.loop(stmt, state);
      case 'With':
      case 'AsyncWith': {
        const wait = stmt.nodeType === 'AsyncWith';
        let now = state;
        for (const item of stmt.items) now = this.run(item.context_expr, now);
        const after = this.block(stmt.body, wait ? new Set() : now);
        return wait ? new Set() : after;
      }
      case 'Try':
      case 'TryStar':
        return this.guarded(stmt, state);
      case 'Match': {
        const subject = this.run(stmt.subject, state);
        return stmt.cases.reduce((all, each) => union(all, this.block(each.body, subject)), subject);
      }
      case 'Return':
      case 'Raise':
        this.run(stmt, state);
        return new Set();
      case 'Break':
      case 'Continue':
        for (const each of state) this.breaks.at(-1)?.add(each);
        return new Set();
      case 'FunctionDef':
      case 'AsyncFunctionDef':
      case 'ClassDef':
        return state;
      default:
        return this.run(stmt, state);
    }
  }

  private loop(stmt: Extract<Stmt, { nodeType: 'While' | 'For' | 'AsyncFor' }>, state: State): State {
    const left = new Set<Access>();
    this.breaks.push(left);
    const head = (now: State): State => {
      const tested = this.run(stmt.nodeType === 'While' ? stmt.test : stmt.iter, now);
      return stmt.nodeType === 'AsyncFor' ? new Set() : tested;
    };
    let now = head(state);
    // Twice: what the end of a round leaves meets the beginning of the next.
    for (let round = 0; round < 2; round++) {
      const end = union(this.block(stmt.body, now), left);
      now = union(now, stmt.nodeType === 'For' ? end : head(end));
    }
    this.breaks.pop();
    return this.block(stmt.orelse, union(now, left));
  }

  private guarded(stmt: Extract<Stmt, { nodeType: 'Try' | 'TryStar' }>, state: State): State {
    let anywhere: State = state;
    let now = state;
    for (const each of stmt.body) {
      now = this.statement(each, now);
      anywhere = union(anywhere, now);
    }
    const ends = [this.block(stmt.orelse, now), ...stmt.handlers.map((each) => this.block(each.body, anywhere))];
    return this.block(stmt.finalbody, stmt.finalbody.length > 0 ? union(union(...ends), anywhere) : union(...ends));
  }

  private run(node: Node, state: State): State {
    let now = new Set(state);
    for (const event of this.eventsOf(node)) {
      if (event === 'wait') now = new Set();
      else {
        for (const each of now) if (each.isWrite || event.isWrite) this.meet(each, event);
        now.add(event);
      }
    }
    return now;
  }
}

function union(...states: readonly State[]): State {
  return new Set(states.flatMap((each) => [...each]));
}

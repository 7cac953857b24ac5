import type { PyFile } from '../file.js';
import { isName } from '../file.js';
import type { PyFunction, PyProject } from '../project.js';
import type { Binding } from '../scope.js';
import { isFunction, parentOf, walk, type Arg, type Call, type Expr, type Name, type Node } from '../tree.js';
import { valueOf } from '../values.js';

/*
 * Who may change what somebody else looks at. Places are told apart by name: attributes by theirs, variables each for itself, and a parameter is the same place
 * as what it is given.
 */

type Key = Binding | string;

export class SharedNames {
  private readonly sameAs = new Map<Key, Key>();
  private readonly own = new Map<Arg, boolean>();

  constructor(private readonly project: PyProject) {
    for (const fn of project.functions) this.joinParameters(fn);
    for (const file of project.files) this.joinAliases(file);
  }

  /** The place that an expression stands for: the same for all names of it. Undefined for what is nobody else's. */
  placeOf(file: PyFile, fn: PyFunction, expr: Expr, isCaptured: (binding: Binding) => boolean): Key | undefined {
    if (expr.nodeType === 'Subscript') return this.placeOf(file, fn, expr.value, isCaptured);
    if (expr.nodeType === 'Call' && expr.func.nodeType === 'Attribute' && /^(?:get|setdefault)$/.test(expr.func.attr))
      return this.placeOf(file, fn, expr.func.value, isCaptured);
    if (!this.isShared(file, fn, expr, isCaptured)) return undefined;
    const key = keyOf(file, expr);
    return key && this.find(key);
  }

  /** It is reached from a parameter that others are given too, a global, an outer function, or a name for one of these. */
  private isShared(file: PyFile, fn: PyFunction, expr: Expr, isCaptured: (binding: Binding) => boolean): boolean {
    const base = baseOf(expr);
    const binding = base && file.scopes.bindingOf(base);
    if (!base || !binding || binding.kinds.has('import') || binding.kinds.has('function')) return false;
    if (binding.kinds.has('class')) return base !== expr;
    if (binding.scope !== file.scopes.of(fn.def)) return binding.scope.kind !== 'comprehension';
    const [site] = binding.sites;
    if (site?.nodeType === 'Arg') return !this.isOwn(fn, site);
    if (isCaptured(binding)) return true;
    return binding.sites.some((each) => {
      const value = aliased(each);
      return value !== undefined && this.isShared(file, fn, value, isCaptured);
    });
  }

  /** Each task is given one of its own: an item of the list that the tasks are made from, or something made for it. */
  private isOwn(fn: PyFunction, arg: Arg): boolean {
    const known = this.own.get(arg);
    if (known !== undefined) return known;
    this.own.set(arg, true);
    const own = this.isGivenOwn(fn, arg);
    this.own.set(arg, own);
    return own;
  }

  private isGivenOwn(fn: PyFunction, arg: Arg): boolean {
    const uses = this.project.usesOf(fn);
    const isSelf = fn.owner !== undefined && fn.def.args.args[0] === arg;
    return (
      uses.length > 0 &&
      uses.every(({ file, at, call }) => {
        if (!call) return false;
        const given = isSelf ? (at.nodeType === 'Attribute' ? at.value : undefined) : givenTo(fn, arg, call);
        return given !== undefined && this.isItem(file, given, call, isStarted(fn, call));
      })
    );
  }

  /** `started`: what is handed to tasks that run beside each other, and is no item of the list they are made from, is the same for all. */
  private isItem(file: PyFile, given: Expr, call: Call, started: boolean): boolean {
    if (given.nodeType === 'Call') return this.project.resolve(file, given.func)?.kind === 'class';
    if (given.nodeType !== 'Name') return /^(?:Constant|JoinedStr|BinOp|List|Dict|Tuple|Set)$/.test(given.nodeType);
    const binding = file.scopes.bindingOf(given);
    const [site] = binding?.sites ?? [];
    if (!binding || !site || binding.sites.length !== 1) return false;
    if (site.nodeType === 'Arg') {
      const def = parentOf(parentOf(site)!);
      if (started || !isFunction(def) || binding.scope !== file.scopes.of(def)) return false;
      return this.isOwn(this.project.functionOf(def), site);
    }
    const loop = loopOf(site);
    return loop !== undefined && loop.start <= call.start && call.end <= loop.end;
  }

  // ---- which names are the same ----

  private find(key: Key): Key {
    const next = this.sameAs.get(key);
    if (next === undefined) return key;
    const root = this.find(next);
    this.sameAs.set(key, root);
    return root;
  }

  private join(a: Key | undefined, b: Key | undefined): void {
    if (a === undefined || b === undefined) return;
    const [from, to] = [this.find(a), this.find(b)];
    if (from !== to) this.sameAs.set(from, to);
  }

  private joinParameters(fn: PyFunction): void {
    const { posonlyargs, args, kwonlyargs } = fn.def.args;
    const self = fn.owner ? args[0] : undefined;
    for (const arg of [...posonlyargs, ...args, ...kwonlyargs]) {
      if (arg === self) continue;
      const binding = fn.file.scopes.of(fn.def)?.bindings.get(arg.arg);
      for (const { file, call } of this.project.usesOf(fn)) {
        const given = call && givenTo(fn, arg, call);
        if (given && (given.nodeType === 'Name' || given.nodeType === 'Attribute'))
          this.join(binding, keyOf(file, given));
      }
    }
  }

  /** `bucket = self.buckets[name]`, `self.results = results` */
  private joinAliases(file: PyFile): void {
    walk(file.module, (node) => {
      if (node.nodeType !== 'Assign') return;
      const value = chainOf(node.value);
      for (const target of node.targets)
        if (
          value &&
          (target.nodeType === 'Name' || target.nodeType === 'Attribute') &&
          this.isContent(file, node.value)
        )
          this.join(keyOf(file, target), keyOf(file, value));
    });
  }

  /** Not a number or a text that is copied. */
  private isContent(file: PyFile, value: Expr): boolean {
    const kind = valueOf(this.project, file, value)?.kind;
    return kind === undefined || kind === 'instance';
  }
}

const isStarted = (fn: PyFunction, call: Call): boolean =>
  fn.def.nodeType === 'AsyncFunctionDef' && parentOf(call)?.nodeType !== 'Await';

/** What is behind a chain of subscripts and `.get(…)`. */
function chainOf(value: Expr): Expr | undefined {
  if (value.nodeType === 'Name' || value.nodeType === 'Attribute') return value;
  if (value.nodeType === 'Subscript') return chainOf(value.value);
  const isGet =
    value.nodeType === 'Call' && value.func.nodeType === 'Attribute' && /^(?:get|setdefault)$/.test(value.func.attr);
  return isGet ? chainOf((value.func as Extract<Expr, { nodeType: 'Attribute' }>).value) : undefined;
}

/** The value of an assignment to one name. */
function aliased(site: Node): Expr | undefined {
  const parent = parentOf(site);
  return parent?.nodeType === 'Assign' && parent.targets.includes(site as Expr) ? chainOf(parent.value) : undefined;
}

function keyOf(file: PyFile, expr: Expr): Key | undefined {
  if (expr.nodeType === 'Attribute') return `.${expr.attr}`;
  return isName(expr) ? file.scopes.bindingOf(expr) : undefined;
}

export function baseOf(expr: Expr): Name | undefined {
  if (expr.nodeType === 'Name') return expr;
  return expr.nodeType === 'Attribute' || expr.nodeType === 'Subscript' ? baseOf(expr.value) : undefined;
}

/** The loop or comprehension that gives a name its values. */
function loopOf(site: Node): Node | undefined {
  for (let at: Node | undefined = site; at; at = parentOf(at)) {
    if (at.nodeType === 'For') return at.target.start <= site.start && site.end <= at.target.end ? at : undefined;
    if (at.nodeType === 'Comprehension') return parentOf(at);
    if (isFunction(at)) return undefined;
  }
  return undefined;
}

function givenTo(fn: PyFunction, arg: Arg, call: Call): Expr | undefined {
  const keyword = call.keywords.find((each) => each.arg === arg.arg);
  const { posonlyargs, args } = fn.def.args;
  const isStatic = fn.def.decorator_list.some((each) => isName(each, 'staticmethod'));
  const at = [...posonlyargs, ...args].indexOf(arg) - (fn.owner && !isStatic ? 1 : 0);
  const given = keyword?.value ?? (at >= 0 ? call.args[at] : undefined);
  return given?.nodeType === 'Starred' ? undefined : given;
}

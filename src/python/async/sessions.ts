import { qualified, textOf, type PyFile } from '../file.js';
import type { PyProject } from '../project.js';
import type { Binding } from '../scope.js';
import { valueIn } from '../shapes.js';
import {
  functionAround,
  isFunction,
  parentOf,
  statementOf,
  walk,
  type Attribute,
  type Call,
  type Expr,
  type Name,
  type Stmt,
} from '../tree.js';

/* Which sessions of requests can become sessions of aiohttp: those whose every use is seen, and that are told nothing that aiohttp cannot be told. */

export interface SessionPlan {
  readonly file: PyFile;
  readonly call: Call;
  readonly name: Name;
  readonly binding: Binding;
  /** Opened by a `with` of its own, by an assignment in a function, or by one of the module. */
  readonly how: 'with' | 'local' | 'module';
  /** Statements that set it up and that aiohttp wants to be told when it is made: `session.auth = …`. */
  readonly folded: readonly Stmt[];
}

const VERBS = /^(?:get|post|put|patch|delete|head|options|request)$/;
const MADE = /^requests\.(?:sessions\.)?[sS]ession$/;

export class Sessions {
  private readonly plans = new Map<Call, SessionPlan | undefined>();

  constructor(private readonly project: PyProject) {
    for (const file of project.files)
      walk(file.module, (node) => {
        if (node.nodeType === 'Call' && MADE.test(qualified(file, node.func) ?? ''))
          this.plans.set(node, planOf(project, file, node));
      });
  }

  all(): SessionPlan[] {
    return [...this.plans.values()].filter((each) => each !== undefined);
  }

  of(file: PyFile, expr: Expr): SessionPlan | undefined {
    const value = valueIn(this.project, file, expr);
    return value?.kind === 'requests.Session' && value.made ? this.plans.get(value.made.call) : undefined;
  }

  /** `session.get(…)` on a session that can be converted, by its verb. */
  verbOf(file: PyFile, call: Call): string | undefined {
    return this.verb(file, call.func);
  }

  /** `session.get`, handed to a pool. */
  verb(file: PyFile, func: Expr): string | undefined {
    const isVerb = func.nodeType === 'Attribute' && VERBS.test(func.attr);
    return isVerb && this.of(file, func.value) ? func.attr : undefined;
  }
}

function planOf(project: PyProject, file: PyFile, call: Call): SessionPlan | undefined {
  if (call.args.length + call.keywords.length > 0) return undefined;
  const parent = parentOf(call)!;
  const stmt = statementOf(call);
  const target =
    parent.nodeType === 'WithItem'
      ? parent.optional_vars
      : parent.nodeType === 'Assign' && parent.targets.length === 1
        ? parent.targets[0]
        : undefined;
  if (target?.nodeType !== 'Name') return undefined;
  const binding = file.scopes.bindingOf(target);
  if (!binding || binding.sites.length !== 1) return undefined;
  const isWith = parent.nodeType === 'WithItem';
  if (isWith && stmt.nodeType === 'With' && stmt.items.length > 1) return undefined;
  const around = functionAround(stmt);
  if (!around && isWith) return undefined;
  if (!around && parentOf(stmt)?.nodeType !== 'Module') return undefined;
  const folded: Stmt[] = [];
  for (const use of binding.uses) {
    const told = isTold(project, file, use);
    if (told === undefined) return undefined;
    if (told !== true) folded.push(told);
  }
  return { file, call, name: target, binding, how: isWith ? 'with' : around ? 'local' : 'module', folded };
}

/** True when a use of a session means the same to aiohttp; a statement when it is said when the session is made; undefined when it means nothing there. */
function isTold(project: PyProject, file: PyFile, use: Name): true | Stmt | undefined {
  const parent = parentOf(use)!;
  if (parent.nodeType === 'Call') return isHandedOn(project, file, parent, use);
  if (parent.nodeType === 'Tuple' || parent.nodeType === 'Keyword') {
    const outer = parentOf(parent);
    const call = outer?.nodeType === 'Keyword' ? parentOf(outer) : outer;
    return call?.nodeType === 'Call' ? isHandedOn(project, file, call, use) : undefined;
  }
  if (parent.nodeType !== 'Attribute') return undefined;
  return isSetUp(file, parent);
}

/** To a function that we see, or to one that starts it. */
function isHandedOn(project: PyProject, file: PyFile, call: Call, use: Name): true | undefined {
  const target = project.resolve(file, call.func);
  if (target?.kind === 'function') return true;
  const name = qualified(file, call.func) ?? '';
  const isStart =
    /^(?:functools\.partial|threading\.Thread)$/.test(name) ||
    (call.func.nodeType === 'Attribute' && /^(?:submit|apply_async|apply)$/.test(call.func.attr));
  return isStart && call.func !== use ? true : undefined;
}

function isSetUp(file: PyFile, node: Attribute): true | Stmt | undefined {
  const outer = parentOf(node)!;
  const around = parentOf(outer);
  if (VERBS.test(node.attr)) {
    // `session.get(…)`, or `executor.map(session.get, urls)`.
    return outer.nodeType === 'Call' ? true : undefined;
  }
  if (node.attr === 'close') return outer.nodeType === 'Call' ? true : undefined;
  const stmt = statementOf(node);
  if (node.attr === 'headers') {
    const isUpdate =
      outer.nodeType === 'Attribute' && outer.attr === 'update' && around?.nodeType === 'Call' && !oddValues(around);
    const isItem = outer.nodeType === 'Subscript' && outer.value === node;
    return isUpdate || isItem ? true : undefined;
  }
  const isAssigned = stmt.nodeType === 'Assign' && stmt.targets.length === 1 && stmt.targets[0] === node;
  if (!isAssigned) return undefined;
  if (node.attr === 'auth') return stmt.value.nodeType === 'Tuple' && stmt.value.elts.length === 2 ? stmt : undefined;
  if (node.attr === 'verify') return /^(?:True|False)$/.test(textOf(file, stmt.value)) ? stmt : undefined;
  return undefined;
}

/** `None` takes a header out. */
const oddValues = (call: Call): boolean =>
  call.args.some(
    (arg) => arg.nodeType !== 'Dict' || arg.values.some((each) => each.nodeType === 'Constant' && each.value === null),
  ) || call.keywords.length > 0;

/** What `ClientSession` is told to be what the session of requests was: its cookies are kept, also those of addresses that are numbers. */
export function sessionArguments(aiohttp: string, plan: SessionPlan): string[] {
  const args = [
    `cookie_jar=${aiohttp}.CookieJar(unsafe=True)`,
    `timeout=${aiohttp}.ClientTimeout(total=None)`,
    'trust_env=True',
  ];
  for (const stmt of plan.folded) {
    if (stmt.nodeType !== 'Assign') continue;
    const target = stmt.targets[0] as Attribute;
    const text = textOf(plan.file, stmt.value);
    if (target.attr === 'auth' && stmt.value.nodeType === 'Tuple')
      args.push(`auth=${aiohttp}.BasicAuth(${stmt.value.elts.map((each) => textOf(plan.file, each)).join(', ')})`);
    else if (text === 'False') args.push(`connector=${aiohttp}.TCPConnector(ssl=False)`);
  }
  return args;
}

/** The function or module whose code a session belongs to. */
export const homeOf = ({ call }: SessionPlan): ReturnType<typeof functionAround> => {
  const def = functionAround(call);
  return isFunction(def) ? def : undefined;
};

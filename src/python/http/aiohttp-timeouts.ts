import { isName, qualified, textOf, type PyFile } from '../file.js';
import type { PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import { parentOf, walk, type Call, type Expr } from '../tree.js';
import { valueOf, type Value } from '../values.js';

/*
 * How long a request may take: aiohttp says it in an object, of a session or of a request, requests with each request, as a number or a pair of numbers.
 */

/** aiohttp's own limit of seconds for a whole request. */
export const AIOHTTP_SECONDS = '300';

const NAMES = ['total', 'connect', 'sock_read', 'sock_connect'] as const;
type Part = (typeof NAMES)[number];

/** The parts of `ClientTimeout(…)`; undefined when it has others. */
function partsOf(call: Call): ReadonlyMap<Part, Expr> | undefined {
  const parts = new Map<Part, Expr>();
  for (const [index, arg] of call.args.entries()) {
    if (!NAMES[index] || arg.nodeType === 'Starred') return undefined;
    parts.set(NAMES[index], arg);
  }
  for (const { arg, value } of call.keywords) {
    if (!NAMES.includes(arg as Part)) return undefined;
    parts.set(arg as Part, value);
  }
  for (const [name, value] of parts) if (isNothing(value)) parts.delete(name);
  return parts;
}

/** `None`, or 0: no limit. */
const isNothing = (value: Expr): boolean => value.nodeType === 'Constant' && !value.value;

/** `ClientTimeout(total=10)` → `10`; a pair where there is no total. Undefined when it says something that requests cannot. */
export function secondsOf(call: Call): Piece[] | undefined {
  const parts = partsOf(call);
  const total = parts?.get('total');
  if (!parts || total || parts.size === 0) return parts && (total ? [total] : ['None']);
  const connect = parts.get('sock_connect') ?? parts.get('connect');
  return ['(', connect ?? 'None', ', ', parts.get('sock_read') ?? 'None', ')'];
}

export const isClientTimeout = (file: PyFile, expr: Expr): expr is Call =>
  expr.nodeType === 'Call' && qualified(file, expr.func) === 'aiohttp.ClientTimeout';

/** True when requests can be given what `timeout=` is given: its objects become numbers where they are made. */
export function isTimeout(project: PyProject, file: PyFile, value: Expr): boolean {
  if (value.nodeType === 'Constant') return value.value === null || typeof value.value === 'number';
  if (isClientTimeout(file, value)) return secondsOf(value) !== undefined;
  return valueOf(project, file, value)?.kind === 'aiohttp.ClientTimeout' || isNumber(project, file, value);
}

/** A constant of the module, or a parameter that says to be a number. */
function isNumber(project: PyProject, file: PyFile, value: Expr): boolean {
  if (value.nodeType === 'Attribute') return isNumericAttribute(project, file, value);
  if (!isName(value)) return false;
  const sites = file.scopes.bindingOf(value)?.sites ?? [];
  return (
    sites.length > 0 &&
    sites.every((site) => {
      if (site.nodeType === 'Arg') return isNumericParameter(file, site);
      const parent = parentOf(site);
      return (
        parent?.nodeType === 'Assign' && parent.value.nodeType === 'Constant' && typeof parent.value.value === 'number'
      );
    })
  );
}

/** `self.timeout`, where every assignment gives it a number. */
function isNumericAttribute(
  project: PyProject,
  file: PyFile,
  value: Extract<Expr, { nodeType: 'Attribute' }>,
): boolean {
  const cls = valueOf(project, file, value.value)?.cls;
  if (!cls) return false;
  const given: boolean[] = [];
  walk(cls.def, (node) => {
    if (node.nodeType !== 'Attribute' || node.attr !== value.attr || node.ctx.nodeType !== 'Store') return;
    const parent = parentOf(node);
    given.push(parent?.nodeType === 'Assign' && isTimeout(project, cls.file, parent.value));
  });
  return given.length > 0 && given.every(Boolean);
}

function isNumericParameter(file: PyFile, arg: Extract<ReturnType<typeof parentOf>, { nodeType: 'Arg' }>): boolean {
  const { annotation } = arg;
  if (annotation) return /^(?:typing\.)?(?:Optional\[)?(?:int|float)\b/.test(textOf(file, annotation));
  const args = parentOf(arg);
  if (args?.nodeType !== 'Arguments') return false;
  const all = [...args.posonlyargs, ...args.args];
  const value =
    args.kw_defaults[args.kwonlyargs.indexOf(arg)] ??
    args.defaults[all.indexOf(arg) - all.length + args.defaults.length];
  return value?.nodeType === 'Constant' && typeof value.value === 'number';
}

/** What a session allows for a request in `file` that says nothing of its own, where that can be said there. */
export function timeoutFor(project: PyProject, file: PyFile, session: Value | undefined): string | undefined {
  return session?.made ? timeoutOf(file, session.made) : commonTimeout(project);
}

/** What all the sessions of a project allow: it is not known which of them it is. */
function commonTimeout(project: PyProject): string | undefined {
  const said = new Set<string | undefined>();
  for (const file of project.files)
    walk(file.module, (node) => {
      if (node.nodeType !== 'Call' || qualified(file, node.func) !== 'aiohttp.ClientSession') return;
      const text = timeoutOf(file, { file, call: node });
      said.add(text !== undefined && /^(?:None|[\d.]+)$/.test(text) ? text : undefined);
    });
  if (said.size === 0) return AIOHTTP_SECONDS;
  return said.size === 1 ? [...said][0] : undefined;
}

function timeoutOf(file: PyFile, made: NonNullable<Value['made']>): string | undefined {
  const given = made.call.keywords.find((each) => each.arg === 'timeout')?.value;
  if (!given) return AIOHTTP_SECONDS;
  if (file === made.file && constantOf(file, given))
    return isTimeoutConstant(file, given) ? textOf(file, given) : undefined;
  const call = isName(given) ? onlyValue(made.file, given) : given;
  if (call && isClientTimeout(made.file, call)) {
    const pieces = secondsOf(call);
    const parts = [...(partsOf(call)?.values() ?? [])];
    if (!pieces || !parts.every((part) => isPlain(file, made.file, part))) return undefined;
    return pieces
      .map((piece) => (typeof piece === 'string' ? piece : made.file.text.slice(piece.start, piece.end)))
      .join('');
  }
  return isPlain(file, made.file, given) ? textOf(made.file, given) : undefined;
}

function isTimeoutConstant(file: PyFile, name: Expr): boolean {
  const value = constantOf(file, name)!;
  return isClientTimeout(file, value) ? secondsOf(value) !== undefined : value.nodeType === 'Constant';
}

/** What a variable stands for that is given a value once. */
export function onlyValue(file: PyFile, name: Expr): Expr | undefined {
  const sites = (isName(name) && file.scopes.bindingOf(name)?.sites) || [];
  const parent = sites[0] && parentOf(sites[0]);
  const isAssigned = parent?.nodeType === 'Assign' && parent.targets.length === 1 && parent.targets[0] === sites[0];
  return sites.length === 1 && isAssigned ? parent.value : undefined;
}

/** A number, or a constant of the very module. */
const isPlain = (file: PyFile, madeIn: PyFile, value: Expr): boolean =>
  (value.nodeType === 'Constant' && (value.value === null || typeof value.value === 'number')) ||
  (file === madeIn && constantOf(file, value)?.nodeType === 'Constant');

/** What a module's constant stands for: a name that is given a value once, at the top. */
export function constantOf(file: PyFile, name: Expr): Expr | undefined {
  if (name.nodeType !== 'Name') return undefined;
  const binding = file.scopes.bindingOf(name);
  const [site] = binding?.sites ?? [];
  if (!binding || binding.scope.kind !== 'module' || binding.sites.length !== 1 || !site) return undefined;
  const parent = parentOf(site);
  if (parent?.nodeType === 'Assign' && parent.targets.length === 1 && parent.targets[0] === site) return parent.value;
  return parent?.nodeType === 'AnnAssign' ? parent.value : undefined;
}

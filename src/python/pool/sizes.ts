import { isBuiltin, isName, qualified, textOf, type PyFile } from '../file.js';
import type { PyProject } from '../project.js';
import type { Binding } from '../scope.js';
import { functionAround, isFunction, parentOf, walk, type Arg, type Expr, type Node } from '../tree.js';
import { valueOf } from '../values.js';
import type { Spawn } from './fans.js';
import { lengthOf } from './bound.js';

/* How many tasks are started, as an expression that stands where their pool is made: `len(urls)`. */

/** Where the pool is made, and until where it is there. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/** The text for `max_workers=` of tasks that are started once per item of lists; undefined when their number cannot be said before they are. */
export function countText(
  project: PyProject,
  file: PyFile,
  spawns: readonly Spawn[],
  place: Place,
): string | undefined {
  const terms = spawns.map((spawn) => factorsOf(project, file, spawn, place));
  if (terms.some((each) => each === undefined)) return undefined;
  const sum = terms.map((each) => each!.join(' * ')).join(' + ');
  return /^\d+$/.test(sum) ? sum : `max(1, ${sum})`;
}

/** `['len(urls)', '2']` for a task that is started in loops over both. */
function factorsOf(
  project: PyProject,
  file: PyFile,
  { node, call, mapped, over }: Spawn,
  place: Place,
): string[] | undefined {
  const map = mapped ? call : over;
  const factors: (string | undefined)[] = map ? [sizeOf(project, file, map.args[1]!, place)] : [];
  const around = functionAround(node);
  for (let at: Node | undefined = node; at && at !== around; at = parentOf(at)) {
    if (at.start < place.start) break;
    const parent: Node | undefined = parentOf(at);
    if (parent && 'generators' in parent)
      for (const generator of parent.generators)
        if (generator !== (at as Node)) factors.push(sizeOf(project, file, generator.iter, place));
    const isLoop = parent?.nodeType === 'For' || parent?.nodeType === 'AsyncFor' || parent?.nodeType === 'While';
    if (!isLoop || parent.start < place.start || !parent.body.includes(at as never)) continue;
    factors.push(parent.nodeType === 'For' ? sizeOf(project, file, parent.iter, place) : undefined);
  }
  if (factors.some((each) => each === undefined)) return undefined;
  return factors.length === 0 ? ['1'] : (factors as string[]);
}

function sizeOf(project: PyProject, file: PyFile, iter: Expr, place: Place): string | undefined {
  const known = lengthOf(project, file, iter);
  if (known !== undefined) return String(known);
  if (iter.nodeType === 'Call') {
    const [first] = iter.args;
    const sameLength = ['enumerate', 'list', 'tuple', 'sorted', 'reversed', 'set'].some((name) =>
      isBuiltin(file, iter.func, name),
    );
    if (sameLength && first) return sizeOf(project, file, first, place);
    if (isBuiltin(file, iter.func, 'range') && iter.args.length === 1 && isSteady(file, first!, place))
      return textOf(file, first!);
    if (isBuiltin(file, iter.func, 'zip'))
      return iter.args.map((each) => sizeOf(project, file, each, place)).find(Boolean);
    if (iter.func.nodeType === 'Attribute' && /^(?:items|keys|values)$/.test(iter.func.attr))
      return sizeOf(project, file, iter.func.value, place);
    return undefined;
  }
  if (iter.nodeType === 'Subscript' && iter.slice.nodeType === 'Slice') return sliceOf(project, file, iter, place);
  return isSteady(file, iter, place) && isSized(project, file, iter) ? `len(${textOf(file, iter)})` : undefined;
}

/** `items[at:at + 10]` has no more than 10. */
function sliceOf(
  project: PyProject,
  file: PyFile,
  iter: Extract<Expr, { nodeType: 'Subscript' }>,
  place: Place,
): string | undefined {
  const { lower, upper } = iter.slice as Extract<Expr, { nodeType: 'Slice' }>;
  const isWindow =
    lower &&
    upper?.nodeType === 'BinOp' &&
    upper.op.nodeType === 'Add' &&
    textOf(file, upper.left) === textOf(file, lower);
  if (isWindow && isSteady(file, upper.right, place)) return textOf(file, upper.right);
  return sizeOf(project, file, iter.value, place);
}

/** A name or `self.name` that has its value where the pool is made, and the same one as long as it is there. */
function isSteady(file: PyFile, expr: Expr, place: Place): boolean {
  if (expr.nodeType === 'Constant') return true;
  if (expr.nodeType === 'Attribute')
    return isSteady(file, expr.value, place) && !isStoredIn(file, textOf(file, expr), place);
  if (!isName(expr)) return false;
  const binding = file.scopes.bindingOf(expr);
  return binding !== undefined && !isStoredIn(file, expr.id, place) && !loopVariable(binding, place);
}

/** It is bound by a comprehension inside: nothing outside knows it. */
const loopVariable = (binding: Binding, place: Place): boolean =>
  binding.scope.kind === 'comprehension' && binding.sites.some((site) => site.start >= place.start);

/** Something inside gives it another value, or changes it. */
function isStoredIn(file: PyFile, text: string, { start, end }: Place): boolean {
  let found = false;
  walk(file.module, (node) => {
    if (node.end <= start || node.start >= end) return false;
    const isChange =
      node.nodeType === 'Attribute' &&
      /^(?:append|extend|insert|pop|popleft|remove|clear|add|discard|update)$/.test(node.attr);
    if (isChange && textOf(file, node.value) === text) found = true;
    const isStore = (node.nodeType === 'Name' || node.nodeType === 'Attribute') && node.ctx.nodeType !== 'Load';
    if (isStore && node.start >= start && textOf(file, node) === text) found = true;
    return !found;
  });
  return found;
}

const SIZED =
  /^(?:typing\.)?(?:List|list|Sequence|Tuple|tuple|Set|set|Dict|dict|FrozenSet|frozenset|Collection|Mapping|MutableSequence|str)\b/;
const MAKES = ['list', 'tuple', 'set', 'dict', 'sorted', 'str', 'frozenset'];

/** A value that has a length. */
function isSized(project: PyProject, file: PyFile, expr: Expr, depth = 0): boolean {
  if (depth > 4) return false;
  switch (expr.nodeType) {
    case 'List':
    case 'Tuple':
    case 'Set':
    case 'Dict':
    case 'ListComp':
    case 'SetComp':
    case 'DictComp':
    case 'JoinedStr':
      return true;
    case 'Constant':
      return typeof expr.value === 'string';
    case 'BinOp':
      return isSized(project, file, expr.left, depth + 1) && isSized(project, file, expr.right, depth + 1);
    case 'IfExp':
      return isSized(project, file, expr.body, depth + 1) && isSized(project, file, expr.orelse, depth + 1);
    case 'BoolOp':
      return expr.values.every((each) => isSized(project, file, each, depth + 1));
    case 'Subscript':
      return expr.slice.nodeType === 'Slice' && isSized(project, file, expr.value, depth + 1);
    case 'Call':
      return isSizedCall(project, file, expr, depth);
    case 'Name': {
      const sites = file.scopes.bindingOf(expr)?.sites ?? [];
      return sites.length > 0 && sites.every((site) => isSizedSite(project, file, site, depth + 1));
    }
    case 'Attribute':
      return qualified(file, expr) === 'sys.argv' || isSizedAttribute(project, file, expr, depth + 1);
    default:
      return false;
  }
}

function isSizedCall(
  project: PyProject,
  file: PyFile,
  call: Extract<Expr, { nodeType: 'Call' }>,
  depth: number,
): boolean {
  if (MAKES.some((name) => isBuiltin(file, call.func, name))) return true;
  const target = project.resolve(file, call.func);
  if (target?.kind === 'function' && target.def.returns) return SIZED.test(textOf(target.file, target.def.returns));
  if (/^(?:re\.findall|os\.listdir|glob\.glob)$/.test(qualified(file, call.func) ?? '')) return true;
  const isMethod =
    call.func.nodeType === 'Attribute' &&
    /^(?:split|rsplit|splitlines|readlines|copy|findall|keys|values|items)$/.test(call.func.attr);
  return isMethod && depth < 5;
}

function isSizedSite(project: PyProject, file: PyFile, site: Node, depth: number): boolean {
  const parent = parentOf(site);
  if (site.nodeType === 'Arg') return isSizedParameter(project, file, site, depth);
  if (parent?.nodeType === 'AnnAssign' && SIZED.test(textOf(file, parent.annotation))) return true;
  if ((parent?.nodeType === 'Assign' && parent.targets.length === 1) || parent?.nodeType === 'AnnAssign')
    return parent.value ? isSized(project, file, parent.value, depth) : false;
  return parent?.nodeType === 'AugAssign' ? isSized(project, file, parent.value, depth) : false;
}

function isSizedParameter(project: PyProject, file: PyFile, arg: Arg, depth: number): boolean {
  const args = parentOf(arg);
  const def = args && parentOf(args);
  if (args?.nodeType !== 'Arguments' || !isFunction(def)) return false;
  if (args.vararg === arg || args.kwarg === arg) return true;
  if (arg.annotation) return SIZED.test(textOf(file, arg.annotation).replace(/^["']/, ''));
  const fn = project.functionOf(def);
  const at = [...args.posonlyargs, ...args.args].indexOf(arg) - (fn.owner ? 1 : 0);
  const uses = project.usesOf(fn);
  return (
    uses.length > 0 &&
    uses.every((use) => {
      const given = use.call?.keywords.find((each) => each.arg === arg.arg)?.value ?? use.call?.args[at];
      return given !== undefined && given.nodeType !== 'Starred' && isSized(project, use.file, given, depth);
    })
  );
}

/** `self.urls`, where every assignment gives it something with a length. */
function isSizedAttribute(
  project: PyProject,
  file: PyFile,
  expr: Extract<Expr, { nodeType: 'Attribute' }>,
  depth: number,
): boolean {
  const cls = valueOf(project, file, expr.value)?.cls;
  if (!cls) return false;
  const found: boolean[] = [];
  walk(cls.def, (node) => {
    if (node.nodeType === 'Attribute' && node.attr === expr.attr && node.ctx.nodeType === 'Store')
      found.push(isSizedSite(project, cls.file, node, depth));
    if (node.nodeType === 'AnnAssign' && isName(node.target, expr.attr))
      found.push(SIZED.test(textOf(cls.file, node.annotation)));
  });
  return found.length > 0 && found.every(Boolean);
}

import type { Binding, Block, Declared, Snippet, Step, Task, Use } from '../model.js';
import { isTask, snippetsIn } from '../query.js';

/**
 * Names for all bindings so that every use means what it meant before.
 *
 * Flattening merges scopes: two handlers that both say `const res` now meet in one function. The flow is laid out as the
 * scopes that the writer will print; each use is looked up by name as the language would; where it would find something
 * else than its own binding, the binding in the way gets a new name.
 */
export function nameBindings(flow: Block, params: readonly Declared[], isTaken: (name: string) => boolean): Naming {
  const names = new Map<Binding, string>();
  const nameOf = (binding: Binding) => names.get(binding) ?? binding.name;
  const pinned = new Set(params.map((each) => each.binding));
  const root: Scope = { isFunction: true, declared: params.map((each) => each.binding), uses: [] };
  layOut(flow, root);
  const scopes = allScopes(root);
  const rename = (binding: Binding) => {
    const used = new Set(names.values());
    names.set(
      binding,
      fresh(binding.name, (name) => isTaken(name) || used.has(name)),
    );
  };
  for (const scope of scopes) separateTwins(scope, nameOf, pinned, rename);
  // Each round gives a name that nothing else has, so a binding is never renamed for the same reason twice.
  for (let wrong = firstWrong(scopes, nameOf); wrong; wrong = firstWrong(scopes, nameOf)) {
    const { found, wanted } = wrong;
    const victim = pinned.has(found) ? wanted : found;
    if (!victim || pinned.has(victim) || (names.has(victim) && victim === found && names.size > 500))
      throw new Error(`bug: two fixed names collide: ${found.name}`);
    rename(victim);
  }
  return { names, renames: renamesOf(scopes, names) };
}

export interface Naming {
  /** Final names, of renamed bindings only. */
  readonly names: ReadonlyMap<Binding, string>;
  /** The new text of each renamed identifier, by its offset. */
  readonly renames: ReadonlyMap<number, string>;
}

function renamesOf(scopes: readonly Scope[], names: ReadonlyMap<Binding, string>): Map<number, string> {
  const renames = new Map<number, string>();
  for (const { binding, name, at, shorthand } of scopes.flatMap((scope) => scope.uses)) {
    const fresh = binding && names.get(binding);
    if (fresh && at !== undefined) renames.set(at, shorthand ? `${name}: ${fresh}` : fresh);
  }
  return renames;
}

interface Scope {
  readonly parent?: Scope;
  readonly isFunction: boolean;
  readonly declared: Binding[];
  readonly uses: (Pick<Use, 'name' | 'binding'> & Partial<Use>)[];
}

const childrenOf = new WeakMap<Scope, Scope[]>();

function child(parent: Scope, isFunction = false): Scope {
  const scope: Scope = { parent, isFunction, declared: [], uses: [] };
  childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), scope]);
  return scope;
}

function allScopes(scope: Scope): Scope[] {
  return [scope, ...(childrenOf.get(scope) ?? []).flatMap(allScopes)];
}

function layOut(block: Block, scope: Scope): void {
  for (const step of block.steps) layOutStep(step, scope);
}

function layOutStep(step: Step, scope: Scope): void {
  const inner = step.kind === 'loop' ? child(scope) : scope;
  for (const snippet of snippetsIn(step)) note(snippet, inner);
  const task =
    step.kind === 'wait'
      ? step.on
      : step.kind === 'exit' && step.how === 'succeed' && step.with && isTask(step.with)
        ? step.with
        : undefined;
  if (task) layOutTask(task, scope);
  switch (step.kind) {
    case 'branch':
      layOut(step.then, child(scope));
      if (step.else) layOut(step.else, child(scope));
      return;
    case 'loop':
      return layOut(step.body, child(inner));
    case 'switch': {
      const arms = child(scope);
      for (const arm of step.arms) layOut(arm.body, arm.braced ? child(arms) : arms);
      return;
    }
    case 'guard':
      layOut(step.body, child(scope));
      if (step.always) layOut(step.always, child(scope));
      break;
  }
  if ((step.kind === 'guard' || step.kind === 'wait') && step.onFail) {
    const handler = child(scope);
    if (step.onFail.param) note(step.onFail.param.pattern, handler);
    layOut(step.onFail.body, handler);
  }
}

function layOutTask(task: Task, scope: Scope): void {
  if (task.kind === 'block') layOut(task.body, child(scope, true));
  if (task.kind === 'together') task.tasks.forEach((each) => layOutTask(each, scope));
  if (task.kind === 'fanOut') {
    const each = child(scope, true);
    task.item.forEach((item) => note(item, each));
    layOut(task.each.body, each);
  }
}

function note(snippet: Snippet, scope: Scope): void {
  for (const { binding, how } of snippet.declares) {
    const place = how === 'var' ? functionScope(scope) : scope;
    if (!place.declared.includes(binding)) place.declared.push(binding);
  }
  scope.uses.push(...snippet.uses);
  for (const part of snippet.parts)
    if (typeof part === 'object' && 'name' in part) scope.uses.push({ name: part.name, binding: part });
}

function functionScope(scope: Scope): Scope {
  return scope.isFunction || !scope.parent ? scope : functionScope(scope.parent);
}

/** Two bindings of one scope with one name: the later gets another. */
function separateTwins(
  scope: Scope,
  nameOf: (b: Binding) => string,
  pinned: ReadonlySet<Binding>,
  rename: (b: Binding) => void,
): void {
  const seen = new Map<string, Binding>();
  for (const binding of scope.declared) {
    const twin = seen.get(nameOf(binding));
    if (twin && twin !== binding) rename(pinned.has(binding) ? twin : binding);
    seen.set(nameOf(binding), binding);
  }
}

/** The first use that would find another binding than its own. */
function firstWrong(
  scopes: readonly Scope[],
  nameOf: (b: Binding) => string,
): { found: Binding; wanted: Binding | undefined } | undefined {
  for (const scope of scopes)
    for (const use of scope.uses) {
      const found = lookUp(use.binding ? nameOf(use.binding) : use.name, scope, nameOf);
      if (found && found !== use.binding) return { found, wanted: use.binding };
    }
  return undefined;
}

function lookUp(name: string, scope: Scope, nameOf: (b: Binding) => string): Binding | undefined {
  const found = scope.declared.find((binding) => nameOf(binding) === name);
  return found ?? (scope.parent && lookUp(name, scope.parent, nameOf));
}

/** `res` → `res2`, `res3` …: the first that nothing in the file is called. */
function fresh(name: string, isTaken: (name: string) => boolean): string {
  const stem = name.replace(/\d+$/, '') || name;
  for (let n = 2; ; n++) if (!isTaken(`${stem}${n}`)) return `${stem}${n}`;
}

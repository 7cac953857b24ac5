import type { Note, Refusal } from '../flow/model.js';
import type { Range } from '../types.js';
import { freshName, namesIn, type PyFile } from './file.js';
import { Imports } from './imports.js';
import type { PyFunction, PyProject } from './project.js';
import { Rewrite } from './rewrite.js';
import { functionAround, type Node } from './tree.js';

/** A function, or the code of a module outside of its functions: what is converted as a whole or not at all. */
export interface Unit {
  readonly file: PyFile;
  /** Undefined: the module's own code. */
  readonly fn?: PyFunction;
  readonly rewrite: Rewrite;
  readonly refusals: Refusal[];
  readonly notes: Note[];
  /** Units that have to be converted together with this one. */
  readonly links: Set<Unit>;
  /** Asks for imports; carried out when the unit is converted. */
  readonly needs: Need[];
  /** Functions of ours that it calls: name and source. */
  readonly helpers: Map<string, string>;
  /** There is something to convert. */
  touched: boolean;
  /** Where reports point to. */
  at?: Range;
}

/** `from module import name`, or `import module` when there is no name. */
export interface Need {
  readonly module: string;
  readonly name?: string;
  readonly local: string;
}

/** All units of a project and what their conversion shares. */
export class Units {
  private readonly units = new Map<PyFunction | PyFile, Unit>();
  /** Calls that block, and that are awaited instead. */
  readonly awaited = new Set<Node>();
  private readonly taken = new Map<PyFile, Set<string>>();

  constructor(readonly project: PyProject) {}

  all(): Unit[] {
    return [...this.units.values()];
  }

  of(fn: PyFunction): Unit {
    return this.get(fn, fn.file, fn);
  }

  ofModule(file: PyFile): Unit {
    return this.get(file, file);
  }

  /** The unit whose code a node is. */
  around(file: PyFile, node: Node): Unit {
    const def = functionAround(node);
    return def ? this.of(this.project.functionOf(def)) : this.ofModule(file);
  }

  private get(key: PyFunction | PyFile, file: PyFile, fn?: PyFunction): Unit {
    let unit = this.units.get(key);
    if (!unit) {
      unit = {
        file,
        ...(fn && { fn }),
        rewrite: new Rewrite(file.text, file.strings),
        refusals: [],
        notes: [],
        links: new Set(),
        needs: [],
        helpers: new Map(),
        touched: false,
      };
      this.units.set(key, unit);
    }
    return unit;
  }

  /** A name that the file does not have, and that nobody else gets. */
  fresh(file: PyFile, wanted: string): string {
    let taken = this.taken.get(file);
    if (!taken) this.taken.set(file, (taken = new Set(namesIn(file))));
    const name = freshName(wanted, taken);
    taken.add(name);
    return name;
  }

  /** The first of some names that the file does not have. */
  firstFree(file: PyFile, wanted: readonly string[]): string {
    const taken = namesIn(file);
    return wanted.find((name) => !taken.has(name)) ?? this.fresh(file, wanted[0]!);
  }

  /** How a unit's text calls something that it needs imported: `need(unit, 'time', 'sleep')` gives `time.sleep` or `sleep`. */
  need(unit: Unit, module: string, name?: string): string {
    const need = Imports.find(unit.file, module, name) ?? this.invent(unit.file, module, name);
    if (!unit.needs.some((each) => each.module === need.module && each.name === need.name)) unit.needs.push(need);
    return need.name === undefined && name !== undefined ? `${need.local}.${name}` : need.local;
  }

  private readonly helpers = new Map<string, string>();

  /** A function of ours that a file needs once; gives the name that it has there. */
  helper(unit: Unit, wanted: string, source: (name: string) => string): string {
    const key = `${unit.file.path}\0${wanted}`;
    let name = this.helpers.get(key);
    if (name === undefined) this.helpers.set(key, (name = this.fresh(unit.file, `_${wanted}`)));
    unit.helpers.set(name, source(name));
    return name;
  }

  private readonly invented = new Map<string, Need>();

  /** `import time` for functions of it, `from concurrent.futures import x` for what is always imported by name. */
  private invent(file: PyFile, module: string, name?: string): Need {
    const taken = namesIn(file);
    const isHidden = taken.has(module.split('.').at(-1)!);
    const byName = name !== undefined && (BY_NAME.has(module) || (isHidden && /^[A-Z]/.test(name) && !taken.has(name)));
    const key = `${file.path}\0${module}\0${byName ? name : ''}`;
    let need = this.invented.get(key);
    if (!need) {
      const wanted = byName ? name : module;
      const local = this.fresh(file, wanted.split('.').at(-1)!);
      need = { module, ...(byName && { name }), local };
      this.invented.set(key, need);
    }
    return need;
  }
}

const BY_NAME = new Set([
  'concurrent.futures',
  'typing',
  'contextlib',
  'collections.abc',
  'requests.adapters',
  'urllib.parse',
]);

export function link(a: Unit, b: Unit): void {
  if (a === b) return;
  a.links.add(b);
  b.links.add(a);
}

export function refuse(unit: Unit, code: string, at: Range, detail?: string): void {
  unit.touched = true;
  if (unit.refusals.some((each) => each.code === code && each.at.start === at.start)) return;
  unit.refusals.push({ code, at: { start: at.start, end: at.end }, ...(detail && { detail }) });
}

export function note(unit: Unit, code: string, at: Range): void {
  unit.notes.push({ code, at: { start: at.start, end: at.end } });
}

/** Marks a unit as having something to convert. */
export function touch(unit: Unit, at: Range): void {
  unit.touched = true;
  unit.at ??= at;
}

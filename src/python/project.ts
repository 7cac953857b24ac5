import { importedName, moduleOf, only, type PyFile } from './file.js';
import type { Binding } from './scope.js';
import {
  functionAround,
  isFunction,
  parentOf,
  walk,
  type Alias,
  type Attribute,
  type Call,
  type ClassDef,
  type Expr,
  type FunctionDef,
  type ImportFrom,
  type Name,
  type Node,
} from './tree.js';
import { valueOf, type Value } from './values.js';

export interface PyFunction {
  readonly kind: 'function';
  readonly file: PyFile;
  readonly def: FunctionDef;
  readonly name: string;
  /** The class whose body it stands in. */
  readonly owner?: PyClass;
}

export interface PyClass {
  readonly kind: 'class';
  readonly file: PyFile;
  readonly def: ClassDef;
  readonly name: string;
  readonly methods: Map<string, PyFunction>;
}

export interface PyModule {
  readonly kind: 'module';
  readonly file: PyFile;
}

export type PySymbol = PyFunction | PyClass | PyModule;

/** A place where a function is named: called there, or handed on as a value. */
export interface FunctionUse {
  readonly file: PyFile;
  readonly at: Name | Attribute;
  readonly call?: Call;
}

/** All the Python files of a project together: who is meant by a name, across files. */
export class PyProject {
  private readonly byDef = new Map<Node, PyFunction | PyClass>();
  readonly functions: PyFunction[] = [];
  readonly classes: PyClass[] = [];
  private uses?: Map<PyFunction, FunctionUse[]>;
  /** Values that are being or have been found out; see `valueOf`. */
  readonly values = new Map<Node | Binding | string, Value | 'busy' | undefined>();

  constructor(
    readonly files: readonly PyFile[],
    /** Reads a file of the project that is not in the run. */
    readonly read: (path: string) => string | undefined = () => undefined,
    /** Python files of the project that are not in the run. */
    readonly others: readonly string[] = [],
  ) {
    for (const file of files)
      walk(file.module, (node) => {
        if (node.nodeType === 'ClassDef') {
          const cls: PyClass = { kind: 'class', file, def: node, name: node.name, methods: new Map() };
          this.byDef.set(node, cls);
          this.classes.push(cls);
        } else if (isFunction(node)) {
          const parent = parentOf(node)!;
          const owner = parent.nodeType === 'ClassDef' ? (this.byDef.get(parent) as PyClass) : undefined;
          const fn: PyFunction = { kind: 'function', file, def: node, name: node.name, ...(owner && { owner }) };
          owner?.methods.set(node.name, fn);
          this.byDef.set(node, fn);
          this.functions.push(fn);
        }
      });
  }

  /** True when a file that is not in the run imports the module and names the function: it would call it as it was. */
  isNamedOutside(fn: PyFunction): boolean {
    const module = fn.file.moduleName.split('.').at(-1)!;
    return this.others.some((path) => {
      const text = this.read(path) ?? '';
      const imports = new RegExp(`^\\s*(?:from|import)\\b.*\\b${module}\\b`, 'm');
      return imports.test(text) && new RegExp(`\\b${fn.name}\\b`).test(text);
    });
  }

  functionOf(def: FunctionDef): PyFunction {
    return this.byDef.get(def) as PyFunction;
  }

  classOf(def: ClassDef): PyClass {
    return this.byDef.get(def) as PyClass;
  }

  /** What of the project an expression names; undefined for everything else. */
  resolve(file: PyFile, expr: Expr | undefined): PySymbol | undefined {
    if (expr?.nodeType === 'Name') {
      const binding = file.scopes.bindingOf(expr);
      return binding && this.resolveBinding(file, binding);
    }
    if (expr?.nodeType !== 'Attribute') return undefined;
    const base = this.resolve(file, expr.value);
    if (base?.kind === 'module') return this.memberOf(base.file, expr.attr);
    if (base?.kind === 'class') return this.method(base, expr.attr);
    const cls = isSuper(file, expr.value) ? this.superOf(file, expr) : valueOf(this, file, expr.value)?.cls;
    return cls && this.method(cls, expr.attr);
  }

  private superOf(file: PyFile, expr: Expr): PyClass | undefined {
    const around = functionAround(expr);
    const owner = around && this.functionOf(around).owner;
    const base = owner?.def.bases[0];
    const found = owner && this.resolve(file, base);
    return found?.kind === 'class' ? found : undefined;
  }

  /** A method of a class or of its bases in the project. */
  method(cls: PyClass, name: string, seen = new Set<PyClass>()): PyFunction | undefined {
    if (seen.has(cls)) return undefined;
    seen.add(cls);
    const own = cls.methods.get(name);
    if (own) return own;
    for (const base of this.basesOf(cls)) {
      const found = this.method(base, name, seen);
      if (found) return found;
    }
    return undefined;
  }

  basesOf(cls: PyClass): PyClass[] {
    return cls.def.bases.flatMap((base) => {
      const found = this.resolve(cls.file, base);
      return found?.kind === 'class' ? [found] : [];
    });
  }

  /** Methods of other classes that stand for the same one: overridden and overriding. */
  family(fn: PyFunction): PyFunction[] {
    const { owner } = fn;
    if (!owner) return [];
    const related = (cls: PyClass): boolean =>
      cls !== owner && (this.inherits(cls, owner) || this.inherits(owner, cls));
    return this.classes.filter(related).flatMap((cls) => cls.methods.get(fn.name) ?? []);
  }

  private inherits(cls: PyClass, from: PyClass, seen = new Set<PyClass>()): boolean {
    if (seen.has(cls)) return false;
    seen.add(cls);
    return this.basesOf(cls).some((base) => base === from || this.inherits(base, from, seen));
  }

  private resolveBinding(file: PyFile, binding: Binding): PySymbol | undefined {
    const [site] = binding.sites;
    if (binding.sites.length === 1 && (only(binding, 'function') || only(binding, 'class')))
      return this.byDef.get(site!);
    if (!only(binding, 'import')) return undefined;
    return this.resolveAlias(file, site as Alias);
  }

  private resolveAlias(file: PyFile, alias: Alias): PySymbol | undefined {
    const stmt = parentOf(alias)!;
    if (stmt.nodeType === 'Import') return this.moduleNamed(importedName(file, alias), file);
    const from = moduleOf(file, stmt as ImportFrom);
    const inModule = this.moduleNamed(from, file);
    const member = inModule && this.memberOf(inModule.file, alias.name);
    return member ?? this.moduleNamed([from, alias.name].filter(Boolean).join('.'), file);
  }

  /** A top-level name of a module, through the imports that re-export it. */
  memberOf(file: PyFile, name: string, depth = 0): PySymbol | undefined {
    const binding = file.scopes.module.bindings.get(name);
    if (binding && depth < 8) return this.resolveBinding(file, binding);
    return this.moduleNamed([file.moduleName, name].filter(Boolean).join('.'), file);
  }

  /** The binding of a module's variable that an import means. */
  variableOf(file: PyFile, alias: Alias): { file: PyFile; binding: Binding } | undefined {
    const stmt = parentOf(alias)!;
    if (stmt.nodeType === 'Import') return undefined;
    const module = this.moduleNamed(moduleOf(file, stmt as ImportFrom), file);
    const binding = module?.file.scopes.module.bindings.get(alias.name);
    return binding && { file: module!.file, binding };
  }

  private moduleNamed(name: string, from: PyFile): PyModule | undefined {
    const exact = this.files.find((file) => file.moduleName === name);
    if (exact) return { kind: 'module', file: exact };
    const beside = [...from.moduleName.split('.').slice(0, -1), name].join('.');
    const sibling = this.files.find((file) => file.moduleName === beside);
    if (sibling) return { kind: 'module', file: sibling };
    const ending = this.files.filter((file) => name !== '' && file.moduleName.endsWith(`.${name}`));
    return ending.length === 1 ? { kind: 'module', file: ending[0]! } : undefined;
  }

  /** Every place where a function of the project is named. */
  usesOf(fn: PyFunction): readonly FunctionUse[] {
    if (!this.uses) this.findUses();
    return this.uses!.get(fn) ?? [];
  }

  /**
   * What a method is called on is found out from what calls hand over, and the other way round: each round knows more than the one before.
   * No round may use half of what another has found, so values are forgotten in between.
   */
  private findUses(): void {
    this.uses = this.usesFound((node) => node.nodeType === 'Name');
    for (let round = 0, before = -1; round < 6; round++) {
      this.values.clear();
      const found = this.usesFound(() => true);
      this.values.clear();
      this.uses = found;
      const count = [...found.values()].reduce((sum, each) => sum + each.length, 0);
      if (count === before) return;
      before = count;
    }
  }

  private usesFound(looksAt: (node: Name | Attribute) => boolean): Map<PyFunction, FunctionUse[]> {
    const uses = new Map<PyFunction, FunctionUse[]>();
    for (const file of this.files)
      walk(file.module, (node) => {
        if (node.nodeType !== 'Name' && node.nodeType !== 'Attribute') return;
        if (node.ctx.nodeType !== 'Load' || !looksAt(node)) return;
        const found = this.resolve(file, node);
        if (found?.kind !== 'function') return;
        const parent = parentOf(node);
        const call = parent?.nodeType === 'Call' && parent.func === node ? parent : undefined;
        uses.set(found, [...(uses.get(found) ?? []), { file, at: node, ...(call && { call }) }]);
      });
    return uses;
  }
}

const isSuper = (file: PyFile, expr: Expr): boolean =>
  expr.nodeType === 'Call' &&
  expr.func.nodeType === 'Name' &&
  expr.func.id === 'super' &&
  !file.scopes.bindingOf(expr.func);

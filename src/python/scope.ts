import type { Arguments, Expr, FunctionDef, Lambda, Module, Name, Node, TypeParam } from './nodes.js';
import { childrenOf, isFunction } from './tree.js';

export type ScopeKind = 'module' | 'function' | 'class' | 'comprehension' | 'type';

export type BindingKind = 'parameter' | 'import' | 'function' | 'class' | 'variable' | 'type';

/** A name of one scope: every place that gives it a value, and every place that reads it. */
export interface Binding {
  readonly name: string;
  readonly scope: Scope;
  readonly kinds: Set<BindingKind>;
  /** Nodes that bind it: an `Alias`, `Arg`, `Name` (Store or Del), `FunctionDef`, `ClassDef`, `ExceptHandler`, a pattern. */
  readonly sites: Node[];
  /** `Name` nodes that read it, from any scope. */
  readonly uses: Name[];
}

export interface Scope {
  readonly kind: ScopeKind;
  readonly node: Node;
  readonly parent?: Scope;
  readonly children: Scope[];
  readonly bindings: Map<string, Binding>;
  readonly globals: Set<string>;
  readonly nonlocals: Set<string>;
  /** Names read in this very scope. */
  readonly reads: Name[];
  /** `from x import *` stands in it. */
  star: boolean;
}

export interface Scopes {
  readonly module: Scope;
  /** The scope that a function, class, lambda or comprehension opens. */
  of(node: Node): Scope | undefined;
  /** What a name means; undefined for builtins and names that nothing here binds. */
  bindingOf(name: Name): Binding | undefined;
  /** The binding that `name` has where `scope` is. */
  lookUp(name: string, scope: Scope): Binding | undefined;
}

/** Who binds what, by the rules of Python: class scopes are not seen from functions in them, comprehensions have their own. */
export function analyse(module: Module): Scopes {
  const top = newScope('module', module);
  const of = new Map<Node, Scope>([[module, top]]);
  const stores: [Name, Scope][] = [];
  const visitor = new Visitor(of, stores);
  for (const stmt of module.body) visitor.visit(stmt, top);
  // Outer scopes first: a `nonlocal` finds what it means, also when that is assigned below it.
  const outerFirst = visitor.declared.sort((a, b) => depthOf(a.scope) - depthOf(b.scope));
  for (const { scope, name, kind, node } of outerFirst) declare(scope, name, kind, node);
  const bound = new Map<Name, Binding>();
  const resolve = (scope: Scope): void => {
    for (const name of scope.reads) {
      const binding = lookUp(name.id, scope);
      if (!binding) continue;
      binding.uses.push(name);
      bound.set(name, binding);
    }
    scope.children.forEach(resolve);
  };
  resolve(top);
  for (const [name, scope] of stores) {
    const binding = lookUp(name.id, scope);
    if (binding) bound.set(name, binding);
  }
  return { module: top, of: (node) => of.get(node), bindingOf: (name) => bound.get(name), lookUp };
}

function newScope(kind: ScopeKind, node: Node, parent?: Scope): Scope {
  const scope: Scope = {
    kind,
    node,
    ...(parent && { parent }),
    children: [],
    bindings: new Map(),
    globals: new Set(),
    nonlocals: new Set(),
    reads: [],
    star: false,
  };
  parent?.children.push(scope);
  return scope;
}

/** Where a name that is assigned in `scope` lives. */
function homeOf(name: string, scope: Scope): Scope {
  if (scope.globals.has(name)) return rootOf(scope);
  if (!scope.nonlocals.has(name)) return scope;
  for (let at = scope.parent; at; at = at.parent)
    if (at.kind === 'function' && !at.nonlocals.has(name) && at.bindings.has(name)) return at;
  return scope.parent ?? scope;
}

const depthOf = (scope: Scope): number => (scope.parent ? depthOf(scope.parent) + 1 : 0);

function rootOf(scope: Scope): Scope {
  let at = scope;
  while (at.parent) at = at.parent;
  return at;
}

function declare(scope: Scope, name: string, kind: BindingKind, node: Node): void {
  const home = homeOf(name, scope);
  let binding = home.bindings.get(name);
  if (!binding) home.bindings.set(name, (binding = { name, scope: home, kinds: new Set(), sites: [], uses: [] }));
  binding.kinds.add(kind);
  binding.sites.push(node);
}

function lookUp(name: string, scope: Scope): Binding | undefined {
  if (scope.globals.has(name)) return rootOf(scope).bindings.get(name);
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    // A class is seen by what stands directly in it, and by the type parameters around its methods.
    const visible = at.kind !== 'class' || at === scope || (scope.kind === 'type' && at === scope.parent);
    if (at !== scope && at.globals.has(name) && at.kind !== 'class') return rootOf(at).bindings.get(name);
    const binding = visible ? at.bindings.get(name) : undefined;
    if (binding) return binding;
  }
  return undefined;
}

interface Declaration {
  readonly scope: Scope;
  readonly name: string;
  readonly kind: BindingKind;
  readonly node: Node;
}

class Visitor {
  /** Carried out at the end: `global` and `nonlocal` may stand below the first assignment. */
  readonly declared: Declaration[] = [];

  constructor(
    private readonly of: Map<Node, Scope>,
    private readonly stores: [Name, Scope][],
  ) {}

  visit(node: Node, scope: Scope): void {
    if (isFunction(node)) return this.visitFunction(node, scope);
    switch (node.nodeType) {
      case 'ClassDef': {
        this.bind(scope, node.name, 'class', node);
        node.decorator_list.forEach((each) => this.visit(each, scope));
        const outer = this.typeScope(node.type_params, node, scope);
        [...node.bases, ...node.keywords].forEach((each) => this.visit(each, outer));
        const inner = this.open('class', node, outer);
        return node.body.forEach((each) => this.visit(each, inner));
      }
      case 'Lambda': {
        this.visitDefaults(node.args, scope);
        const inner = this.open('function', node, scope);
        this.bindParameters(node.args, inner);
        return this.visit(node.body, inner);
      }
      case 'ListComp':
      case 'SetComp':
      case 'GeneratorExp':
      case 'DictComp':
        return this.visitComprehension(node, scope);
      case 'Name':
        if (node.ctx.nodeType === 'Load') return void scope.reads.push(node);
        this.stores.push([node, scope]);
        return this.bind(scope, node.id, 'variable', node);
      case 'NamedExpr':
        this.visit(node.value, scope);
        return this.visit(node.target, outsideComprehensions(scope));
      case 'AugAssign':
        // Both read and bound; the tree has it as bound only.
        if (node.target.nodeType === 'Name') scope.reads.push(node.target);
        break;
      case 'Global':
        return node.names.forEach((name) => scope.globals.add(name));
      case 'Nonlocal':
        return node.names.forEach((name) => scope.nonlocals.add(name));
      case 'Import':
      case 'ImportFrom':
        for (const alias of node.names) {
          if (alias.name === '*') scope.star = true;
          else this.bind(scope, alias.asname ?? alias.name.split('.')[0]!, 'import', alias);
        }
        return;
      case 'ExceptHandler':
        if (node.name) this.bind(scope, node.name, 'variable', node);
        break;
      case 'MatchAs':
      case 'MatchStar':
      case 'MatchMapping': {
        const name = node.name ?? node.rest;
        if (name) this.bind(scope, name, 'variable', node);
        break;
      }
      case 'TypeAlias':
        this.visit(node.name, scope);
        return this.visit(node.value, this.typeScope(node.type_params, node, scope));
    }
    for (const child of childrenOf(node)) this.visit(child, scope);
  }

  private visitFunction(node: FunctionDef, scope: Scope): void {
    this.bind(scope, node.name, 'function', node);
    node.decorator_list.forEach((each) => this.visit(each, scope));
    this.visitDefaults(node.args, scope);
    const outer = this.typeScope(node.type_params, node, scope);
    for (const arg of parametersOf(node.args)) if (arg.annotation) this.visit(arg.annotation, outer);
    if (node.returns) this.visit(node.returns, outer);
    const inner = this.open('function', node, outer);
    this.bindParameters(node.args, inner);
    node.body.forEach((each) => this.visit(each, inner));
  }

  private visitComprehension(node: Extract<Expr, { generators: unknown }>, scope: Scope): void {
    const inner = this.open('comprehension', node, scope);
    node.generators.forEach((generator, index) => {
      this.visit(generator.iter, index === 0 ? scope : inner);
      this.visit(generator.target, inner);
      generator.ifs.forEach((each) => this.visit(each, inner));
    });
    const values = node.nodeType === 'DictComp' ? [node.key, node.value] : [node.elt];
    values.forEach((each) => this.visit(each, inner));
  }

  private visitDefaults(args: Arguments, scope: Scope): void {
    for (const each of [...args.defaults, ...args.kw_defaults]) if (each) this.visit(each, scope);
  }

  private bindParameters(args: Arguments, scope: Scope): void {
    for (const arg of parametersOf(args)) this.bind(scope, arg.arg, 'parameter', arg);
  }

  private typeScope(params: readonly TypeParam[], node: Node, scope: Scope): Scope {
    if (!params?.length) return scope;
    const inner = newScope('type', node, scope);
    for (const param of params) {
      this.bind(inner, param.name, 'type', param);
      for (const each of [param.bound, param.default_value]) if (each) this.visit(each, inner);
    }
    return inner;
  }

  private open(kind: ScopeKind, node: Node, parent: Scope): Scope {
    const scope = newScope(kind, node, parent);
    this.of.set(node, scope);
    return scope;
  }

  private bind(scope: Scope, name: string, kind: BindingKind, node: Node): void {
    this.declared.push({ scope, name, kind, node });
  }
}

function outsideComprehensions(scope: Scope): Scope {
  let at = scope;
  while (at.kind === 'comprehension' && at.parent) at = at.parent;
  return at;
}

/** All parameters, in the order in which they are written. */
export const parametersOf = (args: FunctionDef['args'] | Lambda['args']): Arguments['args'] => [
  ...args.posonlyargs,
  ...args.args,
  ...(args.vararg ? [args.vararg] : []),
  ...args.kwonlyargs,
  ...(args.kwarg ? [args.kwarg] : []),
];

import { parseSource, ts } from '../../src/javascript/parse';
import * as scope from '../../src/javascript/scope';

const { scopesOf } = scope;

/** The file's scopes, and its identifiers by text and place: `at('x', 1)` is the second `x`. */
function look(text: string, path = 'a.js') {
  const { file, errors } = parseSource(path, text);
  expect(errors).toEqual([]);
  const scopes = scopesOf(file);
  const at = (name: string, index = 0): ts.Identifier => scopes.named(name)[index]!;
  const lines = (name: string, index = 0) => {
    const symbol = scopes.symbolOf(at(name, index));
    return (
      symbol && scopes.references(symbol).map((one) => file.getLineAndCharacterOfPosition(one.getStart()).line + 1)
    );
  };
  return { file, scopes, at, lines };
}

function findFunction(file: ts.SourceFile, name?: string): ts.FunctionLikeDeclaration {
  let found: ts.Node | undefined;
  const visit = (node: ts.Node): void => {
    if (!found && ts.isFunctionLike(node) && (!name || (node.name && node.name.getText() === name))) found = node;
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found as ts.FunctionLikeDeclaration;
}

describe('what a name means', () => {
  test('shadowing, shorthand, destructuring', () => {
    const { lines, scopes, at } = look(`const fs = require('fs');
function load(err, data) {
  const out = { data, err: err };
  (function (data) { return data; })(out.data);
  const { err: other, name } = data;
  ({ err } = other);
  return name;
}`);
    expect(lines('data')).toEqual([2, 3, 5]);
    expect(lines('err')).toEqual([2, 3, 6]);
    expect(lines('data', 2)).toEqual([4, 4]);
    expect(lines('fs')).toEqual([1]);
    expect(scopes.symbolOf(at('require'))).toBeUndefined();
    expect(scopes.isGlobal(at('require'))).toBe(true);
    expect(lines('name')).toEqual([5, 7]);
  });

  test('exports and imports', () => {
    const { lines } = look(`import def, { read as get, type T } from './x';
import * as all from './y';
export { get as load, local };
export default def;
function local() { return all.get(def, get); }
export function open() { return open; }
export { get } from './z';
`);
    expect(lines('get')).toEqual([1, 3, 5]);
    expect(lines('def')).toEqual([1, 4, 5]);
    expect(lines('local')).toEqual([3, 5]);
    expect(lines('all')).toEqual([2, 5]);
    expect(lines('open')).toEqual([6, 6]);
  });

  test('export default function by its own name', () => {
    const { lines } = look(`export default function load(cb) { retry(load, cb); }\nload(() => {});`);
    expect(lines('load')).toEqual([1, 1, 2]);
  });

  test('values and types of one name are two bindings', () => {
    const { lines } = look(
      `interface User { id: number }
function f(User: string): void {
  let u: User;
  print(User);
}
type Cb<T> = (err: Error | null, value?: T) => void;
class A extends B implements Cb<A> {}
let q: typeof f;
`,
      'a.ts',
    );
    expect(lines('User')).toEqual([1, 3]);
    expect(lines('User', 1)).toEqual([2, 4]);
    expect(lines('T')).toEqual([6, 6]);
    expect(lines('A')).toEqual([7, 7]);
    expect(lines('f')).toEqual([2, 8]);
  });

  test('JSX tags and attributes', () => {
    const { lines, scopes, at } = look(`const Button = () => <div onClick={save}>x</div>;
function save() {}
const page = <Button save={save} />;`);
    expect(lines('Button')).toEqual([1, 3]);
    expect(lines('save')).toEqual([1, 2, 3]);
    expect(scopes.symbolOf(at('div'))).toBeUndefined();
    expect(scopes.isGlobal(at('div'))).toBe(false);
  });

  test('sloppy scripts: hoisted out of blocks, var and function of one name', () => {
    const { lines, scopes, at } = look(`if (a) { function f() {} }
f();
var g;
function g() {}
g();`);
    expect(lines('f')).toEqual([1, 2]);
    expect(lines('g')).toEqual([3, 4, 5]);
    expect(scopes.isConstant(scopes.symbolOf(at('g'))!)).toBe(false);
  });

  test('CommonJS exports are not variables', () => {
    const { scopes, at } = look(
      `exports.load = function () { return load(); };\nmodule.exports.save = save;\nvar x = require('x');`,
    );
    expect(scopes.symbolOf(at('load', 1))).toBeUndefined();
    expect(scopes.isGlobal(at('load', 1))).toBe(true);
    expect(scopes.isGlobal(at('exports'))).toBe(true);
    expect(scopes.isGlobal(at('module'))).toBe(true);
    expect(scopes.symbolOf(at('x'))).toBeDefined();
  });

  test('labels, methods, enum members and property names are no bindings', () => {
    const { scopes, at } = look(
      `loop: for (;;) { break loop; }\nclass A { loop() { this.loop; } }\nenum E { loop }`,
      'a.ts',
    );
    for (let i = 0; i < 5; i++) expect(scopes.symbolOf(at('loop', i))).toBeUndefined();
  });
});

describe('writes', () => {
  test.each([
    ['x = 1', true],
    ['x += 1', true],
    ['x ??= 1', true],
    ['x++', true],
    ['--x', true],
    ['[x] = l', true],
    ['[...x] = l', true],
    ['[x = 1] = l', true],
    ['({ x } = o)', true],
    ['({ x = 1 } = o)', true],
    ['({ a: x } = o)', true],
    ['({ a: [{ x }] } = o)', true],
    ['({ ...x } = o)', true],
    ['for (x of l);', true],
    ['for ([x] of l);', true],
    ['for (x in l);', true],
    ['(x) = 1', true],
    ['f(x)', false],
    ['x.y = 1', false],
    ['x[0]++', false],
    ['y = x', false],
    ['for (y of x);', false],
    ['[y = x] = l', false],
    ['({ [x]: y } = o)', false],
    ['({ x })', false],
    ['-x', false],
  ])('%s', (statement, written) => {
    const { scopes, at } = look(`let x; ${statement}`);
    expect(scopes.isWritten(at('x', 1))).toBe(written);
    expect(scopes.isConstant(scopes.symbolOf(at('x'))!)).toBe(!written);
  });

  test('constants: declared once, even as overloads; not a var of a loop', () => {
    const { scopes, at } = look(
      `function f(a: string): void;\nfunction f(a: number): void;\nfunction f(a: any) {}\nfor (var v of l) {}\nfor (const c of l) {}\nvar d = 1; var d = 2;`,
      'a.ts',
    );
    const constant = (name: string) => scopes.isConstant(scopes.symbolOf(at(name))!);
    expect(['f', 'v', 'c', 'd'].map(constant)).toEqual([true, false, true, false]);
  });
});

describe('names of a node', () => {
  test('free and declared', () => {
    const { file, scopes } = look(`const base = 1;
function load(id, cb) {
  var url = base + id;
  get(url, function done(err, res) { if (err) return cb(err); let n = load; cb(null, { res, x: out.res }, done); });
  { let inner = 1; class Local {} }
}`);
    const load = findFunction(file, 'load');
    expect([...scopes.freeNames(load)].sort()).toEqual(['base', 'get', 'load', 'out']);
    expect([...scopes.declaredIn(load).keys()].sort()).toEqual(['cb', 'id', 'url']);
    expect([...scopes.declaredIn(file).keys()].sort()).toEqual(['base', 'load']);
    expect([...scopes.namesWithin(load)].sort()).toEqual(
      ['Local', 'base', 'cb', 'done', 'err', 'get', 'id', 'inner', 'load', 'n', 'out', 'res', 'url'].sort(),
    );
    expect([...scopes.freeNames(findFunction(file, 'done'))].sort()).toEqual(['cb', 'load', 'out']);
  });

  test('this, arguments, super are the own ones', () => {
    const uses = (text: string) => {
      const fn = findFunction(look(text).file);
      return [scope.usesThis(fn), scope.usesArguments(fn), scope.usesSuper(fn)];
    };
    expect(uses('function f() { return () => this; }')).toEqual([true, false, false]);
    expect(uses('function f() { return function () { return this; }; }')).toEqual([false, false, false]);
    expect(uses('function f() { return class { x = this.y; m() { return this; } }; }')).toEqual([false, false, false]);
    expect(uses('function f() { return class extends this.Base { [arguments[0]]() {} }; }')).toEqual([
      true,
      true,
      false,
    ]);
    expect(uses('function f() { return { arguments: 1, this: 2 }.arguments; }')).toEqual([false, false, false]);
    expect(uses('class A extends B { m() { return () => super.m(); } }')).toEqual([false, false, true]);
    expect(uses('function f(a = this) {}')).toEqual([true, false, false]);
  });

  test('dynamic scope', () => {
    expect(scope.hasDynamicScope(look('function f() { eval("x"); }').file)).toBe(true);
    expect(scope.hasDynamicScope(look('function f() { o.eval("x"); }').file)).toBe(false);
    expect(scope.hasDynamicScope(findFunction(look('with (o) { (function () {})(); }').file))).toBe(true);
  });
});

test('module style', () => {
  const style = (path: string, text: string, type?: string) => scope.moduleStyleOf(parseSource(path, text).file, type);
  expect(style('a.js', `import x from 'x'`)).toBe('esm');
  expect(style('a.js', `export const x = 1`, 'commonjs')).toBe('esm');
  expect(style('a.mjs', `x()`)).toBe('esm');
  expect(style('a.cts', `x()`)).toBe('cjs');
  expect(style('a.js', `const x = require('x')`, 'module')).toBe('cjs');
  expect(style('a.js', `define(function (require) { require('x'); })`)).toBe('script');
  expect(style('a.js', `x()`)).toBe('script');
  expect(style('a.js', `x()`, 'module')).toBe('esm');
  expect(scope.isModuleFile(parseSource('a.js', `export {}`).file)).toBe(true);
});

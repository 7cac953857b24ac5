/** `npm run new recogniser|story|transform <name>`: the files that such a thing consists of, ready to be filled in. */
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

const kinds = { story, recogniser, transform };

/** A story told with callbacks, to be run against scripted I/O. `npm run update` writes what becomes of it. */
function story(name) {
  return {
    [`fixtures/js/${name}/callback.js`]: [
      "const fs = require('fs');",
      '',
      'exports.load = function load(name, cb) {',
      "  fs.readFile(name, 'utf8', (err, text) => {",
      '    if (err) return cb(err);',
      '    cb(null, text);',
      '  });',
      '};',
    ],
    [`fixtures/js/${name}/script.json`]: ['{ "call": "load", "args": ["a.txt"], "files": { "a.txt": "hello" } }'],
  };
}

/** A recogniser finds one shape in a syntax tree, and gives what it found or undefined: see CONTRIBUTING.md. */
function recogniser(name) {
  const fn = camel(name);
  return {
    [`src/javascript/callback/${name}.ts`]: [
      "import { ts } from '../parse.js';",
      '',
      `/** What ${fn} found: the parts that the reader needs, so that nobody looks twice. */`,
      `export interface ${pascal(name)} {`,
      '  readonly call: ts.CallExpression;',
      '}',
      '',
      '/** Draw the shape here, as code, above the guards that tell it from its neighbours. */',
      `export function ${fn}(node: ts.Node): ${pascal(name)} | undefined {`,
      '  if (!ts.isCallExpression(node)) return undefined; // one guard per line, each with its reason',
      '  return { call: node };',
      '}',
    ],
    [`test/javascript/callback/${name}.test.ts`]: [
      `import { ${fn} } from '../../../src/javascript/callback/${name}.js';`,
      "import { ts } from '../../../src/javascript/parse.js';",
      '',
      '/** The first statement of a text, as a node. */',
      'function expression(text: string): ts.Node {',
      "  const statement = ts.createSourceFile('a.js', text, ts.ScriptTarget.Latest, true).statements[0]!;",
      '  return (statement as ts.ExpressionStatement).expression;',
      '}',
      '',
      "test('says no to its neighbours first', () => {",
      `  expect(${fn}(expression('a + b'))).toBeUndefined();`,
      '});',
      '',
      "test('finds its shape', () => {",
      `  expect(${fn}(expression('a(b)'))).toBeDefined();`,
      '});',
    ],
    ...story(name),
  };
}

/** A direction: its doc comment is its docs page. */
function transform(name) {
  const [, from, to] = /^(\w+)-to-(\w+)$/.exec(name) ?? [];
  if (!from) throw new Error(`a transform is named after its direction: promise-to-async, not "${name}"`);
  return {
    [`src/transforms/${name}.ts`]: [
      "import type { Transform } from './transform.js';",
      '',
      '/**',
      ` * ${from[0].toUpperCase()}${from.slice(1)} code becomes ${to} code.`,
      ' *',
      ' * @before write the smallest example',
      ' * @after  and what becomes of it',
      ' */',
      `export const ${camel(name)}: Transform = {`,
      `  name: '${name}',`,
      `  from: '${from}',`,
      `  to: '${to}',`,
      "  languages: ['javascript', 'typescript'],",
      '  plan: () => ({ groups: [], refusals: [] }),',
      '};',
    ],
    [`transforms/${name}.cjs`]: [`module.exports = require('./lib/load.cjs').transform('${to}', '${from}');`],
    ...story(name),
  };
}

function camel(name) {
  return name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
}

function pascal(name) {
  return camel(name).replace(/^./, (letter) => letter.toUpperCase());
}

function main([kind, name]) {
  if (!Object.hasOwn(kinds, kind ?? '') || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name ?? '')) {
    console.error(`usage: npm run new ${Object.keys(kinds).join('|')} <kebab-case-name>`);
    process.exitCode = 2;
    return;
  }
  const files = kinds[kind](name);
  const taken = Object.keys(files).find((file) => fs.existsSync(path.join(root, file)));
  if (taken) {
    console.error(`${taken} exists already: nothing was written`);
    process.exitCode = 2;
    return;
  }
  for (const [file, lines] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), `${lines.join('\n')}\n`);
    console.log(`written ${file}`);
  }
  console.log('Next: fill them in, then `npm run update`, read the diff, `npm run check`.');
}

module.exports = { kinds };

if (require.main === module) main(process.argv.slice(2));

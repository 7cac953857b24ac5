import { applyEdits } from '../../src/edits/edits';
import type { FileContext } from '../../src/javascript/context';
import { addImports, localNameFor } from '../../src/javascript/imports';
import { parseSource } from '../../src/javascript/parse';
import { moduleStyleOf, scopesOf } from '../../src/javascript/scope';

function contextOf(text: string, path = 'a.js'): FileContext {
  const { file } = parseSource(path, text);
  return {
    path,
    text,
    file,
    scopes: scopesOf(file),
    style: {
      semi: /;\s*$/m.test(text),
      quote: text.includes('"') ? '"' : "'",
      indent: '  ',
      eol: text.includes('\r\n') ? '\r\n' : '\n',
    },
    moduleStyle: moduleStyleOf(file),
    typescript: /\.[cm]?tsx?$/.test(path),
    options: { to: 'async' },
    view: { root: '/p', read: () => undefined, others: [] },
    dependencies: {},
    promiseLibraries: [],
  };
}

const callbackify = { from: 'util', name: 'callbackify', local: 'callbackify' };
const promisify = { from: 'util', name: 'promisify', local: 'promisify' };

function added(text: string, needs = [callbackify], path?: string): [string, ...string[]] {
  const ctx = contextOf(text, path);
  const names = needs.map((need) => localNameFor(ctx, need));
  return [applyEdits(text, addImports(ctx, needs)), ...names];
}

describe('reuses what is there', () => {
  test.each([
    ["const util = require('util');\n", 'util.callbackify'],
    ["const { callbackify } = require('node:util');\n", 'callbackify'],
    ["const { callbackify: back } = require('util');\n", 'back'],
    ["var fs = require('fs'), cb = require('util').callbackify;\n", 'cb'],
    ["import util from 'node:util';\n", 'util.callbackify'],
    ["import * as u from 'util';\n", 'u.callbackify'],
    ["import util = require('util');\n", 'util.callbackify', 'a.ts'],
    ["const util = require('util');\nconst toCallback = util.callbackify;\n", 'toCallback'],
  ])('%j', (text, name, path = 'a.js') => {
    expect(added(text, [callbackify], path)).toEqual([text, name]);
  });

  test('fs/promises is promises of fs', () => {
    const need = { from: 'fs/promises', name: 'readFile', local: 'readFile' };
    expect(added("const fs = require('fs');\n", [need])[1]).toBe('fs.promises.readFile');
    expect(added("const { promises: fsp } = require('fs');\n", [need])[1]).toBe('fsp.readFile');
    expect(added("const fs = require('fs');\nconst fsp = require('fs/promises');\n", [need])[1]).toBe('fsp.readFile');
  });

  test('not a binding that is shadowed, written or too late', () => {
    expect(added("const util = require('util');\nfunction f(util) { return util; }\n")[1]).toBe('callbackify');
    expect(added("let util = require('util');\nutil = {};\n")[1]).toBe('callbackify');
    expect(added("start();\nvar util = require('util');\n")[1]).toBe('callbackify');
    expect(added("import type * as util from 'util';\n", [callbackify], 'a.ts')[1]).toBe('callbackify');
  });
});

describe('adds', () => {
  test.each([
    ['to a list', "const { inspect } = require('util');\n", "const { inspect, callbackify } = require('util');\n"],
    ['to an import', "import { inspect } from 'util';\n", "import { inspect, callbackify } from 'util';\n"],
    [
      'to a list of lines',
      "const {\n  inspect,\n  format,\n} = require('util');\n",
      "const {\n  inspect,\n  format,\n  callbackify,\n} = require('util');\n",
    ],
    [
      'behind the last builtin',
      "'use strict';\n\nconst fs = require('fs'); // files\nconst x = require('x');\n\nf();\n",
      "'use strict';\n\nconst fs = require('fs'); // files\nconst { callbackify } = require('util');\nconst x = require('x');\n\nf();\n",
    ],
    [
      'behind the last import, in its style',
      'import x from "x"\nimport { y } from "node:fs"\n\nexport const z = 1\n',
      'import x from "x"\nimport { y } from "node:fs"\nimport { callbackify } from "node:util"\n\nexport const z = 1\n',
    ],
    [
      'under the directives',
      "'use strict';\n\n/** Doc. */\nmodule.exports = f;\nfunction f() {}\n",
      "'use strict';\n\nconst { callbackify } = require('util');\n\n/** Doc. */\nmodule.exports = f;\nfunction f() {}\n",
    ],
    [
      'between the licence and the doc',
      '#!/usr/bin/env node\n/*! MIT */\n/** Doc. */\nexports.f = 1;\n',
      "#!/usr/bin/env node\n/*! MIT */\nconst { callbackify } = require('util');\n\n/** Doc. */\nexports.f = 1;\n",
    ],
    [
      'with the line ends of the file',
      "const fs = require('fs');\r\nf();\r\n",
      "const fs = require('fs');\r\nconst { callbackify } = require('util');\r\nf();\r\n",
    ],
    [
      'a semicolon in front of a bracket',
      "const fs = require('fs')\n\n;[1].map(fs)\n",
      "const fs = require('fs')\nconst { callbackify } = require('util')\n\n;[1].map(fs)\n",
    ],
  ])('%s', (_what, before, after) => {
    expect(added(before)[0]).toBe(after);
  });

  test('a name that is free, the same each time', () => {
    const text = "const fs = require('fs');\nfunction f(callbackify) { return callbackify(fs); }\n";
    const ctx = contextOf(text);
    expect([localNameFor(ctx, callbackify), localNameFor(ctx, callbackify)]).toEqual(['callbackify2', 'callbackify2']);
    expect(applyEdits(text, addImports(ctx, [callbackify, callbackify]))).toContain(
      "const { callbackify: callbackify2 } = require('util');\n",
    );
  });

  test('two names of one module on one line', () => {
    expect(added("const fs = require('fs');\n", [callbackify, promisify])[0]).toBe(
      "const fs = require('fs');\nconst { callbackify, promisify } = require('util');\n",
    );
  });

  test('whole modules', () => {
    const need = { from: 'fs/promises', name: '*', local: 'fs' };
    expect(added("import x from 'x';\n", [need])[0]).toBe("import x from 'x';\nimport fs from 'node:fs/promises';\n");
    expect(added("const x = require('x');\n", [need])[0]).toBe(
      "const x = require('x');\nconst fs = require('fs/promises');\n",
    );
  });
});

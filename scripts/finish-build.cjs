/** After tsc: the ESM entry beside the CommonJS one. It re-exports, so that both are one instance of everything. */
const fs = require('node:fs');
const path = require('node:path');

const dist = path.join(__dirname, '..', 'dist');
const names = Object.keys(require(path.join(dist, 'index.js'))).filter((name) => name !== '__esModule');
const lines = ["import library from './index.js';", '', `export const { ${names.sort().join(', ')} } = library;`, ''];
fs.writeFileSync(path.join(dist, 'index.mjs'), lines.join('\n'));
fs.writeFileSync(path.join(dist, 'index.d.mts'), "export * from './index.js';\n");

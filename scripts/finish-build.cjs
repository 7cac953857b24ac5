/** After tsc: the ESM entry beside the CommonJS one. It re-exports, so that both are one instance of everything. */
const fs = require('node:fs');
const path = require('node:path');

const dist = path.join(__dirname, '..', 'dist');
const names = Object.keys(require(path.join(dist, 'index.js'))).filter((name) => name !== '__esModule');
const lines = ["import library from './index.js';", '', `export const { ${names.sort().join(', ')} } = library;`, ''];
fs.writeFileSync(path.join(dist, 'index.mjs'), lines.join('\n'));
fs.writeFileSync(path.join(dist, 'index.d.mts'), "export * from './index.js';\n");

// Results that are kept between runs are those of this very build.
const { createHash } = require('node:crypto');
const all = fs
  .readdirSync(dist, { recursive: true })
  .filter((name) => /\.(js|json)$/.test(name) && name !== 'build.json');
const hash = createHash('sha256');
for (const name of all.sort())
  hash
    .update(name.replaceAll(path.sep, '/'))
    .update('\0')
    .update(fs.readFileSync(path.join(dist, name)));
fs.writeFileSync(path.join(dist, 'build.json'), `${JSON.stringify({ hash: hash.digest('hex') })}\n`);

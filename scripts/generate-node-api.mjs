/**
 * Writes src/javascript/calls/node-api.json: which functions of Node's own modules take a callback last, what they hand to it,
 * and whether a function of the same name answers with a promise. Read from the installed @types/node:
 *
 *   node scripts/generate-node-api.mjs          # write
 *   node scripts/generate-node-api.mjs --check  # exit 1 when the file is not what it would write
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const target = new URL('../src/javascript/calls/node-api.json', import.meta.url);
const typesOf = new URL('../node_modules/@types/node/', import.meta.url);

/** Modules whose functions are called in other ways, or that only give methods: servers, sockets, streams to implement. */
const leftOut = /^(node:|test|test\/.*|.*\/promises|quic|ffi|sqlite|sea)$/;

const program = ts.createProgram({
  rootNames: [fileURLToPath(new URL('index.d.ts', typesOf))],
  options: { strict: true, target: ts.ScriptTarget.ESNext, lib: ['lib.esnext.d.ts'], types: [] },
});
const checker = program.getTypeChecker();
const modules = new Map(checker.getAmbientModules().map((symbol) => [JSON.parse(symbol.name), symbol]));

const table = {};
for (const [name, symbol] of [...modules].sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (leftOut.test(name) || name.startsWith('node:')) continue;
  const functions = functionsOf(name, symbol);
  if (Object.keys(functions).length) table[name] = functions;
}

const text = format(table);
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('node-api.json is not what the installed @types/node says: run node scripts/generate-node-api.mjs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, text);
  console.log(
    `${Object.values(table).reduce((sum, one) => sum + Object.keys(one).length, 0)} functions of ${Object.keys(table).length} modules`,
  );
}

function functionsOf(module, symbol) {
  const found = {};
  for (const member of exportsOf(symbol)) {
    const entry = entryOf(member);
    if (!entry) continue;
    const twin = modules.get(`${module}/promises`);
    if (twin && exportsOf(twin).some((other) => other.name === member.name && isCallable(other)))
      entry.twin = `${module}/promises`;
    found[member.name] = entry;
  }
  return found;
}

/** A module written as `export = name` gives the members of that namespace. */
function exportsOf(symbol) {
  return checker.getExportsOfModule(symbol).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function resolved(symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function typeOf(symbol) {
  const real = resolved(symbol);
  const declaration = real.valueDeclaration ?? real.declarations?.[0];
  return declaration && checker.getTypeOfSymbolAtLocation(real, declaration);
}

function isCallable(symbol) {
  return (typeOf(symbol)?.getCallSignatures().length ?? 0) > 0;
}

function entryOf(symbol) {
  const real = resolved(symbol);
  if (!(real.flags & ts.SymbolFlags.Function)) return undefined;
  const calls = typeOf(symbol).getCallSignatures().flatMap(callbackOf);
  if (!calls.length) return undefined;
  const longest = calls.reduce((one, other) => (other.values.length > one.values.length ? other : one));
  const entry = { at: [...new Set(calls.map((call) => call.at))].sort((a, b) => a - b), values: longest.values };
  const fewest = Math.min(...calls.map((call) => call.values.length));
  if (fewest < longest.values.length) entry.fewest = fewest;
  if (calls.some((call) => call.optional)) entry.optional = true;
  if (calls.some((call) => call.returns)) entry.returns = true;
  if (real.getJsDocTags(checker).some((tag) => tag.name === 'deprecated')) entry.deprecated = true;
  const since = real.getJsDocTags(checker).find((tag) => tag.name === 'since');
  if (since) entry.since = ts.displayPartsToString(since.text).replace(/^v/, '').split(/[\s,]/)[0];
  return entry;
}

/** What one signature says of its last parameter, if that is an error-first callback. */
function callbackOf(signature) {
  const declaration = signature.getDeclaration();
  const last = signature.parameters.at(-1);
  if (!last || !declaration || declaration.parameters.at(-1)?.dotDotDotToken) return [];
  const type = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(last, declaration));
  const callback = callSignatureOf(type);
  if (!callback || !isError(callback.parameters[0], callback)) return [];
  const returned = checker.typeToString(signature.getReturnType());
  return [
    {
      at: signature.parameters.length - 1,
      values: callback.parameters.slice(1).map((parameter) => parameter.name),
      optional: !!declaration.parameters.at(-1).questionToken,
      returns: !/^(void|undefined|Promise<.*>)$/.test(returned),
    },
  ];
}

function callSignatureOf(type) {
  const parts = type.isUnion() ? type.types : [type];
  return parts.flatMap((part) => part.getCallSignatures())[0];
}

function isError(parameter, signature) {
  if (!parameter) return false;
  const text = checker.typeToString(checker.getTypeOfSymbolAtLocation(parameter, signature.getDeclaration()));
  return /\b(Error|ErrnoException|ExecException|ExecFileException)\b/.test(text);
}

function format(data) {
  const lines = Object.entries(data).map(([module, functions]) => {
    const rows = Object.entries(functions).map(
      ([name, entry]) => `    ${JSON.stringify(name)}: ${JSON.stringify(entry)}`,
    );
    return `  ${JSON.stringify(module)}: {\n${rows.join(',\n')}\n  }`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

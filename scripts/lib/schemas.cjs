/** JSON schemas of what the tool writes and reads, made of the types that the compiler checks: the two cannot drift apart. */
const path = require('node:path');
const { createGenerator } = require('ts-json-schema-generator');

const schemas = [
  ['schema.json', 'src/run/config/config.ts', 'Config', 'The configuration of asyncshift'],
  ['schemas/result.json', 'src/run/document.ts', 'ResultDocument', 'The result of a run of asyncshift'],
];

function schemaFiles(root) {
  return Object.fromEntries(schemas.map(([file, source, type, title]) => [file, schemaOf(root, source, type, title)]));
}

function schemaOf(root, source, type, title) {
  const generator = createGenerator({
    path: path.join(root, source),
    tsconfig: path.join(root, 'tsconfig.json'),
    type,
    skipTypeCheck: true,
    additionalProperties: false,
    topRef: false,
    sortProps: true,
  });
  const { $schema, ...schema } = generator.createSchema(type);
  return `${JSON.stringify({ $schema, title, ...schema }, undefined, 2)}\n`;
}

module.exports = { schemaFiles };

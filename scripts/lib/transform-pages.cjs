/** One docs page per transform, from the doc comment above it: sentence, `@before`, `@after`, notes (style: the comment is the page). */
const fs = require('node:fs');
const path = require('node:path');

/** Pages of all transforms: path → text. */
function transformPages(root) {
  const transforms = readTransforms(root);
  if (transforms.length === 0) return {};
  const index = transforms.map(({ name, summary }) => `- [${name}](${name}.md): ${summary}`);
  const files = { 'docs/transforms/index.md': `# Transforms\n\nWhat can be asked for.\n\n${index.join('\n')}\n` };
  for (const transform of transforms) files[`docs/transforms/${transform.name}.md`] = page(transform);
  return files;
}

/** Doc comments with `@before` and `@after` in src/transforms: the file's name is the transform's name. */
function readTransforms(root) {
  const folder = path.join(root, 'src/transforms');
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => /-to-.*\.ts$/.test(name)) : [];
  return names.sort().flatMap((file) => {
    const text = fs.readFileSync(path.join(folder, file), 'utf8');
    const comment = [...text.matchAll(/\/\*\*([\s\S]*?)\*\//g)].map((m) => m[1]).find((body) => /@before/.test(body));
    return comment ? [readComment(path.basename(file, '.ts'), comment)] : [];
  });
}

function readComment(name, comment) {
  const text = comment.replace(/^[ \t]*\* ?/gm, '').trim();
  const [lead, ...tags] = text.split(/^@(?=before|after)/m);
  const summary = lead.trim();
  const tag = (wanted) => tags.filter((t) => t.startsWith(wanted)).map((t) => dedent(t.slice(wanted.length)));
  return {
    name,
    summary: summary.split('\n\n')[0].replace(/\s*\n\s*/g, ' '),
    text: summary,
    before: tag('before'),
    after: tag('after'),
  };
}

function dedent(text) {
  const lines = text
    .replace(/^[ \t]*\n/, '')
    .trimEnd()
    .split('\n');
  const depth = Math.min(
    ...lines
      .slice(1)
      .filter((l) => l.trim())
      .map((l) => l.length - l.trimStart().length),
    Infinity,
  );
  return lines.map((line, i) => (i === 0 ? line.trim() : depth === Infinity ? line : line.slice(depth))).join('\n');
}

function page({ name, text, before, after }) {
  const language = name.startsWith('python-') ? 'py' : 'ts';
  const samples = before.map(
    (b, i) => `Before\n\n\`\`\`${language}\n${b}\n\`\`\`\n\nAfter\n\n\`\`\`${language}\n${after[i] ?? ''}\n\`\`\`\n`,
  );
  return `# ${name}\n\n${text}\n\n${samples.join('\n')}`;
}

module.exports = { transformPages, readTransforms };

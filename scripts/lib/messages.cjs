/** Reads src/messages/*.md and makes the types, the table and the pages of it. */
const fs = require('node:fs');
const path = require('node:path');

/** Generated files of the messages: path → text. Throws, with the place, when a heading lacks a part. */
function messageFiles(root) {
  const refusals = readMessages(path.join(root, 'src/messages/refusals.md'));
  const notes = readMessages(path.join(root, 'src/messages/notes.md'));
  const both = refusals.find(({ code }) => notes.some((note) => note.code === code));
  if (both) throw new Error(`"${both.code}" is a refusal and a note: one code, one meaning`);
  return {
    'src/messages/generated.ts': table(refusals, notes),
    ...pages('docs/refusals', 'Refusals', 'Why a site was left as it was.', refusals),
    ...pages('docs/notes', 'Notes', 'What changed beside the style.', notes),
  };
}

/** One entry per `## code` heading. Sorted by code, so that the order in the file does not matter. */
function readMessages(file) {
  const text = fs.readFileSync(file, 'utf8').replace(/\r\n/g, '\n');
  const sections = text.split(/^## /m).slice(1);
  const messages = sections.map((section) => readMessage(section, path.basename(file)));
  const codes = messages.map((message) => message.code);
  const twice = codes.find((code, i) => codes.indexOf(code) !== i);
  if (twice) throw new Error(`${path.basename(file)}: two headings "${twice}"`);
  return messages.sort((a, b) => (a.code < b.code ? -1 : 1));
}

function readMessage(section, file) {
  const [heading, ...lines] = section.split('\n');
  const code = heading.trim();
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(code)) throw new Error(`${file}: "${code}" is no code (kebab-case words)`);
  const body = lines.join('\n');
  const sentence = [...body.matchAll(/^> ?(.*)$/gm)]
    .map((m) => m[1])
    .join(' ')
    .trim();
  const example = /^```(\w+)\n([\s\S]*?)^```$/m.exec(body);
  const advice = body
    .replace(/^>.*$/gm, '')
    .replace(/^```\w+\n[\s\S]*?^```$/m, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ');
  if (!sentence) throw new Error(`${file}: "${code}" has no sentence (a line that starts with ">")`);
  if (!advice) throw new Error(`${file}: "${code}" does not say what to do`);
  return { code, sentence, advice, language: example?.[1] ?? 'js', example: example?.[2] ?? '' };
}

function table(refusals, notes) {
  return (
    [
      '/* Generated from refusals.md and notes.md by `npm run generate`. Do not edit. */',
      '',
      'export interface Message {',
      '  /** The sentence printed for a site; `%code%` and `%name%` are replaced. */',
      '  readonly sentence: string;',
      '  /** What the user can do. */',
      '  readonly advice: string;',
      '  readonly example: string;',
      '}',
      '',
      ...union('RefusalCode', refusals),
      ...union('NoteCode', notes),
      ...record('refusals', 'RefusalCode', refusals),
      ...record('notes', 'NoteCode', notes),
    ]
      .join('\n')
      .trimEnd() + '\n'
  );
}

function union(name, messages) {
  return [
    `export type ${name} =`,
    ...messages.map(({ code }, i) => `  | '${code}'${i === messages.length - 1 ? ';' : ''}`),
    '',
  ];
}

function record(name, key, messages) {
  const entries = messages.map(
    ({ code, sentence, advice, example }) =>
      `  '${code}': {\n    sentence: ${JSON.stringify(sentence)},\n    advice: ${JSON.stringify(advice)},\n    example: ${JSON.stringify(example)},\n  },`,
  );
  return [`export const ${name}: Readonly<Record<${key}, Message>> = {`, ...entries, '};', ''];
}

function pages(folder, title, lead, messages) {
  const index = messages.map(({ code, sentence }) => `- [${code}](${code}.md): ${readable(sentence)}`);
  const files = { [`${folder}/index.md`]: `# ${title}\n\n${lead}\n\n${index.join('\n')}\n` };
  for (const { code, sentence, advice, language, example } of messages) {
    const sample = example ? `\n\`\`\`${language}\n${example}\`\`\`\n` : '';
    files[`${folder}/${code}.md`] = `# ${code}\n\n${readable(sentence)}\n${sample}\n${advice}\n`;
  }
  return files;
}

/** In a page there is no site to name: the placeholders become words. */
function readable(sentence) {
  return sentence
    .replace(/`%code%`/g, 'the code at the site')
    .replace(/`%name%`/g, 'the function')
    .replace(/%name%/g, 'the reason follows');
}

module.exports = { messageFiles, readMessages };

/**
 * What the tool makes of a Python story now, where that differs from what is expected, and where its behaviour differs:
 * `npm run story:python -- <part of a title> [all]`. With `all` the results are shown also where they are as expected. `telling` only runs the tellings, `alike`
 * compares those of one story with each other.
 */

import { startPython } from '../test/python/behave.js';
import { behaviourProblems, count, programOf, tellingProblems, textProblems } from '../test/python/compare.js';
import { convert, ownEngine } from '../test/python/convert.js';
import { pythonOrReason } from '../test/python/environment.js';
import { readStories } from '../test/python/stories.js';
import type { Input } from '../test/python/stories.js';

async function main([wanted = '', mode]: string[]): Promise<void> {
  const interpreter = pythonOrReason();
  if (!interpreter) return;
  const python = startPython(interpreter);
  const inputs = readStories().filter((each) => each.title.includes(wanted));
  const since = Date.now();
  const seen = new Set<string>();
  for (const input of inputs) {
    if (mode === 'telling' && seen.has(`${input.story} ${input.from}`)) continue;
    seen.add(`${input.story} ${input.from}`);
    const said = [...(await tellingProblems(python, input))];
    if (mode === 'alike') {
      const sibling = readStories().find(
        (each) => each.story === input.story && each.from === input.to && !each.isProject,
      );
      if (sibling)
        said.push(...(await behaviourProblems(python, input, { [input.main]: Object.values(sibling.files)[0]! })));
    } else if (mode === 'telling') said.push(...(await shown(python, input)));
    else {
      const { texts, notes } = convert(ownEngine, input);
      const wrong = await textProblems(python, input, texts);
      said.push(...differences(input, mode === 'all'), ...wrong);
      const behaves = wrong.length > 0 ? [] : await behaviourProblems(python, input, texts, notes);
      said.push(
        ...behaves.slice(0, 1),
        ...(behaves.length > 1 ? [`… and ${behaves.length - 1} more differences`] : []),
      );
    }
    if (said.length > 0) console.log(`##### ${input.title}\n${said.join('\n')}`);
  }
  console.log(`${inputs.length} tellings and directions, ${count.runs} runs, ${(Date.now() - since) / 1000} s`);
  await python.close();
}

async function shown(python: ReturnType<typeof startPython>, input: Input): Promise<string[]> {
  const { out, err, code, log } = await python.run(programOf(input, input.files), { salt: 1 });
  const [first, ...others] = await Promise.all(
    [1, 1, 1, 1].map((salt) => python.run(programOf(input, input.files), { salt })),
  );
  const differs = others.some((each) => each.log.lines.join('\n') !== first!.log.lines.join('\n'));
  const lines = [...log.lines, ...out.map((line) => `| ${line}`), `exit code ${code}, ${log.most} at once`];
  return [...lines, ...(err ? [err] : []), ...(differs ? ['!!! not the same each time'] : [])];
}

function differences(input: Input, all: boolean): string[] {
  const { texts, refusals, notes, errors } = convert(ownEngine, input);
  const wrong = Object.keys(texts).filter((name) => all || texts[name] !== input.expected[name]);
  const shown = wrong.map((name) =>
    texts[name] === input.files[name] ? `--- ${name} is left` : `--- ${name}\n${texts[name]}`,
  );
  return [...errors, ...shown, ...lists('refused', refusals, input.refusals), ...lists('notes', notes, input.notes)];
}

function lists(what: string, found: readonly string[], listed: readonly string[]): string[] {
  if ([...found].sort().join('\n') === [...listed].sort().join('\n')) return [];
  return [`--- ${what}\n${found.join('\n')}\n--- ${what}, as listed\n${listed.join('\n')}`];
}

void main(process.argv.slice(2)).then(() => process.exit());

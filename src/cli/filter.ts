import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Settings } from '../types.js';
import { colourPatch, paint } from '../report/colour.js';
import { explain } from '../report/explain.js';
import { patchOf } from '../report/patch.js';
import { ignoreRules } from '../run/ignore.js';
import { languageOf, relativePosix, rootFor } from '../run/paths.js';
import { leavesOut, placedOverrides } from '../run/patterns.js';
import { fromRoot } from '../run/plan.js';
import { projectsOf, projectTexts, viewOf } from '../run/projects.js';
import { decode, isError, type Source } from '../run/read.js';
import { settingsOf } from '../run/settings.js';
import { transform, type TransformResult } from '../run/transform.js';
import { printError } from './convert.js';
import type { Console } from './main.js';
import { UsageError, type CliOptions, type OutputFormat } from './options.js';
import { writeOutput } from './output-file.js';
import { readAll } from './streams.js';

/**
 * A text from stdin to stdout. Its name, if given, says where it would be: imports are looked up from there, and ignore rules hold.
 * On an error nothing goes to stdout, so an editor never replaces a text by half of one.
 */
export async function filter(options: CliOptions, screen: Console): Promise<number> {
  const given = options.stdinFilename ?? 'stdin.js';
  if (options.write) throw new UsageError(`--write writes files; a text from stdin goes to stdout.`);
  if (!languageOf(given))
    throw new UsageError(`--stdin-filename: '${given}' is not a kind of file that can be converted`);
  const bytes = await readAll(process.stdin);
  const place = placeOf(given, options);
  const read = decode(place.file, bytes);
  if (isError(read)) {
    await printError(read, () => given, screen);
    return 2;
  }
  if (place.ignoredBy) {
    await screen.note(`${given} skipped: ${place.ignoredBy}`);
    await screen.out(bytes.toString());
    return 0;
  }
  return answer(read, place, given, options, screen);
}

interface Place {
  readonly root: string;
  readonly file: string;
  readonly ignoredBy?: string;
  readonly rules: ReturnType<typeof ignoreRules>;
  readonly settings: Settings;
}

function placeOf(given: string, options: CliOptions): Place {
  const cwd = fs.realpathSync(process.cwd());
  const absolute = path.resolve(cwd, given);
  const root = rootFor(cwd, [absolute]);
  const file = relativePosix(root, absolute);
  const rules = ignoreRules(root, options.ignore);
  const base = options.patternsFrom ?? cwd;
  const isNamed = options.stdinFilename !== undefined;
  const ignoredBy = isNamed ? (rules.path(file) ?? leavesOut(root, { ...options, base })(file)) : undefined;
  const overrides = isNamed ? placedOverrides(root, base, options.overrides ?? []) : [];
  const settings = settingsOf({ ...options, to: options.to!, overrides });
  return { root, file, rules, settings, ...(ignoredBy && { ignoredBy }) };
}

async function answer(
  source: Source,
  place: Place,
  given: string,
  options: CliOptions,
  screen: Console,
): Promise<number> {
  const [project] = projectsOf(place.root, [source], place.settings);
  const [inProject] = projectTexts(project!);
  const text = (source.bom ? '\uFEFF' : '') + source.text;
  const view = viewOf(place.root, project!, place.rules);
  const result = transform(text, { ...project!.settings, path: inProject!.path, view });
  const fromTop = fromRoot({ ...result, sites: 0 }, project!.folder);
  for (const { path, message } of fromTop.warnings ?? [])
    await screen.note(`${screen.paint.yellow('warning:')} ${path} ${message}`);
  const errors = result.errors.filter((error) => !(options.skipParseErrors && error.kind === 'parse-error'));
  if (errors.length > 0) {
    for (const error of errors) await printError(error, () => given, screen);
    return 2;
  }
  const toFile = options.output.filter((output) => output.file !== undefined);
  const toStdout = options.output.find((output) => output.file === undefined)?.format;
  const shown = (format: OutputFormat | undefined, colour: boolean): string =>
    render(
      format,
      { before: text, source, result: fromTop, file: place.file, given, context: options.context },
      colour,
    );
  for (const { format, file } of toFile) writeOutput(file!, shown(format, false));
  await screen.out(shown(toStdout ?? (options.explain ? 'explain' : undefined), screen.colourOut));
  await summarise(result, options, screen);
  return options.check && result.code !== text ? 1 : 0;
}

interface Shown {
  readonly before: string;
  readonly source: Source;
  readonly result: TransformResult;
  readonly file: string;
  readonly given: string;
  readonly context: number;
}

/** The new text, or what was asked for in its place. */
function render(format: OutputFormat | undefined, shown: Shown, colour: boolean): string {
  const { before, source, result, file, given, context } = shown;
  const colours = paint(colour);
  switch (format) {
    case undefined:
      return result.code;
    case 'patch': {
      const patch = patchOf([{ path: file, before, after: result.code }], context);
      return colour ? colourPatch(patch, colours) : patch;
    }
    case 'json':
      return `${JSON.stringify({ schema: 'asyncshift.text/1', ...result, sites: undefined }, undefined, 2)}\n`;
    case 'explain':
      return explain({ ...result, path: () => given, text: () => source.text }, colours);
    default:
      throw new Error(`bug: ${format} is a report about files`);
  }
}

async function summarise(result: TransformResult, options: CliOptions, screen: Console): Promise<void> {
  if (options.explain || result.refused.length === 0) return;
  const sites = result.refused.length === 1 ? '1 site' : `${result.refused.length} sites`;
  await screen.note(`${sites} refused (--explain).`);
}

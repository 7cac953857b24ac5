import * as fs from 'node:fs';
import * as path from 'node:path';
import type { ProjectView, Settings, SourceText } from '../types.js';
import { walk } from './choose.js';
import type { IgnoreRules } from './ignore.js';
import { byText, isInside, languageOf } from './paths.js';
import { isError, readSource, type Source } from './read.js';
import { settingsFinder } from './settings.js';

/** The files of a run that belong to one package, and for which the same is asked. `folder` is relative to the root; `''` is the root. */
export interface Project {
  readonly folder: string;
  readonly sources: readonly Source[];
  /** What is asked for in all of them. */
  readonly settings: Settings;
}

/**
 * Groups files by the nearest package: they are converted together, since functions and callers are in the same one. Files of a
 * package for which something else is asked are a project beside it, each of the two sees the other's files as they are.
 */
export function projectsOf(root: string, sources: readonly Source[], settings: Settings): Project[] {
  const folderOf = projectFinder(root);
  const settingsFor = settingsFinder(settings);
  const byKey = new Map<string, { folder: string; settings: Settings; sources: Source[] }>();
  for (const source of sources) {
    const folder = folderOf(source.path);
    const own = settingsFor(source.path);
    const key = `${folder}\0${settings.overrides ? JSON.stringify(own) : ''}`;
    const there = byKey.get(key);
    if (there) there.sources.push(source);
    else byKey.set(key, { folder, settings: own, sources: [source] });
  }
  return [...byKey].sort(([a], [b]) => byText(a, b)).map(([, project]) => project);
}

/** The folder of the package that a file belongs to, by its language. */
export function projectFinder(root: string): (file: string) => string {
  const isPackage = { js: packageFinder(root), py: packageFinder(root, hasPythonPackage) };
  return (file) => projectFolder(file, isPackage[kindOf(file)]);
}

function projectFolder(file: string, isPackage: (folder: string) => boolean): string {
  for (let folder = parentOf(file); folder !== ''; folder = parentOf(folder)) if (isPackage(folder)) return folder;
  return '';
}

const parentOf = (file: string): string => file.slice(0, Math.max(0, file.lastIndexOf('/')));

const kindOf = (file: string): 'js' | 'py' => (languageOf(file) === 'python' ? 'py' : 'js');

/** A folder with a package.json of its own. One that only says `"type"` marks a module kind, and starts no project. */
function packageFinder(root: string, isOne = hasJavaScriptPackage): (folder: string) => boolean {
  const known = new Map<string, boolean>();
  return (folder) => {
    let is = known.get(folder);
    if (is === undefined) known.set(folder, (is = isOne(path.join(root, folder))));
    return is;
  };
}

const pythonMarkers = ['pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', 'Pipfile'];

const hasPythonPackage = (folder: string): boolean =>
  pythonMarkers.some((name) => fs.existsSync(path.join(folder, name)));

function hasJavaScriptPackage(folder: string): boolean {
  let text: string;
  try {
    text = fs.readFileSync(path.join(folder, 'package.json'), 'utf8');
  } catch {
    return false;
  }
  return /"(?:name|dependencies|devDependencies|scripts|workspaces|main|exports)"\s*:/.test(text);
}

/** A project's files as its engine sees them: relative to the project's own folder. */
export const projectTexts = (project: Project): SourceText[] =>
  project.sources.map((source) => ({ path: inside(project.folder, source.path), text: source.text }));

const inside = (folder: string, file: string): string => (folder === '' ? file : file.slice(folder.length + 1));

/** What an engine may see beside the files of the run. Nothing is read or listed before it is asked for. */
export function viewOf(
  root: string,
  project: Project,
  rules: IgnoreRules,
  readFile: typeof readSource = readSource,
): ProjectView {
  const top = path.join(root, project.folder);
  const texts = new Map<string, string | undefined>(projectTexts(project).map((file) => [file.path, file.text]));
  let others: readonly string[] | undefined;
  return {
    root: top,
    run: rules,
    read(file) {
      if (!texts.has(file)) texts.set(file, readBeside(root, top, file, readFile));
      return texts.get(file);
    },
    get others() {
      return (others ??= othersOf(root, project, rules));
    },
  };
}

/** Any text file below the root: a tsconfig may extend one of a folder above the project's. */
function readBeside(root: string, top: string, file: string, readFile: typeof readSource): string | undefined {
  const absolute = path.resolve(top, file);
  if (!isInside(root, absolute)) return undefined;
  const read = fs.existsSync(absolute) ? readFile(root, path.relative(root, absolute)) : undefined;
  return read && !isError(read) ? read.text : undefined;
}

function othersOf(root: string, project: Project, rules: IgnoreRules): string[] {
  const kinds = new Set(project.sources.map((source) => kindOf(source.path)));
  const isJs = packageFinder(root);
  const isPy = packageFinder(root, hasPythonPackage);
  const isPackage = (folder: string): boolean =>
    (!kinds.has('js') || isJs(folder)) && (!kinds.has('py') || isPy(folder));
  const inRun = new Set(project.sources.map((source) => source.path));
  return walk(root, project.folder, rules, (folder) => !isPackage(folder))
    .files.filter((file) => !inRun.has(file))
    .map((file) => inside(project.folder, file));
}

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Language } from '../types.js';

const JAVASCRIPT = new Set(['.js', '.jsx', '.mjs', '.cjs']);
const PYTHON = new Set(['.py', '.pyi']);
const TYPESCRIPT = new Set(['.ts', '.tsx', '.mts', '.cts']);

/** Folders in which nothing is ever looked at: other people's code and version control. */
export const NEVER: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  '.jj',
  '.sl',
  'bower_components',
  'jspm_packages',
  '__pycache__',
  'site-packages',
  '.venv',
  '.tox',
  '.nox',
]);

/** The language of a file that we may change, by its name; undefined for every other file, `.d.ts` included. */
export function languageOf(file: string): Language | undefined {
  const extension = path.extname(file).toLowerCase();
  if (JAVASCRIPT.has(extension)) return 'javascript';
  if (PYTHON.has(extension)) return 'python';
  if (!TYPESCRIPT.has(extension) || /\.d\.([\w-]+\.)?[cm]?ts$/i.test(file)) return undefined;
  return 'typescript';
}

/** `\` becomes `/` where the system uses it: paths in results are the same everywhere. */
export const toPosix = (file: string): string => (path.sep === '\\' ? file.replaceAll('\\', '/') : file);

export const relativePosix = (from: string, to: string): string => toPosix(path.relative(from, to));

/** True for the folder itself and for everything in it. */
export function isInside(folder: string, file: string): boolean {
  if (folder === file) return true;
  return file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}

const gitTops = new Map<string, string | undefined>();

/** The work tree that a folder is in: the nearest folder up that holds `.git`. No process is started. */
export function gitTopOf(folder: string): string | undefined {
  if (gitTops.has(folder)) return gitTops.get(folder);
  const parent = path.dirname(folder);
  const top = fs.existsSync(path.join(folder, '.git')) ? folder : parent === folder ? undefined : gitTopOf(parent);
  gitTops.set(folder, top);
  return top;
}

/** Forgets what is known of git work trees: a long-lived program may create one between two runs. */
export const forgetGitTops = (): void => gitTops.clear();

/** The folder to which a run's paths are relative: the git top level, else the current folder, else what all paths share. */
export function rootFor(cwd: string, anchors: readonly string[]): string {
  const first = anchors[0] ?? cwd;
  const candidates = [gitTopOf(cwd), gitTopOf(folderOf(first)), cwd];
  const root = candidates.find((folder) => folder !== undefined && anchors.every((anchor) => isInside(folder, anchor)));
  return root ?? anchors.map(folderOf).reduce(commonFolder, folderOf(first));
}

function folderOf(file: string): string {
  try {
    return fs.statSync(file).isDirectory() ? file : path.dirname(file);
  } catch {
    return path.dirname(file);
  }
}

function commonFolder(a: string, b: string): string {
  let folder = a;
  while (!isInside(folder, b)) folder = path.dirname(folder);
  return folder;
}

/** Plain order by code units: the same on every machine, whatever its locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { ProjectView } from '../types.js';
import type { Conversion } from './engine.js';
import { isInside } from './paths.js';
import { projectTexts, type Project } from './projects.js';
import { userCacheFolder } from './user-cache.js';
import { version } from './version.js';

/** What a result was made of beside the project's own texts: whatever its engine looked at. */
export interface Seen {
  /** Files by path, and the hash of what they held; null where there was none. */
  readonly reads: readonly (readonly [path: string, hash: string | null])[];
  /** Hash of the names of the project's other files, when they were asked for. */
  readonly others?: string;
}

/** Results of projects, kept between runs under the hash of all that they depend on. Times and places of files mean nothing to it. */
export interface Cache {
  /** What was found for the very same texts, settings and surroundings; `view` says how these are now. */
  find(project: Project, view: ProjectView): Conversion | undefined;
  keep(project: Project, seen: Seen, result: Conversion): void;
}

/** The cache in a folder. A folder that cannot be read or written is an empty cache: it makes nothing wrong, only slower. */
export function cacheIn(folder: string): Cache {
  return {
    find(project, view) {
      const entry = readEntry(path.join(folder, nameOf(project)));
      return entry && isSame(entry.seen, view) ? entry.result : undefined;
    },
    keep(project, seen, result) {
      // A defect of ours is told with its stack each time; what the compiler says rests on files that nobody hashed.
      if (project.settings.types || result.errors.some((error) => error.kind === 'internal-error')) return;
      writeEntry(folder, nameOf(project), { seen, result });
    },
  };
}

/** Where results of a root are kept: beside its packages, where every tool looks for caches, else with the user's. */
export function cacheFolder(root: string, location?: string): string {
  if (location !== undefined) return path.resolve(location);
  const packages = path.join(root, 'node_modules');
  const isOurs = fs.existsSync(packages) && isInside(fs.realpathSync(root), fs.realpathSync(packages));
  return path.join(isOurs ? path.join(packages, '.cache', 'asyncshift') : userCacheFolder(root), 'results');
}

/** A view that remembers what was asked of it. */
export function watched(view: ProjectView, project: Project): { view: ProjectView; seen(): Seen } {
  const own = new Set(projectTexts(project).map((file) => file.path));
  const reads = new Map<string, string | null>();
  let others: string | undefined;
  return {
    view: {
      root: view.root,
      ...(view.run && { run: view.run }),
      read(file) {
        const text = view.read(file);
        if (!own.has(file) && !reads.has(file)) reads.set(file, hashOrNull(text));
        return text;
      },
      get others() {
        others ??= hash(view.others.join('\0'));
        return view.others;
      },
    },
    seen: () => ({ reads: [...reads], ...(others !== undefined && { others }) }),
  };
}

function isSame({ reads, others }: Seen, view: ProjectView): boolean {
  if (others !== undefined && others !== hash(view.others.join('\0'))) return false;
  return reads.every(([file, was]) => hashOrNull(view.read(file)) === was);
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const hashOrNull = (text: string | undefined): string | null => (text === undefined ? null : hash(text));

/** All that is known before anything is read beside the project. */
function nameOf(project: Project): string {
  const key = createHash('sha256');
  key.update(JSON.stringify([FORMAT, fingerprint(), project.folder, project.settings]));
  for (const { path: file, text } of projectTexts(project)) key.update(JSON.stringify([file, hash(text)]));
  return `${key.digest('hex')}.json`;
}

const FORMAT = 1;
let known: string | undefined;

/** Which engine this is. A build has a hash of its own; a tree that was not built by us is another engine in each place. */
function fingerprint(): string {
  if (known === undefined) {
    let build = __dirname;
    try {
      build = (JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'build.json'), 'utf8')) as { hash: string }).hash;
    } catch {
      // not built: tests
    }
    known = JSON.stringify([version(), build, dependencies(), process.version]);
  }
  return known;
}

/** The versions of what our package depends on: a parser may be newer than the one of an earlier run. */
function dependencies(): string[] {
  const own = JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return Object.keys(own.dependencies).map((name) => {
    const found = require.resolve.paths(name)?.map((folder) => path.join(folder, name, 'package.json'));
    const manifest = found?.find((file) => fs.existsSync(file));
    return `${name}@${manifest ? (JSON.parse(fs.readFileSync(manifest, 'utf8')) as { version: string }).version : ''}`;
  });
}

interface Stored {
  readonly seen: Seen;
  readonly result: Conversion;
}

/** An entry is its hash, a line end, and the text that has this hash: what was cut short or scribbled over is no entry. */
function readEntry(file: string): Stored | undefined {
  try {
    const all = fs.readFileSync(file, 'utf8');
    const text = all.slice(65);
    return all[64] === '\n' && hash(text) === all.slice(0, 64) ? (JSON.parse(text) as Stored) : undefined;
  } catch {
    return undefined;
  }
}

function writeEntry(folder: string, name: string, entry: Stored): void {
  const text = JSON.stringify(entry);
  const part = path.join(folder, `${name}.${process.pid}.${Math.random().toString(36).slice(2)}.part`);
  try {
    prepare(folder);
    fs.writeFileSync(part, `${hash(text)}\n${text}`, { flag: 'wx' });
    fs.renameSync(part, path.join(folder, name)); // another process may have written the same: either is whole
  } catch {
    removeQuietly(part);
  }
}

function removeQuietly(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // no folder to have it in
  }
}

const SIGNATURE =
  'Signature: 8a477f597d28d172789f06886806bc55\n# A cache of asyncshift: it may be removed at any time.\n';
const MOST = 400;
const prepared = new Set<string>();

/** Once per run: the folder with its tag (https://bford.info/cachedir/), and no more than some hundred entries in it. */
function prepare(folder: string): void {
  if (prepared.has(folder) && fs.existsSync(folder)) return;
  prepared.add(folder);
  fs.mkdirSync(folder, { recursive: true });
  const tag = path.join(folder, 'CACHEDIR.TAG');
  if (!fs.existsSync(tag)) fs.writeFileSync(tag, SIGNATURE);
  const entries = fs.readdirSync(folder).filter((name) => /\.(json|part)$/.test(name));
  if (entries.length <= MOST) return;
  const byAge = entries.map((name) => ({ name, at: fs.statSync(path.join(folder, name)).mtimeMs }));
  byAge.sort((a, b) => a.at - b.at);
  for (const { name } of byAge.slice(0, entries.length - MOST / 2)) fs.rmSync(path.join(folder, name), { force: true });
}

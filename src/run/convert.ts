import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ProjectResult, Warning } from '../types.js';
import { cacheFolder, cacheIn, watched, type Cache, type Seen } from './cache.js';
import { convertSafely, loadEngine, type Conversion, type Engine } from './engine.js';
import type { IgnoreRules } from './ignore.js';
import { fromRoot } from './plan.js';
import { projectTexts, viewOf, type Project } from './projects.js';
import type { readSource } from './read.js';
import { convertOnWorkers, workersFor } from './workers.js';

/** What projects are converted with. */
export interface Converting {
  readonly root: string;
  readonly rules: IgnoreRules;
  readonly readFile: typeof readSource;
  /** Whether ignore files are read, for workers, which read them again. */
  readonly ignore: boolean;
  readonly engine?: Engine;
  /** Keep results between runs: in this folder, or in the usual one. */
  readonly cache?: boolean | string;
  /** How many projects at once; default: as many as it pays for. */
  readonly jobs?: number;
  /** Texts come from elsewhere than the disk: workers could not see them. */
  readonly isStaged: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

/** All projects' results as one, with paths from the root, in the order of the projects. */
export interface Converted extends ProjectResult {
  readonly warnings: readonly Warning[];
  readonly traces: readonly string[];
}

/** Converts projects: from the cache where nothing changed, else here or in worker threads. The result is the same in every case. */
export async function convertProjects(projects: readonly Project[], how: Converting): Promise<Converted> {
  const cache = cacheOf(how);
  const found = new Map<Project, Conversion>();
  let done = 0;
  const tell = (): void => how.onProgress?.(done++, projects.length);
  for (const project of projects) {
    const kept = cache?.find(project, viewOf(how.root, project, how.rules, how.readFile));
    if (kept) (found.set(project, kept), tell());
  }
  const left = projects.filter((project) => !found.has(project));
  const keep = (project: Project, seen: Seen, result: Conversion): void => {
    found.set(project, result);
    cache?.keep(project, seen, result);
    tell();
  };
  const workers = how.isStaged || how.engine ? 1 : workersFor(left, how.jobs);
  if (workers > 1) await convertOnWorkers(left, { root: how.root, ignore: how.ignore, workers }, keep);
  else await convertHere(left, how, keep);
  return together(projects.map((project) => fromRoot(found.get(project)!, project.folder)));
}

function cacheOf({ cache, root, isStaged }: Converting): Cache | undefined {
  if (!cache || isStaged) return undefined;
  return cacheIn(cacheFolder(root, typeof cache === 'string' ? cache : undefined));
}

async function convertHere(
  projects: readonly Project[],
  how: Converting,
  keep: (project: Project, seen: Seen, result: Conversion) => void,
): Promise<void> {
  if (projects.length === 0) return;
  const engine = how.engine ?? loadEngine();
  for (const project of projects) {
    await new Promise((resolve) => setImmediate(resolve));
    const { seen, result } = convertOne(project, engine, how);
    keep(project, seen, result);
  }
}

/** One project, and what was looked at beside it. */
export function convertOne(
  project: Project,
  engine: Engine,
  { root, rules, readFile }: Pick<Converting, 'root' | 'rules' | 'readFile'>,
): { readonly seen: Seen; readonly result: Conversion } {
  const { view, seen } = watched(viewOf(root, project, rules, readFile), project);
  const result = convertSafely(engine, projectTexts(project), project.settings, view);
  releaseMemory();
  return { result, seen: seen() };
}

/**
 * The trees of a project are garbage once it is converted. Left alone, the heap grows by all of the next project before anybody
 * collects it: a repository of many packages would take as much memory as one large package.
 */
function releaseMemory(): void {
  if (process.memoryUsage().heapUsed < MUCH) return;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
}

const MUCH = 200 * 1024 * 1024;

function together(results: readonly Conversion[]): Converted {
  const all: Mutable<Converted> = {
    groups: [],
    refused: [],
    errors: [],
    ignored: [],
    warnings: [],
    sites: 0,
    traces: [],
  };
  for (const result of results) {
    all.groups.push(...result.groups);
    all.refused.push(...result.refused);
    all.errors.push(...result.errors);
    all.ignored.push(...result.ignored);
    all.traces.push(...result.traces);
    all.warnings.push(...(result.warnings ?? []));
    all.sites += result.sites;
  }
  return all;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

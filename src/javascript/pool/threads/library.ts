import type { ImportNeed } from '../../../flow/model.js';
import type { FileEdit } from '../../../types.js';
import type { FileContext } from '../../context.js';
import { hasDependency, manifestOf, withDependency } from '../manifest.js';

export type ThreadLibrary = 'piscina' | 'tinypool' | 'workerpool';

/** How a pool of threads is written with a library. */
export interface Threads {
  readonly library: ThreadLibrary;
  readonly need: ImportNeed;
  /** The package.json that lists it from now on. */
  readonly beside?: FileEdit;
  /** `new Piscina({ filename, maxThreads: 4 })` */
  readonly make: (local: string, filename: string, most: number) => string;
  /** `pool.run(item)` */
  readonly run: (pool: string, argument: string) => string;
  readonly close: (pool: string) => string;
}

const alike = {
  make: (local: string, filename: string, most: number) =>
    `new ${local}({ filename: ${filename}, minThreads: ${most}, maxThreads: ${most} })`,
  run: (pool: string, argument: string) => `${pool}.run(${argument})`,
  close: (pool: string) => `${pool}.destroy()`,
};

const all: Readonly<Record<ThreadLibrary, Omit<Threads, 'beside'>>> = {
  piscina: { library: 'piscina', need: { from: 'piscina', name: 'Piscina', local: 'Piscina' }, ...alike },
  tinypool: { library: 'tinypool', need: { from: 'tinypool', name: 'default', local: 'Tinypool' }, ...alike },
  workerpool: {
    library: 'workerpool',
    need: { from: 'workerpool', name: 'default', local: 'workerpool' },
    make: (local, filename, most) => `${local}.pool(${filename}, { maxWorkers: ${most} })`,
    run: (pool, argument) => `${pool}.exec('task', [${argument}])`,
    close: (pool) => `${pool}.terminate()`,
  },
};

/** The library of threads that the package lists; `undefined`: none. */
export function ownThreadLibrary(ctx: FileContext): ThreadLibrary | undefined {
  const manifest = manifestOf(ctx);
  const found = (Object.keys(all) as ThreadLibrary[]).find((name) => manifest && hasDependency(manifest, name));
  // tinypool is made of ES modules alone.
  return found === 'tinypool' && ctx.moduleStyle !== 'esm' ? undefined : found;
}

/** The package's own library, else Piscina, which package.json then lists. */
export function threadsFor(ctx: FileContext): Threads {
  const own = ownThreadLibrary(ctx);
  if (own) return all[own];
  const manifest = manifestOf(ctx);
  const beside = manifest && withDependency(manifest, 'piscina', '^4.9.2');
  return { ...all.piscina, ...(beside && { beside }) };
}

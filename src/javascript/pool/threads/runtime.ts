import type { FileContext } from '../../context.js';
import { ts } from '../../parse.js';

/** How the program that is made of a file finds another file. */
export interface Runtime {
  /** What it is when it runs: `__dirname` or `import.meta.url`. */
  readonly kind: 'esm' | 'cjs';
  /** How it is written: `import` or `require`. */
  readonly isModule: boolean;
  /** Of the new file. */
  readonly extension: string;
  /** A path's last part as the running program sees it. */
  readonly shown: (path: string) => string;
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * A worker module has the form of the file that starts it. TypeScript that is compiled to a folder of its own runs as `.js`; where it is
 * not known what runs it, a worker can't be named (H57). `undefined` then.
 */
export function runtimeOf(ctx: FileContext): Runtime | undefined {
  const extension = /\.[^.]*$/.exec(ctx.path)?.[0] ?? '.js';
  const isModule = ctx.moduleStyle === 'esm';
  if (!ctx.typescript) {
    const own = extension === '.jsx' ? '.js' : extension;
    return { kind: isModule ? 'esm' : 'cjs', isModule, extension: own, shown: lastPart };
  }
  const config = tsconfigFor(ctx);
  const out: unknown = config?.['outDir'];
  if (typeof out !== 'string' || config?.['noEmit'] === true) return undefined;
  const kind = kindOf(String(config?.['module'] ?? 'commonjs').toLowerCase(), ctx);
  if (!kind) return undefined;
  const shown = (path: string): string => lastPart(path).replace(/\.([cm]?)tsx?$/, '.$1js');
  return { kind, isModule: true, extension: extension === '.tsx' ? '.ts' : extension, shown };
}

function kindOf(module: string, ctx: FileContext): Runtime['kind'] | undefined {
  if (module === 'commonjs') return 'cjs';
  if (/^(es\d+|esnext|es2015|es6)$/.test(module)) return 'esm';
  if (!/^node(16|18|20|next)$/.test(module)) return undefined;
  if (/\.mts$/.test(ctx.path)) return 'esm';
  if (/\.cts$/.test(ctx.path)) return 'cjs';
  return /"type"\s*:\s*"module"/.test(ctx.view.read('package.json') ?? '') ? 'esm' : 'cjs';
}

/** The compiler options of the nearest tsconfig.json; one that extends another is not followed. */
function tsconfigFor(ctx: FileContext): Record<string, unknown> | undefined {
  for (let folder = ctx.path; folder !== '';) {
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
    const name = folder === '' ? 'tsconfig.json' : `${folder}/tsconfig.json`;
    const text = ctx.view.read(name);
    if (text === undefined) continue;
    const parsed = ts.parseConfigFileTextToJson(name, text) as {
      config?: { compilerOptions?: Record<string, unknown>; extends?: unknown };
    };
    return parsed.config?.extends === undefined ? parsed.config?.compilerOptions : undefined;
  }
  return undefined;
}

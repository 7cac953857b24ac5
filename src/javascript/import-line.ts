import type { ImportNeed } from '../flow/model.js';
import type { FileContext } from './context.js';

/** The line, without its end, that brings in all of a module: `import pLimit from 'p-limit'`. `from` is quoted. */
export function wholeImportLine(
  ctx: FileContext,
  { name, local }: ImportNeed,
  from: string,
  isBuiltin: boolean,
): string {
  if (ctx.moduleStyle !== 'esm') return `const ${local} = require(${from})`;
  if (name === '*' && !isBuiltin) return `import * as ${local} from ${from}`;
  // TypeScript without `esModuleInterop` has no default for what is a CommonJS module.
  if (ctx.typescript && isBuiltin) return `import * as ${local} from ${from}`;
  if (ctx.typescript && !hasInterop(ctx)) return `import ${local} = require(${from})`;
  return `import ${local} from ${from}`;
}

/** Does the compiler give CommonJS modules a default? What the nearest tsconfig.json leaves to others is taken to allow it. */
function hasInterop({ path, view }: FileContext): boolean {
  for (let folder = parentOf(path); ; folder = parentOf(folder)) {
    const text = view.read(folder === '' ? 'tsconfig.json' : `${folder}/tsconfig.json`);
    if (text !== undefined)
      return (
        /"(esModuleInterop|allowSyntheticDefaultImports)"\s*:\s*true/.test(text) ||
        /"module"\s*:\s*"(node\w*|preserve|es\w*)"/i.test(text) ||
        /"extends"\s*:/.test(text)
      );
    if (folder === '') return true;
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

import type { FileError, ProjectView, SourceText, TransformOptions } from '../types.js';
import { canRender } from './compose.js';
import type { FileContext } from './context.js';
import { parseSource } from './parse.js';
import { moduleStyleOf, scopesOf } from './scope.js';
import { styleOf } from './style.js';
import type { Types } from './types.js';

/** Parses the files; those that are not JavaScript or TypeScript give one error each and are left out. */
export function contextsOf(
  files: readonly SourceText[],
  options: TransformOptions,
  view: ProjectView,
  types?: Types,
): { contexts: FileContext[]; errors: FileError[] } {
  const errors: FileError[] = [];
  const packages = packageFinder(view);
  const contexts = files.flatMap((source) => {
    const { file, errors: found } = parseSource(source.path, source.text);
    const [first] = found;
    if (first) {
      errors.push({ path: source.path, kind: 'parse-error', ...first });
      return [];
    }
    if (!canRender(source.text)) return [];
    const pkg = packages(source.path);
    let style: FileContext['style'] | undefined;
    return [
      {
        path: source.path,
        text: source.text,
        file,
        scopes: scopesOf(file),
        // Asked for in few files, and moduleStyle needs the scopes: found out when they are asked for.
        get style() {
          return (style ??= styleOf(file));
        },
        get moduleStyle() {
          return moduleStyleOf(file, pkg.type);
        },
        typescript: /\.[cm]?tsx?$/.test(source.path),
        options,
        view,
        dependencies: pkg.dependencies,
        promiseLibraries: pkg.promiseLibraries,
        ...(types && { types: { promiseKind: (range) => types.promiseKind(source, range) } }),
      } satisfies FileContext,
    ];
  });
  return { contexts, errors };
}

interface PackageFacts {
  readonly type?: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly promiseLibraries: readonly string[];
}

/** The nearest package.json above a file, read once per folder. */
function packageFinder(view: ProjectView): (path: string) => PackageFacts {
  const known = new Map<string, PackageFacts>();
  const find = (folder: string): PackageFacts => {
    let facts = known.get(folder);
    if (!facts) {
      const text = view.read(folder === '' ? 'package.json' : `${folder}/package.json`);
      facts = text !== undefined ? factsOf(text) : folder === '' ? noFacts : find(parentOf(folder));
      known.set(folder, facts);
    }
    return facts;
  };
  return (path) => find(parentOf(path));
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

const noFacts: PackageFacts = { dependencies: {}, promiseLibraries: [] };

const withExtras = /^(bluebird|bluebird-lst|q|when|rsvp|any-promise|vow|promise|native-or-bluebird|sequelize)$/;

function factsOf(text: string): PackageFacts {
  try {
    const json = JSON.parse(text) as Record<string, Record<string, string> | string | undefined>;
    const kinds = ['peerDependencies', 'optionalDependencies', 'devDependencies', 'dependencies'] as const;
    const dependencies = Object.assign(
      {},
      ...kinds.map((kind) => (typeof json[kind] === 'object' ? json[kind] : {})),
    ) as Record<string, string>;
    const own = kinds.filter((kind) => kind !== 'devDependencies').flatMap((kind) => Object.keys(json[kind] ?? {}));
    const promiseLibraries = own.filter((name) => withExtras.test(name)).sort();
    return { promiseLibraries, ...(typeof json.type === 'string' && { type: json.type }), dependencies };
  } catch {
    return noFacts;
  }
}

import type { ProjectView, TransformOptions } from '../types.js';
import type { ts } from './parse.js';
import type { Scopes } from './scope.js';
import type { FileTypes } from './types.js';

/** How this file is written, so that what we add looks the same. */
export interface CodeStyle {
  readonly semi: boolean;
  readonly quote: "'" | '"';
  readonly indent: string;
  readonly eol: '\n' | '\r\n';
}

/** One file and all that readers may ask about it. Built once per file. */
export interface FileContext {
  readonly path: string;
  readonly text: string;
  readonly file: ts.SourceFile;
  readonly scopes: Scopes;
  readonly style: CodeStyle;
  readonly moduleStyle: 'esm' | 'cjs' | 'script';
  readonly typescript: boolean;
  readonly options: TransformOptions;
  readonly view: ProjectView;
  /** Names and ranges from the nearest package.json: dependencies of every kind. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Promise libraries with methods of their own that the package itself (not only its tests) depends on. */
  readonly promiseLibraries: readonly string[];
  /** What the compiler says of this file's expressions; only with `--types`. */
  readonly types?: FileTypes;
}

import ts = require('@ts-morph/common/dist/typescript.js');

/** The syntax tree's own words. Value and types; only files of `src/javascript` may import it, and nothing else knows the parser. */
export { ts };

/** A place where the text is not JavaScript or TypeScript. `line` and `column` are 1-based. */
export interface SyntaxError {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface Parsed {
  readonly file: ts.SourceFile;
  readonly errors: readonly SyntaxError[];
}

/**
 * Parses one file, with parents set. Never throws for bad input: what is wrong is in `errors`.
 * `.js` may hold JSX and the type annotations of Flow that look like TypeScript's.
 */
export function parseSource(path: string, text: string): Parsed {
  const file = ts.createSourceFile(path, text, options, true, scriptKindOf(path));
  return { file, errors: errorsOf(file) };
}

const options: ts.CreateSourceFileOptions = {
  languageVersion: ts.ScriptTarget.Latest,
  // Comments stay the user's text: a tree of their tags would only cost time.
  jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
};

const scriptKinds: Readonly<Record<string, ts.ScriptKind>> = {
  ts: ts.ScriptKind.TS,
  mts: ts.ScriptKind.TS,
  cts: ts.ScriptKind.TS,
  tsx: ts.ScriptKind.TSX,
  jsx: ts.ScriptKind.JSX,
};

/** Anything that is not TypeScript is JavaScript that may hold JSX: `.js`, `.mjs`, `.cjs`, a script without extension. */
function scriptKindOf(path: string): ts.ScriptKind {
  return scriptKinds[path.slice(path.lastIndexOf('.') + 1).toLowerCase()] ?? ts.ScriptKind.JSX;
}

/** `010` and `'\\07'`: errors to TypeScript, legal in sloppy scripts; their tokens are whole. */
const sloppy = new Set([1121, 1487, 1488, 1489]);

function errorsOf(file: ts.SourceFile): SyntaxError[] {
  // The parser keeps its findings on the file; only a whole program would hand them out.
  const found =
    (file as ts.SourceFile & { parseDiagnostics?: readonly ts.DiagnosticWithLocation[] }).parseDiagnostics ?? [];
  return found
    .filter((diagnostic) => !sloppy.has(diagnostic.code))
    .map((diagnostic) => {
      const { line, character } = file.getLineAndCharacterOfPosition(diagnostic.start);
      return {
        line: line + 1,
        column: character + 1,
        message: ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '),
      };
    });
}

import { indentAt, reindent } from '../../../edits/render.js';
import type { FileContext } from '../../context.js';
import { ts } from '../../parse.js';
import type { Moved } from './moved.js';
import type { ThreadLibrary } from './library.js';

/** What a worker module is made of. */
export interface WorkerModule {
  readonly moved: Moved;
  /** The task as the module gives it: the name of one of its functions, or a function's text. */
  readonly task: string;
  readonly library: ThreadLibrary;
}

/** The text of the file that each thread loads: the imports that the task needs, what came along, and the task (H56). */
export function workerText({ moved, task, library }: WorkerModule, ctx: FileContext): string {
  const { eol, semi } = ctx.style;
  const end = semi ? ';' : '';
  const isModule = ctx.moduleStyle === 'esm';
  const strict = /^\s*(['"])use strict\1;?/.exec(ctx.text)?.[0].trim();
  const own = library === 'workerpool' ? [importLine('workerpool', isModule, ctx)] : [];
  const imports = [...own, ...importsOf(moved, ctx)];
  const parts = moved.statements.map((statement) => textOf(statement, ctx));
  const given =
    library === 'workerpool'
      ? `workerpool.worker({ ${task === 'task' ? 'task' : `task: ${task}`} })${end}`
      : isModule
        ? `export default ${task}${end}`
        : `module.exports = ${task}${end}`;
  const head = [...(strict && !isModule ? [strict] : []), imports.join('\n')].filter((part) => part !== '');
  return `${[...head, ...parts, given].join('\n\n')}\n`.replaceAll('\r\n', '\n').replaceAll('\n', eol);
}

function importLine(name: string, isModule: boolean, { style }: FileContext): string {
  const end = style.semi ? ';' : '';
  const from = style.quote + name + style.quote;
  return isModule ? `import ${name} from ${from}${end}` : `const ${name} = require(${from})${end}`;
}

/** A statement with the comments above it, at the left edge. */
function textOf(statement: ts.Statement, ctx: FileContext): string {
  const { start, end } = withComments(statement, ctx);
  return reindent(ctx.text.slice(start, end), indentAt(ctx.text, start), '');
}

/** From the comments that stand right above a statement to its end. */
export function withComments(statement: ts.Statement, { text }: FileContext): { start: number; end: number } {
  const comments = ts.getLeadingCommentRanges(text, statement.pos) ?? [];
  let start = statement.getStart();
  for (const comment of [...comments].reverse()) {
    if (/\n[^\S\n]*\n/.test(text.slice(comment.end, start))) break;
    start = comment.pos;
  }
  return { start, end: statement.end };
}

/** The imports and requires again, each with the names that the task uses. */
function importsOf({ imported }: Moved, ctx: FileContext): string[] {
  const wanted = new Set(imported.map((name) => ctx.scopes.symbolOf(name)));
  const isWanted = (name: ts.Node): boolean => ts.isIdentifier(name) && wanted.has(ctx.scopes.symbolOf(name));
  return ctx.file.statements.flatMap((statement) => {
    if (ts.isImportDeclaration(statement)) return importText(statement, isWanted);
    if (!ts.isVariableStatement(statement)) return [];
    const keyword = ctx.text.slice(statement.getStart(), statement.declarationList.declarations[0]!.getStart()).trim();
    const end = ctx.style.semi ? ';' : '';
    return statement.declarationList.declarations.flatMap(({ name, initializer }) => {
      if (!initializer || !/^require\(/.test(initializer.getText())) return [];
      const pattern = ts.isIdentifier(name) ? (isWanted(name) ? name.text : undefined) : patternText(name, isWanted);
      return pattern ? [`${keyword} ${pattern} = ${initializer.getText()}${end}`] : [];
    });
  });
}

function patternText(name: ts.BindingPattern, isWanted: (name: ts.Node) => boolean): string | undefined {
  const elements = name.elements.filter((each) => ts.isBindingElement(each) && isWanted(each.name));
  return elements.length > 0 ? `{ ${elements.map((each) => each.getText()).join(', ')} }` : undefined;
}

function importText(statement: ts.ImportDeclaration, isWanted: (name: ts.Node) => boolean): string[] {
  const { importClause, moduleSpecifier } = statement;
  if (!importClause) return [];
  const { name, namedBindings } = importClause;
  const main = name && isWanted(name) ? [name.text] : [];
  const star =
    namedBindings && ts.isNamespaceImport(namedBindings) && isWanted(namedBindings.name)
      ? [namedBindings.getText()]
      : [];
  const named =
    namedBindings && ts.isNamedImports(namedBindings)
      ? namedBindings.elements.filter((each) => isWanted(each.name))
      : [];
  const list = named.length > 0 ? [`{ ${named.map((each) => each.getText()).join(', ')} }`] : [];
  const parts = [...main, ...star, ...list];
  const end = statement.getText().endsWith(';') ? ';' : '';
  return parts.length > 0 ? [`import ${parts.join(', ')} from ${moduleSpecifier.getText()}${end}`] : [];
}

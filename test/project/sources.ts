/** The sources as the project tests see them: path, text, and what each imports. */

import * as fs from 'node:fs';
import * as path from 'node:path';
import * as ts from 'typescript';

export const root = path.join(__dirname, '../..');

export interface Import {
  readonly from: string;
  /** A path relative to src, without extension, or a package name. */
  readonly to: string;
  readonly typeOnly: boolean;
  /** `require()` inside a function: loaded where it is needed. */
  readonly lazy: boolean;
}

export interface SourceFile {
  /** Relative to src, with `/`. */
  readonly name: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

export function sources(): SourceFile[] {
  return filesUnder('src')
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((file) => {
      const name = file.slice('src/'.length);
      const text = fs.readFileSync(path.join(root, file), 'utf8');
      return { name, text, imports: importsOf(name, text) };
    });
}

/** All files below a folder, relative to the project, sorted. */
export function filesUnder(folder: string): string[] {
  if (!fs.existsSync(path.join(root, folder))) return [];
  return fs
    .readdirSync(path.join(root, folder), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]))
    .sort();
}

function importsOf(name: string, text: string): Import[] {
  const imports: Import[] = [];
  const add = (specifier: string, typeOnly: boolean, lazy: boolean): void => {
    const local = specifier.startsWith('.');
    const to = local ? path.posix.join(path.posix.dirname(name), specifier).replace(/\.js$/, '') : specifier;
    imports.push({ from: name, to, typeOnly, lazy });
  };
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      add((node.moduleSpecifier as ts.StringLiteral).text, isTypeOnly(node), false);
    }
    const [argument] = ts.isCallExpression(node) ? node.arguments : [];
    if (
      argument &&
      ts.isStringLiteral(argument) &&
      ts.isCallExpression(node) &&
      /^(require|import)$/.test(node.expression.getText())
    ) {
      add(argument.text, false, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true));
  return imports;
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  return (
    !clause.name &&
    named !== undefined &&
    ts.isNamedImports(named) &&
    named.elements.every((element) => element.isTypeOnly)
  );
}

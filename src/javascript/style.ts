import type { CodeStyle } from './context.js';
import { ts } from './parse.js';

/** How the file is written, by majority: semicolons, quotes, indentation, line ends. A file too small to tell gets the common form. */
export function styleOf(file: ts.SourceFile): CodeStyle {
  const { text } = file;
  return {
    semi: usesSemicolons(file),
    quote: count(text, /(?<![\w\\])'(?:[^'\\\n]|\\.)*'/g) >= count(text, /(?<![\w\\])"(?:[^"\\\n]|\\.)*"/g) ? "'" : '"',
    indent: indentOf(text),
    eol: count(text, /\r\n/g) * 2 > count(text, /\n/g) ? '\r\n' : '\n',
  };
}

function count(text: string, what: RegExp): number {
  return (text.slice(0, 20_000).match(what) ?? []).length;
}

function usesSemicolons(file: ts.SourceFile): boolean {
  let withSemi = 0;
  let without = 0;
  const visit = (node: ts.Node): void => {
    if (withSemi + without >= 200) return;
    if (
      ts.isExpressionStatement(node) ||
      ts.isVariableStatement(node) ||
      ts.isReturnStatement(node) ||
      ts.isImportDeclaration(node)
    ) {
      if (file.text[node.end - 1] === ';') withSemi++;
      else without++;
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return withSemi >= without;
}

/** The commonest step from one line to a deeper one. */
function indentOf(text: string): string {
  const seen = new Map<string, number>();
  let before = '';
  for (const line of text.slice(0, 40_000).split('\n')) {
    const indent = /^[ \t]*(?=\S)/.exec(line)?.[0];
    if (indent === undefined || /^\s*\*/.test(line)) continue;
    if (indent.length > before.length && indent.startsWith(before)) {
      const step = indent.slice(before.length);
      if (step === '\t' || /^ {2,8}$/.test(step)) seen.set(step, (seen.get(step) ?? 0) + 1);
    }
    before = indent;
  }
  return [...seen].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '  ';
}

import type { Binding, Part, Snippet, Use } from '../../flow/model.js';
import type { Snippets } from '../snippet.js';

/** What a parameter stands for while the body of its function is read in the place of a call. */
export type Substitutes = Map<Binding, Snippet>;

/** Snippets in which names are replaced by what they stand for: `fail('no id')` read as `cb(new Error('no id'))`. */
export function substituting(snippets: Snippets, substitutes: Substitutes): Snippets {
  return {
    ...snippets,
    statement: (node) => replaced(snippets.statement(node), substitutes),
    expression: (node) => replaced(snippets.expression(node), substitutes),
    piece: (range, nodes) => replaced(snippets.piece(range, nodes), substitutes),
  };
}

function replaced(snippet: Snippet, substitutes: Substitutes): Snippet {
  if (!substitutes.size) return snippet;
  const uses = snippet.uses.filter((use) => use.binding && substitutes.has(use.binding));
  return uses.reduce((text, use) => replacedAt(text, use, substitutes.get(use.binding!)!), snippet);
}

function replacedAt(snippet: Snippet, use: Use, value: Snippet): Snippet {
  const end = use.at + use.name.length;
  const parts = snippet.parts.flatMap((part): readonly Part[] => {
    if (typeof part !== 'object' || !('start' in part) || part.start > use.at || part.end < end) return [part];
    const before = { start: part.start, end: use.at };
    const after = { start: end, end: part.end };
    const name = use.shorthand ? [`${use.name}: `] : [];
    return [
      ...(before.start < before.end ? [before] : []),
      ...name,
      ...value.parts,
      ...(after.start < after.end ? [after] : []),
    ];
  });
  return { ...snippet, parts, uses: [...snippet.uses.filter((each) => each !== use), ...value.uses] };
}

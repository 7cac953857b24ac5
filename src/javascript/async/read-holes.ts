import type { Binding, Snippet } from '../../flow/model.js';
import type { Range } from '../../types.js';
import { ts } from '../parse.js';
import { rangeOf, skipParentheses } from '../snippet.js';
import type { Snippets } from '../snippet.js';

/** Snippets in which parts of the source have been replaced: an awaited expression by the name of what it gave. */
export interface Filling extends Snippets {
  /** Puts something in the place of a node; what stood in places inside it is forgotten. */
  fill(range: Range, by: Binding | Snippet): void;
  /** Remembers what is filled in; call what it gives to go back. */
  mark(): () => void;
  /** What stands for exactly this node now. */
  filled(node: ts.Node): Binding | Snippet | undefined;
}

interface Hole {
  readonly at: Range;
  readonly by: Binding | Snippet;
}

/** The same snippets, aware of what is filled in. */
export function fillingOf(inner: Snippets): Filling {
  let holes: Hole[] = [];
  const inside = (range: Range): Hole[] => holes.filter(({ at }) => at.start >= range.start && at.end <= range.end);
  const text = (range: Range, nodes: readonly ts.Node[]): Snippet => {
    const parts: (Snippet | Binding)[] = [];
    let from = range.start;
    for (const hole of inside(range)) {
      if (hole.at.start > from) parts.push(plain(inner, { start: from, end: hole.at.start }, nodes));
      parts.push(hole.by);
      from = hole.at.end;
    }
    if (from < range.end) parts.push(plain(inner, { start: from, end: range.end }, nodes));
    return inner.compose(parts, range, 'no');
  };
  const exactly = (node: ts.Node): Binding | Snippet | undefined =>
    holes.find(({ at }) => isSame(at, rangeOf(node)))?.by;
  // Parentheses that were only around a wait are gone with it.
  const filled = (node: ts.Node): Binding | Snippet | undefined =>
    exactly(node) ?? (ts.isParenthesizedExpression(node.parent) ? filled(node.parent) : undefined);
  const expression = (node: ts.Expression): Snippet => {
    const whole = inner.expression(node);
    const by = filled(node);
    if (by) return 'parts' in by ? by : plainName(by, whole.at);
    if (!inside(whole.at).length) return whole;
    const { opposite: _, pure: __, ...rest } = whole;
    const filledIn = text(whole.at, [node]);
    const not = negated(node);
    return {
      ...rest,
      parts: filledIn.parts,
      uses: filledIn.uses,
      ...(not && { opposite: expression(not).parts }),
    };
  };
  return {
    ...inner,
    fill(range, by) {
      const kept = holes.filter((hole) => hole.at.end <= range.start || hole.at.start >= range.end);
      holes = [...kept, { at: range, by }].sort((a, b) => a.at.start - b.at.start);
    },
    mark() {
      const before = holes;
      return () => void (holes = before);
    },
    filled,
    expression,
    statement(node) {
      const whole = inner.statement(node);
      const range = whole.parts[0] as Range;
      return inside(range).length
        ? { ...text(range, [node]), declares: whole.declares, ...(whole.calm && { calm: true }) }
        : whole;
    },
    piece(range, nodes) {
      const whole = inner.piece(range, nodes);
      return inside(range).length
        ? { ...text(range, nodes), declares: whole.declares, ...(whole.calm && { calm: true }) }
        : whole;
    },
  };
}

const isSame = (one: Range, other: Range): boolean => one.start === other.start && one.end === other.end;

function plainName(binding: Binding, at: Range): Snippet {
  return { parts: [binding], uses: [], declares: [], promise: 'no', pure: true, at };
}

/** A stretch of text that declares nothing by itself. */
function plain(inner: Snippets, range: Range, nodes: readonly ts.Node[]): Snippet {
  return { ...inner.piece(range, nodes), declares: [] };
}

/** `x` of `!x`, when it needs no parentheses that are gone. */
function negated(node: ts.Expression): ts.Expression | undefined {
  const isNot = ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken;
  return isNot ? skipParentheses(node.operand) : undefined;
}

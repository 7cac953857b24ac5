import type { Binding, ImportNeed, Snippet, Step, Target } from '../../flow/model.js';
import type { FileContext } from '../context.js';
import { someOwn } from '../body.js';
import { ts } from '../parse.js';
import type { Range } from '../../types.js';
import type { Filling } from './read-holes.js';

/** What the reading of one async function knows and collects. */
export interface Env {
  readonly ctx: FileContext;
  /** The function (or module part) that is read. */
  readonly fn: ts.Node;
  readonly snippets: Filling;
  readonly target: Target;
  /** What the function's own text calls things: our names are others. */
  readonly names: ReadonlySet<string>;
  /** Each `await` that has become a wait. */
  readonly taken: Set<ts.Node>;
  /** Statements whose heads have been read already: the general rule may have them. */
  readonly headed: Set<ts.Node>;
  /** Functions whose bodies became part of the flow. */
  readonly inlined: Set<ts.Node>;
  readonly needs: ImportNeed[];
}

/** Does the function that the node stands in wait here? Functions inside are not entered. */
export function hasAwait(node: ts.Node): boolean {
  return someOwn(node, isWait);
}

export function isWait(node: ts.Node): boolean {
  return ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && !!node.awaitModifier);
}

/** All waits of a function's own, also those that stand where no statement is: in a class's `extends`, in a computed name. */
export function ownWaits(body: ts.Node): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return void (node.name && visit(node.name));
    if (isWait(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(body);
  return found;
}

/** A name of ours as what a wait gives or a variable that we declare. */
export function nameSnippet(binding: Binding, at: Range): Snippet {
  return { parts: [binding], uses: [], declares: [{ binding, how: 'lexical' }], promise: 'no', pure: true, at };
}

/** A name of ours, read. */
export function useSnippet(binding: Binding, at: Range): Snippet {
  return { parts: [binding], uses: [], declares: [], promise: 'no', pure: true, at };
}

/** A statement of ours: `const left = <value>`. */
export function declareStep(how: 'const' | 'let', binding: Binding, value: Snippet | undefined, env: Env): Step {
  const at = value?.at ?? { start: 0, end: 0 };
  const name = nameSnippet(binding, at);
  const code = env.snippets.compose(value ? [`${how} `, name, ' = ', value] : [`${how} `, name], at, 'no');
  return { kind: 'code', code, made: true, lead: [], at };
}

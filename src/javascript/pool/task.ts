import type { TextEdit } from '../../edits/edits.js';
import { bare } from '../calls/origin.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { usesArguments, usesNewTarget, usesSuper, usesThis } from '../scope.js';
import { functionOf, isAsync, type FanOut } from './fan-outs.js';

/** A task of a fan-out, as edits around its text. `before` and `after` say what goes around each call of it. */
export interface Wrapped {
  /** In the order of the text; those at the end of the task come last. */
  readonly starts: readonly TextEdit[];
  readonly ends: readonly TextEdit[];
}

/** What goes around the work of one item: `limit(() => load(url))` or, for a queue, `() => load(url)`. */
export interface Wrapping {
  readonly open: string;
  readonly close: string;
  /** Around a function that gets all that the task got: `limit(load, ...args)`. */
  readonly spread: (fn: string) => string;
}

/**
 * `(url) => load(url)` becomes `(url) => limit(() => load(url))`. What is outside the inner function is done when the list is walked, as
 * before; what is inside starts when its turn comes.
 */
export function wrapTask(
  { task, list }: FanOut,
  wrapping: Wrapping,
  ctx: FileContext,
  taken: readonly string[],
): Wrapped {
  const node = bare(task);
  if (ts.isArrowFunction(node)) return wrapFunction(node, wrapping);
  if (ts.isFunctionExpression(node) && isPlain(node)) return wrapFunction(node, wrapping);
  const text = task.getText();
  const known = ts.isIdentifier(node) ? functionOf(node, ctx) : undefined;
  const params = known && paramsFor(known, list, text, taken);
  const whole = (replaced: string): Wrapped => ({
    starts: [{ start: task.getStart(), end: task.end, text: replaced }],
    ends: [],
  });
  if (!params) return whole(`(...args) => ${wrapping.spread(text)}`);
  const names = params.join(', ');
  return whole(`(${names}) => ${wrapping.open}() => ${text}(${names})${wrapping.close}`);
}

/** It means the same inside another function. */
function isPlain(node: ts.FunctionExpression): boolean {
  if (node.asteriskToken || node.name) return false;
  return ![usesThis, usesArguments, usesNewTarget, usesSuper].some(
    (uses) => uses(node.body) || node.parameters.some(uses),
  );
}

function wrapFunction(node: ts.ArrowFunction | ts.FunctionExpression, { open, close }: Wrapping): Wrapped {
  const file = node.getSourceFile();
  const word = isAsync(node) ? 'async ' : '';
  const type = node.type ? `: ${node.type.getText()}` : '';
  const inner = ts.isArrowFunction(node) ? `${word}()${type} => ` : `${word}function ()${type} `;
  const params = textOfParams(node, file);
  return {
    starts: [{ start: node.getStart(), end: node.body.getStart(), text: `${params} => ${open}${inner}` }],
    ends: [{ start: node.body.end, end: node.body.end, text: close }],
  };
}

/** The parameter list with its brackets, as written; comments in the head would be lost, which is seen later. */
function textOfParams(node: ts.ArrowFunction | ts.FunctionExpression, file: ts.SourceFile): string {
  const generics = node.typeParameters ? `<${node.typeParameters.map((each) => each.getText()).join(', ')}>` : '';
  const [first] = node.parameters;
  const last = node.parameters.at(-1);
  const text = first && last ? file.text.slice(first.getStart(), last.end) : '';
  const bracketed =
    !first ||
    file.text.slice(last!.end).trimStart().startsWith(')') ||
    file.text.slice(last!.end).trimStart().startsWith(',');
  return bracketed ? `${generics}(${text})` : text;
}

/** Names for as many arguments as the function takes; undefined when it may look at all of them. */
function paramsFor(
  fn: ts.FunctionLikeDeclaration,
  list: ts.Expression,
  callee: string,
  taken: readonly string[],
): string[] | undefined {
  const own = fn.parameters.filter(({ name }) => !(ts.isIdentifier(name) && name.text === 'this'));
  if (own.some((each) => each.dotDotDotToken) || own.length > 2) return undefined;
  if (!ts.isArrowFunction(fn) && fn.body && usesArguments(fn.body)) return undefined;
  const free = (wish: string): string => ([callee, ...taken].includes(wish) ? `${wish}2` : wish);
  const named = own.map(({ name }) => (ts.isIdentifier(name) && name.text.length > 1 ? name.text : undefined));
  return [free(named[0] ?? itemName(list)), free(named[1] ?? 'index')].slice(0, own.length);
}

/** `urls` holds a `url`. */
export function itemName(list: ts.Expression): string {
  const node = bare(list);
  const plural = ts.isIdentifier(node) ? node.text : ts.isPropertyAccessExpression(node) ? node.name.text : '';
  const last = /[A-Z]?[a-z]+$/.exec(plural)?.[0] ?? plural;
  const one = /ies$/.test(last)
    ? last.replace(/ies$/, 'y')
    : /(ss|x|ch|sh)es$/.test(last)
      ? last.replace(/es$/, '')
      : /[^s]s$/.test(last)
        ? last.replace(/s$/, '')
        : '';
  const name = one.length > 1 ? one.charAt(0).toLowerCase() + one.slice(1) : 'item';
  return reserved.test(name) ? 'item' : name;
}

const reserved =
  /^(new|class|case|default|import|export|function|return|delete|in|this|package|static|super|switch|var|let|const|void|with|yield|await|enum|try|catch|throw|typeof|while|for|if|else|do|break|continue|null|true|false|instanceof|interface|private|public|protected|implements|arguments|eval)$/;

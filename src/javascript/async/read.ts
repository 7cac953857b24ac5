import type { Block, Entry, Refusal, Target } from '../../flow/model.js';
import { inside, readStatements } from '../body.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';
import { settleIn } from '../promise/elsewhere.js';
import { isAsync, isFunctionNode, isGenerator, nameOf } from '../promise/uses.js';
import type { FunctionNode } from '../promise/uses.js';
import { rangeOf, snippetsOf } from '../snippet.js';
import { attempt, stop } from '../stop.js';
import { admitAsync } from './read-admit.js';
import { ownWaits } from './read-env.js';
import type { Env } from './read-env.js';
import { fillingOf } from './read-holes.js';
import { exitSteps, readingFor } from './read-statements.js';

export interface AsyncRead {
  readonly entries: Entry[];
  readonly refusals: Refusal[];
}

type Fn = FunctionNode & { body: ts.ConciseBody };

/**
 * Finds the async functions of a file and says what they do.
 *
 * Each is an entry or a refusal, unless its body became part of the flow around it (the tasks of a fan-out). An `await` in the
 * middle of an expression becomes a wait of its own, with a name of ours; the order of evaluation stays or the function is refused.
 */
export function readAsync(ctx: FileContext): AsyncRead {
  const entries: Entry[] = [];
  const refusals: Refusal[] = [];
  const inlined = new Set<ts.Node>();
  settleIn(ctx);
  const visit = (node: ts.Node): void => {
    if (isFunctionNode(node) && isAsync(node) && !inlined.has(node)) {
      const tried = attempt(() => readFunction(node, ctx));
      if (tried.ok) {
        entries.push(tried.value.entry);
        tried.value.inlined.forEach((fn) => inlined.add(fn));
      } else refusals.push(tried.refusal);
    }
    ts.forEachChild(node, visit);
  };
  visit(ctx.file);
  const [top] = ownWaits(ctx.file);
  if (top) refusals.push({ code: 'top-level-await', at: rangeOf(top) });
  return { entries, refusals: refusals.sort((a, b) => a.at.start - b.at.start) };
}

function readFunction(fn: Fn, ctx: FileContext): { entry: Entry; inlined: ReadonlySet<ts.Node> } {
  if (isGenerator(fn)) stop('generator', fn);
  admitAsync(fn, ctx);
  const target: Target = { of: 'entry' };
  const snippets = snippetsOf(ctx, fn);
  const names = ctx.scopes.namesWithin(fn);
  const env: Env = {
    ctx,
    fn,
    target,
    names,
    snippets: { ...fillingOf(snippets), invent: (name) => ({ name: freeName(name, names) }) },
    taken: new Set(),
    headed: new Set(),
    inlined: new Set(),
    needs: [],
  };
  const flow = flowOf(fn, env);
  const left = ownWaits(fn.body).find((wait) => !env.taken.has(wait));
  if (left) stop('expression-order', left);
  const entry: Entry = {
    style: 'async',
    name: nameOf(fn),
    at: rangeOf(fn),
    body: rangeOf(fn.body),
    bodyKind: ts.isBlock(fn.body) ? 'block' : 'expression',
    shape: { kind: 'function' },
    ...prologueOf(fn, env),
    target,
    flow,
    params: snippets.paramsOf(fn as ts.SignatureDeclaration),
    head: { edits: headEdits(fn, ctx) },
    needs: env.needs,
    notes: [],
  };
  return { entry, inlined: env.inlined };
}

/** What the user has named keeps its name: ours is another. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let n = 2; ; n++) if (!taken.has(`${name}${n}`)) return `${name}${n}`;
}

function flowOf(fn: Fn, env: Env): Block {
  const { body } = fn;
  if (ts.isBlock(body)) {
    const { start, end } = inside(body);
    const directives = directivesOf(body);
    const rest = { start: directives.at(-1)?.end ?? start, end };
    return readStatements(body.statements.slice(directives.length), rest, readingFor(env));
  }
  return { steps: exitSteps(body, { lead: [], at: rangeOf(body), tries: 0 }, env), tail: [] };
}

function directivesOf(body: ts.Block): readonly ts.Statement[] {
  const other = body.statements.findIndex(
    (each) => !ts.isExpressionStatement(each) || !ts.isStringLiteral(each.expression),
  );
  return other < 0 ? body.statements : body.statements.slice(0, other);
}

/** The directives, with comments that stand above them. */
function prologueOf({ body }: Fn, env: Env): Pick<Entry, 'prologue'> {
  const directives = ts.isBlock(body) ? directivesOf(body) : [];
  const [first] = directives;
  if (!first) return {};
  const [comment] = env.snippets
    .comments({ start: body.getStart() + 1, end: first.getStart() })
    .filter((each) => each !== '');
  return { prologue: { start: comment?.start ?? first.getStart(), end: directives.at(-1)!.end } };
}

/** The word `async` goes, with the blank behind it, where the target's functions do not carry it. */
function headEdits(fn: Fn, ctx: FileContext): Entry['head']['edits'] {
  const { to } = ctx.options;
  const word = fn.modifiers?.find((modifier) => modifier.kind === ts.SyntaxKind.AsyncKeyword);
  if (!word || to === 'async' || to === 'pool') return [];
  const blank = /^[ \t]/.test(ctx.text.slice(word.end)) ? 1 : 0;
  return [{ start: word.getStart(), end: word.end + blank, text: wouldGoOn(fn) ? ';' : '' }];
}

/** `x = 1` and on the next line `[name]() {}`: without the word the two would be one. */
function wouldGoOn(fn: Fn): boolean {
  if (!ts.isMethodDeclaration(fn) || !ts.isComputedPropertyName(fn.name) || !ts.isClassLike(fn.parent)) return false;
  const before = fn.parent.members[fn.parent.members.indexOf(fn) - 1];
  return !!before && ts.isPropertyDeclaration(before) && !before.getText().endsWith(';') && !fn.modifiers?.[1];
}

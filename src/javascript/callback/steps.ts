import type { Block, Lead, Snippet, Step, Target } from '../../flow/model.js';
import { leaves } from '../../flow/query.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { bodyOf } from './answer.js';
import { assumedOf } from './assume.js';
import { keepComments } from './keep-comments.js';
import { usesOf } from './locals.js';
import { plainSnippet } from './report.js';
import type { Env, LocalFunction, Role, State } from './state.js';
import { readList } from './statements.js';
import type { StepReading } from './types.js';

/**
 * Local functions that several places lead to, or that call themselves or one another, where no loop and no block says what they do:
 * each becomes an async function of its own, and calling one is the end of a path.
 *
 *     function next(dir) {                        async function next(dir) {
 *       fs.rmdir(dir, (err) => {                    await fs.promises.rmdir(dir);
 *         if (err) return cb(err);                  return next(path.dirname(dir));
 *         next(path.dirname(dir));                }
 *       });
 *     }
 */
export function readSteps(target: Target, state: State): StepReading[] {
  const { steps } = state;
  if (!steps?.env) return [];
  const env: Env = { ...steps.env, sync: false, followed: undefined, inTry: undefined };
  const read = [...steps.fns.values()].map((fn) => readStep(fn, target, env, state));
  for (const fn of steps.fns.values()) checkUses(fn, state);
  return read;
}

/** Whoever names it calls it where its answer is the end: in front of the part that is read, or as a value, nothing would wait for it. */
function checkUses(fn: LocalFunction, state: State): void {
  const calls = [...state.steps!.calls].flatMap(([call, of]) => (of === fn ? [call] : []));
  const other = usesOf(fn, state).find((use) => !calls.some((call) => call.pos <= use.pos && use.end <= call.end));
  if (other) stop('reference-use', other, other.text);
}

function readStep(fn: LocalFunction, target: Target, env: Env, state: State): StepReading {
  const { node } = fn;
  if (!ts.isBlock(node.body) || node.asteriskToken || node.type) stop('reference-use', node);
  if (node.modifiers?.some((each) => each.kind === ts.SyntaxKind.AsyncKeyword)) stop('mixed-style', node);
  if (node.parameters.some((each) => each.initializer || each.dotDotDotToken)) stop('reference-use', node);
  // With the snippets of the whole: what is read here may stand elsewhere in it.
  const { snippets } = state;
  const own: State = { ...state, entry: node };
  const body = bodyOf(node);
  const { steps, tail } = readList(body.statements, body.range, { ...env, targets: [target] }, own);
  if (!leaves(steps)) stop('path-without-callback', body.statements.at(-1) ?? node);
  return { node, name: fn.symbol.name, flow: keepComments({ steps, tail }, node.body), snippets };
}

/** The flow with the declarations in front of the first wait, where all that leads to them has them. */
export function withSteps(flow: Block, at: number, statements: readonly ts.Statement[], state: State): Block {
  const declared = [...(state.steps?.fns.values() ?? [])].flatMap(({ statement }): Step[] => {
    if (!statement) return [];
    const before = statements[statements.indexOf(statement) - 1]?.end ?? statement.pos;
    const lead: readonly Lead[] = state.snippets.leadOf(statement, before);
    const next = statements[statements.indexOf(statement) + 1];
    const trail = state.snippets.trailOf(statement, next?.getStart() ?? statement.parent.end - 1);
    return [{ kind: 'code', code: state.snippets.statement(statement), lead, trail, at: rangeOf(statement) }];
  });
  const [first, ...rest] = flow.steps.slice(at);
  if (!declared.length || !first) return flow;
  const lead: readonly Lead[] = first.lead[0] === '' ? first.lead : ['', ...first.lead];
  return { ...flow, steps: [...flow.steps.slice(0, at), ...declared, { ...first, lead }, ...rest] };
}

/** `return next(dir)`: what the step answers is the answer. */
export function readStepCall(
  role: Extract<Role, { kind: 'step' }>,
  name: ts.Identifier,
  args: readonly ts.Expression[],
  call: ts.CallExpression,
  env: Env,
  state: State,
): Step[] {
  // In a fan-out or a block the end of a step would be the end of one item only; in a `try` it would be caught.
  if (env.targets.at(-1) !== role.target || !state.steps) return stop('reference-use', call);
  if (env.inTry || env.caught) return stop('sync-throw', call);
  const { snippets } = state;
  const given = args.flatMap((each, index): (string | Snippet)[] => {
    if (ts.isSpreadElement(each)) return stop('reference-use', each);
    const isNone = assumedOf(each, env.known, state.ctx.scopes) === 'noError';
    return [...(index ? [', '] : []), isNone ? 'null' : plainSnippet(each, env, state)];
  });
  state.steps.calls.set(call, role.fn);
  const awaitable = snippets.compose([snippets.expression(name), '(', ...given, ')'], rangeOf(call), 'yes');
  const task = { kind: 'call' as const, form: 'awaitable' as const, awaitable };
  return [{ kind: 'exit', how: 'succeed', of: role.target, with: task, lead: [], at: rangeOf(call) }];
}

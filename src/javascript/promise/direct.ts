import type { Block, Snippet, Step, Target, Task } from '../../flow/model.js';
import { exits } from '../../flow/query.js';
import type { Range } from '../../types.js';
import { withLead } from '../body.js';
import { ts } from '../parse.js';
import { markData } from './data.js';
import { commentsIn } from './env.js';
import type { Env, Unused } from './env.js';
import { readFunction } from './function.js';
import type { HandlerForm } from './handler.js';
import type { Link } from './links.js';
import { beforeArgument, called, withEnd } from './then.js';

/**
 * When what came before ends with a plain value, the next step can have it without a name in between:
 * `parse(x)` handed to `save` is `save(parse(x))`, and a `res` handed on as `res` is the same name.
 */
export function directly(
  before: Task,
  ok: HandlerForm,
  argument: ts.Expression,
  link: Link,
  target: Target,
  lead: Range[],
  env: Env,
  unused: Unused,
): Task | undefined {
  const given = directValue(before);
  if (!given) return undefined;
  const { steps, value, comments } = given;
  let block: Block | undefined;
  if (ok.kind === 'call') block = called(ok, ok.call(value), argument, link, target, env, unused);
  else if (ok.kind === 'function' && isSameName(value, ok.fn, env)) {
    markData(ok.fn.parameters[0]!.name, before, env);
    env.snippets.alias(ok.fn.parameters[0]!.name as ts.Identifier, value.uses[0]!.binding!);
    block = withLead(
      readFunction(ok.fn, target, env, unused).block,
      commentsIn(beforeArgument(link, argument), ok.fn.getStart(), env.snippets),
    );
  }
  if (!block) return undefined;
  const rest = withLead(withEnd(block, link, argument, env), [...comments, ...lead]);
  return { kind: 'block', target, body: { steps: [...steps, ...rest.steps], tail: rest.tail } };
}

/** The value is a name of the entry that nobody writes, and the parameter is called the same. */
function isSameName(value: Snippet, fn: ts.SignatureDeclaration, env: Env): boolean {
  const [parameter, more] = fn.parameters;
  const [use, another] = value.uses;
  if (
    !value.pure ||
    !use?.binding ||
    another ||
    more ||
    !parameter ||
    parameter.type ||
    !ts.isIdentifier(parameter.name)
  )
    return false;
  if (parameter.name.text !== use.name || parameter.initializer || parameter.dotDotDotToken) return false;
  const { scopes } = env.ctx;
  const inner = scopes.symbolOf(parameter.name);
  const source = scopes.named(use.name).find((each) => each.getStart() === use.at);
  const outer = source && scopes.symbolOf(source);
  return [inner, outer].every((symbol) => !!symbol && !scopes.references(symbol).some(scopes.isWritten));
}

/** The one plain value that a block ends with, the steps before it, and the comments around it. */
export function directValue(
  before: Task,
): { readonly steps: readonly Step[]; readonly value: Snippet; readonly comments: Range[] } | undefined {
  if (before.kind !== 'block') return undefined;
  const last = before.body.steps.at(-1);
  const steps = before.body.steps.slice(0, -1);
  if (last?.kind !== 'exit' || last.how !== 'succeed' || !last.with || exits(steps, before.target)) return undefined;
  const comments = [...last.lead, ...(last.trail ?? []), ...before.body.tail].filter((each) => each !== '');
  if ('kind' in last.with) {
    // What a handler returns may be a chain of its own, with a value at its end.
    const inner = directValue(last.with);
    const [first, ...rest] = inner?.steps ?? [];
    if (!inner || (comments.length && !first)) return undefined;
    const led = first ? [{ ...first, lead: [...last.lead, ...first.lead] }, ...rest] : [];
    const behind = [...(last.trail ?? []), ...before.body.tail].filter((each) => each !== '');
    return { steps: [...steps, ...led], value: inner.value, comments: [...inner.comments, ...behind] };
  }
  return last.with.promise === 'no' ? { steps, value: last.with, comments } : undefined;
}

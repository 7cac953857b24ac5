import type { Block, LoopForm, Snippet, Step } from '../../flow/model.js';
import { readBody, withLead } from '../body.js';
import type { Made, Site } from '../body.js';
import { loopForm } from '../loop-form.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { stop } from '../stop.js';
import { declareStep, hasAwait, useSnippet } from './read-env.js';
import type { Env } from './read-env.js';
import { lift, liftInOrder } from './read-lift.js';
import { commentsIn, headed, readingFor, restOf } from './read-statements.js';

/** A loop whose head waits; `undefined` when only its body does. */
export function readLoop(statement: ts.IterationStatement, site: Site, env: Env): Made | undefined {
  if (ts.isForOfStatement(statement) || ts.isForInStatement(statement)) {
    if (ts.isForOfStatement(statement) && statement.awaitModifier) stop('waits-on-exit', statement);
    if (isUsing(statement.initializer)) stop('waits-on-exit', statement);
    if (hasAwait(statement.initializer)) stop('expression-order', statement.initializer);
    return headed(site, statement.expression, env);
  }
  if (ts.isWhileStatement(statement) && hasAwait(statement.expression)) return whileLoop(statement, site, env);
  if (ts.isDoStatement(statement) && hasAwait(statement.expression)) return doLoop(statement, site, env);
  return ts.isForStatement(statement) ? forLoop(statement, site, env) : undefined;
}

export function isUsing(node: ts.Node): boolean {
  return ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) >= ts.NodeFlags.Using;
}

/** `while (await more()) …` is an endless loop that tests first. */
function whileLoop(statement: ts.WhileStatement, site: Site, env: Env): Made {
  const test = testSteps(statement.expression, env);
  const body = withTest(test, bodyOf(statement, site, env));
  return { steps: [endless('while (true)', { kind: 'while', test: truth(statement, env) }, body, statement, env)] };
}

/** `do … while (await more())`: the test comes after the body, also after `continue`. */
function doLoop(statement: ts.DoStatement, site: Site, env: Env): Made {
  const test = testSteps(statement.expression, env);
  const form: LoopForm = { kind: 'while', test: truth(statement, env) };
  const body = bodyOf(statement, site, env);
  const tail = commentsIn({ start: statement.statement.end, end: statement.expression.getStart() }, env);
  const { bare: _, ...block } = body;
  if (!continues(statement.statement)) {
    const whole: Block = { steps: [...block.steps, ...test], tail: [...block.tail, ...tail] };
    return { steps: [endless('while (true)', form, whole, statement, env)] };
  }
  const at = rangeOf(statement);
  const again = env.snippets.invent('again');
  const name = useSnippet(again, at);
  const off = env.snippets.compose(['false'], at, 'no');
  const on: Step = { kind: 'code', code: env.snippets.compose([name, ' = true'], at, 'no'), made: true, lead: [], at };
  const tested: Step = { kind: 'branch', test: name, then: { steps: test, tail: [] }, lead: [], at };
  const whole: Block = { steps: [tested, on, ...block.steps], tail: [...block.tail, ...tail] };
  return {
    steps: [declareStep('let', again, off, env), endless('while (true)', form, whole, statement, env)],
  };
}

function forLoop(statement: ts.ForStatement, site: Site, env: Env): Made | undefined {
  const { initializer, condition, incrementor } = statement;
  if (incrementor && hasAwait(incrementor)) stop('expression-order', incrementor);
  const steps: Step[] = [];
  if (initializer && hasAwait(initializer)) liftInit(initializer, steps, env);
  if (!condition || !hasAwait(condition)) return steps.length ? { steps: [...steps, ...restOf(site, env)] } : undefined;
  const test = testSteps(condition, env);
  const whole = loopForm(statement, env.snippets) as Extract<LoopForm, { kind: 'for' }>;
  const { test: _, ...form } = whole;
  const head = env.snippets.compose(
    ['for (', ...(form.init ? [form.init] : []), '; ; ', ...(form.update ? [form.update] : []), ')'],
    rangeOf(statement),
    'no',
  );
  const { bare: __, ...body } = withTest(test, bodyOf(statement, site, env));
  const at = rangeOf(statement);
  return { steps: [...steps, { kind: 'loop', head: { ...head, endless: true }, body, form, lead: [], at }] };
}

/** `for (let i = await first(); …)`: the values are there before the loop begins. */
function liftInit(initializer: ts.ForInitializer, steps: Step[], env: Env): void {
  if (isUsing(initializer)) stop('waits-on-exit', initializer);
  if (!ts.isVariableDeclarationList(initializer)) return lift(initializer, { steps, root: initializer }, env);
  const own = initializer.declarations;
  if (own.some((each) => hasAwait(each.name))) stop('expression-order', initializer);
  // A value that needs a name of the same list can't come before it.
  if (own.length > 1 && own.slice(1).some((each) => each.initializer && readsAny(each.initializer, own, env)))
    stop('expression-order', initializer);
  const values = own.flatMap((each) => (each.initializer ? [each.initializer] : []));
  liftInOrder(values, { steps, root: initializer }, env);
}

function readsAny(node: ts.Node, names: readonly ts.VariableDeclaration[], env: Env): boolean {
  if (ts.isIdentifier(node)) {
    const declaration = env.ctx.scopes.symbolOf(node)?.declarations?.[0];
    return !!declaration && names.some((each) => each.pos <= declaration.pos && declaration.end <= each.end);
  }
  return !!ts.forEachChild(node, (child) => readsAny(child, names, env) || undefined);
}

/** The waits of a test, and a way out where it fails. */
function testSteps(test: ts.Expression, env: Env): Step[] {
  const steps: Step[] = [];
  const at = rangeOf(test);
  lift(test, { steps, root: test }, env);
  const value = env.snippets.expression(test);
  const closed = value.loose ? ['(', value, ')'] : [value];
  const not: Snippet = value.opposite
    ? { ...value, parts: value.opposite, opposite: value.parts }
    : { ...env.snippets.compose(['!', ...closed], at, 'no'), opposite: value.parts };
  const out: Step = { kind: 'exit', how: 'break', lead: [], at };
  return [...steps, { kind: 'branch', test: not, then: { steps: [out], tail: [], bare: 'same' }, lead: [], at }];
}

function withTest(test: readonly Step[], body: Block): Block {
  return { steps: [...test, ...body.steps], tail: body.tail };
}

function bodyOf(statement: ts.IterationStatement, site: Site, env: Env): Block {
  const body = readBody(statement.statement, readingFor(env), { tries: site.tries, loops: site.loops + 1 });
  const close = ts.isDoStatement(statement) ? statement.getStart() + 2 : headEnd(statement);
  return withLead(body, commentsIn({ start: close, end: statement.statement.getStart() }, env));
}

/** Behind the `)` of a loop's head. */
function headEnd(statement: ts.IterationStatement): number {
  const parts = statement.getChildren().filter((part) => part.kind === ts.SyntaxKind.CloseParenToken);
  return parts.filter((part) => part.end <= statement.statement.getStart()).at(-1)!.end;
}

function endless(head: string, form: LoopForm, body: Block, statement: ts.Statement, env: Env): Step {
  const at = rangeOf(statement);
  return { kind: 'loop', head: { ...env.snippets.compose([head], at, 'no'), endless: true }, body, form, lead: [], at };
}

function truth(node: ts.Node, env: Env): Snippet {
  return { ...env.snippets.compose(['true'], rangeOf(node), 'no'), pure: true, endless: true };
}

/** A `continue` for this loop. */
function continues(node: ts.Node): boolean {
  if (ts.isContinueStatement(node)) return true;
  if (ts.isFunctionLike(node) || ts.isIterationStatement(node, false)) return false;
  return !!ts.forEachChild(node, (child) => continues(child) || undefined);
}

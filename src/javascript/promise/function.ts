import type { Block, Snippet, Target } from '../../flow/model.js';
import { inside, readStatements, someOwn, withLead } from '../body.js';
import { ts } from '../parse.js';
import { stop } from '../stop.js';
import { commentsIn } from './env.js';
import type { Env, Unused } from './env.js';
import type { HandlerFunction } from './handler.js';
import { exitSteps, readingFor } from './statements.js';

export interface HandlerBody {
  /** The parameter as a pattern; none when the body does not use it. */
  readonly param?: Snippet;
  readonly how: 'const' | 'let';
  readonly block: Block;
}

/**
 * A handler's body as steps whose exits are the block's. The function itself is used up.
 * `takes`: `many` parameters are the caller's business.
 */
export function readFunction(
  fn: HandlerFunction,
  target: Target,
  env: Env,
  unused: Unused,
  takes: 'one' | 'many' = 'one',
): HandlerBody {
  const param = takes === 'one' ? parameterOf(fn) : undefined;
  if (takes === 'many') fn.parameters.forEach((each) => env.snippets.settle(each.name));
  if (fn.type && env.ctx.typescript && !isWholeAnswer(fn)) stop('own-this', fn);
  if (env.inLoop && hasVar(fn.body)) stop('shared-loop-variable', fn);
  env.seen.inlined.push(fn);
  if (param) env.snippets.settle(param.name);
  const block = withLead(bodyOf(fn, target, env, unused), headComments(fn, env));
  if (!param || !isUsed(param.name, env)) return { how: 'const', block };
  return { param: env.snippets.pattern(param.name), how: isReassigned(param.name, env) ? 'let' : 'const', block };
}

function bodyOf(fn: HandlerFunction, target: Target, env: Env, unused: Unused): Block {
  if (ts.isBlock(fn.body)) return readStatements(fn.body.statements, inside(fn.body), readingFor(target, env, unused));
  return {
    steps: exitSteps(
      fn.body,
      { target, lead: [], at: { start: fn.body.getStart(), end: fn.body.end }, tries: 0, unused },
      env,
    ),
    tail: [],
  };
}

/** At most one parameter, with nothing that a declaration could not say. */
function parameterOf(fn: HandlerFunction): ts.ParameterDeclaration | undefined {
  if (fn.typeParameters?.length) stop('own-this', fn);
  const [first, ...more] = fn.parameters;
  // A promise gives one value: further parameters are never set, and those of a jQuery deferred are.
  if (more.length) stop('unknown-handler', more[0]!);
  if (!first) return undefined;
  if (first.initializer || first.dotDotDotToken || first.questionToken) stop('unknown-handler', first);
  if (ts.isIdentifier(first.name) && first.name.text === 'this') stop('own-this', first);
  return first;
}

/** The declared type of a last handler is the type of the function's answer, which stands in its head. */
function isWholeAnswer(fn: HandlerFunction): boolean {
  let node: ts.Node = fn;
  while (ts.isParenthesizedExpression(node.parent)) node = node.parent;
  const link = node.parent;
  const outer = link.parent;
  return ts.isCallExpression(link) && !(ts.isPropertyAccessExpression(outer) && outer.expression === link);
}

/** Comments among the parameters and in front of the body. */
function headComments(fn: HandlerFunction, env: Env) {
  const { snippets } = env;
  const name = fn.parameters[0]?.name;
  const start = fn.getStart();
  const end = fn.body.getStart();
  if (!name) return commentsIn(start, end, snippets);
  const type = fn.parameters[0]!.type;
  return [
    ...commentsIn(start, name.getStart(), snippets),
    ...commentsIn(type?.end ?? name.end, fn.type?.getStart() ?? end, snippets),
    ...(fn.type ? commentsIn(fn.type.end, end, snippets) : []),
  ];
}

function namesIn(name: ts.BindingName): ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : namesIn(element.name)));
}

/** A pattern takes its value apart whether its names are used or not. */
function isUsed(name: ts.BindingName, env: Env): boolean {
  if (!ts.isIdentifier(name)) return true;
  const symbol = env.ctx.scopes.symbolOf(name);
  return !symbol || env.ctx.scopes.references(symbol).length > 1;
}

function isReassigned(name: ts.BindingName, env: Env): boolean {
  const { scopes } = env.ctx;
  return namesIn(name).some((each) => {
    const symbol = scopes.symbolOf(each);
    return !!symbol && scopes.references(symbol).some(scopes.isWritten);
  });
}

function hasVar(body: ts.Node): boolean {
  return someOwn(body, (node) => ts.isVariableDeclarationList(node) && !(node.flags & ts.NodeFlags.BlockScoped));
}

import type { Block, Snippet, Step } from '../../flow/model.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import { inventedPattern } from './env.js';
import type { Env } from './env.js';
import type { HandlerBody } from './function.js';

export function typedError(
  fn: ts.SignatureDeclaration,
  read: HandlerBody,
  env: Env,
): { param?: Snippet; block: Block } {
  const parameter = fn.parameters[0];
  if (!read.param || !parameter) return { block: read.block };
  const { snippets } = env;
  const at = rangeOf(parameter);
  const type = parameter.type;
  if (!env.ctx.typescript && !type) return { param: read.param, block: read.block };
  const open = !type || type.kind === ts.SyntaxKind.AnyKeyword || type.kind === ts.SyntaxKind.UnknownKeyword;
  if (open) {
    // An error that the source took as `any` would be `unknown` in a strict `catch`.
    const any = !type && needsAny(parameter.name, env) ? ': any' : '';
    return { param: any ? { ...read.param, parts: [...read.param.parts, any] } : read.param, block: read.block };
  }
  const name = snippets.invent('error');
  const own = {
    ...snippets.piece({ start: parameter.name.getStart(), end: parameter.name.end }, [parameter.name]),
    declares: read.param.declares,
  };
  const code = snippets.compose(['const ', own, ' = ', name, ' as ', snippets.piece(rangeOf(type), [type])], at, 'no');
  const step: Step = { kind: 'code', code, made: true, lead: [], at };
  return { param: inventedPattern(name, at), block: { ...read.block, steps: [step, ...read.block.steps] } };
}

/** Is the error used in a way that `unknown` would not allow? */
function needsAny(name: ts.BindingName, env: Env): boolean {
  if (!ts.isIdentifier(name)) return true;
  const symbol = env.ctx.scopes.symbolOf(name);
  if (!symbol) return true;
  return env.ctx.scopes.references(symbol).some((use) => {
    const parent = use.parent;
    if (use === name || ts.isThrowStatement(parent)) return false;
    if (ts.isBinaryExpression(parent)) return parent.operatorToken.kind !== ts.SyntaxKind.InstanceOfKeyword;
    if (ts.isTemplateSpan(parent) || ts.isAsExpression(parent)) return false;
    return !(ts.isCallExpression(parent) && /^console\.|^String$/.test(parent.expression.getText()));
  });
}

import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import type { Env } from './read-env.js';

const verbs =
  /^(?:get|fetch|load|read|find|create|make|query|parse|build|open|compute|resolve|request|list|select|pick)(?=[A-Z])/;

const reserved = new Set(
  (
    'await break case catch class const continue debugger default delete do else enum eval export extends false finally for ' +
    'function if implements import in instanceof interface let new null package private protected public return static super ' +
    'switch this throw true try typeof undefined var void while with yield arguments async of'
  ).split(' '),
);

/** A name for what an expression gives: `user` of `getUser(id)`, `name` of `options.name`. */
export function nameFor(expression: ts.Node, otherwise: string, env: Env): string {
  const name = nameOf(bare(expression));
  const isUsable = name !== undefined && /^[a-z][\w$]*$/i.test(name) && !reserved.has(name);
  return isUsable && !env.names.has(name) ? name : otherwise;
}

function nameOf(node: ts.Node): string | undefined {
  if (ts.isAwaitExpression(node)) return nameOf(bare(node.expression));
  if (ts.isCallExpression(node)) return ofCallee(node);
  return ts.isIdentifier(node) ? node.text : memberName(node);
}

function ofCallee(call: ts.CallExpression): string | undefined {
  const callee = bare(call.expression);
  const name = ts.isIdentifier(callee) ? callee.text : memberName(callee);
  const rest = name && verbs.test(name) ? name.replace(verbs, '') : undefined;
  return rest && rest.charAt(0).toLowerCase() + rest.slice(1);
}

import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';

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
export function nameFor(expression: ts.Node, otherwise: string): string {
  const node = bare(expression);
  if (ts.isAwaitExpression(node)) return nameFor(node.expression, otherwise);
  if (ts.isCallExpression(node)) return usable(ofCallee(node), otherwise);
  if (ts.isIdentifier(node)) return usable(node.text, otherwise);
  return usable(memberName(node), otherwise);
}

function ofCallee(call: ts.CallExpression): string | undefined {
  const callee = bare(call.expression);
  const name = ts.isIdentifier(callee) ? callee.text : memberName(callee);
  const rest = name && verbs.test(name) ? name.replace(verbs, '') : undefined;
  return rest && rest.charAt(0).toLowerCase() + rest.slice(1);
}

function usable(name: string | undefined, otherwise: string): string {
  return name && /^[a-z][\w$]*$/i.test(name) && !reserved.has(name) ? name : otherwise;
}

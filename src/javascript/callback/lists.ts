import { bare, memberName } from '../calls/origin.js';
import { ts } from '../parse.js';
import type { State } from './state.js';

const listCalls =
  /^(keys|values|entries|map|filter|split|concat|slice|splice|sort|reverse|flat|flatMap|from|of|readdirSync|uniq|compact|pluck|toArray|difference|union|range|getOwnPropertyNames)$/;
const listMembers =
  /^(length|push|unshift|shift|pop|forEach|map|filter|slice|splice|join|sort|concat|indexOf|some|every|reverse|reduce|includes)$/;

/** The text shows that the value is an array: how it is made, or what else is done with it. */
export function isListLike(expression: ts.Expression, state: State, depth = 0): boolean {
  const node = bare(expression);
  if (ts.isArrayLiteralExpression(node)) return true;
  if (ts.isCallExpression(node)) return listCalls.test(memberName(bare(node.expression)) ?? '');
  if (ts.isBinaryExpression(node)) return ts.isArrayLiteralExpression(bare(node.right));
  if (ts.isConditionalExpression(node))
    return isListLike(node.whenTrue, state, depth) && isListLike(node.whenFalse, state, depth);
  if (ts.isPropertyAccessExpression(node)) return usedAsList(node, state);
  const symbol = ts.isIdentifier(node) ? state.ctx.scopes.symbolOf(node) : undefined;
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || depth > 4) return false;
  if (
    ts.isVariableDeclaration(declaration) &&
    declaration.initializer &&
    isListLike(declaration.initializer, state, depth + 1)
  )
    return true;
  if (ts.isParameter(declaration) && (isListType(declaration.type) || isListResult(declaration))) return true;
  return state.ctx.scopes.references(symbol).some((use) => {
    const { parent } = use;
    return ts.isPropertyAccessExpression(parent) && parent.expression === use && listMembers.test(parent.name.text);
  });
}

function isListType(type: ts.TypeNode | undefined): boolean {
  return !!type && (ts.isArrayTypeNode(type) || /^(Readonly)?Array</.test(type.getText()));
}

/** `fs.readdir(dir, (err, files) => …)`, `glob(pattern, (err, files) => …)` */
function isListResult(param: ts.ParameterDeclaration): boolean {
  const call = param.parent.parent;
  if (!ts.isCallExpression(call) || param.parent.parameters[1] !== param) return false;
  const name = memberName(bare(call.expression)) ?? call.expression.getText();
  return /^(readdir|glob|mapSeries|mapLimit|map|times|parallel|series)$/.test(name);
}

/** `options.files`, where `options.files.length` is read somewhere. */
function usedAsList(node: ts.PropertyAccessExpression, state: State): boolean {
  const text = node.getText();
  return state.ctx.scopes.named(node.name.text).some((name) => {
    const access = name.parent;
    if (!ts.isPropertyAccessExpression(access) || access.name !== name || access.getText() !== text) return false;
    const outer = access.parent;
    return ts.isPropertyAccessExpression(outer) && outer.expression === access && listMembers.test(outer.name.text);
  });
}

import type { Entry, Refusal } from '../../flow/model.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';

/** How `promisify` and its callback are typed so that the function's declared type holds. Only TypeScript says anything. */
export function promisifiedType(
  ctx: FileContext,
  entry: Entry,
): { readonly argument: string; readonly annotation: string } | Refusal | undefined {
  if (!ctx.typescript) return undefined;
  const declared = returnTypeOf(ctx, entry);
  if (declared === undefined) return { code: 'declared-return-type', at: entry.at };
  return { argument: `<${declared}>`, annotation: ': (err: unknown, value?: any) => void' };
}

/** `T` of a declared `Promise<T>`. */
function returnTypeOf(ctx: FileContext, { at }: Entry): string | undefined {
  const find = (node: ts.Node): ts.SignatureDeclaration | undefined => {
    if (node.pos > at.start || node.end < at.end) return undefined;
    if (ts.isFunctionLike(node) && node.getStart() === at.start && node.end === at.end) return node;
    return ts.forEachChild(node, find);
  };
  const type = find(ctx.file)?.type;
  if (!type || !ts.isTypeReferenceNode(type) || type.typeName.getText() !== 'Promise') return undefined;
  const [argument, more] = type.typeArguments ?? [];
  return argument && !more ? argument.getText() : undefined;
}

import type { Gives } from '../callback/types.js';
import type { FileContext } from '../context.js';
import { ts } from '../parse.js';

/**
 * What a typed callback gives, as a type for `Promise<…>`: `number` of `(err: Error | null, size?: number) => void`, `void` when it
 * gives nothing, a tuple for several results. `undefined` when the file does not say it.
 */
export function resultTypes(
  ctx: FileContext,
  callback: ts.ParameterDeclaration,
  results: Gives['results'],
): string | undefined {
  if (results === 'nothing' || results === 'null') return 'void';
  const found = callback.type && signatureOf(ctx, callback.type);
  const types = found?.fn.parameters.slice(1).map((parameter) => typeOf(parameter, found.names));
  if (!types || types.length === 0 || types.some((type) => type === undefined)) return undefined;
  if (results === 'value') return types[0];
  return results === 'list' ? `[${types.join(', ')}]` : undefined;
}

/** How many results the declared type has; undefined when it is not seen. */
export function declaredResults(ctx: FileContext, callback: ts.ParameterDeclaration): number | undefined {
  const found = callback.type && signatureOf(ctx, callback.type);
  if (!found || found.fn.parameters.some((each) => each.dotDotDotToken)) return undefined;
  return found.fn.parameters.length - 1;
}

interface Signature {
  readonly fn: ts.FunctionTypeNode;
  /** What the type parameters of the alias stand for here. */
  readonly names: ReadonlyMap<string, string>;
}

function signatureOf(
  ctx: FileContext,
  type: ts.TypeNode,
  names: ReadonlyMap<string, string> = new Map(),
): Signature | undefined {
  if (ts.isParenthesizedTypeNode(type)) return signatureOf(ctx, type.type, names);
  if (ts.isFunctionTypeNode(type)) return { fn: type, names };
  if (ts.isUnionTypeNode(type)) {
    const rest = type.types.filter((each) => !isNothing(each));
    return rest.length === 1 ? signatureOf(ctx, rest[0]!, names) : undefined;
  }
  if (!ts.isTypeReferenceNode(type) || !ts.isIdentifier(type.typeName)) return undefined;
  const alias = ctx.scopes.symbolOf(type.typeName)?.declarations?.[0];
  if (!alias || !ts.isTypeAliasDeclaration(alias)) return undefined;
  const given = type.typeArguments?.map((each) => written(each, names)) ?? [];
  const inner = new Map<string, string>();
  alias.typeParameters?.forEach((parameter, i) => {
    const text = given[i] ?? (parameter.default && written(parameter.default, inner));
    if (text !== undefined) inner.set(parameter.name.text, text);
  });
  if ((alias.typeParameters?.length ?? 0) > inner.size) return undefined;
  return signatureOf(ctx, alias.type, inner);
}

function isNothing(type: ts.TypeNode): boolean {
  return (
    type.kind === ts.SyntaxKind.UndefinedKeyword ||
    (ts.isLiteralTypeNode(type) && type.literal.kind === ts.SyntaxKind.NullKeyword)
  );
}

function typeOf(parameter: ts.ParameterDeclaration, names: ReadonlyMap<string, string>): string | undefined {
  if (parameter.dotDotDotToken || !parameter.type) return undefined;
  return written(parameter.type, names);
}

/** A type as written, with the alias' parameters filled in. */
function written(type: ts.TypeNode, names: ReadonlyMap<string, string>): string {
  const text = type.getText();
  const start = type.getStart();
  const found: { at: number; length: number; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName) && names.has(node.typeName.text)) {
      found.push({
        at: node.getStart() - start,
        length: node.typeName.text.length,
        text: names.get(node.typeName.text)!,
      });
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(type);
  return found.reduceRight((out, each) => out.slice(0, each.at) + each.text + out.slice(each.at + each.length), text);
}

import { ts } from './parse.js';

export type Role = 'declaration' | 'value' | 'type' | 'any' | 'none';

/** How an identifier stands in the text: it declares, it refers, or it is no binding at all (a property's name, a label). */
export function roleOf(identifier: ts.Identifier): Role {
  const parent = identifier.parent;
  if (!identifier.text) return 'none'; // put in by the parser where a name was missing
  switch (parent.kind) {
    case ts.SyntaxKind.VariableDeclaration:
    case ts.SyntaxKind.Parameter:
    case ts.SyntaxKind.FunctionDeclaration:
    case ts.SyntaxKind.FunctionExpression:
    case ts.SyntaxKind.ClassDeclaration:
    case ts.SyntaxKind.ClassExpression:
    case ts.SyntaxKind.EnumDeclaration:
    case ts.SyntaxKind.ModuleDeclaration:
    case ts.SyntaxKind.InterfaceDeclaration:
    case ts.SyntaxKind.TypeAliasDeclaration:
    case ts.SyntaxKind.TypeParameter:
    case ts.SyntaxKind.ImportClause:
    case ts.SyntaxKind.NamespaceImport:
    case ts.SyntaxKind.ImportEqualsDeclaration:
      return (parent as ts.NamedDeclaration).name === identifier ? 'declaration' : otherRole(identifier);
    case ts.SyntaxKind.BindingElement:
    case ts.SyntaxKind.ImportSpecifier: {
      const element = parent as ts.BindingElement | ts.ImportSpecifier;
      if (element.name === identifier) return 'declaration';
      return element.propertyName === identifier ? 'none' : otherRole(identifier);
    }
    case ts.SyntaxKind.ExportSpecifier:
      return exportRole(parent as ts.ExportSpecifier, identifier);
    default:
      return isPropertyLike(identifier) ? 'none' : otherRole(identifier);
  }
}

function exportRole(specifier: ts.ExportSpecifier, identifier: ts.Identifier): Role {
  if (specifier.parent.parent.moduleSpecifier) return 'none';
  return (specifier.propertyName ?? specifier.name) === identifier ? 'any' : 'none';
}

function otherRole(identifier: ts.Identifier): Role {
  if (ts.isExportAssignment(identifier.parent)) return 'any';
  if (ts.isPartOfTypeNode(identifier) && !inTypeQuery(identifier))
    return inHeritageOfClass(identifier) ? 'any' : 'type';
  if (ts.isImportEqualsDeclaration(identifier.parent) || ts.isQualifiedName(identifier.parent))
    return inTypeQuery(identifier) ? 'value' : 'any';
  return 'value';
}

/** `class A extends Base`: a value, although the tree also calls it a type. */
function inHeritageOfClass(identifier: ts.Identifier): boolean {
  const parent = identifier.parent;
  const clause =
    ts.isExpressionWithTypeArguments(parent) && parent.expression === identifier ? parent.parent : undefined;
  return (
    !!clause &&
    ts.isHeritageClause(clause) &&
    clause.token === ts.SyntaxKind.ExtendsKeyword &&
    ts.isClassLike(clause.parent)
  );
}

function inTypeQuery(identifier: ts.Identifier): boolean {
  let node: ts.Node = identifier.parent;
  while (ts.isQualifiedName(node)) node = node.parent;
  return ts.isTypeQueryNode(node);
}

function isPropertyLike(identifier: ts.Identifier): boolean {
  const parent = identifier.parent;
  switch (parent.kind) {
    case ts.SyntaxKind.PropertyAccessExpression:
    case ts.SyntaxKind.PropertyAssignment:
    case ts.SyntaxKind.MethodDeclaration:
    case ts.SyntaxKind.PropertyDeclaration:
    case ts.SyntaxKind.GetAccessor:
    case ts.SyntaxKind.SetAccessor:
    case ts.SyntaxKind.PropertySignature:
    case ts.SyntaxKind.MethodSignature:
    case ts.SyntaxKind.EnumMember:
    case ts.SyntaxKind.JsxAttribute:
    case ts.SyntaxKind.NamedTupleMember:
    case ts.SyntaxKind.ImportAttribute:
    case ts.SyntaxKind.NamespaceExport:
    case ts.SyntaxKind.NamespaceExportDeclaration:
    case ts.SyntaxKind.MetaProperty:
    case ts.SyntaxKind.JsxNamespacedName:
      return (parent as ts.Node & { name?: ts.Node }).name === identifier || ts.isJsxNamespacedName(parent);
    case ts.SyntaxKind.QualifiedName:
      return (parent as ts.QualifiedName).right === identifier;
    case ts.SyntaxKind.LabeledStatement:
    case ts.SyntaxKind.BreakStatement:
    case ts.SyntaxKind.ContinueStatement:
      return (parent as ts.LabeledStatement | ts.BreakOrContinueStatement).label === identifier;
    case ts.SyntaxKind.ImportType:
      return (parent as ts.ImportTypeNode).qualifier === identifier;
    case ts.SyntaxKind.JsxOpeningElement:
    case ts.SyntaxKind.JsxSelfClosingElement:
    case ts.SyntaxKind.JsxClosingElement:
      return /^[a-z]/.test(identifier.text) || identifier.text.includes('-'); // <div>: an element of the host, not a variable
    default:
      return false;
  }
}

/** True for an identifier that stands for a variable's value: not a property, label, type or declaration. */
export function isVariableName(identifier: ts.Identifier): boolean {
  const role = roleOf(identifier);
  return role === 'value' || role === 'any';
}

/** True for the identifier by which a binding is declared. */
export function isDeclarationName(identifier: ts.Identifier): boolean {
  return roleOf(identifier) === 'declaration';
}

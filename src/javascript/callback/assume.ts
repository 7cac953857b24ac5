import type { Snippet } from '../../flow/model.js';
import { bare } from '../calls/origin.js';
import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { rangeOf } from '../snippet.js';
import type { Snippets } from '../snippet.js';

/**
 * What is known about a name on one path. `error`: a failed call's error (truthy). `noError`: the same name where the call
 * succeeded. `absent`: a result of a failed call. `given`: the callback is there.
 */
export type Assumed = 'error' | 'noError' | 'absent' | 'given';
export type Assumptions = ReadonlyMap<ts.Symbol, Assumed>;

/** An expression as far as it still has to be printed once what is assumed has been worked out. */
export type Simple =
  | { readonly kind: 'node'; readonly node: ts.Expression }
  | { readonly kind: 'truth'; readonly value: boolean }
  | { readonly kind: 'not'; readonly of: Simple }
  | { readonly kind: 'join'; readonly op: '&&' | '||' | '??'; readonly left: Simple; readonly right: Simple }
  | { readonly kind: 'choice'; readonly test: Simple; readonly then: Simple; readonly else: Simple };

/** Works out what the assumptions decide: `err || !v` on the path without an error is `!v`. */
export function simplify(expression: ts.Expression, known: Assumptions, scopes: Scopes): Simple {
  const again = (node: ts.Expression): Simple => simplify(node, known, scopes);
  const node = expression;
  if (ts.isParenthesizedExpression(node)) {
    const inner = again(node.expression);
    return inner.kind === 'node' && inner.node === node.expression ? { kind: 'node', node } : inner;
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    const inner = again(node.operand);
    const truth = settledBy(inner, known, scopes);
    if (truth !== undefined) return { kind: 'truth', value: !truth };
    return same(inner, node.operand) ? { kind: 'node', node } : { kind: 'not', of: inner };
  }
  if (ts.isConditionalExpression(node)) return simplifyChoice(node, known, scopes);
  if (ts.isBinaryExpression(node)) return simplifyBinary(node, known, scopes);
  const decided = decidedCall(node, known, scopes);
  return decided === undefined ? { kind: 'node', node } : { kind: 'truth', value: decided };
}

function simplifyChoice(node: ts.ConditionalExpression, known: Assumptions, scopes: Scopes): Simple {
  const test = simplify(node.condition, known, scopes);
  const truth = settledBy(test, known, scopes);
  const [yes, no] = [simplify(node.whenTrue, known, scopes), simplify(node.whenFalse, known, scopes)];
  if (truth !== undefined) return truth ? yes : no;
  const unchanged = same(test, node.condition) && same(yes, node.whenTrue) && same(no, node.whenFalse);
  return unchanged ? { kind: 'node', node } : { kind: 'choice', test, then: yes, else: no };
}

const logical: Partial<Record<ts.SyntaxKind, '&&' | '||' | '??'>> = {
  [ts.SyntaxKind.AmpersandAmpersandToken]: '&&',
  [ts.SyntaxKind.BarBarToken]: '||',
  [ts.SyntaxKind.QuestionQuestionToken]: '??',
};

function simplifyBinary(node: ts.BinaryExpression, known: Assumptions, scopes: Scopes): Simple {
  const op = logical[node.operatorToken.kind];
  if (!op) {
    const decided = decidedComparison(node, known, scopes);
    return decided === undefined ? { kind: 'node', node } : { kind: 'truth', value: decided };
  }
  const left = simplify(node.left, known, scopes);
  const right = simplify(node.right, known, scopes);
  const truth = settledBy(left, known, scopes);
  if (truth !== undefined && op === '&&') return truth ? right : left;
  if (truth !== undefined && op === '||') return truth ? left : right;
  if (op === '??' && truth === true) return left;
  if (op === '??' && isNothing(left, known, scopes)) return right;
  const unchanged = same(left, node.left) && same(right, node.right);
  return unchanged ? { kind: 'node', node } : { kind: 'join', op, left, right };
}

const same = (simple: Simple, node: ts.Expression): boolean => simple.kind === 'node' && simple.node === node;

/** What a test is by the assumptions alone. What is always true by itself, `if (ready)`, stays as it is: nobody's code may go. */
export function settledBy(simple: Simple, known: Assumptions, scopes: Scopes): boolean | undefined {
  if (simple.kind === 'truth') return simple.value;
  const nodes = nodesOf(simple);
  const isIn = (use: ts.Node): boolean => nodes.some((node) => node.pos <= use.pos && use.end <= node.end);
  const assumed = [...known.keys()].some((symbol) => scopes.references(symbol).some(isIn));
  return assumed ? truthOf(simple, known, scopes) : undefined;
}

/** What a test is, when it is decided: by the assumptions, or because it is a literal. */
export function truthOf(simple: Simple, known: Assumptions, scopes: Scopes): boolean | undefined {
  switch (simple.kind) {
    case 'truth':
      return simple.value;
    case 'not': {
      const truth = truthOf(simple.of, known, scopes);
      return truth === undefined ? undefined : !truth;
    }
    case 'join': {
      const [left, right] = [truthOf(simple.left, known, scopes), truthOf(simple.right, known, scopes)];
      if (simple.op === '&&' && (left === false || right === false)) return false;
      if (simple.op === '||' && (left === true || right === true)) return true;
      return left === right ? left : undefined;
    }
    case 'choice': {
      const [yes, no] = [truthOf(simple.then, known, scopes), truthOf(simple.else, known, scopes)];
      return yes === no ? yes : undefined;
    }
    case 'node':
      return truthOfNode(simple.node, known, scopes);
  }
}

function truthOfNode(expression: ts.Expression, known: Assumptions, scopes: Scopes): boolean | undefined {
  const node = bare(expression);
  const assumed = assumedOf(node, known, scopes);
  if (assumed) return assumed === 'error' || assumed === 'given';
  if (ts.isStringLiteralLike(node)) return node.text !== '';
  if (ts.isNumericLiteral(node)) return Number(node.text) !== 0;
  if (ts.isVoidExpression(node)) return false;
  if (ts.isIdentifier(node) && node.text === 'undefined' && !scopes.symbolOf(node)) return false;
  if (ts.isTemplateExpression(node))
    return node.head.text || node.templateSpans.some((s) => s.literal.text) ? true : undefined;
  if (ts.isCallExpression(node)) return isErrorMaker(node, known, scopes) ? true : undefined;
  if (ts.isBinaryExpression(node)) return truthOfBinary(node, known, scopes);
  if (ts.isConditionalExpression(node)) {
    const [yes, no] = [truthOfNode(node.whenTrue, known, scopes), truthOfNode(node.whenFalse, known, scopes)];
    return yes === no ? yes : undefined;
  }
  if (ts.isIdentifier(node)) return truthOfName(node, known, scopes);
  return truthOfKind.get(node.kind);
}

function truthOfBinary(node: ts.BinaryExpression, known: Assumptions, scopes: Scopes): boolean | undefined {
  const kind = node.operatorToken.kind;
  if (kind === ts.SyntaxKind.BarBarToken) return truthOfNode(node.right, known, scopes) === true ? true : undefined;
  if (kind === ts.SyntaxKind.AmpersandAmpersandToken)
    return truthOfNode(node.right, known, scopes) === false ? false : undefined;
  if (kind === ts.SyntaxKind.PlusToken)
    return [node.left, node.right].some((side) => ts.isStringLiteralLike(side) && side.text !== '') ? true : undefined;
  return undefined;
}

const truthOfKind = new Map<ts.SyntaxKind, boolean>([
  [ts.SyntaxKind.NullKeyword, false],
  [ts.SyntaxKind.FalseKeyword, false],
  [ts.SyntaxKind.TrueKeyword, true],
  [ts.SyntaxKind.NewExpression, true],
  [ts.SyntaxKind.ObjectLiteralExpression, true],
  [ts.SyntaxKind.ArrayLiteralExpression, true],
  [ts.SyntaxKind.FunctionExpression, true],
  [ts.SyntaxKind.ArrowFunction, true],
  [ts.SyntaxKind.ClassExpression, true],
  [ts.SyntaxKind.RegularExpressionLiteral, true],
]);

/** `Error('x')`, `Object.assign(new Error('x'), { code })`: calls that give a new object, whatever happens. */
function isErrorMaker(call: ts.CallExpression, known: Assumptions, scopes: Scopes): boolean {
  const callee = bare(call.expression);
  if (ts.isIdentifier(callee)) return /^([A-Z]\w*)?Error$/.test(callee.text) && scopes.isGlobal(callee);
  if (!ts.isPropertyAccessExpression(callee) || !ts.isIdentifier(callee.expression)) return false;
  if (callee.expression.text !== 'Object' || !/^(assign|create|freeze|defineProperties)$/.test(callee.name.text))
    return false;
  const [first] = call.arguments;
  return !!first && (callee.name.text === 'create' || truthOfNode(first, known, scopes) === true);
}

/** A caught exception, or a name that never holds anything but new objects. */
const asked = new Set<ts.Symbol>();

function truthOfName(name: ts.Identifier, known: Assumptions, scopes: Scopes): boolean | undefined {
  const symbol = scopes.symbolOf(name);
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration || symbol.declarations!.length > 1 || !ts.isVariableDeclaration(declaration))
    return undefined;
  if (ts.isCatchClause(declaration.parent)) return scopes.isConstant(symbol) ? true : undefined;
  // `x = x` says nothing new.
  if (asked.has(symbol)) return undefined;
  asked.add(symbol);
  try {
    return truthOfVariable(symbol, declaration, known, scopes);
  } finally {
    asked.delete(symbol);
  }
}

function truthOfVariable(
  symbol: ts.Symbol,
  declaration: ts.VariableDeclaration,
  known: Assumptions,
  scopes: Scopes,
): boolean | undefined {
  const start = declaration.initializer && truthOfNode(declaration.initializer, known, scopes);
  if (start === false && scopes.isConstant(symbol)) return false;
  if (start !== true) return undefined;
  const writes = scopes.references(symbol).filter((use) => scopes.isWritten(use));
  return writes.every((use) => isPlainAssignment(use) && truthOfNode(use.parent.right, known, scopes) === true)
    ? true
    : undefined;
}

function isPlainAssignment(use: ts.Identifier): use is ts.Identifier & { parent: ts.BinaryExpression } {
  return (
    ts.isBinaryExpression(use.parent) &&
    use.parent.left === use &&
    use.parent.operatorToken.kind === ts.SyntaxKind.EqualsToken
  );
}

export function assumedOf(node: ts.Node, known: Assumptions, scopes: Scopes): Assumed | undefined {
  const inner = bare(node);
  if (!ts.isIdentifier(inner) || !known.size) return undefined;
  const symbol = scopes.symbolOf(inner);
  return symbol && known.get(symbol);
}

const comparisons: Partial<Record<ts.SyntaxKind, boolean>> = {
  [ts.SyntaxKind.EqualsEqualsToken]: true,
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: true,
  [ts.SyntaxKind.ExclamationEqualsToken]: false,
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: false,
};

/** `err != null`, `typeof cb === 'function'`, `err instanceof X` where there is no error. */
function decidedComparison(node: ts.BinaryExpression, known: Assumptions, scopes: Scopes): boolean | undefined {
  const operator = node.operatorToken.kind;
  const assumed = assumedOf(node.left, known, scopes);
  if (operator === ts.SyntaxKind.InstanceOfKeyword) return decidedInstance(node, assumed);
  const equal = comparisons[operator];
  if (equal === undefined) return undefined;
  const type = ts.isTypeOfExpression(bare(node.left)) ? (bare(node.left) as ts.TypeOfExpression).expression : undefined;
  if (type && ts.isStringLiteralLike(node.right)) {
    const of = assumedOf(type, known, scopes);
    if (of === 'given') return (node.right.text === 'function') === equal;
    if (of === 'error' && node.right.text === 'undefined') return !equal;
    return undefined;
  }
  const nothing = ts.isIdentifier(bare(node.right))
    ? (bare(node.right) as ts.Identifier).text === 'undefined'
    : node.right.kind === ts.SyntaxKind.NullKeyword;
  if (!nothing || !assumed) return undefined;
  if (assumed === 'error' || assumed === 'given') return !equal;
  const strictUndefined = ts.isIdentifier(bare(node.right)) && isStrict(operator);
  // What a caller gives when nothing failed is `null` or `undefined`: only the loose test, or the usual `null`, is decided.
  return assumed === 'noError' && strictUndefined ? undefined : equal;
}

function isStrict(operator: ts.SyntaxKind): boolean {
  return operator === ts.SyntaxKind.EqualsEqualsEqualsToken || operator === ts.SyntaxKind.ExclamationEqualsEqualsToken;
}

function decidedInstance(node: ts.BinaryExpression, assumed: Assumed | undefined): boolean | undefined {
  if (assumed === 'noError' || assumed === 'absent') return false;
  return assumed === 'given' && ts.isIdentifier(node.right) && node.right.text === 'Function' ? true : undefined;
}

/** `_.isFunction(cb)`, `Boolean(err)` */
function decidedCall(node: ts.Expression, known: Assumptions, scopes: Scopes): boolean | undefined {
  if (!ts.isCallExpression(node) || node.arguments.length !== 1) return undefined;
  const name = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : node.expression.getText();
  const assumed = assumedOf(node.arguments[0]!, known, scopes);
  if (name === 'isFunction' && assumed === 'given') return true;
  if (name === 'isError' && assumed && assumed !== 'error') return false;
  return name === 'Boolean' && assumed ? assumed === 'error' || assumed === 'given' : undefined;
}

function isNothing(simple: Simple, known: Assumptions, scopes: Scopes): boolean {
  if (simple.kind !== 'node') return false;
  const assumed = assumedOf(simple.node, known, scopes);
  return assumed === 'noError' || assumed === 'absent' || simple.node.kind === ts.SyntaxKind.NullKeyword;
}

/** The nodes that are still printed. */
export function nodesOf(simple: Simple): ts.Expression[] {
  switch (simple.kind) {
    case 'node':
      return [simple.node];
    case 'truth':
      return [];
    case 'not':
      return nodesOf(simple.of);
    case 'join':
      return [...nodesOf(simple.left), ...nodesOf(simple.right)];
    case 'choice':
      return [...nodesOf(simple.test), ...nodesOf(simple.then), ...nodesOf(simple.else)];
  }
}

/** The simplified expression as text of the source, joined by operators where something in between went away. */
export function simpleSnippet(simple: Simple, at: ts.Expression, snippets: Snippets): Snippet {
  const part = (of: Simple, op?: string): (string | Snippet)[] => {
    const text = simpleSnippet(of, at, snippets);
    return needsParentheses(of, op) ? ['(', text, ')'] : [text];
  };
  switch (simple.kind) {
    case 'node':
      return snippets.expression(simple.node);
    case 'truth':
      return snippets.compose([String(simple.value)], rangeOf(at), 'no');
    case 'not':
      return snippets.compose(['!', ...part(simple.of, '!')], rangeOf(at), 'no');
    case 'join':
      return snippets.compose(
        [...part(simple.left, simple.op), ` ${simple.op} `, ...part(simple.right, simple.op)],
        rangeOf(at),
      );
    case 'choice':
      return snippets.compose(
        [...part(simple.test, '?'), ' ? ', ...part(simple.then), ' : ', ...part(simple.else)],
        rangeOf(at),
      );
  }
}

function needsParentheses(simple: Simple, op: string | undefined): boolean {
  if (!op || simple.kind === 'truth' || simple.kind === 'not') return false;
  if (simple.kind === 'choice') return true;
  if (simple.kind === 'join') return simple.op !== op && op !== '?';
  const node = simple.node;
  if (ts.isBinaryExpression(node)) {
    const inner = logical[node.operatorToken.kind];
    return (
      op === '!' || (!!inner && inner !== op && op !== '?') || node.operatorToken.kind === ts.SyntaxKind.EqualsToken
    );
  }
  return ts.isConditionalExpression(node) || ts.isArrowFunction(node) || ts.isYieldExpression(node);
}

/** The opposite of a test, as people write it: `i >= n` becomes `i < n`, `!list.length` becomes `list.length`. */
export function negated(test: ts.Expression, snippets: Snippets): Snippet {
  const node = bare(test) as ts.Expression;
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    return snippets.expression(bare(node.operand) as ts.Expression);
  if (ts.isBinaryExpression(node)) {
    const opposite = opposites.get(node.operatorToken.kind);
    if (opposite)
      return {
        ...snippets.compose(
          [snippets.expression(node.left), ` ${opposite} `, snippets.expression(node.right)],
          rangeOf(node),
          'no',
        ),
        loose: true,
        opposite: snippets.expression(node).parts,
      };
    return snippets.compose(['!(', snippets.expression(node), ')'], rangeOf(node), 'no');
  }
  return snippets.compose(['!', snippets.expression(node)], rangeOf(node), 'no');
}

/** Only for numbers in loops and for equality: `<` and `>=` are not opposites when a side is `NaN` or `undefined`. */
const opposites = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.EqualsEqualsToken, '!='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.ExclamationEqualsToken, '=='],
]);

import type { Block, Handler, Lead, Step } from '../flow/model.js';
import type { Range } from '../types.js';
import { ts } from './parse.js';
import { loopForm } from './loop-form.js';
import { rangeOf } from './snippet.js';
import type { Snippets } from './snippet.js';
import { stop } from './stop.js';

/** A statement where it stands: what is around it, and the comments that are its own. */
export interface Site {
  readonly statement: ts.Statement;
  /** The statements of the same list that follow. */
  readonly following: readonly ts.Statement[];
  /** Inside how many source-level `try` bodies of this reading. */
  readonly tries: number;
  /** Inside a loop or switch of this reading: what follows the list is not the end. */
  readonly loops: number;
  readonly lead: readonly Lead[];
  readonly trail: readonly Range[];
}

/** What a reader makes of a statement that it knows about. `taken`: how many of the following statements it used up as well. */
export interface Made {
  readonly steps: readonly Step[];
  readonly taken?: number;
}

/** How one style reads statements: everything it does not care for is copied. */
export interface Reading {
  readonly snippets: Snippets;
  /** Steps for a statement of this style; `undefined`: the general rule. A `return` that is not made here has nothing to report. */
  make(site: Site): Made | undefined;
  /** True where the node (not a function inside it) holds something that this style reads: then the statement is taken apart. */
  holds(node: ts.Node): boolean;
}

/** The block that a list of statements is. `range` is the text between the braces, so that no comment is lost. */
export function readStatements(
  statements: readonly ts.Statement[],
  range: Range,
  reading: Reading,
  at: { tries: number; loops: number } = { tries: 0, loops: 0 },
): Block {
  const { snippets } = reading;
  const steps: Step[] = [];
  let from = range.start;
  for (let index = 0; index < statements.length; index++) {
    const statement = statements[index]!;
    const trail = snippets.trailOf(statement, statements[index + 1]?.getStart() ?? range.end);
    const lead =
      index === 0 ? snippets.comments({ start: from, end: statement.getStart() }) : snippets.leadOf(statement, from);
    const site: Site = {
      statement,
      following: statements.slice(index + 1),
      tries: at.tries,
      loops: at.loops,
      lead,
      trail,
    };
    const made = reading.make(site) ?? { steps: generalSteps(site, reading) };
    steps.push(...framed(made.steps, lead, trail));
    const last = statements[index + (made.taken ?? 0)]!;
    from = made.taken ? last.end : (trail.at(-1)?.end ?? last.end);
    index += made.taken ?? 0;
  }
  return { steps, tail: snippets.comments({ start: from, end: range.end }) };
}

/** The body of `if (x) …`, a loop or a function: a block's statements or the one statement. */
export function readBody(body: ts.Statement, reading: Reading, at = { tries: 0, loops: 0 }): Block {
  if (ts.isBlock(body)) return readStatements(body.statements, inside(body), reading, at);
  if (ts.isEmptyStatement(body)) return { steps: [], tail: [] };
  return { ...readStatements([body], rangeOf(body), reading, at), bare: bareness(body) };
}

/** How a statement without braces stood: on the line of its `if` or below it. */
export function bareness(body: ts.Statement): 'same' | 'below' {
  return body.getSourceFile().text.slice(body.pos, body.getStart()).includes('\n') ? 'below' : 'same';
}

/** Between the braces. */
export function inside(block: ts.Node): Range {
  return { start: block.getStart() + 1, end: block.end - 1 };
}

/** Puts comments in front of the first step, or into an empty block's tail. */
export function withLead(block: Block, lead: readonly Lead[]): Block {
  if (!lead.length) return block;
  const [first, ...rest] = block.steps;
  if (!first) return { steps: [], tail: [...lead, ...block.tail] };
  return { ...block, steps: [{ ...first, lead: [...lead, ...first.lead] }, ...rest] };
}

/** Steps made without their comments get them: the lead goes to the first, the trail to the last. */
function framed(steps: readonly Step[], lead: readonly Lead[], trail: readonly Range[]): Step[] {
  if (!steps.length || (!lead.length && !trail.length)) return [...steps];
  const all = [...steps];
  if (!all[0]!.lead.some((one) => lead.includes(one))) all[0] = { ...all[0]!, lead: [...lead, ...all[0]!.lead] };
  const last = all.length - 1;
  if (trail.length && !all.some((step) => step.trail?.includes(trail[0]!)))
    all[last] = { ...all[last]!, trail: [...(all[last]!.trail ?? []), ...trail] };
  return all;
}

/** What is the same in every style: control flow is taken apart where something is held in it, the rest is copied. */
function generalSteps(site: Site, reading: Reading): readonly Step[] {
  const { statement, lead } = site;
  const base = { lead, at: rangeOf(statement) };
  if (ts.isThrowStatement(statement) && statement.expression)
    return [{ ...base, kind: 'exit', how: 'fail', with: reading.snippets.expression(statement.expression) }];
  if (ts.isBreakOrContinueStatement(statement))
    return [
      {
        ...base,
        kind: 'exit',
        how: ts.isBreakStatement(statement) ? 'break' : 'continue',
        ...(statement.label && { label: statement.label.text }),
      },
    ];
  if (!mustBeTakenApart(statement, reading))
    return [{ ...base, kind: 'code', code: reading.snippets.statement(statement) }];
  return takenApart(site, reading, base);
}

type Base = { readonly lead: readonly Lead[]; readonly at: Range };

function takenApart(site: Site, reading: Reading, base: Base): readonly Step[] {
  const { statement } = site;
  if (ts.isBlock(statement)) {
    const block = readBody(statement, reading, site);
    return withTail(block, base, reading);
  }
  if (ts.isIfStatement(statement)) return [branch(statement, site, reading, base)];
  if (ts.isTryStatement(statement)) return [guard(statement, site, reading, base)];
  if (ts.isSwitchStatement(statement)) return [switching(statement, site, reading, base)];
  if (ts.isIterationStatement(statement, false)) return [loop(statement, site, reading, base)];
  if (ts.isLabeledStatement(statement)) stop('labels', statement);
  return [{ ...base, kind: 'code', code: reading.snippets.statement(statement) }];
}

/** A block among statements: its steps join the list, its last comments go behind its last step. */
function withTail(block: Block, base: Base, reading: Reading): readonly Step[] {
  const comments = block.tail.filter((one): one is Range => one !== '');
  const last = block.steps.at(-1);
  if (!comments.length) return block.steps;
  if (last) return [...block.steps.slice(0, -1), { ...last, trail: [...(last.trail ?? []), ...comments] }];
  return [
    { ...base, lead: [...base.lead, ...block.tail], kind: 'code', code: reading.snippets.compose([''], base.at, 'no') },
  ];
}

function branch(statement: ts.IfStatement, site: Site, reading: Reading, base: Base): Step {
  const { snippets } = reading;
  const between = snippets.comments({ start: statement.expression.end, end: statement.thenStatement.getStart() });
  const then = withLead(readBody(statement.thenStatement, reading, site), between);
  const test = snippets.expression(statement.expression);
  const inside = snippets.comments({ start: statement.getStart(), end: statement.expression.getStart() });
  if (inside.length) base = { ...base, lead: [...base.lead, ...inside] };
  if (!statement.elseStatement) return { ...base, kind: 'branch', test, then };
  const before = snippets.comments({ start: statement.thenStatement.end, end: statement.elseStatement.getStart() });
  const other = withLead(readBody(statement.elseStatement, reading, site), before);
  return { ...base, kind: 'branch', test, then, else: other };
}

function loop(statement: ts.IterationStatement, site: Site, reading: Reading, base: Base): Step {
  const { snippets } = reading;
  const inner = { tries: site.tries, loops: site.loops + 1 };
  const parts = childrenOf(statement);
  if (ts.isDoStatement(statement)) {
    const foot = parts.find((part) => part.kind === ts.SyntaxKind.WhileKeyword)!;
    const close = parts.filter((part) => part.kind === ts.SyntaxKind.CloseParenToken).at(-1)!;
    const start = statement.getStart();
    const between = snippets.comments({ start: statement.statement.end, end: foot.getStart() });
    const body = readBody(statement.statement, reading, inner);
    return {
      ...base,
      kind: 'loop',
      head: snippets.piece({ start, end: start + 2 }, []),
      body: between.length ? { ...body, tail: [...body.tail, ...between] } : body,
      foot: snippets.piece({ start: foot.getStart(), end: close.end }, [statement.expression]),
      form: loopForm(statement, snippets),
    };
  }
  const body = statement.statement;
  const close = parts
    .filter((part) => part.kind === ts.SyntaxKind.CloseParenToken && part.end <= body.getStart())
    .at(-1)!;
  const between = snippets.comments({ start: close.end, end: body.getStart() });
  const nodes = parts.filter((part) => part.end <= close.pos && part !== body);
  return {
    ...base,
    kind: 'loop',
    head: snippets.piece({ start: statement.getStart(), end: close.end }, nodes),
    body: withLead(readBody(body, reading, inner), between),
    form: loopForm(statement, snippets),
  };
}

function guard(statement: ts.TryStatement, site: Site, reading: Reading, base: Base): Step {
  const { snippets } = reading;
  const inner = { tries: site.tries + 1, loops: site.loops };
  const body = readStatements(statement.tryBlock.statements, inside(statement.tryBlock), reading, inner);
  const clause = statement.catchClause;
  const cleanup = statement.finallyBlock;
  // A `return p` in a `catch` is not waited for either when there is a `finally`.
  const after = cleanup ? inner : { tries: site.tries, loops: site.loops };
  let end = statement.tryBlock.end;
  let onFail: Handler | undefined;
  if (clause) {
    const before = snippets.comments({ start: end, end: clause.block.getStart() });
    onFail = {
      ...(clause.variableDeclaration && {
        param: { pattern: snippets.pattern(clause.variableDeclaration.name), how: 'let' as const },
      }),
      body: withLead(readStatements(clause.block.statements, inside(clause.block), reading, after), before),
    };
    end = clause.end;
  }
  const always =
    cleanup &&
    withLead(
      readStatements(cleanup.statements, inside(cleanup), reading, { tries: site.tries, loops: site.loops }),
      snippets.comments({ start: end, end: cleanup.getStart() }),
    );
  return { ...base, kind: 'guard', body, ...(onFail && { onFail }), ...(always && { always }) };
}

function switching(statement: ts.SwitchStatement, site: Site, reading: Reading, base: Base): Step {
  const { snippets } = reading;
  const inner = { tries: site.tries, loops: site.loops + 1 };
  let from = statement.caseBlock.getStart() + 1;
  const clauses = statement.caseBlock.clauses;
  const arms = clauses.map((clause, index) => {
    const colon = childrenOf(clause).find((part) => part.kind === ts.SyntaxKind.ColonToken)!;
    const start = clause.getStart();
    const lead = index === 0 ? snippets.comments({ start: from, end: start }) : snippets.leadOf(clause, from);
    const next = clauses[index + 1];
    const until = next
      ? (snippets.trailOf(clause, next.getStart()).at(-1)?.end ?? clause.end)
      : statement.caseBlock.end - 1;
    const range = { start: colon.end, end: until };
    const own = onlyBlock(clause);
    const body = own
      ? bracedBody(own, range, reading, inner)
      : readStatements(clause.statements, range, reading, inner);
    from = until;
    const nodes = ts.isCaseClause(clause) ? [clause.expression] : [];
    return {
      label: snippets.piece({ start, end: colon.end }, nodes),
      ...(ts.isCaseClause(clause) && { test: snippets.expression(clause.expression) }),
      lead,
      ...(ts.isDefaultClause(clause) && { isDefault: true }),
      ...(own && { braced: true }),
      body,
    };
  });
  return { ...base, kind: 'switch', on: snippets.expression(statement.expression), arms };
}

/** The block of `case 'a': { … }`. */
function onlyBlock(clause: ts.CaseOrDefaultClause): ts.Block | undefined {
  const [only, more] = clause.statements;
  return only && !more && ts.isBlock(only) ? only : undefined;
}

/** The comments around the braces of an arm stand inside them. */
function bracedBody(block: ts.Block, around: Range, reading: Reading, at: { tries: number; loops: number }): Block {
  const { snippets } = reading;
  const body = readStatements(block.statements, inside(block), reading, at);
  const before = snippets.comments({ start: around.start, end: block.getStart() }).filter((each) => each !== '');
  const behind = snippets.comments({ start: block.end, end: around.end }).filter((each) => each !== '');
  const led = withLead(body, before);
  return behind.length ? { ...led, tail: [...led.tail, ...behind] } : led;
}

/** Something in the statement leaves it or is read by the style: it can't be one piece of text. */
export function mustBeTakenApart(statement: ts.Statement, reading: Pick<Reading, 'holds'>): boolean {
  return hasExit(statement) || someOwn(statement, (node) => reading.holds(node));
}

/** A `return` or `throw`, or a jump to somewhere outside of the node. Functions inside are not entered. */
export function hasExit(node: ts.Node, loops = 0, breakables = 0, labels: readonly string[] = []): boolean {
  if (ts.isReturnStatement(node) || ts.isThrowStatement(node)) return true;
  if (ts.isBreakOrContinueStatement(node)) {
    if (node.label) return !labels.includes(node.label.text);
    return ts.isBreakStatement(node) ? breakables === 0 : loops === 0;
  }
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
  const isLoop = ts.isIterationStatement(node, false);
  const inner = ts.isLabeledStatement(node) ? [...labels, node.label.text] : labels;
  const inLoops = loops + (isLoop ? 1 : 0);
  const inBreakables = breakables + (isLoop || ts.isSwitchStatement(node) ? 1 : 0);
  return !!ts.forEachChild(node, (child) => hasExit(child, inLoops, inBreakables, inner) || undefined);
}

/** True for a node that passes, in or below `node`, functions and classes inside not entered. */
export function someOwn(node: ts.Node, test: (node: ts.Node) => boolean): boolean {
  if (test(node)) return true;
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
  return !!ts.forEachChild(node, (child) => someOwn(child, test) || undefined);
}

function childrenOf(node: ts.Node): readonly ts.Node[] {
  return node.getChildren(node.getSourceFile());
}

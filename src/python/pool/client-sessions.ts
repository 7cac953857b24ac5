import { limitsOf, sessionSetup, type Line } from '../http/aiohttp-sessions.js';
import { isName, textOf } from '../file.js';
import { parentOf, statementOf, walk, type Attribute, type Call, type Expr, type Stmt, type With } from '../tree.js';
import { refuse, touch } from '../unit.js';
import type { Converter } from './from-async.js';

/* `ClientSession(…)` becomes `requests.Session()`, and lines that give it what it was given. */

/** `async with ClientSession(…) as session:` → the lines stand first in the block. */
export function sessionBlock(c: Converter, node: With, expr: Expr, name: Expr | undefined): void {
  if (expr.nodeType !== 'Call') return;
  if (c.plain.withs.has(node)) return limited(c, expr, '', () => undefined);
  const { unit, file } = c;
  const lines = sessionSetup(c, unit, expr, name ? textOf(file, name) : '');
  if (lines.length > 0 && (!name || !isPath(name))) return refuse(unit, 'http-option', expr, 'as');
  const [first] = node.body;
  limited(c, expr, name ? textOf(file, name) : '', (line) => blockLine(c, first!, [line]));
  if (lines.length > 0) blockLine(c, first!, lines);
}

function blockLine(c: Converter, first: Stmt, lines: readonly Line[]): void {
  const { unit, file } = c;
  const line = unit.rewrite.lineOf(first.start);
  if (file.text.slice(line.start, first.start).trim() !== '') return refuse(unit, 'one-line-block', first);
  insert(c, line.start, lines, unit.rewrite.indentAt(first.start));
}

/** The slots of a session with a limit are written when it is known whether it needs them. */
function limited(c: Converter, call: Call, name: string, write: (line: Line) => void): void {
  const { unit, file } = c;
  const { all } = limitsOf({ kind: 'aiohttp.ClientSession', made: { file, call } });
  if (!all) return;
  c.later.push(() => {
    if (!c.limits.hasSlots(call)) return;
    c.unit = unit;
    c.file = file;
    if (name === '') refuse(unit, 'bound-unknown', call);
    else write([c.limits.slots(c, unit, name), all, ')']);
  });
}

/** A session that is made: where it is not entered at once, the lines follow the statement. */
export function madeSession(c: Converter, call: Call): void {
  const { unit, file } = c;
  touch(unit, call);
  const open = file.text.indexOf('(', call.func.end);
  unit.rewrite.replace(call.func, c.units.need(unit, 'requests', 'Session'));
  if (open + 1 < call.end - 1) unit.rewrite.remove({ start: open + 1, end: call.end - 1 });
  const parent = parentOf(call);
  if (parent?.nodeType === 'WithItem') return;
  const target = parent?.nodeType === 'Assign' && parent.targets.length === 1 ? parent.targets[0] : undefined;
  const name = target ?? (parent?.nodeType === 'AnnAssign' ? parent.target : undefined);
  if (name && isPath(name)) {
    limited(c, call, textOf(file, name), (line) => behind(c, statementOf(call), [line]));
    return behind(c, statementOf(call), sessionSetup(c, unit, call, textOf(file, name)));
  }
  limited(c, call, '', () => undefined);
  if (parent?.nodeType === 'Return') return returned(c, parent, call);
  if (sessionSetup(c, unit, call, '').length > 0) refuse(unit, 'http-option', call, 'ClientSession');
}

/** `return ClientSession(…)`: it has a name until then. */
function returned(c: Converter, stmt: Extract<Stmt, { nodeType: 'Return' }>, call: Call): void {
  const { unit } = c;
  const name = c.units.firstFree(c.file, ['session', 'made']);
  const lines = sessionSetup(c, unit, call, name);
  if (lines.length === 0) return;
  const indent = unit.rewrite.indentAt(stmt.start);
  const written = lines.flatMap((line) => [`\n${indent}`, ...line]);
  unit.rewrite.replace(stmt, `${name} = `, call, ...written, `\n${indent}return ${name}`);
}

function behind(c: Converter, stmt: Stmt, lines: readonly Line[]): void {
  if (lines.length === 0) return;
  const { rewrite } = c.unit;
  const line = rewrite.lineOf(stmt.end);
  const alone = c.file.text.slice(rewrite.lineOf(stmt.start).start, stmt.start).trim() === '';
  if (!alone || !/^[ \t]*(?:#.*)?\r?\n?$/.test(c.file.text.slice(stmt.end, line.end)))
    return refuse(c.unit, 'one-line-block', stmt);
  const isLast = line.end === c.file.text.length && !c.file.text.endsWith('\n');
  const indent = rewrite.indentAt(stmt.start);
  rewrite.insert(line.end, ...(isLast ? ['\n'] : []), ...lines.flatMap((each) => [indent, ...each, '\n']));
}

function insert(c: Converter, at: number, lines: readonly Line[], indent: string): void {
  c.unit.rewrite.insert(at, ...lines.flatMap((each) => [indent, ...each, '\n']));
}

/** `session`, `self.session` */
const isPath = (expr: Expr): boolean => isName(expr) || (expr.nodeType === 'Attribute' && isPath(expr.value));

/** `session is None or session.closed`, `session and not session.closed`: requests may be made of a closed session too, so nothing is asked. */
export function closedSession(c: Converter, node: Attribute): void {
  const { unit } = c;
  touch(unit, node);
  const parent = parentOf(node)!;
  const asked = parent.nodeType === 'UnaryOp' ? parent : node;
  const both = parentOf(asked);
  const wanted = asked === node ? 'Or' : 'And';
  const stmt = both && parentOf(both);
  const index = both?.nodeType === 'BoolOp' && both.op.nodeType === wanted ? both.values.indexOf(asked) : -1;
  let raises = stmt?.nodeType !== 'If';
  if (stmt?.nodeType === 'If')
    for (const each of stmt.body) walk(each, (inner) => void (raises ||= inner.nodeType === 'Raise'));
  if (index < 1 || raises || both?.nodeType !== 'BoolOp') return refuse(unit, 'http-option', node, 'closed');
  unit.rewrite.remove({ start: both.values[index - 1]!.end, end: asked.end });
}

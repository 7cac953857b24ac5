import type { Range } from '../../types.js';
import type { Piece } from '../rewrite.js';
import type { Call } from '../tree.js';
import type { Converter } from './from-async.js';
import { itemOf, itemsOf } from './sessions.js';

/* The arguments of a call, as they are handed on. */

/** `to_thread(f, x)`, `run_in_executor(None, f, x)`: the function and what follows it. */
export function rest(call: Call, from: number): { callee: Piece[]; args: Piece[] } {
  const callee = call.args[from]!;
  const last = [...call.args, ...call.keywords].sort((a, b) => a.end - b.end).at(-1)!;
  const next = [...call.args.slice(from + 1), ...call.keywords].sort((a, b) => a.start - b.start)[0];
  return { callee: [callee], args: next ? [{ start: next.start, end: last.end }] : [] };
}

/** What stands between the parentheses of a call, without a session that goes. */
export function argumentRange(c: Converter, call: Call): Range | undefined {
  const all = [...call.args, ...call.keywords].sort((a, b) => a.start - b.start);
  if (all.length === 0) return undefined;
  const open = c.file.text.indexOf('(', call.func.end);
  const text = c.file.text.slice(open + 1, call.end - 1);
  const [lead] = /^\s*/.exec(text)!;
  const trail = /,?\s*$/.exec(text)![0];
  const whole = { start: open + 1 + lead.length, end: call.end - 1 - trail.length };
  return withoutSessions(c, call, whole);
}

/** The arguments without a session that goes, where it is the first or the last of them. */
function withoutSessions(c: Converter, call: Call, whole: Range): Range | undefined {
  const gone = new Set(
    [...call.args, ...call.keywords.map((each) => each.value)]
      .filter((each) => c.plain.arguments.has(each))
      .map((each) => itemOf(call, each)),
  );
  const all = itemsOf(call);
  if (gone.size === 0) return whole;
  const kept = all.filter((each) => !gone.has(each));
  if (kept.length === 0) return undefined;
  const start = gone.has(all[0]!) ? kept[0]!.start : whole.start;
  return { start, end: gone.has(all.at(-1)!) ? kept.at(-1)!.end : whole.end };
}

import { renderSnippet, type Canvas } from '../../src/edits/render.js';
import type { Binding, Block, Entry, Snippet, Step, Target, Task, Value } from '../../src/flow/model.js';
import { guardWaits } from '../../src/flow/passes/guards.js';
import { inlineBlocks } from '../../src/flow/passes/inline.js';
import { nameBindings } from '../../src/flow/passes/names.js';
import { simplify } from '../../src/flow/passes/simplify.js';
import { writeFunctionBody } from '../../src/javascript/async/write.js';

/** Flows written by hand, and what becomes of them: passes and writer without any reader. */
const at = { start: 0, end: 0 };
const base = { lead: [], at };

/** Text in which `$name` stands for a binding of the map; other words are free names. */
export function text(source: string, bindings: Record<string, Binding> = {}, more: Partial<Snippet> = {}): Snippet {
  const parts = source.split(/(\$\w+)/).map((part) => (part.startsWith('$') ? bindings[part.slice(1)]! : part));
  const free = source.match(/(?<![\w$])[a-z]\w*/gi) ?? [];
  const uses = free.map((name) => ({ at: -1, name }));
  return { parts: parts.filter((part) => part !== ''), uses, declares: [], promise: 'no', at, ...more };
}
export const target = (of: Target['of'] = 'block'): Target => ({ of });
export const block = (...steps: Step[]): Block => ({ steps, tail: [] });
export const code = (snippet: Snippet | string): Step => ({
  ...base,
  kind: 'code',
  code: typeof snippet === 'string' ? text(snippet) : snippet,
});
export const succeed = (of: Target, value?: Value): Step => ({
  ...base,
  kind: 'exit',
  how: 'succeed',
  of,
  ...(value && { with: value }),
});
export const fail = (value: Snippet): Step => ({ ...base, kind: 'exit', how: 'fail', with: value });
export const call = (source: string, bindings?: Record<string, Binding>): Task => ({
  kind: 'call',
  form: 'awaitable',
  awaitable: text(source, bindings, { promise: 'maybe' }),
});
export const branch = (test: string, then: Block, other?: Block): Step => ({
  ...base,
  kind: 'branch',
  test: text(test),
  then,
  ...(other && { else: other }),
});
export const loop = (head: string, body: Block): Step => ({ ...base, kind: 'loop', head: text(head), body });
export const name = (binding: Binding, how: 'const' | 'let' = 'const', invented = false) => ({
  pattern: { ...text('$x', { x: binding }), declares: [{ binding, how: 'lexical' as const }] },
  how,
  ...(invented && { invented }),
});
export const wait = (on: Task, bind?: Binding, onFail?: { err: Binding; body: Block }, invented = false): Step => ({
  ...base,
  kind: 'wait',
  on,
  ...(bind && { bind: name(bind, 'const', invented) }),
  ...(onFail && { onFail: { param: name(onFail.err), body: onFail.body } }),
});
export const guard = (body: Block, onFail?: { err: Binding; body: Block }, always?: Block): Step => ({
  ...base,
  kind: 'guard',
  body,
  ...(onFail && { onFail: { param: name(onFail.err), body: onFail.body } }),
  ...(always && { always }),
});
export const nested = (of: Target, ...steps: Step[]): Task => ({ kind: 'block', target: of, body: block(...steps) });

/** The flow as the body of an async function, through all passes. */
export function say(flow: Block, entry: Target, params: Entry['params'] = []): string {
  const passed = simplify(guardWaits(simplify(inlineBlocks(flow), entry)), entry);
  const { names } = nameBindings(passed, params, () => false);
  const canvas: Canvas = {
    text: '',
    frozen: [],
    renames: new Map(),
    nested: [],
    nameOf: (b) => names.get(b) ?? b.name,
  };
  return writeFunctionBody(
    passed,
    { indent: '', guarded: false },
    {
      canvas,
      style: { semi: true, quote: "'", indent: '  ', eol: '\n' },
      need: ({ local }) => local,
      typescript: false,
    },
  );
}

export { renderSnippet };

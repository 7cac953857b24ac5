import { heldIn } from '../../flow/passes/windows.js';
import type { FileContext } from '../context.js';
import type { ts } from '../parse.js';
import type { PlannedEdit, PlannedGroup } from '../plan.js';
import { withoutWindow } from '../pool/window-calls.js';
import { windowKinds } from '../pool/window.js';

/** A window whose every call is said in place now is not needed any more: those who called it go together with it. */
export function withoutUnusedWindows(groups: readonly PlannedGroup[]): PlannedGroup[] {
  let all = [...groups];
  for (const ctx of new Set(groups.flatMap((group) => group.entries.map((each) => each.ctx))))
    for (const declaration of windowKinds(ctx).keys()) {
      const calls = callsOf(declaration, ctx);
      const users = all.filter((group) => calls?.some((call) => saysInPlace(group, ctx, call)));
      if (!calls?.length || !calls.every((call) => users.some((group) => saysInPlace(group, ctx, call)))) continue;
      const edit: PlannedEdit = { ctx, edit: withoutWindow(declaration, ctx) };
      all = [united(users, edit), ...all.filter((group) => !users.includes(group))];
    }
  return all;
}

/** Where it is said, but for its own name; undefined when it is more than called in its file. */
function callsOf({ name, parent }: ts.FunctionDeclaration, ctx: FileContext): ts.Identifier[] | undefined {
  const symbol = name && ctx.scopes.symbolOf(name);
  return symbol && parent === ctx.file ? ctx.scopes.references(symbol).filter((use) => use !== name) : undefined;
}

function saysInPlace(group: PlannedGroup, ctx: FileContext, use: ts.Identifier): boolean {
  return group.entries.some(
    (each) =>
      each.ctx === ctx &&
      heldIn(each.entry.flow).some((call) => call.kind === 'call' && call.callee?.at.start === use.getStart()),
  );
}

function united([first, ...rest]: readonly PlannedGroup[], edit: PlannedEdit): PlannedGroup {
  return rest.reduce<PlannedGroup>(
    (all, group) => ({
      ...all,
      entries: [...all.entries, ...group.entries],
      edits: [...all.edits, ...group.edits],
      unsafe: [...all.unsafe, ...group.unsafe],
      notes: [...all.notes, ...group.notes],
    }),
    { ...first!, edits: [...first!.edits, edit] },
  );
}

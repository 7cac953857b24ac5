import { importAliases, importedName, type PyFile } from './file.js';
import type { Need } from './unit.js';
import type { Rewrite } from './rewrite.js';
import { blockOf, isFunction, parentOf, type Alias, type Import, type ImportFrom, type Stmt } from './tree.js';

/** The imports of a file: what is there, what is added, and what nobody uses any more. */
export const Imports = {
  /** An import of the module's top level that already gives what is needed. */
  find(file: PyFile, module: string, name?: string): Need | undefined {
    for (const { alias, name: full, binding } of topLevel(file)) {
      if (binding && binding.sites.length > 1) continue;
      const local = alias.asname ?? alias.name.split('.')[0]!;
      if (name !== undefined && full === `${module}.${name}` && parentOf(alias)!.nodeType === 'ImportFrom')
        return { module, name, local };
    }
    for (const { alias, name: full, binding } of topLevel(file)) {
      if (binding && binding.sites.length > 1) continue;
      const isWhole = full === module || (alias.name === module && !alias.asname);
      if (!isWhole) continue;
      const local = alias.asname ?? alias.name;
      return { module, local };
    }
    return undefined;
  },

  /** Puts new imports where others go, and takes out those that are not used. */
  change(file: PyFile, rewrite: Rewrite, needs: readonly Need[], unused: ReadonlySet<Alias>): void {
    const there = importStatements(file);
    const gone = there.filter((stmt) => stmt.names.every((alias) => unused.has(alias)));
    const lines = missing(file, needs, rewrite, gone);
    for (const stmt of there) if (!gone.includes(stmt)) thin(stmt, unused, rewrite);
    const [first] = gone;
    if (first && lines.length > 0) {
      rewrite.replace(first, lines.join('\n'));
      for (const stmt of gone.slice(1)) removeStatement(file, stmt, rewrite);
      return;
    }
    for (const stmt of gone) removeStatement(file, stmt, rewrite);
    if (lines.length > 0) insertLines(file, lines, rewrite);
  },
};

const topLevel = (file: PyFile) =>
  importAliases(file).filter(({ alias }) => parentOf(parentOf(alias)!)?.nodeType === 'Module');

type ImportStatement = Import | ImportFrom;

const isImport = (stmt: Stmt): stmt is ImportStatement => stmt.nodeType === 'Import' || stmt.nodeType === 'ImportFrom';

function importStatements(file: PyFile): ImportStatement[] {
  return file.module.body.filter(isImport);
}

/** Lines for what is not imported yet; names of a module that has its line already are put there. */
function missing(file: PyFile, needs: readonly Need[], rewrite: Rewrite, gone: readonly Stmt[]): string[] {
  const modules = new Map<string, Need[]>();
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const need of needs) {
    const key = `${need.module}\0${need.name ?? ''}`;
    if (seen.has(key) || isThere(file, need)) continue;
    seen.add(key);
    if (need.name === undefined) {
      const last = need.module.split('.').at(-1);
      lines.push(
        need.local === last && !need.module.includes('.')
          ? `import ${need.module}`
          : `import ${need.module} as ${need.local}`,
      );
    } else modules.set(need.module, [...(modules.get(need.module) ?? []), need]);
  }
  for (const [module, names] of modules) {
    const said = names.map(({ name, local }) => (name === local ? name : `${name} as ${local}`)).sort();
    const line = importStatements(file).find(
      (stmt) =>
        stmt.nodeType === 'ImportFrom' &&
        !stmt.level &&
        stmt.module === module &&
        !gone.includes(stmt) &&
        stmt.names[0]?.name !== '*',
    );
    if (line) rewrite.insert(line.names.at(-1)!.end, ...said.map((name) => `, ${name}`));
    else lines.push(`from ${module} import ${said.join(', ')}`);
  }
  return lines.sort((a, b) => Number(a.startsWith('from')) - Number(b.startsWith('from')) || (a < b ? -1 : 1));
}

const isThere = (file: PyFile, need: Need): boolean => {
  const found = Imports.find(file, need.module, need.name);
  return found !== undefined && found.local === need.local && found.name === need.name;
};

/** Takes unused names out of a statement that keeps others. */
function thin(stmt: ImportStatement, unused: ReadonlySet<Alias>, rewrite: Rewrite): void {
  const kept = stmt.names.filter((alias) => !unused.has(alias));
  if (kept.length === stmt.names.length) return;
  stmt.names.forEach((alias, index) => {
    if (!unused.has(alias)) return;
    const next = stmt.names[index + 1];
    const before = stmt.names.slice(0, index).findLast((each) => !unused.has(each));
    if (next) rewrite.remove({ start: alias.start, end: next.start });
    else if (before) rewrite.remove({ start: lastKeptEnd(stmt, unused), end: alias.end });
  });
}

const lastKeptEnd = (stmt: ImportStatement, unused: ReadonlySet<Alias>): number =>
  stmt.names.findLast((alias) => !unused.has(alias))!.end;

const removed = new WeakMap<Rewrite, Set<Stmt>>();

/** Takes out a statement with its line; a comment behind it stays. */
export function removeStatement(file: PyFile, stmt: Stmt, rewrite: Rewrite): void {
  const gone = removed.get(rewrite) ?? new Set<Stmt>();
  removed.set(rewrite, gone.add(stmt));
  const block = blockOf(stmt);
  // A block must hold something.
  if (parentOf(stmt)?.nodeType !== 'Module' && block.every((each) => gone.has(each)))
    return rewrite.replace(stmt, 'pass');
  const first = rewrite.lineOf(stmt.start);
  const last = rewrite.lineOf(stmt.end);
  const before = file.text.slice(first.start, stmt.start);
  const after = file.text.slice(stmt.end, last.end);
  if (before.trim() === '' && after.trim() === '')
    rewrite.remove({
      start: first.start - blankAround(file, first.start, last.end),
      end: first.start === 0 || beginsFunction(stmt) ? last.end + blankBelow(file, last.end) : last.end,
    });
  else if (before.trim() === '' && /^[ \t]*#/.test(after))
    rewrite.remove({ start: stmt.start, end: stmt.end + /^[ \t]*/.exec(after)![0].length });
  else if (/^[ \t]*;/.test(after))
    rewrite.remove({ start: stmt.start, end: stmt.end + /^[ \t]*;[ \t]*/.exec(after)![0].length });
  else rewrite.replace(stmt, 'pass');
}

const beginsFunction = (stmt: Stmt): boolean => isFunction(parentOf(stmt)) && blockOf(stmt)[0] === stmt;

/** The length of the blank lines below what a file began with. */
const blankBelow = (file: PyFile, end: number): number => /^(?:[ \t]*\r?\n)*/.exec(file.text.slice(end))![0].length;

/** The length of the blank lines above, where there are some below too: one of the two gaps goes with what stood between. */
function blankAround(file: PyFile, start: number, end: number): number {
  if (!/^[ \t]*(?:\r?\n|$)/.test(file.text.slice(end))) return 0;
  const [above] = /(?<=\n)(?:[ \t]*\r?\n)*$/.exec(file.text.slice(0, start)) ?? [''];
  return above.length;
}

function insertLines(file: PyFile, lines: readonly string[], rewrite: Rewrite): void {
  const { body } = file.module;
  const after = headOf(file).at(-1);
  if (after) rewrite.insert(rewrite.lineOf(after.end).end, `${lines.join('\n')}\n`);
  else {
    const [comment] = /^(?:#.*\r?\n)*/.exec(file.text)!;
    rewrite.insert(comment.length, `${lines.join('\n')}\n${body.length > 0 ? '\n' : ''}`);
  }
}

/** The docstring and the imports that a module begins with. */
export function headOf(file: PyFile): readonly Stmt[] {
  const { body } = file.module;
  const firstOther = body.findIndex((stmt, index) => !isImport(stmt) && !(index === 0 && isDocstring(stmt)));
  return firstOther < 0 ? body : body.slice(0, firstOther);
}

const isDocstring = (stmt: Stmt): boolean =>
  stmt.nodeType === 'Expr' && stmt.value.nodeType === 'Constant' && typeof stmt.value.value === 'string';

/** Aliases that were used in `before` and that the new text does not use any more. */
export function noLongerUsed(before: PyFile, after: PyFile): Set<Alias> {
  const unused = new Set<Alias>();
  const exported = exportedNames(before);
  for (const { alias, binding } of topLevel(before)) {
    const local = alias.asname ?? alias.name.split('.')[0]!;
    if (!binding || binding.uses.length === 0 || binding.sites.length > 1 || exported.has(local)) continue;
    const now = after.scopes.module.bindings.get(local);
    const stillNeeded = now && (now.uses.length > 0 || now.sites.length > 1);
    if (!stillNeeded && importedName(before, alias) !== '__future__') unused.add(alias);
  }
  return unused;
}

/** Names in `__all__`. */
export function exportedNames(file: PyFile): Set<string> {
  const names = new Set<string>();
  for (const stmt of file.module.body)
    if (
      stmt.nodeType === 'Assign' &&
      stmt.targets.some((target) => target.nodeType === 'Name' && target.id === '__all__')
    )
      if (stmt.value.nodeType === 'List' || stmt.value.nodeType === 'Tuple')
        for (const each of stmt.value.elts) if (each.nodeType === 'Constant') names.add(String(each.value));
  return names;
}

import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { colourPatch } from '../report/colour.js';
import { patchOf } from '../report/patch.js';
import { editsBetween, meet } from '../run/edited.js';
import { loadEngine } from '../run/engine.js';
import { filesOf } from '../run/plan.js';
import type { Found } from '../run/run.js';
import { unitsOf } from '../run/units.js';
import type { ChangeGroup } from '../types.js';
import { changeOf } from './convert.js';
import type { Console } from './main.js';
import { askKey, isExit } from './prompt.js';

const HELP = `y  yes, make this change            a  yes, and all the rest in this file
n  no, leave it                     A  yes, and all the rest of this rule
d  no, and the rest of this file    u  undo the last answer
k  back to the change before        e  edit what is written, in $EDITOR
q  stop here; what you accepted is kept`;

interface Unit {
  groups: readonly ChangeGroup[];
  answer?: boolean;
}

interface Dialogue {
  readonly units: Unit[];
  readonly found: Found;
  readonly screen: Console;
  readonly context: number;
  at: number;
  /** The answers before each answer, and where it was given. */
  readonly history: { readonly at: number; readonly answers: readonly (boolean | undefined)[] }[];
}

export interface Chosen {
  readonly groups: readonly ChangeGroup[];
  /** Left by Ctrl-C. */
  readonly interrupted: boolean;
}

/** Asks about each change group, with the keys of `git add -p`. What was accepted before the end, or before Ctrl-C, is the answer. */
export async function chooseGroups(found: Found, context: number, screen: Console): Promise<Chosen> {
  const units = unitsOf(found.groups).map((groups): Unit => ({ groups }));
  const dialogue: Dialogue = { units, found, screen, context, at: 0, history: [] };
  let interrupted = false;
  try {
    while (dialogue.at < units.length) if (!(await ask(dialogue))) break;
  } catch (error) {
    if (!isExit(error)) throw error;
    interrupted = true;
  }
  return { groups: units.flatMap((unit) => (unit.answer ? unit.groups : [])), interrupted };
}

/** False: stop. */
async function ask(dialogue: Dialogue): Promise<boolean> {
  await show(dialogue);
  for (;;) {
    const key = await askKey(dialogue.screen.paint.bold('Apply? [y,n,a,A,d,u,k,e,q,?]'), 'ynaAdukeq?');
    if (key === '?') await dialogue.screen.always(HELP);
    else if (key === 'q') return false;
    else if (await answered(dialogue, key)) return true;
  }
}

async function show({ units, at, found, screen, context }: Dialogue): Promise<void> {
  const { groups } = units[at]!;
  const files = filesOf(groups, found.sources);
  const [main] = groups as [ChangeGroup];
  const level = main.level === 'unsafe' ? screen.paint.yellow('unsafe') : main.level;
  const notes = main.differences.length > 0 ? ` · ${main.differences.join(', ')}` : '';
  const many = files.length === 1 ? main.path : `${files.length} files`;
  await screen.always(
    `${screen.paint.bold(`[${at + 1}/${units.length}]`)} ${main.rule} · ${level}${notes} · ${many} (${groups.map((group) => group.title).join('; ')})`,
  );
  await screen.always(colourPatch(patchOf(files.map(changeOf), context).trimEnd(), screen.paint));
}

/** True: another change is asked about. */
async function answered(dialogue: Dialogue, key: string): Promise<boolean> {
  const { units, at, history, screen } = dialogue;
  const [main] = units[at]!.groups as [ChangeGroup];
  const open = (wanted: (group: ChangeGroup) => boolean): Unit[] =>
    units.filter((unit, index) => index === at || (unit.answer === undefined && wanted(unit.groups[0]!)));
  const decide = (those: readonly Unit[], answer: boolean): boolean => {
    history.push({ at, answers: units.map((unit) => unit.answer) });
    for (const unit of those) unit.answer = answer;
    moveOn(dialogue);
    return true;
  };
  switch (key) {
    case 'y':
    case 'n':
      return decide([units[at]!], key === 'y');
    case 'a':
    case 'd':
      return decide(
        open((group) => group.path === main.path),
        key === 'a',
      );
    case 'A':
      return decide(
        open((group) => group.rule === main.rule),
        true,
      );
    case 'e':
      return (await edit(dialogue)) && decide([units[at]!], true);
    case 'k':
      if (at > 0) dialogue.at = at - 1;
      else await screen.always('This is the first change.');
      return at > 0;
    default: {
      const last = history.pop();
      if (!last) await screen.always('There is no answer to take back.');
      else {
        dialogue.at = last.at;
        units.forEach((unit, index) => (unit.answer = last.answers[index]));
      }
      return last !== undefined;
    }
  }
}

/** To the next change without an answer; the end when there is none behind this one. */
function moveOn(dialogue: Dialogue): void {
  const { units } = dialogue;
  do dialogue.at++;
  while (dialogue.at < units.length && units[dialogue.at]!.answer !== undefined);
}

/** The file as it would be, in the user's editor; what comes back is what is written. */
async function edit({ units, at, found, screen }: Dialogue): Promise<boolean> {
  const unit = units[at]!;
  const [file, more] = filesOf(unit.groups, found.sources);
  if (!file || more) {
    await screen.always('A change of several files cannot be edited; take it, or leave it.');
    return false;
  }
  const { path: name, text } = file.source;
  const after = inEditor(name, file.after);
  if (after === undefined) {
    await screen.always('The editor failed; set $EDITOR.');
    return false;
  }
  const wrong = loadEngine().syntaxErrorIn?.(name, after);
  if (wrong) {
    await screen.always(`That does not parse: ${wrong.message}`);
    return false;
  }
  const edited = { ...unit.groups[0]!, edits: editsBetween(name, text, after) };
  unit.groups = [edited];
  for (const other of units)
    if (other !== unit && other.groups.some((group) => meet(group, edited))) {
      other.answer = false;
      await screen.always(`Left out, since your edit is in the same place: ${other.groups[0]!.title}`);
    }
  return true;
}

function inEditor(name: string, text: string): string | undefined {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-'));
  try {
    const file = path.join(folder, path.basename(name));
    fs.writeFileSync(file, text);
    const [program = 'vi', ...args] = (process.env['VISUAL'] || process.env['EDITOR'] || 'vi').split(/\s+/);
    const { status } = spawnSync(program, [...args, file], { stdio: 'inherit' });
    return status === 0 ? fs.readFileSync(file, 'utf8') : undefined;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

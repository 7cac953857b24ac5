import { qualified, type PyFile } from '../file.js';
import { kindOf } from '../shapes.js';
import { isFunction, walk, type Call, type ClassDef } from '../tree.js';
import { touch, type Unit } from '../unit.js';
import type { Callbacks } from './from-pool.js';
import { joinHelper } from './joins.js';

/* Threads tell when they have ended. */

const THREAD = 'threading.Thread';

/** `Thread(target=f)`; true when it was one. */
export function threadCall(c: Callbacks, unit: Unit, call: Call): boolean {
  if (qualified(unit.file, call.func) !== THREAD || !isJoined(c, unit.file)) return false;
  touch(unit, call);
  unit.rewrite.replace(call.func, joinHelper(c.units, unit, 'CallingThread'));
  return true;
}

/** `class Download(Thread)` */
export function threadBase(c: Callbacks, unit: Unit, cls: ClassDef): void {
  if (cls.body.some((each) => isFunction(each) && each.name === 'add_done_callback')) return; // it calls back already
  for (const base of cls.bases) {
    if (qualified(unit.file, base) !== THREAD || !isJoined(c, unit.file)) continue;
    touch(unit, base);
    unit.rewrite.replace(base, joinHelper(c.units, unit, 'CallingThread'));
  }
}

/** Some thread of the file is waited for: `t.join()`, which is neither a text's nor a queue's. */
function isJoined(c: Callbacks, file: PyFile): boolean {
  let found = false;
  walk(file.module, (node) => {
    if (found || node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute') return !found;
    if (node.func.attr !== 'join' || node.func.value.nodeType === 'Constant') return true;
    const timed = node.args.length === 0 || (node.args.length === 1 && node.args[0]!.nodeType === 'Constant');
    found = timed && !/^(?:queue\.Queue|ThreadPool|ProcessPool)$/.test(kindOf(c.project, file, node.func.value) ?? '');
    return !found;
  });
  return found;
}

/**
 * Preloaded into the command line: every call that changes the disk is counted, and the one whose number is in FAULT_AT ends the process as a
 * power cut would (FAULT=kill: half of a text is written first) or fails as a full disk does (FAULT=ENOSPC).
 * FAULT_MARK is written when that happened.
 */
const fs = require('node:fs');

const at = Number(process.env.FAULT_AT);
const kind = process.env.FAULT;
let count = 0;
const mark = fs.writeFileSync;

const CHANGES = [
  'openSync',
  'writeFileSync',
  'renameSync',
  'linkSync',
  'rmSync',
  'ftruncateSync',
  'fsyncSync',
  'fchmodSync',
  'mkdirSync',
];
for (const name of CHANGES) {
  const real = fs[name];
  let inside = false; // writeFileSync opens by itself
  fs[name] = function (...args) {
    if (inside || (name === 'openSync' && (args[1] ?? 'r') === 'r')) return real.apply(this, args);
    inside = true;
    try {
      if (++count === at) fail(name, args, real);
      return real.apply(this, args);
    } finally {
      inside = false;
    }
  };
}

function fail(name, args, real) {
  mark(process.env.FAULT_MARK, name);
  if (kind === 'kill') {
    if (name === 'writeFileSync') real(args[0], String(args[1]).slice(0, String(args[1]).length / 2));
    process.kill(process.pid, 'SIGKILL');
  }
  if (name === 'rmSync') return; // taking away needs no room
  throw Object.assign(new Error(`${kind}: no space left on device, ${name}`), { code: kind, syscall: name });
}

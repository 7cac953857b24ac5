/** The callback functions of Node's other modules that stories use: they answer on our clock. */

import * as childProcess from 'node:child_process';
import * as crypto from 'node:crypto';
import * as dns from 'node:dns';
import { promisify } from 'node:util';
import { promised } from './ops.js';
import type { Finish, Ops } from './ops.js';

export function createNodeModules(ops: Ops): Record<string, unknown> {
  const modules: Record<string, unknown> = {
    child_process: { ...childProcess, exec: exec(ops) },
    dns: {
      ...dns,
      lookup: lookup(ops),
      promises: { lookup: (host: string) => promised(ops, 'dns.lookup', [host], () => ADDRESS) },
    },
    crypto: { ...crypto, randomBytes: randomBytes(ops) },
  };
  modules['dns/promises'] = (modules['dns'] as { promises: unknown }).promises;
  return modules;
}

const OUTPUT = { stdout: 'tool 1.2\n', stderr: '' };
const ADDRESS = { address: '10.0.0.1', family: 4 };

/** Several results; promisified, an object of them: as Node has it. */
function exec(ops: Ops) {
  const start = (command: string, callback: Finish): void => {
    ops.start(
      'exec',
      [command],
      () => OUTPUT,
      (error) => callback(error, OUTPUT.stdout, OUTPUT.stderr),
    );
  };
  const custom = (command: string) => promised(ops, 'exec', [command], () => OUTPUT);
  return Object.assign(start, { [promisify.custom]: custom });
}

function lookup(ops: Ops) {
  const start = (host: string, callback: Finish): void => {
    ops.start(
      'dns.lookup',
      [host],
      () => ADDRESS,
      (error) => (error ? callback(error) : callback(null, ADDRESS.address, ADDRESS.family)),
    );
  };
  const custom = (host: string) => promised(ops, 'dns.lookup', [host], () => ADDRESS);
  return Object.assign(start, { [promisify.custom]: custom });
}

function randomBytes(ops: Ops) {
  return (size: number, callback: Finish): void => {
    const bytes = Buffer.from(Array.from({ length: size }, (_, i) => i));
    ops.start('crypto.randomBytes', [size], () => bytes, callback);
  };
}

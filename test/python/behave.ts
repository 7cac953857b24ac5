/** Runs Python programs against the local server and gives their traces: several at once, each in a process of its own. */

import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as readline from 'node:readline';
import { startServer } from './runtime/server.js';
import type { Log, Replies, Server, Weather } from './runtime/server.js';

export interface Program {
  /** Texts, decoded; written as UTF-8. */
  readonly files: Readonly<Record<string, string>>;
  readonly main: string;
  readonly args?: readonly string[];
  readonly replies: Replies;
  /** As which name the server is known to the program; cookies need a name. */
  readonly host?: string;
}

export interface Trace {
  readonly out: readonly string[];
  readonly err: string;
  readonly code: number;
  /** `died of …`, as in naming.py. */
  readonly died: string | undefined;
  readonly log: Log;
}

export interface Look {
  /** Why CPython does not compile it. */
  readonly wrong?: string;
  readonly comments: readonly string[];
}

export interface Python {
  run(program: Program, weather: Weather): Promise<Trace>;
  look(texts: Readonly<Record<string, string>>): Promise<Record<string, Look>>;
  close(): Promise<void>;
}

const MOST_SECONDS = 10;

interface Answer {
  readonly id: number;
  readonly pid?: number;
  readonly code?: number;
  readonly looks?: Record<string, Look>;
}

/** The process starts with the first question. */
export function startPython(python: string, atOnce = 4): Python {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-python-'));
  let host: Host | undefined;
  let next = 0;
  const slots = slotsOf(atOnce);
  const started = (): Host => (host ??= new Host(python));
  return {
    run: (program, weather) =>
      slots.use(async (server) => {
        const own = path.join(folder, String(next++));
        try {
          return await runOne(started(), server, own, program, weather);
        } finally {
          fs.rmSync(own, { recursive: true, force: true });
        }
      }),
    async look(texts) {
      const encoded = Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
      return (await started().ask({ texts: Object.fromEntries(encoded) })).looks!;
    },
    async close() {
      await host?.close();
      slots.close();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function runOne(host: Host, server: Server, folder: string, program: Program, weather: Weather): Promise<Trace> {
  const origin = `http://${program.host ?? '127.0.0.1'}:${server.port}`;
  for (const [name, text] of Object.entries(program.files)) {
    const file = path.join(folder, 'files', name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, withOrigin(text, origin));
  }
  let pid = 0;
  const sleepers = path.join(folder, 'sleepers');
  const isAwake = awakeAgain(sleepers);
  server.begin(program.replies, weather, () => pid > 0 && isWaiting(pid) && isAwake());
  const { code = -1 } = await host.ask(
    { folder, main: program.main, args: program.args },
    (started) => (pid = started),
  );
  const log = server.end();
  const read = (name: string): string => plain(fs.readFileSync(path.join(folder, name), 'utf8'), origin, folder);
  const err = read('err');
  return { out: read('out').split('\n'), err, code, died: /^died of (.*)$/m.exec(err)?.[1], log };
}

/** Only the beginning of URLs is replaced: `https://api.example.com/x` is `/api.example.com/x` on the server. */
function withOrigin(text: string, origin: string): string {
  return text.replace(/\bhttps?:\/\/(?=[\w{}-]+\.[\w.{}-]+)(?!127\.)/g, `${origin}/`);
}

function plain(text: string, origin: string, folder: string): string {
  return text.replaceAll(`${origin}/`, 'http://').replaceAll(origin, 'http://server').replaceAll(folder, '');
}

/** All of its threads sleep: it waits for us, or for a clock. Only Linux can say; elsewhere time has to do. */
function isWaiting(pid: number): boolean {
  if (process.platform !== 'linux') return hasBeenQuietFor(15);
  try {
    const threads = fs.readdirSync(`/proc/${pid}/task`);
    return threads.every((thread) => / S \d+ [^)]*$/.test(fs.readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
  } catch {
    return false;
  }
}

/** Asked this often, a program that always sleeps in some of its parts is taken for waiting. */
const MOST_ASKED = 200;

/** Nobody sleeps for a moment any more: sleeping.py. */
function awakeAgain(file: string): () => boolean {
  let asked = 0;
  return () => {
    const sleeps = fs.existsSync(file) && fs.readFileSync(file).some((byte) => byte !== 0);
    asked = sleeps ? asked + 1 : 0;
    return !sleeps || asked > MOST_ASKED;
  };
}

let lastAsked = 0;
function hasBeenQuietFor(milliseconds: number): boolean {
  const now = Date.now();
  const isLong = now - lastAsked > milliseconds;
  if (isLong) lastAsked = now;
  return isLong;
}

/** A server for each program that runs at once. */
function slotsOf(count: number) {
  const free: Promise<Server>[] = [];
  const waiting: ((server: Promise<Server>) => void)[] = [];
  let made = 0;
  const take = (): Promise<Promise<Server>> | Promise<Server> => {
    if (free.length > 0) return free.pop()!;
    if (made++ < count) return startServer();
    return new Promise<Promise<Server>>((resolve) => waiting.push(resolve));
  };
  return {
    async use<T>(action: (server: Server) => Promise<T>): Promise<T> {
      const server = await take();
      try {
        return await action(await server);
      } finally {
        const back = Promise.resolve(server) as Promise<Server>;
        const next = waiting.shift();
        if (next) next(back);
        else free.push(back);
      }
    },
    close: () => free.forEach((server) => void server.then((each) => each.close())),
  };
}

class Host {
  private readonly child;
  private readonly waiting = new Map<number, { answer: (answer: Answer) => void; started?: (pid: number) => void }>();
  private next = 1;
  private readonly ended: Promise<void>;

  constructor(python: string) {
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONHASHSEED: '0', NO_PROXY: '*', no_proxy: '*' };
    this.child = spawn(python, ['-W', 'ignore', path.join(__dirname, 'runtime/host.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env,
    });
    this.ended = new Promise((resolve) => this.child.on('exit', () => resolve()));
    readline.createInterface({ input: this.child.stdout }).on('line', (line) => this.heard(JSON.parse(line) as Answer));
    void this.ended.then(() => {
      for (const [id, { answer }] of this.waiting) answer({ id, code: -1 });
    });
  }

  ask(command: object, started?: (pid: number) => void): Promise<Answer> {
    const id = this.next++;
    return new Promise((resolve) => {
      const limit = setTimeout(() => this.tell({ id, kill: true }), MOST_SECONDS * 1000);
      const answer = (given: Answer): void => {
        clearTimeout(limit);
        resolve(given);
      };
      this.waiting.set(id, { answer, started });
      this.tell({ id, ...command });
    });
  }

  close(): Promise<void> {
    this.child.stdin.end();
    return this.ended;
  }

  private tell(command: object): void {
    this.child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  private heard(answer: Answer): void {
    const waiter = this.waiting.get(answer.id)!;
    if (answer.pid) return waiter.started?.(answer.pid);
    this.waiting.delete(answer.id);
    waiter.answer(answer);
  }
}

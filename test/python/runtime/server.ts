/**
 * The server that programs talk to: it answers when the program can do nothing more without an answer, one request at a time, in an order that does
 * not depend on when requests arrived. So order and number of the requests in flight are facts, not measurements.
 */

import * as http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What a path answers. A list is for successive requests of the same key; its last goes on. */
export interface Reply {
  readonly status?: number;
  readonly text?: string;
  readonly json?: unknown;
  /** Of base64. */
  readonly bytes?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Never answered: the program has to give up. */
  readonly hang?: boolean;
  readonly reset?: boolean;
}

/** Path as in the program's URL, host first: `/api.example.com/users`, or with `*` at the end → its reply. */
export type Replies = Readonly<Record<string, Reply | readonly Reply[]>>;

export interface Weather {
  /** Another order of answers. */
  readonly salt: number;
  /** Which request fails, as `Log.requests` has it. */
  readonly failing?: string;
  readonly how?: Failure;
}
export type Failure = '500' | 'reset';

export interface Log {
  /** `> GET /path` when a request came, `< GET /path 200` when it was answered, `x GET /path` when the program gave it up. */
  readonly lines: string[];
  /** Sorted: those that come at once come in no order. */
  readonly requests: string[];
  most: number;
}

interface Held {
  readonly key: string;
  readonly line: string;
  readonly rank: number;
  readonly response: http.ServerResponse;
  readonly reply: Reply;
}

export interface Server {
  readonly port: number;
  /** From now on requests are those of this program. */
  begin(replies: Replies, weather: Weather, isQuiet: () => boolean): void;
  end(): Log;
  close(): void;
}

/** How often in a row, a millisecond apart, the program must be seen waiting. */
const QUIET = 3;
const IGNORED =
  /^(host|connection|accept-encoding|content-length|transfer-encoding|traceparent|cache-control|pragma|keep-alive|sec-websocket-key)$/;
const USUAL =
  /^(accept: \*\/\*|accept: text\/html, .*|user-agent: (python-requests|python-httpx|Python|aiohttp|Twisted|Tornado|Python-urllib).*)$/i;

export async function startServer(): Promise<Server> {
  const run = { current: undefined as Run | undefined };
  const sockets = new Set<Socket>();
  const server = http.createServer({ keepAliveTimeout: 1 }, (request, response) => {
    const own = run.current;
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => own?.arrived(request, Buffer.concat(parts), response));
    request.on('error', () => undefined);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    run.current?.opened(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    begin(replies, weather, isQuiet) {
      run.current = new Run(replies, weather, isQuiet);
    },
    end() {
      const { log } = run.current!;
      run.current!.finish();
      run.current = undefined;
      for (const socket of sockets) socket.destroy();
      return log;
    },
    close: () => server.close(),
  };
}

class Run {
  readonly log: Log = { lines: [], requests: [], most: 0 };
  private held: Held[] = [];
  private fresh: string[] = [];
  private readonly unread = new Set<Socket>();
  private readonly counts = new Map<string, number>();
  private quiet = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly replies: Replies,
    private readonly weather: Weather,
    private readonly isQuiet: () => boolean,
  ) {}

  opened(socket: Socket): void {
    this.unread.add(socket);
    this.quiet = 0;
    socket.on('close', () => this.unread.delete(socket));
  }

  arrived(request: http.IncomingMessage, body: Buffer, response: http.ServerResponse): void {
    this.unread.delete(request.socket);
    this.quiet = 0;
    const key = `${request.method} ${request.url}${body.length > 0 ? ` ${shown(body)}` : ''}`;
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    const id = count > 1 ? `${key} #${count}` : key;
    const held: Held = {
      key: id,
      line: key,
      rank: rankOf(`${this.weather.salt} ${id}`),
      response,
      reply: this.replyTo(request, id, key, count, body),
    };
    this.log.requests.push(id);
    this.fresh.push(`> ${key}${headersOf(request)}`);
    this.held.push(held);
    this.log.most = Math.max(this.log.most, this.held.length);
    request.socket.on('close', () => this.givenUp(held));
    this.watch();
  }

  finish(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.flush();
    this.log.requests.sort();
  }

  private replyTo(request: http.IncomingMessage, id: string, key: string, count: number, body: Buffer): Reply {
    if (id === this.weather.failing)
      return this.weather.how === 'reset' ? { reset: true } : { status: 500, text: 'no' };
    const [path] = request.url!.split('?') as [string];
    const exact = this.replies[`${request.method} ${path}`] ?? this.replies[request.url!] ?? this.replies[path];
    const star = Object.keys(this.replies).find((each) => each.endsWith('*') && path.startsWith(each.slice(0, -1)));
    const found = exact ?? (star ? this.replies[star] : undefined) ?? usualReply(request, key, body);
    return Array.isArray(found) ? (found as readonly Reply[])[Math.min(count, found.length) - 1]! : (found as Reply);
  }

  private givenUp(held: Held): void {
    if (!this.held.includes(held)) return;
    this.held = this.held.filter((each) => each !== held);
    this.flush();
    // Those that are given up at once are given up in no order.
    const { lines } = this.log;
    const at = lines.findLastIndex((line) => !line.startsWith('x ')) + 1;
    lines.push(...[...lines.splice(at), `x ${held.line}`].sort());
  }

  private watch(): void {
    this.timer ??= setTimeout(() => this.look(), 1);
  }

  private look(): void {
    this.timer = undefined;
    if (this.held.every((each) => each.reply.hang)) return;
    this.quiet = this.unread.size === 0 && this.isQuiet() ? this.quiet + 1 : 0;
    if (this.quiet >= QUIET) this.answerOne();
    this.watch();
  }

  private answerOne(): void {
    this.quiet = 0;
    const able = this.held.filter((each) => !each.reply.hang);
    const next = able.reduce((a, b) => (b.rank < a.rank ? b : a));
    this.held = this.held.filter((each) => each !== next);
    this.flush();
    const { reply, response, line } = next;
    this.log.lines.push(`< ${line} ${reply.reset ? 'reset' : (reply.status ?? 200)}`);
    if (reply.reset) response.socket?.resetAndDestroy();
    else send(response, reply);
  }

  /** What came since the last answer came at once: in no order. */
  private flush(): void {
    this.log.lines.push(...this.fresh.sort());
    this.fresh = [];
  }
}

function send(response: http.ServerResponse, reply: Reply): void {
  const body =
    reply.json !== undefined
      ? JSON.stringify(reply.json)
      : reply.bytes
        ? Buffer.from(reply.bytes, 'base64')
        : (reply.text ?? '');
  const type = reply.json !== undefined ? 'application/json' : 'text/plain; charset=utf-8';
  response.writeHead(reply.status ?? 200, {
    'content-type': type,
    connection: 'close',
    'content-length': Buffer.byteLength(body),
    ...reply.headers,
  });
  response.end(body);
}

/** Hosts that begin with `api.` answer with JSON, `echo.` with the request, others with a line of text. */
function usualReply(request: http.IncomingMessage, key: string, body: Buffer): Reply {
  const [path] = request.url!.split('?') as [string];
  if (path.startsWith('/echo.')) {
    const { authorization, cookie, 'content-type': type } = request.headers;
    return { json: { method: request.method, url: request.url, body: shown(body), authorization, cookie, type } };
  }
  if (path.startsWith('/api.')) return { json: { path, id: rankOf(key) % 1000, name: path.split('/').at(-1) } };
  return { text: `${key}\n` };
}

function shown(body: Buffer): string {
  const text = body.toString('utf8');
  return text.length > 300 ? `${text.slice(0, 300)}… ${text.length}` : text;
}

/** Those that a program sets, not those that every library sets in its own way. */
function headersOf(request: http.IncomingMessage): string {
  const all = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const);
  const told = all.filter(([name, value]) => !IGNORED.test(name) && !USUAL.test(`${name}: ${value}`));
  const normal = ([name, value]: readonly [string, string]): string =>
    ` {${name}: ${value.replace(/boundary=\S+/, 'boundary').replace(/127\.0\.0\.1:\d+/g, 'server')}}`;
  return told.map(normal).sort().join('');
}

/** The same number for the same text, everywhere (FNV-1a). */
function rankOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  // The last characters would only move the low bits.
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
}

/** A server on this machine that writes down what it is asked. One request can be told to fail: its connection is cut. */

import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerTo } from './clients.js';

export interface Server {
  readonly base: string;
  readonly count: number;
  readonly inFlight: number;
  close(): Promise<void>;
}

/** `together`: nothing is answered before so many wait; then one after the other, each when the one before has been seen. */
export async function startServer(
  answers: Record<string, unknown>,
  log: (line: string) => void,
  failing?: number,
  together = 1,
): Promise<Server> {
  let count = 0;
  let inFlight = 0;
  const waiting: Waiting[] = [];
  const server = http.createServer((req, res) => {
    inFlight++;
    const answer = (index: number): void => {
      inFlight--;
      log(`end ${req.method} ${req.url}`);
      if (index === failing) return void req.socket.destroy();
      const { status, text } = answerTo(answers, req.url ?? '/');
      res.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(text);
    };
    const start = (at: number): number => (log(`start ${req.method} ${req.url} [${at}]`), count++);
    if (together === 1) {
      const index = start(inFlight);
      return void setTimeout(() => answer(index), 5);
    }
    waiting.push({ url: req.url ?? '/', start, answer, closed: new Promise((done) => req.socket.on('close', done)) });
    if (waiting.length === together) void answerInTurn(waiting.splice(0));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get count() {
      return count;
    },
    get inFlight() {
      return inFlight;
    },
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}

interface Waiting {
  readonly url: string;
  readonly start: (at: number) => number;
  readonly answer: (index: number) => void;
  readonly closed: Promise<unknown>;
}

/** In an order that does not depend on which came first. */
async function answerInTurn(all: readonly Waiting[]): Promise<void> {
  const sorted = [...all].sort((a, b) => (a.url < b.url ? -1 : 1));
  const indexes = sorted.map((each, i) => each.start(i + 1));
  for (const [i, each] of sorted.entries()) {
    each.answer(indexes[i]!);
    await each.closed;
    await new Promise((done) => setTimeout(done, 10));
  }
}

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

export async function startServer(
  answers: Record<string, unknown>,
  log: (line: string) => void,
  failing?: number,
): Promise<Server> {
  let count = 0;
  let inFlight = 0;
  const server = http.createServer((req, res) => {
    const index = count++;
    inFlight++;
    log(`start ${req.method} ${req.url} [${inFlight}]`);
    setTimeout(() => {
      inFlight--;
      log(`end ${req.method} ${req.url}`);
      if (index === failing) return void req.socket.destroy();
      const { status, text } = answerTo(answers, req.url ?? '/');
      res.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(text);
    }, 5);
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

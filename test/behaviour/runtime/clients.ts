/** Stand-ins for HTTP clients: what matters here is when they send, in which form they answer, and what they call an error. */

import { promised } from './ops.js';
import type { Ops } from './ops.js';

type Answers = Readonly<Record<string, unknown>>;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
}

export type ClientMaker = (ops: Ops, answers: Answers) => unknown;

/** Package name → its stand-in. */
export const clients: Readonly<Record<string, ClientMaker>> = {
  request: createRequest,
  superagent: createSuperagent,
  needle: createNeedle,
  axios: createAxios,
  'node-fetch': createFetch,
  jquery: createJquery,
};

export function createFetch(ops: Ops, answers: Answers) {
  return async (url: string, options?: { method?: string }) => {
    const { status, text, body } = (await send(ops, answers, options?.method ?? 'GET', url)) as Answer;
    return { ok: status < 400, status, text: async () => text, json: async () => body ?? JSON.parse(text) };
  };
}

function createRequest(ops: Ops, answers: Answers) {
  type Options = string | { url?: string; uri?: string; method?: string; json?: unknown };
  const request = (options: Options, callback: (...args: unknown[]) => void) => {
    const {
      url,
      uri,
      method = 'GET',
      json = false,
    } = typeof options === 'string' ? { url: options, uri: '' } : options;
    ops.start(
      `${method} ${url || uri}`,
      [],
      () => answerTo(answers, url || uri || ''),
      (error, value) => {
        if (error) return callback(error);
        const { status, text, body } = value as Answer;
        const res = { statusCode: status, body: json ? (body ?? text) : text };
        callback(null, res, res.body);
      },
    );
    return { on: () => undefined, abort: () => undefined };
  };
  return Object.assign(request, { get: request, defaults: () => request });
}

/** Sends at `.end` or `.then`, not before; on 4xx gives the error and the response. */
function createSuperagent(ops: Ops, answers: Answers) {
  const verb = (method: string) => (url: string) => {
    const go = (callback: (error: Error | null, res?: unknown) => void): void => {
      ops.start(
        `${method} ${url}`,
        [],
        () => answerTo(answers, url),
        (error, value) => {
          if (error) return callback(error);
          const { status, text, body } = value as Answer;
          const res = { status, text, body: body ?? {}, ok: status < 400 };
          if (res.ok) callback(null, res);
          else callback(Object.assign(new Error(`status ${status}`), { status, response: res }), res);
        },
      );
    };
    const asPromise = () =>
      new Promise((resolve, reject) => go((error, res) => (error ? reject(error) : resolve(res))));
    const call: Record<string, unknown> = { end: go };
    for (const name of ['set', 'query', 'send', 'timeout', 'ok']) call[name] = () => call;
    call['then'] = (ok: never, bad: never) => asPromise().then(ok, bad);
    call['catch'] = (bad: never) => asPromise().catch(bad);
    return call;
  };
  return { get: verb('GET'), post: verb('POST'), put: verb('PUT'), del: verb('DELETE'), delete: verb('DELETE') };
}

function createNeedle(ops: Ops, answers: Answers) {
  const toResponse = ({ status, text, body }: Answer) => ({ statusCode: status, body: body ?? text });
  const call = async (method: string, url: string) => {
    return toResponse((await send(ops, answers, method.toUpperCase(), url)) as Answer);
  };
  const verb =
    (method: string) =>
    (url: string, ...rest: unknown[]) => {
      const callback = rest.pop() as (...args: unknown[]) => void;
      ops.start(
        `${method} ${url}`,
        [],
        () => answerTo(answers, url),
        (error, value) => {
          if (error) callback(error);
          else callback(null, toResponse(value as Answer), toResponse(value as Answer).body);
        },
      );
    };
  return Object.assign(call, { get: verb('GET'), post: verb('POST') });
}

function createAxios(ops: Ops, answers: Answers) {
  const call = async (method: string, url: string) => {
    const { status, text, body } = (await send(ops, answers, method, url)) as Answer;
    const response = { status, data: body ?? text };
    if (status < 400) return response;
    throw Object.assign(new Error(`Request failed with status code ${status}`), { isAxiosError: true, response });
  };
  const get = (url: string) => call('GET', url);
  return Object.assign(get, { get, post: (url: string) => call('POST', url) });
}

interface AjaxOptions {
  readonly url: string;
  readonly method?: string;
  readonly type?: string;
  readonly success?: (data: unknown, status: string, xhr: unknown) => void;
  readonly error?: (xhr: unknown, status: string, thrown: string) => void;
}

/** As jQuery 3: `.done` and `.fail` give the same object back, `.then` a promise; a status from 400 up is a failure. */
function createJquery(ops: Ops, answers: Answers) {
  const ajax = ({ url, method, type, success, error }: AjaxOptions) => {
    const answer = send(ops, answers, method ?? type ?? 'GET', url) as Promise<Answer>;
    const failed = (status: number) => ({ status, statusText: status ? 'Not Found' : 'error', responseText: '' });
    const data = answer.then(
      ({ body, text, status }) => (status < 400 ? (body ?? text) : Promise.reject(failed(status))),
      () => Promise.reject(failed(0)),
    );
    data.catch(() => undefined);
    // Handlers are called when the request ends; what they throw nobody catches.
    const late = (task: () => void) => void setImmediate(task);
    const jqXHR = {
      done: (fn: NonNullable<AjaxOptions['success']>) => (
        void data.then(
          (value) => late(() => fn(value, 'success', jqXHR)),
          () => undefined,
        ),
        jqXHR
      ),
      fail: (fn: NonNullable<AjaxOptions['error']>) => (
        void data.catch((xhr) => late(() => fn(xhr, 'error', xhr.statusText))),
        jqXHR
      ),
      then: (ok: never, bad: never) => data.then(ok, bad),
      catch: (bad: never) => data.catch(bad),
    };
    if (success) jqXHR.done(success);
    if (error) jqXHR.fail(error);
    return jqXHR;
  };
  const verb =
    (method: string) =>
    (url: string, ...rest: unknown[]) => {
      const success = rest.find((each) => typeof each === 'function') as AjaxOptions['success'];
      return ajax({ url, method, ...(success && { success }) });
    };
  return {
    get: verb('GET'),
    getJSON: verb('GET'),
    post: verb('POST'),
    ajax: (first: string | AjaxOptions, options?: AjaxOptions) =>
      ajax(typeof first === 'string' ? { ...options, url: first } : first),
  };
}

/** A page's own client: `readyState` 4 and then one of `load` and `error`, a status is no failure. */
export function createXhr(ops: Ops, answers: Answers) {
  return class XMLHttpRequest {
    static readonly DONE = 4;
    readyState = 0;
    status = 0;
    responseText = '';
    [handler: `on${string}`]: ((event: unknown) => void) | undefined;
    readonly listeners: [string, (event: unknown) => void][] = [];
    where = '';

    open(method: string, url: string): void {
      this.where = `${method} ${url}`;
      this.readyState = 1;
      this.fire('readystatechange');
    }
    setRequestHeader(): void {}
    abort(): void {}
    addEventListener(event: string, listener: (event: unknown) => void): void {
      this.listeners.push([event, listener]);
    }
    send(): void {
      const url = this.where.slice(this.where.indexOf(' ') + 1);
      ops.start(
        this.where,
        [],
        () => answerTo(answers, url),
        (error, value) => {
          const { status = 0, text = '' } = (value ?? {}) as Partial<Answer>;
          Object.assign(this, { readyState: 4, status, responseText: text });
          this.fire('readystatechange');
          this.fire(error ? 'error' : 'load');
          this.fire('loadend');
        },
      );
    }
    fire(type: string): void {
      const event = { type };
      this[`on${type}`]?.call(this, event);
      for (const [name, listener] of this.listeners) if (name === type) listener.call(this, event);
    }
  };
}

function send(ops: Ops, answers: Answers, method: string, url: string): Promise<unknown> {
  return promised(ops, `${method} ${url}`, [], () => answerTo(answers, url));
}

/** The scripted answer of a path; an object is JSON. */
export function answerTo(answers: Answers, url: string): Answer {
  const path = new URL(url, 'http://host').pathname;
  if (!Object.hasOwn(answers, path)) return { status: 404, text: 'not found', body: undefined };
  const answer = answers[path];
  if (typeof answer === 'string') return { status: 200, text: answer, body: undefined };
  return { status: 200, text: JSON.stringify(answer), body: answer };
}

import { isName, qualified, textOf, withoutParens, type PyFile } from '../file.js';
import type { PyFunction } from '../project.js';
import { functionAround, parentOf, type Attribute, type Call, type Expr, type Keyword } from '../tree.js';
import { refuse, type Unit } from '../unit.js';
import { valueOf, type Value } from '../values.js';
import { isAuth, type SessionContext } from './aiohttp-sessions.js';
import { AIOHTTP_SECONDS, isTimeout, onlyValue, timeoutFor } from './aiohttp-timeouts.js';

/*
 * aiohttp's calls as requests makes them. What is not in these tables, and cannot be shown to be equal, is refused.
 */

/** What a conversion of calls needs to know. */
export type HttpContext = SessionContext;

const RENAMED_OPTIONS: Readonly<Record<string, string>> = {
  params: 'params',
  data: 'data',
  json: 'json',
  headers: 'headers',
  cookies: 'cookies',
  allow_redirects: 'allow_redirects',
  auth: 'auth',
  timeout: 'timeout',
  ssl: 'verify',
  verify_ssl: 'verify',
  raise_for_status: '',
  proxy: 'proxies',
};

/** The arguments of a request as requests wants them: changes in place, and what is added behind them. */
export function convertRequest(http: HttpContext, unit: Unit, call: Call, session: Value | undefined): string {
  const { file } = unit;
  for (const keyword of call.keywords) convertOption(http, unit, call, keyword);
  if (call.args.some((arg) => arg.nodeType === 'Starred')) refuse(unit, 'http-option', call, '*');
  const own = http.requestTimeouts.get(call);
  if (own) return `timeout=${own}`;
  if (http.timeoutBySession || call.keywords.some(({ arg }) => arg === 'timeout')) return '';
  const given = timeoutFor(http.project, file, session) ?? AIOHTTP_SECONDS;
  return given === 'None' ? '' : `timeout=${given}`;
}

function convertOption(http: HttpContext, unit: Unit, call: Call, keyword: Keyword): void {
  const { file } = unit;
  if (keyword.arg === undefined) return forwarded(http, unit, keyword);
  const name = RENAMED_OPTIONS[keyword.arg];
  if (name === undefined) return refuse(unit, 'http-option', keyword, keyword.arg);
  switch (keyword.arg) {
    case 'timeout':
      if (!isTimeout(http.project, file, keyword.value)) refuse(unit, 'http-option', keyword, 'timeout');
      return;
    case 'ssl':
    case 'verify_ssl':
      return convertVerify(unit, keyword);
    case 'auth':
      if (!isAuth(http.project, file, keyword.value)) refuse(unit, 'http-option', keyword.value, 'auth');
      return;
    case 'data':
      return convertData(unit, call, keyword);
    case 'proxy':
      return unit.rewrite.replace(keyword, "proxies={'http': ", keyword.value, ", 'https': ", keyword.value, '}');
    case 'raise_for_status':
      return raising(unit, call, keyword);
  }
}

/** `session.get(url, raise_for_status=True) as response`: what it does at once is done first in the block. */
function raising(unit: Unit, call: Call, keyword: Keyword): void {
  const item = parentOf(call);
  const block = item && parentOf(item);
  const name = item?.nodeType === 'WithItem' ? item.optional_vars : undefined;
  if (textOf(unit.file, keyword.value) !== 'True' || block?.nodeType !== 'AsyncWith' || !isName(name))
    return refuse(unit, 'http-option', keyword, 'raise_for_status');
  const { start } = block.body[0]!;
  unit.rewrite.remove(itemWithComma(unit.file, call, keyword));
  unit.rewrite.insert(start, `${name.id}.raise_for_status()\n${unit.rewrite.indentAt(start)}`);
}

/** An argument behind others, with the comma in front of it. */
function itemWithComma(file: PyFile, call: Call, keyword: Keyword): { start: number; end: number } {
  const comma = /,\s*$/.exec(file.text.slice(call.func.end, keyword.start));
  return { start: keyword.start - (comma?.[0].length ?? 0), end: keyword.end };
}

/** `**options`: each call hands over what it wants; those that are called something else in requests are not followed. */
function forwarded(http: HttpContext, unit: Unit, keyword: Keyword): void {
  const binding = isName(keyword.value) ? unit.file.scopes.bindingOf(keyword.value) : undefined;
  const fn = unit.fn;
  const isOwn = fn?.def.args.kwarg && binding?.sites[0] === fn.def.args.kwarg && binding.sites.length === 1;
  if (!isOwn || !handsOverPlain(http, fn, new Set())) refuse(unit, 'http-option', keyword, '**');
}

/** Every call of a function with `**options` gives it only options that both libraries call the same and understand alike. */
function handsOverPlain(http: HttpContext, fn: PyFunction, seen: Set<PyFunction>): boolean {
  if (seen.has(fn)) return true;
  seen.add(fn);
  const own = new Set([...fn.def.args.args, ...fn.def.args.kwonlyargs].map(({ arg }) => arg));
  return http.project.usesOf(fn).every(({ file, call }) =>
    call?.keywords.every(({ arg, value }) => {
      if (arg !== undefined) return own.has(arg) || isPlainOption(http, file, arg, value);
      const around = functionAround(call);
      const outer = around && http.project.functionOf(around);
      const site = isName(value) ? file.scopes.bindingOf(value)?.sites : undefined;
      return outer?.def.args.kwarg !== undefined && site?.length === 1 && site[0] === outer.def.args.kwarg
        ? handsOverPlain(http, outer, seen)
        : false;
    }),
  );
}

function isPlainOption(http: HttpContext, file: PyFile, name: string, value: Expr): boolean {
  if (/^(?:params|json|headers|cookies|allow_redirects)$/.test(name)) return true;
  if (name === 'data') return bodyKind(file, value) === 'form';
  return name === 'timeout'
    ? isTimeout(http.project, file, value)
    : name === 'auth' && isAuth(http.project, file, value);
}

function convertVerify(unit: Unit, keyword: Keyword): void {
  const { value } = keyword;
  if (value.nodeType === 'Constant' && typeof value.value === 'boolean')
    unit.rewrite.replace(keyword, `verify=${value.value ? 'True' : 'False'}`);
  else refuse(unit, 'http-option', keyword, keyword.arg);
}

/** A dictionary is sent as a form by both; of a text or bytes aiohttp says what it is, so the same is said here. */
function convertData(unit: Unit, call: Call, keyword: Keyword): void {
  const { file, rewrite } = unit;
  const { value } = keyword;
  const kind = bodyKind(file, value);
  if (kind === 'form') return;
  const headers = call.keywords.find(({ arg }) => arg === 'headers')?.value;
  const says = headers && /content-type/i.test(textOf(file, headers));
  const type = kind === 'bytes' ? 'application/octet-stream' : 'text/plain; charset=utf-8';
  const isOpen = !headers || says || (headers.nodeType === 'Dict' && headers.keys.length > 0);
  if (kind === undefined || !isOpen) return refuse(unit, 'http-option', keyword, 'data');
  if (kind === 'text' && !isAscii(file, value)) {
    const isPlain = /^(?:Name|Attribute|Call|Constant|JoinedStr)$/.test(value.nodeType);
    rewrite.replace(value, ...(isPlain ? [value, '.encode()'] : ['(', value, ').encode()']));
  }
  if (!headers) rewrite.insert(keyword.end, `, headers={'Content-Type': '${type}'}`);
  else if (!says) rewrite.insert(headers.start + 1, `'Content-Type': '${type}', `);
}

/** `json.dumps(…)`, or a text that is written out: every encoding is the same. */
function isAscii(file: PyFile, value: Expr): boolean {
  if (value.nodeType === 'Constant') return [...textOf(file, value)].every((each) => each < '\u0080');
  if (value.nodeType === 'Call')
    return qualified(file, value.func) === 'json.dumps' && value.keywords.every(({ arg }) => arg !== 'ensure_ascii');
  const made = onlyValue(file, value);
  return made !== undefined && made !== value && isAscii(file, made);
}

/** What a request's body is, as far as it can be seen. */
export function bodyKind(file: PyFile, value: Expr): 'form' | 'bytes' | 'text' | undefined {
  switch (value.nodeType) {
    case 'Dict':
    case 'DictComp':
      return 'form';
    case 'Constant':
      if (value.value === null && value.end - value.start === 4) return 'form';
      return /^[rR]?[bB]/.test(textOf(file, value)) ? 'bytes' : 'text';
    case 'JoinedStr':
      return 'text';
    case 'BinOp':
      return bodyKind(file, value.left);
    case 'Call': {
      const name = qualified(file, value.func);
      if (name === 'json.dumps') return 'text';
      if (isName(value.func, 'dict')) return 'form';
      return value.func.nodeType === 'Attribute' && value.func.attr === 'encode' ? 'bytes' : undefined;
    }
    case 'Name': {
      const [site, ...more] = file.scopes.bindingOf(value)?.sites ?? [];
      const stmt = site && parentOf(site);
      return more.length === 0 && stmt?.nodeType === 'Assign' && stmt.value !== value
        ? bodyKind(file, stmt.value)
        : undefined;
    }
    default:
      return undefined;
  }
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  status: 'status_code',
  ok: 'ok',
  reason: 'reason',
  headers: 'headers',
  raise_for_status: 'raise_for_status',
  history: 'history',
  cookies: 'cookies',
  close: 'close',
  release: 'close',
};

const TEXT_HELPER = (name: string) => `def ${name}(response):
    """The body decoded as aiohttp does: the charset of the header, else UTF-8."""
    declared = 'charset' in response.headers.get('Content-Type', '').lower()
    return response.content.decode(response.encoding if declared and response.encoding else 'utf-8')`;

/** `response.x` as requests has it; `awaited` is the whole `await response.text()`, if that is what it is. */
export function convertResponseUse(http: HttpContext, unit: Unit, node: Attribute): void {
  const { rewrite } = unit;
  const parent = parentOf(node);
  const call = parent?.nodeType === 'Call' && parent.func === node ? parent : undefined;
  const outer = call && parentOf(call);
  const awaited = outer?.nodeType === 'Await' ? outer : undefined;
  const receiver = { start: node.value.start, end: node.value.end };
  if (call && awaited && call.args.length === 0) {
    const whole = withoutParens(unit.file, awaited);
    if (node.attr === 'read' && call.keywords.length === 0) return rewrite.replace(whole, receiver, '.content');
    if (node.attr === 'json') {
      if (call.keywords.some((each) => each.arg !== 'content_type')) return refuse(unit, 'http-option', call, 'json');
      return rewrite.replace(whole, receiver, '.json()');
    }
    if (node.attr === 'text' && call.keywords.every((each) => each.arg === 'encoding')) {
      const [encoding] = call.keywords;
      if (encoding) return rewrite.replace(whole, receiver, '.content.decode(', encoding.value, ')');
      return rewrite.replace(whole, `${http.units.helper(unit, 'response_text', TEXT_HELPER)}(`, receiver, ')');
    }
  }
  if (node.attr === 'url' && isPrinted(node)) return;
  if ((node.attr === 'request_info' || node.attr === 'history') && isPartOfError(unit.file, node)) return; // with the call around
  if (node.attr === 'content' && parent?.nodeType === 'Attribute') return; // the stream: its loop converts it
  const renamed = ATTRIBUTES[node.attr];
  if (!renamed || awaited) return refuse(unit, 'http-option', node, node.attr);
  if (renamed !== node.attr) rewrite.replace({ start: node.end - node.attr.length, end: node.end }, renamed);
}

const LOGS = /^(?:debug|info|warning|error|exception|critical)$/;

/** `ClientResponseError(response.request_info, response.history, status=…)`: an error made by hand. */
function isPartOfError(file: PyFile, node: Attribute): boolean {
  const call = parentOf(node);
  return call?.nodeType === 'Call' && isResponseError(file, call);
}

const isResponseError = (file: PyFile, call: Call): boolean => {
  const [info, history] = call.args;
  const of = (arg: Expr | undefined, name: string): Expr | undefined =>
    arg?.nodeType === 'Attribute' && arg.attr === name ? arg.value : undefined;
  const response = of(info, 'request_info');
  const other = of(history, 'history');
  const same = response && other && textOf(file, response) === textOf(file, other);
  return Boolean(same) && qualified(file, call.func) === 'aiohttp.ClientResponseError';
};

/** An error of aiohttp that is raised by hand, as requests has it; refused where that has another form. */
export function raisedError(unit: Unit, call: Call, error: string): void {
  const { file } = unit;
  if (!isResponseError(file, call)) {
    if (call.keywords.length > 0 || error === 'HTTPError') refuse(unit, 'http-option', call, error);
    return;
  }
  const { value: response } = call.args[0] as Attribute;
  const named = (name: string): Expr | undefined => call.keywords.find(({ arg }) => arg === name)?.value;
  const status = named('status');
  // The error's status is that of the response.
  if (!status || textOf(file, status) !== `${textOf(file, response)}.status` || call.args.length > 2)
    return refuse(unit, 'http-option', call, 'status');
  const message = named('message');
  unit.rewrite.replace(
    { start: call.func.end, end: call.end },
    '(',
    ...(message ? [message, ', '] : []),
    'response=',
    response,
    ')',
  );
}

/** In an f-string, `str()` or `print()`: a URL object and its text look alike. */
function isPrinted(node: Expr): boolean {
  const parent = parentOf(node);
  if (parent?.nodeType === 'FormattedValue') return true;
  if (parent?.nodeType === 'Call' && parent.func.nodeType === 'Attribute' && LOGS.test(parent.func.attr)) return true;
  return parent?.nodeType === 'Call' && (isName(parent.func, 'str') || isName(parent.func, 'print'));
}

const EXCEPTIONS: Readonly<Record<string, string>> = {
  ClientError: 'RequestException',
  ClientResponseError: 'HTTPError',
  ClientConnectionError: 'ConnectionError',
  ClientConnectorError: 'ConnectionError',
  ClientConnectorDNSError: 'ConnectionError',
  ClientOSError: 'ConnectionError',
  ServerDisconnectedError: 'ConnectionError',
  ServerConnectionError: 'ConnectionError',
  ServerTimeoutError: 'Timeout',
  ConnectionTimeoutError: 'ConnectTimeout',
  SocketTimeoutError: 'ReadTimeout',
  TooManyRedirects: 'TooManyRedirects',
  InvalidURL: 'exceptions.InvalidURL',
  ClientPayloadError: 'exceptions.ChunkedEncodingError',
};

/** `aiohttp.ClientError` → `RequestException`; undefined for what requests has no word for. */
export function exceptionName(name: string): string | undefined {
  const own = /^aiohttp\.(?:client_exceptions\.|http_exceptions\.)?(\w+)$/.exec(name)?.[1];
  return own === undefined ? undefined : EXCEPTIONS[own];
}

/** The receiver's session, for `session.get(…)`. */
export function sessionOf(http: HttpContext, file: PyFile, call: Call): Value | undefined {
  if (call.func.nodeType !== 'Attribute') return undefined;
  const value = valueOf(http.project, file, call.func.value);
  return value?.kind === 'aiohttp.ClientSession' ? value : undefined;
}

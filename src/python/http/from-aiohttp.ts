import { isName, qualified, textOf, withoutParens, type PyFile } from '../file.js';
import type { PyProject } from '../project.js';
import { parentOf, type Attribute, type Call, type Expr, type Keyword } from '../tree.js';
import { refuse, type Unit, type Units } from '../unit.js';
import { valueOf, type Value } from '../values.js';

/*
 * aiohttp's calls as requests makes them. What is not in these tables, and cannot be shown to be equal, is refused.
 */

/** What a conversion of calls needs to know. */
export interface HttpContext {
  readonly project: PyProject;
  readonly units: Units;
}

/** aiohttp's own limit of seconds for a whole request. */
const AIOHTTP_SECONDS = '300';

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
};

/** The arguments of a request as requests wants them: changes in place, and what is added behind them. */
export function convertRequest(unit: Unit, call: Call, session: Value | undefined): string {
  const { file, rewrite } = unit;
  let seconds: string | undefined;
  for (const keyword of call.keywords) {
    const name = keyword.arg === undefined ? undefined : RENAMED_OPTIONS[keyword.arg];
    if (!name) refuse(unit, 'http-option', keyword, keyword.arg ?? '**');
    else if (keyword.arg === 'timeout') {
      seconds = timeoutText(file, keyword.value);
      if (seconds === undefined) refuse(unit, 'http-option', keyword, 'timeout');
      else rewrite.replace(keyword, `timeout=${seconds}`);
    } else if (name === 'verify') convertVerify(unit, keyword);
    else if (keyword.arg === 'auth') convertAuth(unit, keyword);
    else if (keyword.arg === 'data') convertData(unit, call, keyword);
  }
  if (call.args.some((arg) => arg.nodeType === 'Starred')) refuse(unit, 'http-option', call, '*');
  if (seconds !== undefined) return '';
  const given = sessionTimeout(session);
  return given === 'None' ? '' : `timeout=${given}`;
}

/** What a session allows for a request that says nothing of its own. */
function sessionTimeout(session: Value | undefined): string {
  const made = session?.made;
  const keyword = made?.call.keywords.find((each) => each.arg === 'timeout');
  if (!made || !keyword) return AIOHTTP_SECONDS;
  return timeoutText(made.file, keyword.value) ?? AIOHTTP_SECONDS;
}

/** A timeout as a number (or a pair) of seconds; undefined when it says something that requests cannot. */
function timeoutText(file: PyFile, value: Expr): string | undefined {
  if (value.nodeType === 'Constant') return textOf(file, value);
  const made = value.nodeType === 'Name' ? constantOf(file, value) : value;
  if (made?.nodeType === 'Constant') return textOf(file, value);
  if (made?.nodeType !== 'Call' || qualified(file, made.func) !== 'aiohttp.ClientTimeout') return undefined;
  const parts = new Map(made.keywords.map((each) => [each.arg, each.value] as const));
  const [first] = made.args;
  if (first) parts.set('total', first);
  const total = parts.get('total');
  const isPlain = (part: Expr | undefined) =>
    part?.nodeType === 'Constant' || (isName(part) && constantOf(file, part) !== undefined);
  if ([...parts.values()].some((part) => !isPlain(part))) return undefined;
  if (total && parts.size === 1) return textOf(file, total);
  const connect = parts.get('sock_connect') ?? parts.get('connect');
  const read = parts.get('sock_read');
  const known = new Set(['total', 'connect', 'sock_connect', 'sock_read']);
  if ([...parts.keys()].some((key) => !known.has(key!))) return undefined;
  if (total) return textOf(file, total);
  if (parts.size === 0) return AIOHTTP_SECONDS;
  return `(${connect ? textOf(file, connect) : 'None'}, ${read ? textOf(file, read) : 'None'})`;
}

/** What a module's constant stands for: a name that is given a value once, at the top. */
export function constantOf(file: PyFile, name: Expr): Expr | undefined {
  if (name.nodeType !== 'Name') return undefined;
  const binding = file.scopes.bindingOf(name);
  const [site] = binding?.sites ?? [];
  if (!binding || binding.scope.kind !== 'module' || binding.sites.length !== 1 || !site) return undefined;
  const parent = parentOf(site);
  if (parent?.nodeType === 'Assign' && parent.targets.length === 1 && parent.targets[0] === site) return parent.value;
  return parent?.nodeType === 'AnnAssign' ? parent.value : undefined;
}

function convertVerify(unit: Unit, keyword: Keyword): void {
  const { value } = keyword;
  if (value.nodeType === 'Constant' && typeof value.value === 'boolean')
    unit.rewrite.replace(keyword, `verify=${value.value ? 'True' : 'False'}`);
  else refuse(unit, 'http-option', keyword, keyword.arg);
}

function convertAuth(unit: Unit, { value }: Keyword): void {
  if (
    value.nodeType === 'Call' &&
    qualified(unit.file, value.func) === 'aiohttp.BasicAuth' &&
    value.keywords.length === 0 &&
    value.args.length === 2
  )
    unit.rewrite.remove({ start: value.func.start, end: value.func.end });
  else refuse(unit, 'http-option', value, 'auth');
}

/** A dictionary is sent as a form by both; for a text or bytes aiohttp says what it is, so the same is said here. */
function convertData(unit: Unit, call: Call, keyword: Keyword): void {
  const kind = bodyKind(unit.file, keyword.value);
  const says = call.keywords.some(
    (each) => each.arg === 'headers' && /content-type/i.test(textOf(unit.file, each.value)),
  );
  if (kind === 'form' || (says && kind === 'bytes')) return;
  const hasHeaders = call.keywords.some((each) => each.arg === 'headers');
  if (kind !== 'bytes' || hasHeaders) return refuse(unit, 'http-option', keyword, 'data');
  unit.rewrite.replace(keyword, 'data=', keyword.value, ", headers={'Content-Type': 'application/octet-stream'}");
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

/** How many connections a session was told to open at most; its default of 100 was chosen by nobody. */
export function connectionLimit(session: Value | undefined): string | undefined {
  const connector = session?.made?.call.keywords.find((each) => each.arg === 'connector')?.value;
  if (connector?.nodeType !== 'Call' || !session?.made) return undefined;
  const { file } = session.made;
  const limit = connector.keywords.find((each) => each.arg === 'limit')?.value;
  const isChosen =
    limit &&
    !(limit.nodeType === 'Constant' && !limit.value) &&
    (limit.nodeType === 'Constant' || constantOf(file, limit));
  return isChosen ? textOf(file, limit) : undefined;
}

/** The lines that make a `requests.Session` what the `ClientSession` was; refuses what it cannot be told. */
export function sessionSetup(unit: Unit, call: Call, name: string): string[] {
  const { file } = unit;
  const lines: string[] = [];
  for (const { arg, value } of call.keywords) {
    const text = textOf(file, value);
    if (arg === 'headers') lines.push(`${name}.headers.update(${text})`);
    else if (arg === 'cookies') lines.push(`${name}.cookies.update(${text})`);
    else if (
      arg === 'auth' &&
      value.nodeType === 'Call' &&
      qualified(file, value.func) === 'aiohttp.BasicAuth' &&
      value.args.length === 2
    )
      lines.push(`${name}.auth = (${value.args.map((each) => textOf(file, each)).join(', ')})`);
    else if (arg === 'timeout') {
      if (timeoutText(file, value) === undefined) refuse(unit, 'http-option', value, 'timeout');
    } else if (arg === 'connector') connectorSetup(unit, value, name, lines);
    else if (!(arg === 'trust_env' && text === 'True')) refuse(unit, 'http-option', value, arg ?? '**');
  }
  if (call.args.length > 0) refuse(unit, 'http-option', call, 'base_url');
  return lines;
}

function connectorSetup(unit: Unit, value: Expr, name: string, lines: string[]): void {
  const { file } = unit;
  if (value.nodeType !== 'Call' || qualified(file, value.func) !== 'aiohttp.TCPConnector')
    return refuse(unit, 'http-option', value, 'connector');
  for (const keyword of value.keywords) {
    const text = textOf(file, keyword.value);
    if (keyword.arg === 'limit' || keyword.arg === 'limit_per_host' || keyword.arg === 'ttl_dns_cache') continue;
    if ((keyword.arg === 'ssl' || keyword.arg === 'verify_ssl') && text === 'False')
      lines.push(`${name}.verify = False`);
    else refuse(unit, 'http-option', keyword, keyword.arg);
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
      return rewrite.replace(awaited, `${http.units.helper(unit, 'response_text', TEXT_HELPER)}(`, receiver, ')');
    }
  }
  if (node.attr === 'url' && isPrinted(node)) return;
  if (node.attr === 'content' && parent?.nodeType === 'Attribute') return; // the stream: its loop converts it
  const renamed = ATTRIBUTES[node.attr];
  if (!renamed || awaited) return refuse(unit, 'http-option', node, node.attr);
  if (renamed !== node.attr) rewrite.replace({ start: node.end - node.attr.length, end: node.end }, renamed);
}

/** In an f-string, `str()` or `print()`: a URL object and its text look alike. */
function isPrinted(node: Expr): boolean {
  const parent = parentOf(node);
  if (parent?.nodeType === 'FormattedValue') return true;
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

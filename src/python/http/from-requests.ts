import { isName, qualified, textOf, type PyFile } from '../file.js';
import type { Piece } from '../rewrite.js';
import { parentOf, type Attribute, type Call, type Expr, type Keyword } from '../tree.js';
import { refuse, type Unit, type Units } from '../unit.js';
import { bodyKind } from './from-aiohttp.js';

/*
 * Calls of requests as aiohttp makes them. What is not in these tables, and cannot be shown to be equal, is refused.
 */

const VERBS = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'request']);

/** `requests.get(…)` by its verb; undefined for every other call. */
export function requestVerb(file: PyFile, call: Call): string | undefined {
  const verb = /^requests\.(?:api\.)?(\w+)$/.exec(qualified(file, call.func) ?? '')?.[1];
  return verb !== undefined && VERBS.has(verb) ? verb : undefined;
}

/** Arguments of `ClientSession(…)` that make it what a bare `requests.get` is: no cookies kept, no limit of time, proxies of the environment. */
export function sessionCall(units: Units, unit: Unit): string {
  const aiohttp = units.need(unit, 'aiohttp');
  return `${aiohttp}.ClientSession(\n    cookie_jar=${aiohttp}.DummyCookieJar(), timeout=${aiohttp}.ClientTimeout(total=None), trust_env=True\n)`;
}

const SAME = new Set(['params', 'json', 'headers', 'cookies', 'allow_redirects']);

/** `session.get(url, …)` for `requests.get(url, …)`, written from the call's own arguments. */
export function requestPieces(units: Units, unit: Unit, call: Call, session: Piece, verb: string): Piece[] {
  return [session, `.${verb}(`, ...requestArguments(units, unit, call, verb), ')'];
}

/** The arguments of a request as aiohttp wants them, with commas between them. */
export function requestArguments(units: Units, unit: Unit, call: Call, verb: string): Piece[] {
  const args: Piece[][] = [];
  for (const arg of call.args) {
    if (arg.nodeType === 'Starred') refuse(unit, 'http-option', arg, '*');
    args.push([arg]);
  }
  const positional = verb === 'request' ? 2 : 1;
  if (call.args.length > positional) refuse(unit, 'http-option', call.args[positional]!, 'params');
  for (const keyword of call.keywords) {
    const written = option(units, unit, keyword);
    if (written) args.push(written);
  }
  return separated(args);
}

/** The keyword arguments that go with `executor.submit(requests.get, url, timeout=5)`. */
export function requestKeywords(units: Units, unit: Unit, keywords: readonly Keyword[]): Piece[][] {
  return keywords.map((keyword) => option(units, unit, keyword)).filter((each) => each !== undefined);
}

const separated = (args: Piece[][]): Piece[] => args.flatMap((arg, index) => (index === 0 ? arg : [', ', ...arg]));

/** One keyword argument; undefined when it says nothing to aiohttp. */
function option(units: Units, unit: Unit, keyword: Keyword): Piece[] | undefined {
  const { arg, value } = keyword;
  const text = textOf(unit.file, value);
  if (arg === 'url' || arg === 'method') return [`${arg}=`, value];
  if (arg === 'data') {
    const kind = bodyKind(unit.file, value);
    if (kind === 'form' && hasOddValue(value)) refuse(unit, 'http-option', keyword, arg);
    if (kind === undefined) refuse(unit, 'http-option', keyword, arg);
    // requests does not say what a text or bytes are.
    return kind === 'form' ? ['data=', value] : ['data=', value, ", skip_auto_headers=['Content-Type']"];
  }
  if (arg !== undefined && SAME.has(arg)) {
    if (/^(?:params|data|headers)$/.test(arg) && hasOddValue(value)) refuse(unit, 'http-option', keyword, arg);
    return [`${arg}=`, value];
  }
  if (arg === 'stream') return undefined;
  if (arg === 'verify' && /^(?:True|False)$/.test(text)) return [`ssl=${text}`];
  if (arg === 'timeout') return timeout(units, unit, value);
  if (arg === 'auth' && value.nodeType === 'Tuple' && value.elts.length === 2)
    return [`auth=${units.need(unit, 'aiohttp')}.BasicAuth(`, value.elts[0]!, ', ', value.elts[1]!, ')'];
  refuse(unit, 'http-option', keyword, arg ?? '**');
  return undefined;
}

/** `None` and truth values in a dictionary: each library sends something else for them. */
function hasOddValue(value: Expr): boolean {
  if (value.nodeType !== 'Dict') return false;
  return value.values.some(
    (each) => each.nodeType === 'Constant' && (each.value === null || typeof each.value === 'boolean'),
  );
}

function timeout(units: Units, unit: Unit, value: Expr): Piece[] | undefined {
  if (value.nodeType === 'Constant' && value.value === null) return undefined;
  const made = `timeout=${units.need(unit, 'aiohttp')}.ClientTimeout(`;
  if (value.nodeType === 'Tuple' && value.elts.length === 2)
    return [`${made}sock_connect=`, value.elts[0]!, ', sock_read=', value.elts[1]!, ')'];
  if (value.nodeType === 'Constant' || isName(value) || value.nodeType === 'Attribute')
    return [`${made}sock_connect=`, value, ', sock_read=', value, ')'];
  refuse(unit, 'http-option', value, 'timeout');
  return undefined;
}

const TEXT_HELPER = (name: string) => `async def ${name}(response):
    """The body decoded as requests does: the charset of the header, else ISO-8859-1 for text, else UTF-8."""
    guess = 'iso-8859-1' if 'text' in response.content_type else 'utf-8'
    return await response.text(response.charset or guess, errors='replace')`;

const SAME_ATTRIBUTES = new Set(['ok', 'reason', 'headers', 'raise_for_status', 'close', 'cookies', 'history']);

/** `response.x` as aiohttp has it; the result is awaited where it has to be. */
export function responsePieces(
  units: Units,
  unit: Unit,
  node: Attribute,
  receiver: Piece,
): { range: Expr; pieces: Piece[]; awaits: boolean } | undefined {
  const parent = parentOf(node);
  const call = parent?.nodeType === 'Call' && parent.func === node ? parent : undefined;
  switch (node.attr) {
    case 'content':
      return { range: node, pieces: ['await ', receiver, '.read()'], awaits: true };
    case 'text':
      return {
        range: node,
        pieces: [`await ${units.helper(unit, 'response_text', TEXT_HELPER)}(`, receiver, ')'],
        awaits: true,
      };
    case 'json':
      if (!call || call.args.length + call.keywords.length > 0) break;
      return { range: call, pieces: ['await ', receiver, '.json(content_type=None)'], awaits: true };
    case 'status_code':
      return { range: node, pieces: [receiver, '.status'], awaits: false };
    case 'url':
      return { range: node, pieces: ['str(', receiver, '.url)'], awaits: false };
    default:
      if (SAME_ATTRIBUTES.has(node.attr)) return { range: node, pieces: [receiver, `.${node.attr}`], awaits: false };
  }
  refuse(unit, 'http-option', node, node.attr);
  return undefined;
}

const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  RequestException: ['aiohttp.ClientError', 'asyncio.TimeoutError'],
  HTTPError: ['aiohttp.ClientResponseError'],
  ConnectionError: ['aiohttp.ClientOSError', 'aiohttp.ServerDisconnectedError'],
  Timeout: ['asyncio.TimeoutError'],
  ReadTimeout: ['asyncio.TimeoutError'],
  ConnectTimeout: ['asyncio.TimeoutError'],
  TooManyRedirects: ['aiohttp.TooManyRedirects'],
  InvalidURL: ['aiohttp.InvalidURL'],
  MissingSchema: ['aiohttp.InvalidURL'],
  ChunkedEncodingError: ['aiohttp.ClientPayloadError'],
  JSONDecodeError: ['ValueError'],
};

/** `requests.RequestException` → what aiohttp raises in its place; undefined for other names. */
export function exceptionNames(name: string | undefined): readonly string[] | undefined {
  const own = /^requests\.(?:exceptions\.)?(\w+)$/.exec(name ?? '')?.[1];
  return own === undefined ? undefined : EXCEPTIONS[own];
}

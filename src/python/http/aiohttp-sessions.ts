import { isName, qualified, textOf, type PyFile } from '../file.js';
import { removeStatement } from '../imports.js';
import type { PyProject } from '../project.js';
import type { Piece } from '../rewrite.js';
import { parentOf, walk, type Call, type Expr, type Keyword } from '../tree.js';
import { refuse, touch, type Unit, type Units } from '../unit.js';
import { valueOf, type Value } from '../values.js';
import {
  AIOHTTP_SECONDS,
  constantOf,
  isClientTimeout,
  isTimeout,
  onlyValue,
  secondsOf,
  timeoutFor,
} from './aiohttp-timeouts.js';

/* What a `ClientSession` is told when it is made, told to a `requests.Session` line by line. */

/** What the lines that set up a session need to know. */
export interface SessionContext {
  readonly project: PyProject;
  readonly units: Units;
  /** Some request cannot say itself how long it may take: its session does. */
  readonly timeoutBySession: boolean;
  /** Requests that are given less time where they are made. */
  readonly requestTimeouts: ReadonlyMap<Call, string>;
}

/** A line of set-up, without its indentation. */
export type Line = Piece[];

const BASE_URL = (join: string) => (name: string) => `def ${name}(session, base_url):
    """Lets the session's requests stand on a base URL, as aiohttp does."""
    request = session.request
    session.request = lambda method, url, *args, **kwargs: request(method, ${join}(base_url, url), *args, **kwargs)`;

/** The lines that make a `requests.Session` what the `ClientSession` was; refuses what it cannot be told. */
export function sessionSetup(c: SessionContext, unit: Unit, call: Call, name: string): Line[] {
  const { file } = unit;
  const lines: Line[] = [];
  const base = call.args[0] ?? call.keywords.find(({ arg }) => arg === 'base_url')?.value;
  if (call.args.length > 1 || base?.nodeType === 'Starred') refuse(unit, 'http-option', call, '*');
  let seconds: Piece[] = [AIOHTTP_SECONDS];
  for (const keyword of call.keywords) {
    const { arg, value } = keyword;
    const text = textOf(file, value);
    if (arg === 'headers' || arg === 'cookies')
      lines.push([`${name}.${arg}.update(`, value, isDict(file, value) ? ')' : ' or {})']);
    else if (arg === 'auth' && isAuth(c.project, file, value)) lines.push([`${name}.auth = `, value]);
    else if (arg === 'timeout') {
      if (!isTimeout(c.project, file, value)) refuse(unit, 'http-option', value, 'timeout');
      seconds = isClientTimeout(file, value) ? (secondsOf(value) ?? []) : [value];
    } else if (arg === 'connector') connectorSetup(c, unit, keyword, name, lines);
    else if (arg === 'raise_for_status' && /^(?:True|False)$/.test(text)) {
      if (text === 'True')
        lines.push([`${name}.hooks['response'].append(lambda response, *args, **kwargs: response.raise_for_status())`]);
    } else if (arg === 'cookie_jar') {
      if (!isUsualJar(file, value)) refuse(unit, 'http-option', value, arg);
    } else if (arg !== 'base_url' && arg !== 'loop' && !(arg === 'trust_env' && text === 'True'))
      refuse(unit, 'http-option', value, arg ?? '**');
  }
  if (base && base.nodeType !== 'Starred' && !isNothing(base)) {
    const join = c.units.need(unit, 'urllib.parse', 'urljoin');
    lines.push([`${c.units.helper(unit, 'use_base_url', BASE_URL(join))}(${name}, `, base, ')']);
  }
  if (c.timeoutBySession && seconds[0] !== 'None')
    lines.push([
      `${name}.request = ${c.units.need(unit, 'functools', 'partial')}(${name}.request, timeout=`,
      ...seconds,
      ')',
    ]);
  return lines;
}

/** Some request of a session says nothing of its time, and what its session says cannot be said where it stands. */
export function needsTimeoutBySession(project: PyProject): boolean {
  return project.files.some((file) => {
    let found = false;
    walk(file.module, (node) => {
      if (node.nodeType !== 'Call' || node.func.nodeType !== 'Attribute') return;
      if (!/^(?:get|post|put|patch|delete|head|options|request)$/.test(node.func.attr)) return;
      const session = valueOf(project, file, node.func.value);
      if (session?.kind !== 'aiohttp.ClientSession') return;
      const own = node.keywords.some(({ arg }) => arg === 'timeout');
      if (
        !own &&
        (timeoutFor(project, file, session) === undefined || node.keywords.some(({ arg }) => arg === undefined))
      )
        found = true;
    });
    return found;
  });
}

/** A value that is no `None`. */
function isDict(file: PyFile, value: Expr): boolean {
  if (value.nodeType === 'Dict' || value.nodeType === 'DictComp') return true;
  if (value.nodeType === 'Call') return isName(value.func, 'dict');
  const made = onlyValue(file, value);
  return made !== undefined && isDict(file, made);
}

const isNothing = (value: Expr): boolean => value.nodeType === 'Constant' && value.value === null;

/** requests keeps cookies for addresses too, which aiohttp does where it is told to. */
function isUsualJar(file: PyFile, value: Expr): boolean {
  if (isNothing(value)) return true;
  if (value.nodeType !== 'Call' || qualified(file, value.func) !== 'aiohttp.CookieJar') return false;
  return value.args.length === 0 && value.keywords.every(({ arg }) => arg === 'unsafe');
}

/** `BasicAuth(…)`, or what holds one: it is a pair afterwards. */
export const isAuth = (project: PyProject, file: PyFile, value: Expr): boolean =>
  valueOf(project, file, value)?.kind === 'aiohttp.BasicAuth' || isNothing(value);

function connectorSetup(c: SessionContext, unit: Unit, keyword: Keyword, name: string, lines: Line[]): void {
  const call = connectorOf(unit.file, keyword.value);
  if (isNothing(keyword.value)) return;
  if (!call) return refuse(unit, 'http-option', keyword.value, 'connector');
  for (const { arg, value } of call.keywords) {
    const text = textOf(unit.file, value);
    if (
      /^(?:limit|limit_per_host|ttl_dns_cache|use_dns_cache|force_close|enable_cleanup_closed|keepalive_timeout|loop)$/.test(
        arg ?? '',
      )
    )
      continue;
    if ((arg === 'ssl' || arg === 'verify_ssl') && text === 'False') lines.push([`${name}.verify = False`]);
    else refuse(unit, 'http-option', keyword, arg);
  }
  const { each } = limitsOf({ kind: '', made: { file: unit.file, call: parentOf(keyword) as Call } });
  if (!each) return;
  const adapter = c.units.need(unit, 'requests.adapters', 'HTTPAdapter');
  for (const scheme of ['http', 'https'])
    lines.push([`${name}.mount('${scheme}://', ${adapter}(pool_maxsize=`, each, ', pool_block=True))']);
}

/** `TCPConnector(…)`, written there or in a variable that is for nothing else. */
function connectorOf(file: PyFile, value: Expr): Call | undefined {
  const made = isName(value) ? onlyValue(file, value) : value;
  const isConnector = made?.nodeType === 'Call' && qualified(file, made.func) === 'aiohttp.TCPConnector';
  return isConnector && made.args.length === 0 ? made : undefined;
}

/** How many connections a session may open: what it was told, or the 100 that both aiohttp and httpx allow. */
export function connectionLimit(session: Value | undefined): string | undefined {
  if (!session?.made) return undefined;
  const { file, call } = session.made;
  const given = call.keywords.find(({ arg }) => arg === 'connector' || arg === 'limits')?.value;
  if (!given) return USUAL_LIMIT;
  const made = isName(given) ? onlyValue(file, given) : given;
  if (made?.nodeType !== 'Call' || made.args.length > 0) return undefined;
  const isLimits = qualified(file, made.func) === 'httpx.Limits';
  const limit = made.keywords.find(({ arg }) => arg === (isLimits ? 'max_connections' : 'limit'))?.value;
  if (!limit) return made.keywords.some(({ arg }) => arg === undefined) || isLimits ? undefined : USUAL_LIMIT;
  if (limit.nodeType === 'Constant') return limit.value ? textOf(file, limit) : undefined;
  return constantOf(file, limit) ? textOf(file, limit) : undefined;
}

const USUAL_LIMIT = '100';

/** The expression that limits the connections of a `ClientSession`, where somebody chose one: for all hosts together, or for each. */
export function limitsOf(session: Value): { all?: Expr; each?: Expr } {
  const given = session.made?.call.keywords.find(({ arg }) => arg === 'connector')?.value;
  const made = given && connectorOf(session.made!.file, given);
  const of = (name: string): Expr | undefined => {
    const value = made?.keywords.find(({ arg }) => arg === name)?.value;
    return value && !(value.nodeType === 'Constant' && !value.value) ? value : undefined;
  };
  const [all, each] = [of('limit'), of('limit_per_host')];
  return { ...(all && { all }), ...(each && { each }) };
}

export const isLimitChosen = (session: Value): boolean => limitsOf(session).all !== undefined;

/** `conn = aiohttp.TCPConnector(…)`: requests has nothing of the kind. */
export function dropConnector(unit: Unit, call: Call): void {
  const parent = parentOf(call);
  if (parent?.nodeType === 'Keyword' && parent.arg === 'connector') return;
  if (!dropOnlyGiven(unit, call, 'connector')) refuse(unit, 'http-option', call, 'connector');
}

/** Takes out `conn = TCPConnector(…)`, where the variable is only given to sessions, as `connector=`. */
function dropOnlyGiven(unit: Unit, call: Call, option: string): boolean {
  const { file } = unit;
  const stmt = parentOf(call);
  const [target] = stmt?.nodeType === 'Assign' && stmt.targets.length === 1 ? stmt.targets : [];
  const binding = isName(target) ? file.scopes.bindingOf(target) : undefined;
  const onlyGiven = binding?.uses.every((use) => {
    const parent = parentOf(use);
    const to = parent && parentOf(parent);
    const isSession = to?.nodeType === 'Call' && qualified(file, to.func) === 'aiohttp.ClientSession';
    return parent?.nodeType === 'Keyword' && parent.arg === option && isSession;
  });
  if (stmt?.nodeType !== 'Assign' || !onlyGiven || binding!.sites.length > 1) return false;
  touch(unit, stmt);
  removeStatement(file, stmt, unit.rewrite);
  return true;
}

/** `aiohttp.ClientTimeout(total=10)` where it is made: the seconds. */
export function plainTimeout(c: SessionContext, unit: Unit, call: Call): void {
  touch(unit, call);
  const seconds = secondsOf(call);
  if (!seconds) return refuse(unit, 'http-option', call, 'timeout');
  const stmt = parentOf(call)!;
  const isLocal = stmt.nodeType === 'Assign' && !constantOf(unit.file, stmt.targets[0]!);
  // Each request says it itself.
  if (isLocal && !c.timeoutBySession && dropOnlyGiven(unit, call, 'timeout')) return;
  unit.rewrite.replace(call, ...seconds);
}

/** `aiohttp.BasicAuth(user, password)` where it is made: a pair. */
export function plainAuth(unit: Unit, call: Call): void {
  touch(unit, call);
  const named = (name: string): Expr | undefined => call.keywords.find(({ arg }) => arg === name)?.value;
  const login = call.args[0] ?? named('login');
  const password = call.args[1] ?? named('password');
  const others = call.args.length > 2 || call.keywords.some(({ arg }) => arg !== 'login' && arg !== 'password');
  if (!login || others) return refuse(unit, 'http-option', call, 'auth');
  unit.rewrite.replace(call, '(', login, ', ', password ?? "''", ')');
}

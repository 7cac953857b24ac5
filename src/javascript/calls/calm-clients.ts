import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { bare, memberName, originOf } from './origin.js';
import { rangeWithin } from './packages.js';

type Arguments = readonly ts.Expression[];

/**
 * True for a call that gives a promise and never throws instead, whatever its arguments are: so the calls behaved when they were made with
 * arguments of every wrong kind (Node 20; axios 0.21, 1.0, 1.6, 1.21; got 8 to 11 and 14; needle 2 and 3; node-fetch 2 and 3; undici 5
 * and 6). Not among them: superagent, ky, got 12, `undici.request`, `dns.promises`, which check what they are given first.
 */
export function neverThrows(
  call: ts.CallExpression,
  scopes: Scopes,
  dependencies: Readonly<Record<string, string>> = {},
): boolean {
  const origin = originOf(call.expression, scopes);
  if (!origin) return isBodyOfGot(call, scopes, dependencies);
  const path = origin.path.join('.');
  const range = dependencies[origin.module];
  switch (origin.module) {
    case '':
      return path === 'fetch';
    case 'node-fetch':
      return path === '';
    case 'undici':
      return path === 'fetch';
    case 'axios':
      return axiosMembers.test(path) && (isAxiosSince7(range) || axiosIsCalm(path, call.arguments));
    case 'got':
      return gotIsCalm(path, call.arguments) && (rangeWithin(range, 8, 12) || rangeWithin(range, 14, 15));
    case 'needle':
      return path === '' && isMethodName(call.arguments[0]) && rangeWithin(range, 2, 4);
    case 'timers/promises':
      return /^(setTimeout|setImmediate)$/.test(path);
    case 'stream/promises':
      return path === 'pipeline';
    case 'events':
      return path === 'once';
    default:
      return isFsPromise(origin.module, path);
  }
}

const fsNames =
  /^(access|appendFile|chmod|chown|copyFile|cp|lchmod|lchown|link|lstat|lutimes|mkdir|mkdtemp|open|opendir|readFile|readdir|readlink|realpath|rename|rm|rmdir|stat|statfs|symlink|truncate|unlink|utimes|writeFile)$/;

function isFsPromise(module: string, path: string): boolean {
  if (module === 'fs') return path.startsWith('promises.') && fsNames.test(path.slice('promises.'.length));
  return module === 'fs/promises' && fsNames.test(path);
}

const axiosMembers = /^(|get|post|put|patch|delete|head|options|request)$/;

/** Since 1.7 it looks at its options inside an async function. */
const isAxiosSince7 = (range = ''): boolean => /^[~^]?1\.([7-9]|\d\d+)\./.test(range);

/** `axios.get(url, options)`, `axios.post(url, data, options)`, `axios(options)`: options that are no object throw before axios 1.7. */
function axiosIsCalm(path: string, args: Arguments): boolean {
  if (args.some(ts.isSpreadElement)) return false;
  if (/^(get|delete|head|options)$/.test(path)) return args.length <= 2 && areAxiosOptions(args[1]);
  if (/^(post|put|patch)$/.test(path)) return args.length <= 3 && areAxiosOptions(args[2]);
  const whole = args[0];
  return /^(|request)$/.test(path) && args.length === 1 && !!whole && areAxiosOptions(whole, true);
}

function areAxiosOptions(node: ts.Expression | undefined, withMethod = false): boolean {
  return areOptions(node, (name, value) =>
    name === 'method' ? !withMethod || ts.isStringLiteralLike(value) : !/^(transitional|paramsSerializer)$/.test(name),
  );
}

/** `got(url, options)`, where it is a promise and no stream that is asked for. */
function gotIsCalm(path: string, args: Arguments): boolean {
  if (!/^(|get|post|put|patch|delete|head)$/.test(path) || args.length > 2) return false;
  const [url, options] = args;
  if (!url || ts.isSpreadElement(url) || ts.isObjectLiteralExpression(bare(url))) return false;
  return areOptions(options, (name) => !/^(isStream|stream)$/.test(name));
}

/** `got(url).json()` */
export function isBodyOfGot(
  call: ts.CallExpression,
  scopes: Scopes,
  dependencies: Readonly<Record<string, string>> = {},
): boolean {
  const name = memberName(call.expression);
  if (call.arguments.length > 0 || !name || !/^(json|text|buffer)$/.test(name)) return false;
  const made = bare((call.expression as ts.AccessExpression).expression);
  if (!ts.isCallExpression(made) || originOf(made.expression, scopes)?.module !== 'got') return false;
  const range = dependencies['got'];
  return neverThrows(made, scopes, dependencies) && (rangeWithin(range, 10, 12) || rangeWithin(range, 14, 15));
}

/** None, or an object whose fields are all there to be seen. */
function areOptions(node: ts.Expression | undefined, allows: (name: string, value: ts.Node) => boolean): boolean {
  if (!node) return true;
  const object = bare(node);
  if (!ts.isObjectLiteralExpression(object)) return false;
  return object.properties.every((each) => {
    const { name } = each;
    if (!name || !(ts.isIdentifier(name) || ts.isStringLiteral(name))) return false;
    if (ts.isPropertyAssignment(each)) return allows(name.text, bare(each.initializer));
    return (ts.isShorthandPropertyAssignment(each) || ts.isMethodDeclaration(each)) && allows(name.text, name);
  });
}

/** `needle('get', url)`: without a callback it gives a promise. */
function isMethodName(node: ts.Expression | undefined): boolean {
  return !!node && ts.isStringLiteralLike(node) && /^(get|head|post|put|patch|delete)$/i.test(node.text);
}

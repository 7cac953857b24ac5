import type { CallbackForm, ImportNeed, Snippet } from '../../flow/model.js';
import type { FileContext } from '../context.js';
import { localNameFor } from '../imports.js';
import { ts } from '../parse.js';
import { rangeOf } from '../snippet.js';
import type { Snippets } from '../snippet.js';
import { nodeApi } from './node-api.js';
import { bare, isOrigin, memberName, originOf } from './origin.js';
import type { Origin } from './origin.js';

export interface CallbackCall {
  readonly form: CallbackForm;
  readonly needs: readonly ImportNeed[];
}

/**
 * How an awaited call is written with an error-first continuation: `fs.promises.stat(p)` is `fs.stat(p, <continuation>)`. `undefined`
 * when no such form is known, or where it would give something else. The form may throw at once where the promise rejected.
 */
export function callbackFormOf(
  call: ts.CallExpression,
  snippets: Snippets,
  ctx: FileContext,
): CallbackCall | undefined {
  if (call.questionDotToken || call.arguments.some(ts.isSpreadElement)) return undefined;
  const promisified = promisifiedBy(call.expression, ctx);
  if (promisified) return ofPromisified(call, promisified, snippets, ctx);
  const origin = originOf(call.expression, ctx.scopes);
  if (!origin || origin.path.length !== 1) return undefined;
  if (origin.module === 'timers/promises') return ofTimer(call, origin, snippets, ctx);
  const module = /^(fs|dns)\/promises$/.exec(origin.module)?.[1];
  return module ? ofTwin(call, module, origin, snippets, ctx) : undefined;
}

/** `fs.promises.readFile(p, 'utf8')` */
function ofTwin(
  call: ts.CallExpression,
  module: string,
  origin: Origin,
  snippets: Snippets,
  ctx: FileContext,
): CallbackCall | undefined {
  const [name] = origin.path as [string];
  const api = nodeApi(module, name);
  if (!api || api.twin !== 'equal' || api.values.length > 1 || api.shape !== 'error-first') return undefined;
  if (api.at.length > 0 && !api.at.includes(call.arguments.length)) return undefined;
  // A FileHandle, which the callback form does not take.
  const [first] = call.arguments;
  if (api.pathOnly && first && /handle|\bfd\b|descriptor/i.test(first.getText().replace(/(['"`]).*?\1/g, '')))
    return undefined;
  const { text, needs } = memberOf(module, name, origin.specifier, ctx);
  return { form: formOf(call, [text], snippets, api.values.length ? 'value' : 'none'), needs };
}

/** The name by which the file says a module's function. */
function memberOf(module: string, name: string, specifier: string, ctx: FileContext) {
  const from = specifier.startsWith('node:') ? `node:${module}` : module;
  const wanted: ImportNeed = { from, name, local: name };
  const text = localNameFor(ctx, wanted);
  if (text === name || text.includes('.')) return { text, needs: [wanted] };
  // The name is taken by the promise form itself: the module as a whole says better which one is meant.
  const whole: ImportNeed = { from, name: '*', local: module };
  return { text: `${localNameFor(ctx, whole)}.${name}`, needs: [whole] };
}

/** `setTimeout(ms, value)` of `timers/promises` */
function ofTimer(
  call: ts.CallExpression,
  origin: Origin,
  snippets: Snippets,
  ctx: FileContext,
): CallbackCall | undefined {
  const [name] = origin.path;
  const count = name === 'setTimeout' ? 1 : name === 'setImmediate' ? 0 : undefined;
  const args = call.arguments;
  if (count === undefined || args.length > count + 1 || args.length < count) return undefined;
  const at = rangeOf(call);
  const isTaken = ctx.scopes.named(name!).some((each) => ctx.scopes.symbolOf(each));
  const global = isTaken ? `globalThis.${name}` : name!;
  const delay = count ? [', ', snippets.expression(args[0]!)] : [];
  const value = args[count] ? [', null, ', snippets.expression(args[count])] : [];
  return {
    form: {
      before: snippets.compose([`${global}(`], at, 'no'),
      after: snippets.compose([...delay, ...value, ')'], at, 'no'),
      results: value.length ? 'value' : 'none',
    },
    needs: [],
  };
}

/** `fs.stat` of `promisify(fs.stat)`, in place or as a constant. */
function promisifiedBy(callee: ts.Node, { scopes }: FileContext): ts.Expression | undefined {
  const name = bare(callee);
  const symbol = ts.isIdentifier(name) ? scopes.symbolOf(name) : undefined;
  const declaration = symbol && scopes.isConstant(symbol) ? symbol.declarations?.[0] : undefined;
  const made =
    declaration && ts.isVariableDeclaration(declaration) && declaration.initializer
      ? bare(declaration.initializer)
      : name;
  if (!ts.isCallExpression(made) || made.arguments.length !== 1) return undefined;
  return isOrigin(originOf(made.expression, scopes), 'util', 'promisify')
    ? (bare(made.arguments[0]!) as ts.Expression)
    : undefined;
}

function ofPromisified(
  call: ts.CallExpression,
  given: ts.Expression,
  snippets: Snippets,
  ctx: FileContext,
): CallbackCall | undefined {
  const { scopes } = ctx;
  const origin = originOf(given, scopes);
  const bound = boundMethod(given);
  if (origin && !origin.module.startsWith('.') && origin.path.length > 0) {
    const api = nodeApi(origin.module, origin.path.join('.'));
    // Several results, or a promise form of its own: `exec`, `setTimeout`.
    if (api && (api.values.length > 1 || api.shape !== 'error-first')) return undefined;
    if (!api && isBuiltin(origin.module)) return undefined;
    const results = api && !api.values.length ? 'none' : 'value';
    return { form: formOf(call, [snippets.expression(bound ?? given)], snippets, results), needs: [] };
  }
  if (bound) return { form: formOf(call, [snippets.expression(bound)], snippets, 'value'), needs: [] };
  const symbol = ts.isIdentifier(given) ? scopes.symbolOf(given) : undefined;
  if (!symbol || !scopes.isConstant(symbol) || ctx.text.includes('promisify.custom')) return undefined;
  return { form: formOf(call, [snippets.expression(given)], snippets, 'value'), needs: [] };
}

function isBuiltin(module: string): boolean {
  return /^(child_process|crypto|dns|events|fs|http|https|net|os|process|readline|stream|timers|util|zlib|)(\/|$)/.test(
    module,
  );
}

/** `client.get` of `client.get.bind(client)`. */
function boundMethod(given: ts.Expression): ts.Expression | undefined {
  if (!ts.isCallExpression(given) || memberName(given.expression) !== 'bind' || given.arguments.length !== 1)
    return undefined;
  const method = bare((given.expression as ts.AccessExpression).expression);
  if (!ts.isPropertyAccessExpression(method)) return undefined;
  const same = method.expression.getText() === given.arguments[0]!.getText();
  const plain = /^[\w$.]+$/.test(method.expression.getText());
  return same && plain ? method : undefined;
}

/** `callee(a, b, <continuation>)`, the arguments as they were written. */
function formOf(
  call: ts.CallExpression,
  callee: readonly (string | Snippet)[],
  snippets: Snippets,
  results: CallbackForm['results'],
): CallbackForm {
  const args = call.arguments;
  const last = args.at(-1);
  const at = rangeOf(call);
  const given = last ? ['(', snippets.piece({ start: args[0]!.getStart(), end: last.end }, [...args]), ', '] : ['('];
  return {
    before: snippets.compose([...callee, ...given], at, 'no'),
    after: snippets.compose([')'], at, 'no'),
    results,
  };
}

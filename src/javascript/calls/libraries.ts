import { ts } from '../parse.js';
import type { Scopes } from '../scope.js';
import { bare, originOf } from './origin.js';
import type { Origin } from './origin.js';

/** Who made a promise: its extra methods and its habits with unhandled rejections are that library's. */
export type PromiseLibrary = 'native' | 'bluebird' | 'q' | 'when' | 'rsvp' | 'jquery' | 'polyfill';

/** Packages whose value (or `.Promise`) is a promise library of its own. */
const libraries: Readonly<Record<string, PromiseLibrary>> = {
  bluebird: 'bluebird',
  q: 'q',
  when: 'when',
  rsvp: 'rsvp',
  jquery: 'jquery',
  // The standard's methods and perhaps a few more: `.done`, `.nodeify`.
  promise: 'polyfill',
  'any-promise': 'polyfill',
  'es6-promise': 'polyfill',
  pinkie: 'polyfill',
  'pinkie-promise': 'polyfill',
  'native-promise-only': 'polyfill',
  lie: 'polyfill',
  // Clients whose calls give Bluebird's promises.
  'request-promise': 'bluebird',
  'request-promise-any': 'polyfill',
  'fs-extra-promise': 'bluebird',
  sequelize: 'bluebird',
};

/** Packages whose results are sent or run only when `.then` is called, some again at the second `.then`. */
const lazy = new Set([
  'superagent',
  'supertest',
  'knex',
  'mongoose',
  'objection',
  'bookshelf',
  '@prisma/client',
  'drizzle-orm',
  'postgres',
]);

/**
 * The library whose promise an expression is, or builds: `Promise.map(x)` where `Promise` is Bluebird, `$.ajax()`, `Q(x).then(…)`.
 * `undefined` when the root of the chain is something else: a parameter, a function of the project.
 */
export function promiseLibraryOf(expression: ts.Node, scopes: Scopes): PromiseLibrary | undefined {
  const root = rootOf(expression);
  return libraryOf(originOf(root, scopes));
}

/** True for a chain that starts at a client which waits for `.then` before it sends. */
export function isLazyThenable(expression: ts.Node, scopes: Scopes): boolean {
  const origin = originOf(rootOf(expression), scopes);
  return !!origin && lazy.has(origin.module);
}

/** What a chain starts from: `Q` in `Q(load()).then(a).fail(b)`, `$` in `$.ajax(…).done(…)`. */
function rootOf(expression: ts.Node): ts.Node {
  let node = bare(expression);
  while (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isPropertyAccessExpression(node)) {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'require')
      return node;
    node = bare(node.expression);
  }
  return node;
}

/** A package that is such a library itself, not one whose calls give its promises. */
export function libraryOfModule(module: string): PromiseLibrary | undefined {
  return /^(bluebird|q|when|rsvp)$/.test(module) ? libraries[module] : undefined;
}

function libraryOf(origin: Origin | undefined): PromiseLibrary | undefined {
  if (!origin) return undefined;
  if (origin.module !== '') return libraries[origin.module.replace(/\/.*$/, '')];
  const [name] = origin.path;
  if (name === 'Promise') return 'native';
  if (name === '$' || name === 'jQuery') return 'jquery';
  if (name === 'Q') return 'q';
  return name === 'RSVP' ? 'rsvp' : undefined;
}

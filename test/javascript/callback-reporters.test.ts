import type { Step, Target } from '../../src/flow/model.js';
import { readReported } from '../../src/javascript/callback/read.js';
import { ts } from '../../src/javascript/parse.js';
import { snippetsOf } from '../../src/javascript/snippet.js';
import { contextOf, resolver } from './callback.support';

/** Reads the executor of the only `new Promise` of the source. */
function executor(source: string): string {
  const ctx = contextOf(`const fs = require('fs');\n${source}`);
  const find = (node: ts.Node): ts.ArrowFunction | undefined =>
    ts.isNewExpression(node) ? (node.arguments![0] as ts.ArrowFunction) : ts.forEachChild(node, find);
  const fn = find(ctx.file)!;
  const [resolve, reject] = fn.parameters.map((param) => ctx.scopes.symbolOf(param.name as ts.Identifier)!);
  const target: Target = { of: 'block' };
  const reporter = { kind: 'settle' as const, resolve: resolve!, ...(reject && { reject }) };
  const read = readReported(fn, reporter, ctx, snippetsOf(ctx, fn), resolver(ctx, []), target);
  return read.ok ? read.value.flow.steps.map((step) => told(step)).join('; ') : read.refusal.code;
}

function told(step: Step): string {
  if (step.kind === 'exit') return step.how;
  return step.kind === 'wait' && step.onFail ? 'wait, onFail' : step.kind;
}

test('resolve and reject as reporters', () => {
  expect(
    executor(
      'new Promise((resolve, reject) => fs.stat(a, (err, s) => { if (err) return reject(err); resolve(s.size, 2); }))',
    ),
  ).toBe('wait; succeed');
});

test('a throw in the executor is a failure', () => {
  expect(executor('new Promise((resolve, reject) => { if (!a) throw new Error(a); setTimeout(resolve, 10); })')).toBe(
    'branch; wait; succeed',
  );
});

test('an executor without reject', () => {
  expect(executor('new Promise((resolve) => fs.exists(a, resolve))')).toBe('succeed');
});

test('an error that is given as a result', () => {
  expect(executor('new Promise((resolve) => fs.stat(a, resolve))')).toBe('error-not-checked');
});

/** Programs made of flow models: the same row of numbers gives the same model in every style. */

import { Choices } from './choices.js';
import type { Call, Program } from './execute.js';
import { asyncProgram } from './flow-async.js';
import { flowCallbackProgram } from './flow-callback.js';
import { Modeller, type FlowModel, type Step, type Steps } from './flow-model.js';
import { flowPromiseProgram } from './flow-promise.js';
import { Maker } from './scope.js';
import type { Style } from '../../src/types.js';

export interface Options {
  /** Awaits where only async style can have them. */
  readonly extras?: boolean;
}

export function flowProgram(style: Style, row: readonly number[], { extras = false }: Options = {}): Program {
  const { model, m } = modelOf(row, extras, style === 'pool' || (style === 'callback' && row[2]! % 3 === 0));
  return programOf(style, model, m);
}

/** The styles that can tell this model, each with its program. A bound is for a pool or the library `async` to keep. */
export function everyStyle(row: readonly number[]): (readonly [Style, Program])[] {
  const { model } = modelOf(row, false, (row[3] ?? 0) % 3 === 0);
  const styles: Style[] = model.functions.some((fn) => isBounded(fn.body))
    ? ['callback', 'pool']
    : ['callback', 'promise', 'async', 'pool'];
  return styles.map((style) => [style, programOf(style, model, new Maker(new Choices([...row].reverse())))]);
}

function modelOf(row: readonly number[], extras: boolean, limits: boolean): { model: FlowModel; m: Maker } {
  const m = new Maker(new Choices(row));
  return { model: new Modeller(m, { extras, limits }).model(), m };
}

function programOf(style: Style, model: FlowModel, m: Maker): Program {
  const contract = style === 'callback' ? 'callback' : 'promise';
  const call = (name: string, args: readonly unknown[]): Call => ({
    name,
    args,
    contract,
    arity: style === 'callback' ? 3 : 2,
  });
  const calls = model.functions.flatMap(({ name }) => [call(name, ['u1', ['a', 'b']]), call(name, [undefined, []])]);
  return { source: sourceOf(style, model, m), io: style === 'callback' ? 'callback' : 'promise', calls };
}

function sourceOf(style: Style, model: FlowModel, m: Maker): string {
  if (style === 'callback') return flowCallbackProgram(model, m);
  return style === 'promise' ? flowPromiseProgram(model, m) : asyncProgram(model, m, style === 'pool');
}

function isBounded(steps: Steps): boolean {
  return steps.some((step) => (step.kind === 'all' && step.limit !== undefined) || blocksOf(step).some(isBounded));
}

function blocksOf(step: Step): Steps[] {
  if (step.kind === 'if') return [step.then, step.else ?? []];
  if (step.kind === 'for' || step.kind === 'count' || step.kind === 'all') return [step.body];
  return step.kind === 'guard' ? [step.body, step.handler ?? [], step.always ?? []] : [];
}

import type { PyProject } from '../project.js';
import { continuationsToSequence } from '../callback/sequences.js';
import { Units } from '../unit.js';
import { generatorsToAsync } from './from-callback-generators.js';

/** Callbacks that become coroutines as they stand, with no thread pool between: those of Twisted and of Tornado. */
export function callbackToAsync(project: PyProject, inThreads: 'executor' | 'to_thread' = 'executor'): Units {
  const units = new Units(project);
  generatorsToAsync(project, units, inThreads);
  if (inThreads === 'executor') continuationsToSequence(project, units, 'async');
  return units;
}

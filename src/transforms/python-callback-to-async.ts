import { poolToAsync } from '../python/async/from-pool.js';
import { planUnits } from '../python/plan.js';
import { callbackToPool } from '../python/pool/from-callback.js';
import { twoSteps } from '../python/two-steps.js';
import type { PythonTransform } from './python-transform.js';

const name = 'python-callback-to-async';

/** TODO */
export const pythonCallbackToAsync: PythonTransform = {
  name,
  from: 'callback',
  to: 'async',
  languages: ['python'],
  plan: (project, options) =>
    twoSteps(
      project,
      (first) => planUnits(callbackToPool(first), name),
      (second) => planUnits(poolToAsync(second, options.exports), name),
    ),
};

import { callbackToPool } from '../python/pool/from-callback.js';
import { planUnits } from '../python/plan.js';
import type { PythonTransform } from './python-transform.js';

/** TODO */
export const pythonCallbackToPool: PythonTransform = {
  name: 'python-callback-to-pool',
  from: 'callback',
  to: 'pool',
  languages: ['python'],
  plan: (project) => planUnits(callbackToPool(project), 'python-callback-to-pool'),
};

import { asyncToBlocking } from '../python/pool/from-async.js';
import { planUnits } from '../python/plan.js';
import type { PythonTransform } from './python-transform.js';

/** TODO */
export const pythonAsyncToCallback: PythonTransform = {
  name: 'python-async-to-callback',
  from: 'async',
  to: 'callback',
  languages: ['python'],
  plan: (project, options) =>
    planUnits(asyncToBlocking(project, options.limit, 'callbacks'), 'python-async-to-callback'),
};

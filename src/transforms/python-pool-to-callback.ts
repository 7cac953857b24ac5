import { poolToCallback } from '../python/callback/from-pool.js';
import { planUnits } from '../python/plan.js';
import type { PythonTransform } from './python-transform.js';

/** TODO */
export const pythonPoolToCallback: PythonTransform = {
  name: 'python-pool-to-callback',
  from: 'pool',
  to: 'callback',
  languages: ['python'],
  plan: (project) => planUnits(poolToCallback(project), 'python-pool-to-callback'),
};

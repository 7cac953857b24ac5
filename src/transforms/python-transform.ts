import type { PyPlan } from '../python/plan.js';
import type { PyProject } from '../python/project.js';
import type { TransformOptions } from '../types.js';
import type { Direction } from './index.js';

/** One direction of Python that a user can ask for. Its file's doc comment is its docs page. */
export interface PythonTransform extends Direction {
  /** Finds every site of its style and says what it would change and what it leaves. Pure. */
  plan(project: PyProject, options: TransformOptions): PyPlan;
}

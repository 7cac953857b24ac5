import type { PyProject } from '../project.js';

/** The oldest Python 3 that a project says it runs on, as its second number; 7 when nothing says it. */
export function pythonFloor(project: PyProject): number {
  for (const [path, pattern] of SAID) {
    const found = pattern.exec(project.read(path) ?? '');
    const least = found && /(?:>=|\^|~=|==)\s*3\.(\d+)/.exec(found[1]!);
    if (least) return Number(least[1]);
  }
  return 7;
}

const SAID: readonly (readonly [string, RegExp])[] = [
  ['pyproject.toml', /^requires-python\s*=\s*["']([^"'\n]*)["']/m],
  ['pyproject.toml', /^\[tool\.poetry\.dependencies\](?:\n(?!\[).*)*?\npython\s*=\s*["']([^"'\n]*)["']/m],
  ['setup.cfg', /^python_requires\s*=\s*(.*)$/m],
  ['setup.py', /python_requires\s*=\s*["']([^"'\n]*)["']/],
];

import * as fs from 'node:fs';
import * as path from 'node:path';
import { gitTopOf } from '../paths.js';
import { ConfigProblem, readConfigFile, type RawConfig } from './read.js';

const NAMES = ['json', 'jsonc', 'js', 'mjs', 'cjs', 'ts'].map((ending) => `asyncshift.config.${ending}`);
const SHARED = ['package.json', 'pyproject.toml'];

/**
 * The nearest configuration from a folder up to the top of its git work tree (outside git: in the folder itself). Nothing in it is
 * run: a file that is code is only read when the user names it. Throws a `ConfigProblem`.
 */
export function findConfig(cwd: string): RawConfig | undefined {
  const top = gitTopOf(cwd) ?? cwd;
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    const found = configsIn(folder);
    if (found.length > 1) {
      const [first, second] = found.map(({ file }) => path.basename(file));
      throw new ConfigProblem(found[0]!.file, `there are two configurations here, ${first} and ${second}; keep one`);
    }
    if (found[0]) return found[0];
    if (folder === top) return undefined;
  }
}

function configsIn(folder: string): RawConfig[] {
  const own = NAMES.map((name) => path.join(folder, name)).filter((file) => fs.existsSync(file));
  const shared = SHARED.map((name) => path.join(folder, name)).filter(
    (file) => fs.existsSync(file) && fs.readFileSync(file, 'utf8').includes('asyncshift'),
  );
  return [...own, ...shared].flatMap((file) => {
    if (/\.[cm]?[jt]s$/.test(file))
      throw new ConfigProblem(
        file,
        `is code, which is run only when you name it: --config ${path.basename(file)} (--no-config passes it over)`,
      );
    return readConfigFile(file) ?? [];
  });
}

/** The hook managers themselves, with the recipes of docs/recipes/hooks, on repositories made here. */

import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { builtBin, repository, type Repository } from '../cli/harness.js';

const { toolEnvironment } = require('../../scripts/python-env.cjs') as {
  toolEnvironment(): { bin?: string; reason?: string };
};

jest.setTimeout(300_000); // each commit starts a hook manager, and that starts us
const top = path.join(__dirname, '..', '..');
const recipes = path.join(top, 'docs', 'recipes', 'hooks');

const CHAIN = `const { stat } = require('fs').promises;

exports.size = function (file) {
  return stat(file).then((s) => s.size);
};
`;
const AWAITED = `const { stat } = require('fs').promises;

exports.size = async function (file) {
  const s = await stat(file);
  return s.size;
};
`;

interface Commit {
  readonly ok: boolean;
  readonly said: string;
}

/** A repository in which the recipe is set up and our command is installed, as npm would do it. */
function withRecipe(...files: string[]): Repository {
  const repo = repository({ 'package.json': '{ "name": "app", "private": true }\n', '.gitignore': 'node_modules\n' });
  for (const file of files) {
    fs.mkdirSync(path.dirname(path.join(repo.folder, file)), { recursive: true });
    fs.copyFileSync(path.join(recipes, file), path.join(repo.folder, file));
  }
  const bin = path.join(repo.folder, 'node_modules', '.bin');
  fs.mkdirSync(bin, { recursive: true });
  fs.writeFileSync(path.join(bin, 'asyncshift'), `#!/bin/sh\nexec "${process.execPath}" "${builtBin(false)}" "$@"\n`, {
    mode: 0o755,
  });
  repo.git('add', '-A');
  repo.git('commit', '-q', '--no-verify', '-m', 'recipe');
  return repo;
}

function inRepo(repo: Repository, command: string, ...args: string[]): Commit {
  const own = path.join(repo.folder, 'node_modules', '.bin');
  const tools = [own, path.join(top, 'node_modules', '.bin'), toolEnvironment().bin ?? ''];
  const done = spawnSync(command, args, {
    cwd: repo.folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: [...tools, process.env['PATH']].join(path.delimiter),
      PRE_COMMIT_HOME: path.join(repo.folder, '..', `${path.basename(repo.folder)}-pre-commit`),
      GIT_AUTHOR_NAME: 't',
      GIT_AUTHOR_EMAIL: 't@t',
      GIT_COMMITTER_NAME: 't',
      GIT_COMMITTER_EMAIL: 't@t',
      CI: '',
    },
  });
  return { ok: done.status === 0, said: done.stdout + done.stderr };
}

const commit = (repo: Repository): Commit => inRepo(repo, 'git', 'commit', '-q', '-m', 'work');
const staged = (repo: Repository, file: string): string => repo.git('show', `:${file}`);
const committed = (repo: Repository, file: string): string => repo.git('show', `HEAD:${file}`);

function stage(repo: Repository, file: string, text: string, unstaged?: string): void {
  repo.write({ [file]: text });
  repo.git('add', file);
  if (unstaged !== undefined) repo.write({ [file]: unstaged });
}

const { bin, reason } = toolEnvironment();
if (!bin) process.stderr.write(`pre-commit and lefthook are not run: ${reason}\n`);
const testWithTool = bin ? test : test.skip;

describe('pre-commit', () => {
  /** The recipe names our repository; here that is one with our manifest, and our command is on the path already. */
  function installed(recipe: string): Repository {
    const hooks = repository({ '.pre-commit-hooks.yaml': fs.readFileSync(path.join(top, '.pre-commit-hooks.yaml')) });
    hooks.git('tag', 'v0.1.0');
    const repo = withRecipe(recipe);
    const text = repo.read(recipe).replace(/repo: .*/, `repo: ${hooks.folder}`);
    fs.rmSync(path.join(repo.folder, recipe));
    repo.write({ '.pre-commit-config.yaml': text.replace(/(- id: [\w-]+).*/, '$1\n        language: system') });
    repo.git('add', '-A');
    repo.git('commit', '-q', '-m', 'config');
    const done = inRepo(repo, 'pre-commit', 'install');
    if (!done.ok) throw new Error(done.said);
    return repo;
  }

  testWithTool('the manifest and the recipes are valid', () => {
    const repo = withRecipe('.pre-commit-config.yaml', '.pre-commit-config.check.yaml');
    expect(inRepo(repo, 'pre-commit', 'validate-manifest', path.join(top, '.pre-commit-hooks.yaml'))).toMatchObject({
      ok: true,
    });
    for (const file of ['.pre-commit-config.yaml', '.pre-commit-config.check.yaml'])
      expect(inRepo(repo, 'pre-commit', 'validate-config', file)).toMatchObject({ ok: true });
  });

  testWithTool('rewrites; the commit stops; added again it passes', () => {
    const repo = installed('.pre-commit-config.yaml');
    stage(repo, 'size.mts', CHAIN);
    stage(repo, 'notes.md', 'p.then(x)\n');
    const first = commit(repo);
    expect(first.ok).toBe(false);
    expect(first.said).toContain('files were modified by this hook');
    expect(repo.read('size.mts')).toBe(AWAITED);
    repo.git('add', '-A');
    expect(commit(repo)).toMatchObject({ ok: true });
    expect(committed(repo, 'size.mts')).toBe(AWAITED);
  });

  testWithTool('check only: the commit stops and nothing is written', () => {
    const repo = installed('.pre-commit-config.check.yaml');
    stage(repo, 'size.js', CHAIN);
    const first = commit(repo);
    expect(first.ok).toBe(false);
    expect(first.said).toContain('exit code: 1');
    expect(repo.read('size.js')).toBe(CHAIN);
    stage(repo, 'size.js', AWAITED);
    expect(commit(repo)).toMatchObject({ ok: true });
  });

  testWithTool('unstaged work in the lines that are rewritten: the commit stops, and the work is there', () => {
    const repo = installed('.pre-commit-config.yaml');
    const mine = CHAIN.replace('s.size', 's.size + 1');
    stage(repo, 'size.js', CHAIN, mine);
    expect(commit(repo).ok).toBe(false);
    expect(repo.read('size.js')).toBe(mine);
    expect(staged(repo, 'size.js')).toBe(CHAIN);
  });
});

describe('lint-staged', () => {
  const run = (repo: Repository): Commit => inRepo(repo, path.join(top, 'node_modules/.bin/lint-staged'));

  test('what is staged is rewritten and staged again', () => {
    const repo = withRecipe('.lintstagedrc.json');
    stage(repo, 'src/size.js', CHAIN);
    expect(run(repo)).toMatchObject({ ok: true });
    expect(staged(repo, 'src/size.js')).toBe(AWAITED);
    expect(repo.read('src/size.js')).toBe(AWAITED);
  });

  // Below the rewrite lint-staged would put it by line number, wherever that is by now: docs/hooks.md says so.
  test('unstaged work above the rewrite is kept out of the commit and on the disk', () => {
    const repo = withRecipe('.lintstagedrc.json');
    stage(repo, 'size.js', CHAIN, `// mine\n${CHAIN}`);
    expect(run(repo)).toMatchObject({ ok: true });
    expect(staged(repo, 'size.js')).toBe(AWAITED);
    expect(repo.read('size.js')).toBe(`// mine\n${AWAITED}`);
  });

  test('a file that does not parse stops it, and everything is as it was', () => {
    const repo = withRecipe('.lintstagedrc.json');
    stage(repo, 'broken.js', 'p.then(x =>\n');
    stage(repo, 'size.js', CHAIN);
    const done = run(repo);
    expect(done.ok).toBe(false);
    expect(done.said).toMatch(/broken\.js:\d+:\d+ /);
    expect(repo.read('size.js')).toBe(CHAIN);
  });
});

describe('lefthook', () => {
  testWithTool('the commit holds what was rewritten', () => {
    const repo = withRecipe('lefthook.yml');
    expect(inRepo(repo, 'lefthook', 'install')).toMatchObject({ ok: true });
    stage(repo, 'size.js', CHAIN);
    expect(commit(repo)).toMatchObject({ ok: true });
    expect(committed(repo, 'size.js')).toBe(AWAITED);
    expect(repo.git('status', '--porcelain')).toBe('');
  });
});

describe('husky', () => {
  function installed(): Repository {
    const repo = withRecipe('.husky/pre-commit');
    expect(inRepo(repo, path.join(top, 'node_modules/.bin/husky'))).toMatchObject({ ok: true });
    return repo;
  }

  test('the commit holds what was rewritten, and unstaged work is merged', () => {
    const repo = installed();
    stage(repo, 'size.js', CHAIN, `${CHAIN}\n// mine\n`);
    expect(commit(repo)).toMatchObject({ ok: true });
    expect(committed(repo, 'size.js')).toBe(AWAITED);
    expect(repo.read('size.js')).toBe(`${AWAITED}\n// mine\n`);
  });

  test('unstaged work in the lines that are rewritten: refused, nothing written, no commit', () => {
    const repo = installed();
    const mine = CHAIN.replace('s.size', 's.size + 1');
    stage(repo, 'size.js', CHAIN, mine);
    const done = commit(repo);
    expect(done.ok).toBe(false);
    expect(done.said).toContain('size.js staged and unstaged edits overlap');
    expect(repo.read('size.js')).toBe(mine);
    expect(staged(repo, 'size.js')).toBe(CHAIN);
  });
});

test('docs/hooks.md shows the recipes as they are tested', () => {
  const page = fs.readFileSync(path.join(top, 'docs', 'hooks.md'), 'utf8');
  for (const file of ['.pre-commit-config.yaml', '.lintstagedrc.json', 'lefthook.yml', '.husky/pre-commit'])
    expect(page).toContain(fs.readFileSync(path.join(recipes, file), 'utf8').trimEnd());
});

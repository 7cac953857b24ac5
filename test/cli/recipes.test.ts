import * as fs from 'node:fs';
import * as path from 'node:path';
const yaml = require('js-yaml') as { load(text: string): unknown };
import { builtBin, repository, type Repository, type Result } from './harness.js';

// The recipes of docs/scale are read here, and what they run is run: `npx --yes asyncshift` is our command line.
beforeAll(() => void builtBin(false));

const folder = path.join(__dirname, '..', '..', 'docs', 'scale');
const text = (name: string): string => fs.readFileSync(path.join(folder, name), 'utf8');

interface Step {
  readonly run?: string;
}

const chain =
  "const { stat } = require('fs').promises;\n\nexports.size = function (file) {\n  return stat(file).then((s) => s.size);\n};\n";
const made = (): Repository =>
  repository({
    'package.json': '{ "name": "root" }\n',
    'packages/a/package.json': '{ "name": "a" }\n',
    'packages/a/a.js': chain,
    'packages/b/package.json': '{ "name": "b" }\n',
    'packages/b/b.js': chain,
  });

/** A command of a recipe, without a shell. */
function perform(repo: Repository, command: string, cwd = '.'): Result {
  const [, line] = /^(?:npx --yes )?asyncshift (.*)$/.exec(command)!;
  return repo.run(line!.split(' '), { cwd });
}

test('GitHub: four parts and their merge say what one run says', () => {
  const { jobs } = yaml.load(text('github-matrix.yml')) as {
    jobs: Record<'part' | 'whole', { steps: Step[]; strategy?: { matrix: { part: number[] } } }>;
  };
  const repo = made();
  const commands = ({ steps }: { steps: Step[] }): string[] => steps.flatMap((step) => step.run ?? []);
  for (const part of jobs.part.strategy!.matrix.part)
    for (const command of commands(jobs.part))
      expect(perform(repo, command.replaceAll('${{ matrix.part }}', String(part))).code).toBe(0);
  const [whole] = commands(jobs.whole).map((command) => perform(repo, command));
  expect(whole).toMatchObject({ code: 1, out: repo.run(['--to', 'async', '--output', 'github']).out });
  expect(JSON.parse(repo.read('asyncshift.sarif'))).toMatchObject({ version: '2.1.0' });
});

test.each([
  [
    'Turbo',
    'turbo.package.json',
    (json: Json) => [json.scripts!['asyncshift:plan']!, json.scripts!['asyncshift:write']!],
  ],
  [
    'Nx',
    'nx.project.json',
    (json: Json) => ['asyncshift-plan', 'asyncshift-write'].map((name) => json.targets![name]!.options.command),
  ],
])('%s: the plan is where the task says that it is, and the write writes', (_tool, file, commandsOf) => {
  const repo = made();
  const [plan, write] = commandsOf(JSON.parse(text(file)) as Json);
  expect(perform(repo, plan!, 'packages/a').code).toBe(0);
  expect(JSON.parse(repo.read('packages/a/asyncshift-plan.json'))).toMatchObject({ summary: { changed: 1 } });
  expect(perform(repo, write!, 'packages/a').code).toBe(0);
  expect([repo.read('packages/a/a.js'), repo.read('packages/b/b.js')]).toEqual([
    expect.stringContaining('await stat'),
    chain,
  ]);
});

interface Json {
  readonly scripts?: Record<string, string>;
  readonly targets?: Record<
    string,
    { readonly outputs?: string[]; readonly cache: boolean; readonly options: { readonly command: string } }
  >;
  readonly tasks?: Record<string, { readonly outputs?: string[]; readonly cache?: boolean }>;
}

test('Turbo and Nx keep the plan, and never the write', () => {
  const { tasks } = JSON.parse(text('turbo.json')) as Json;
  const { scripts } = JSON.parse(text('turbo.package.json')) as Json;
  expect(Object.keys(tasks!)).toEqual(Object.keys(scripts!));
  expect(scripts!['asyncshift:plan']).toContain(`json=${tasks!['asyncshift:plan']!.outputs![0]!}`);
  const { targets } = JSON.parse(text('nx.project.json')) as Json;
  const { outputs, options } = targets!['asyncshift-plan']!;
  expect(options.command).toContain(`json=${outputs![0]!.replace('{projectRoot}/', '')}`);
  expect([tasks!['asyncshift:write']!.cache, targets!['asyncshift-write']!.cache]).toEqual([false, false]);
});

test('Sourcegraph: its step writes in a folder without git', () => {
  const spec = yaml.load(text('batch-spec.yaml')) as {
    version: number;
    steps: Step[];
    changesetTemplate: { branch: string };
  };
  expect(spec).toMatchObject({ version: 2, changesetTemplate: { branch: 'asyncshift/async', published: 'draft' } });
  const repo = repository(
    { 'package.json': '{ "name": "a" }\n', 'a.js': chain, 'broken.js': 'p.then(x =>\n' },
    { git: false },
  );
  for (const { run } of spec.steps) expect(perform(repo, run!)).toMatchObject({ code: 0 });
  expect(repo.read('a.js')).toContain('await stat');
});

test('multi-gitter: the script changes a clone', () => {
  const lines = text('multi-gitter.sh')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines[0]).toBe('set -eu');
  const repo = made();
  for (const line of lines.slice(1)) expect(perform(repo, line)).toMatchObject({ code: 0 });
  expect(repo.git('diff', '--name-only')).toBe('packages/a/a.js\npackages/b/b.js\n');
});

test('compose: the server keeps an append-only file, and the workers ask it', () => {
  const { services } = yaml.load(text('compose.yaml')) as {
    services: Record<string, { command: string; environment?: Record<string, string> }>;
  };
  expect(services['redis']!.command).toContain('--appendonly yes');
  expect(services['worker']!.environment).toEqual({ ASYNCSHIFT_REDIS: 'redis://redis:6379' });
  expect(services['worker']!.command).toMatch(/asyncshift fleet work --out \/results$/);
});

test('every recipe is in the table', () => {
  const page = text('README.md');
  for (const name of fs.readdirSync(folder)) if (name !== 'README.md') expect(page).toContain(`(${name})`);
});

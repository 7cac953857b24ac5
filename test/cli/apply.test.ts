/** A plan is made, looked at, and made true in whole or in part: never over a file that is another one by then. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { applyPlan, run, type ResultDocument } from '../../src/index.js';
import { builtBin, old, repository, type Files, type Repository } from './harness.js';

beforeAll(() => void builtBin());

function planned(files: Files): { repo: Repository; plan: ResultDocument; ids: (file: string) => string[] } {
  const repo = repository(files);
  expect(repo.run(['--to', 'async', '--output', 'json=.git/plan.json']).code).toBe(0);
  const plan = JSON.parse(repo.read('.git/plan.json')) as ResultDocument;
  const ids = (file: string): string[] => plan.groups.filter((group) => group.path === file).map((group) => group.id);
  return { repo, plan, ids };
}

describe('asyncshift apply', () => {
  test('all of a plan, and undo', () => {
    const { repo } = planned({ 'a.js': old(), 'src/b.js': `\uFEFF${old()}` });
    const { code, err } = repo.run(['apply', '.git/plan.json']);
    expect([code, err]).toEqual([0, 'Changed 2 files, 2 changes.\nUndo: asyncshift undo\n']);
    expect(repo.read('src/b.js')).toBe('\uFEFFp.then(NEW);\n');
    expect(repo.run(['undo']).code).toBe(0);
    expect(repo.git('status', '--porcelain')).toBe('');
  });

  test('--only some of it; then the rest of that file needs a new plan', () => {
    const { repo, ids } = planned({ 'a.js': 'p.then(OLD);\nx;\np.then(OLD);\n', 'b.js': old() });
    const [first, second] = ids('a.js');
    expect(repo.run(['apply', '.git/plan.json', '--only', first!, '-n']).out).toContain(
      '-p.then(OLD);\n+p.then(NEW);\n',
    );
    expect(repo.git('status', '--porcelain')).toBe('');
    expect(repo.run(['apply', '.git/plan.json', '--only', first!]).code).toBe(0);
    expect(repo.read('a.js')).toBe('p.then(NEW);\nx;\np.then(OLD);\n');
    const rest = repo.run(['apply', '.git/plan.json', '--only', second!]);
    expect([rest.code, rest.err]).toEqual([
      2,
      expect.stringContaining('a.js is not what the plan was made of; make a new plan'),
    ]);
    expect(repo.run(['apply', '.git/plan.json', '--only', ids('b.js')[0]!]).code).toBe(0);
  });

  test('drift in one file: nothing is written', () => {
    const { repo } = planned({ 'a.js': old(), 'b.js': old() });
    repo.write({ 'a.js': old('// later\n') });
    const { code, err } = repo.run(['apply', '.git/plan.json', '--allow-dirty']);
    expect([code, repo.read('b.js')]).toEqual([2, old()]);
    expect(err).toContain('a.js is not what the plan was made of');
  });

  test('the guard holds: what git could not give back is not touched', () => {
    const repo = repository({ 'a.js': 'x;\n' });
    repo.write({ 'a.js': old() });
    repo.run(['--to', 'async', '--output', 'json=.git/plan.json']);
    expect(repo.run(['apply', '.git/plan.json'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--allow-dirty'),
    });
    expect(repo.run(['apply', '.git/plan.json', '--allow-dirty']).code).toBe(0);
  });

  test('from a sub-folder, and from stdin', () => {
    const { repo } = planned({ 'src/a.js': old() });
    expect(repo.run(['apply', '-', '-n'], { cwd: 'src', input: repo.read('.git/plan.json') }).out).toContain(
      '+++ b/src/a.js',
    );
    expect(repo.run(['apply', '../.git/plan.json'], { cwd: 'src' }).code).toBe(0);
    expect(repo.read('src/a.js')).toBe('p.then(NEW);\n');
  });

  test('what is no plan, and ids that it does not hold', () => {
    const { repo, ids } = planned({ 'a.js': old() });
    const [id] = ids('a.js');
    repo.write({ 'x.json': '{"schema":"asyncshift.result/1"}', 'y.json': '{' });
    const said = (...args: string[]): string => {
      const { code, out, err } = repo.run(['apply', ...args]);
      expect([code, out]).toEqual([2, '']);
      return err;
    };
    expect(said('.git/plan.json', '--only', `${id}x`)).toContain(`has no group '${id}x'. Did you mean '${id}'?`);
    expect(said('x.json')).toContain('x.json: this is no plan of asyncshift');
    expect(said('y.json')).toContain('y.json: this is no JSON');
    expect(said('z.json')).toContain('z.json: the plan could not be read (ENOENT)');
    expect(said()).toContain('apply takes one plan');
  });

  test('a plan from elsewhere writes nowhere but below the root, through no link, and in no folder of git', () => {
    const { repo, plan } = planned({ 'a.js': old() });
    const outside = fs.mkdtempSync(path.join(os.tmpdir(), 'asyncshift-'));
    fs.writeFileSync(path.join(outside, 'x.js'), old());
    fs.symlinkSync(outside, path.join(repo.folder, 'link'));
    const [group] = plan.groups;
    const places = [
      '../x.js',
      path.join(outside, 'x.js'),
      'link/x.js',
      '.git/hooks/pre-commit',
      'node_modules/x.js',
      'link/new/y.js',
    ];
    for (const place of places) {
      const create = place.endsWith('x.js') ? {} : { create: true as const, start: 0, end: 0 };
      const edits = [{ ...group!.edits[0]!, path: place, ...create }];
      repo.write({ '.git/evil.json': JSON.stringify({ ...plan, groups: [{ ...group, path: place, edits }] }) });
      const { code, err } = repo.run(['apply', '.git/evil.json', '--allow-dirty', '--allow-no-vcs']);
      expect([code, err]).toEqual([2, expect.stringContaining('is not a place that a plan may write to')]);
    }
    expect(fs.readFileSync(path.join(outside, 'x.js'), 'utf8')).toBe(old());
    expect(fs.readdirSync(outside)).toEqual(['x.js']);
    fs.rmSync(outside, { recursive: true });
  });
});

describe('groups that share an edit', () => {
  test('are taken together', async () => {
    const repo = repository({ 'a.js': 'shared;\none;\ntwo;\n' });
    const shared = { path: 'a.js', start: 0, end: 8, text: '' };
    const document = await run({ cwd: repo.folder, to: 'async' });
    const base = { rule: 'x', level: 'safe' as const, differences: [], title: 't', path: 'a.js', line: 1, column: 1 };
    const { hashOf, bytesOf } = jest.requireActual<typeof import('../../src/run/read.js')>('../../src/run/read.js');
    const before = hashOf(bytesOf({ text: repo.read('a.js'), bom: false }));
    const plan: ResultDocument = {
      ...document,
      files: [{ path: 'a.js', language: 'javascript', status: 'would-change', before }],
      groups: [
        { ...base, id: 'g-1', edits: [shared, { path: 'a.js', start: 8, end: 11, text: 'uno' }] },
        { ...base, id: 'g-2', edits: [shared, { path: 'a.js', start: 13, end: 16, text: 'due' }] },
      ],
    };
    await expect(applyPlan(plan, { only: ['g-2'], cwd: repo.folder })).rejects.toThrow('g-2 shares an edit with g-1');
    const done = await applyPlan(plan, { only: ['g-1', 'g-2'], cwd: repo.folder });
    expect(done.summary).toMatchObject({ changed: 1, groups: 2, errors: 0 });
    expect(repo.read('a.js')).toBe('uno;\ndue;\n');
  });

  test('a choice that would not parse is not written', async () => {
    const repo = repository({ 'a.js': 'one;\n' });
    const document = await run({ cwd: repo.folder, to: 'async' });
    const { hashOf } = jest.requireActual<typeof import('../../src/run/read.js')>('../../src/run/read.js');
    const group = {
      id: 'g-1',
      rule: 'x',
      level: 'safe' as const,
      differences: [],
      title: 't',
      path: 'a.js',
      line: 1,
      column: 1,
    };
    const plan: ResultDocument = {
      ...document,
      files: [{ path: 'a.js', status: 'would-change', before: hashOf('one;\n') }],
      groups: [{ ...group, edits: [{ path: 'a.js', start: 0, end: 3, text: 'one(' }] }],
    };
    const { errors } = await applyPlan(plan, { cwd: repo.folder });
    expect(errors).toMatchObject([{ kind: 'internal-error', message: expect.stringContaining('would not parse') }]);
    expect(repo.read('a.js')).toBe('one;\n');
  });
});

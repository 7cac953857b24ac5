/** `--interactive` in a real terminal (Python's pty), typed into as a user would. */
import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { builtBin, old, repository, type Repository } from './harness.js';

beforeAll(() => void builtBin());
jest.setTimeout(90_000);

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) process.stderr.write('no python3: --interactive is not tried in a terminal\n');
const inTerminal = hasPython ? describe : describe.skip;

interface Seen {
  readonly code: number;
  readonly screen: string;
}

function type(
  repo: Repository,
  keys: readonly string[],
  more: { args?: string[]; env?: Record<string, string> } = {},
): Seen {
  // The prompt with nothing typed behind it: an answered one is drawn once more, with the answer.
  const steps = keys.map((key) => [String.raw`\?\]\x1b\[22m ?(?=[\x1b\r\n])`, key]);
  const program = [process.execPath, builtBin(), '--to', 'async', '-i', ...(more.args ?? [])];
  const done = spawnSync('python3', [path.join(__dirname, 'terminal.py'), JSON.stringify(steps), ...program], {
    cwd: repo.folder,
    encoding: 'utf8',
    env: { ...process.env, TERM: 'xterm-256color', CI: '', ...more.env },
  });
  if (done.status !== 0) throw new Error(done.stderr);
  const { left, ...seen } = JSON.parse(done.stdout) as Seen & { left: number };
  expect(left).toBe(0);
  return seen;
}

const three = { 'a.js': `${old()}let between;\nlet more;\n${old()}`, 'b.js': old() };

test('without a terminal it says what to do instead', () => {
  const { code, out, err } = repository(three).run(['--to', 'async', '-i']);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain('--interactive needs a terminal to ask on.\n  hint: --output json=plan.json');
});

inTerminal('in a terminal', () => {
  const changed = (repo: Repository): number[] =>
    ['a.js', 'b.js'].map((file) => repo.read(file).split('NEW').length - 1);

  test('yes and no, one by one; what is shown is the change, in colour', () => {
    const repo = repository(three);
    const { code, screen } = type(repo, ['n', 'y', 'n']);
    expect(code).toBe(0);
    expect(screen).toContain('[1/3]');
    expect(screen).toContain('\u001B[32m+p.then(NEW);');
    expect(screen).toContain('Changed 1 file, 1 change.');
    expect(repo.read('a.js')).toBe('p.then(OLD);\nlet between;\nlet more;\np.then(NEW);\n');
    expect(repo.run(['undo']).code).toBe(0);
    expect(repo.git('status', '--porcelain')).toBe('');
  });

  test('a: the rest of the file, A: the rest of the rule, d: no more of the file, q: stop', () => {
    const answers: [keys: string[], changed: number[]][] = [
      [
        ['a', 'n'],
        [2, 0],
      ],
      [['A'], [2, 1]],
      [
        ['d', 'y'],
        [0, 1],
      ],
      [
        ['y', 'q'],
        [1, 0],
      ],
      [['q'], [0, 0]],
    ];
    for (const [keys, expected] of answers) {
      const repo = repository(three);
      expect(type(repo, keys).code).toBe(0);
      expect(changed(repo)).toEqual(expected);
    }
  });

  test('u takes the last answer back, k goes back, ? helps, other keys mean nothing', () => {
    const repo = repository(three);
    const { screen } = type(repo, ['u', 'k', 'x', '?', 'a', 'u', 'n', 'y', 'k', 'n', 'n']);
    expect(screen).toContain('There is no answer to take back.');
    expect(screen).toContain('This is the first change.');
    expect(screen).toContain("'x' means nothing here");
    expect(screen).toContain('yes, and all the rest in this file');
    expect(changed(repo)).toEqual([0, 0]);
  });

  test('Ctrl-C keeps what was accepted, and the exit code says so', () => {
    const repo = repository(three);
    const { code } = type(repo, ['y', '\u0003']);
    expect([code, changed(repo)]).toEqual([130, [1, 0]]);
    expect(repo.run(['undo']).code).toBe(0);
  });

  test('e: what the editor makes of it is written; a change in the same place is left out', () => {
    const repo = repository({ 'a.js': `f(); p.then(OLD); g(OLD);\n${old()}` });
    const editor = path.join(repo.folder, '.git', 'editor.cjs');
    const script = `const fs = require('fs'); const [, , file] = process.argv;
fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('NEW', 'MINE'));`;
    repo.write({ '.git/editor.cjs': script });
    const { code, screen } = type(repo, ['e', 'n'], { env: { EDITOR: `${process.execPath} ${editor}`, VISUAL: '' } });
    expect(screen).toContain('Left out, since your edit is in the same place');
    expect([code, repo.read('a.js')]).toEqual([0, `f(); p.then(MINE); g(OLD);\n${old()}`]);
  });

  test('the guard holds, and --staged asks too', () => {
    const repo = repository({ 'a.js': 'x;\n' });
    repo.write({ 'a.js': old() });
    expect(type(repo, ['y'])).toMatchObject({ code: 2, screen: expect.stringContaining('--allow-dirty') });
    repo.git('add', 'a.js');
    expect(type(repo, ['y'], { args: ['--staged'] }).code).toBe(0);
    expect(repo.git('show', ':a.js')).toBe('p.then(NEW);\n');
  });
});

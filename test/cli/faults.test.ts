import * as fs from 'node:fs';
import * as path from 'node:path';
import { builtBin, old, repository, type Repository } from './harness.js';

jest.setTimeout(300_000); // a process for each call that changes the disk
beforeAll(() => void builtBin());

/** Two groups: one of a file, one over two files. */
const FILES = {
  'a.js': old(),
  'b.js': 'p.then(JOIN);\n',
  'sub/c.js': 'p.then(JOIN); // long enough to be cut in half\n',
};
const AFTER = Object.fromEntries(
  Object.entries(FILES).map(([name, text]) => [name, text.replace('OLD', 'NEW').replace('JOIN', 'JOINED')]),
);
const names = Object.keys(FILES);

const faults = (fault: string, at: number, mark: string): Record<string, string> => ({
  FAULT_MARK: mark,
  NODE_OPTIONS: `--require ${path.join(__dirname, 'faults.cjs')}`,
  FAULT: fault,
  FAULT_AT: String(at),
});

const texts = (repo: Repository): string[] => names.map((name) => repo.read(name));
const wholes = (repo: Repository): string[] =>
  names.map((name) => {
    const text = repo.read(name);
    return text === FILES[name as keyof typeof FILES] ? 'before' : text === AFTER[name] ? 'after' : `broken: ${text}`;
  });

/** Runs the same thing with the first, the second … change to the disk going wrong, until one run has too few of them. */
function atEachChange(
  fault: string,
  args: string[],
  prepare: () => Repository,
  look: (repo: Repository, code: number | null, err: string) => void,
): number {
  for (let at = 1; at < 200; at++) {
    const repo = prepare();
    const mark = `${repo.folder}-mark`;
    const done = repo.run(args, { env: faults(fault, at, mark) });
    look(repo, done.code, done.err);
    const happened = fs.existsSync(mark);
    for (const made of [repo.folder, mark]) fs.rmSync(made, { recursive: true, force: true });
    if (!happened) return at - 1;
  }
  throw new Error('no run came to its end');
}

test('a kill at any change to the disk leaves every file whole, and undo puts back what was written', () => {
  const changes = atEachChange(
    'kill',
    ['--to', 'async', '--write'],
    () => repository(FILES),
    (repo, code) => {
      expect(code === 0 || code === null).toBe(true);
      expect(wholes(repo).filter((state) => state.startsWith('broken'))).toEqual([]);
      const undone = repo.run(['undo']);
      if (undone.code !== 0) expect(undone.err).toContain('there is nothing to undo here');
      expect(texts(repo)).toEqual(Object.values(FILES));
      expect(repo.git('status', '--porcelain')).toBe('');
      expect(repo.run(['--to', 'async', '--write'])).toMatchObject({ code: 0 });
      expect(texts(repo)).toEqual(Object.values(AFTER));
    },
  );
  expect(changes).toBeGreaterThan(12);
});

test('a kill at any change that undo makes: undo again finishes it', () => {
  const written = (): Repository => {
    const repo = repository(FILES);
    expect(repo.run(['--to', 'async', '--write']).code).toBe(0);
    return repo;
  };
  const changes = atEachChange('kill', ['undo'], written, (repo) => {
    expect(wholes(repo).filter((state) => state.startsWith('broken'))).toEqual([]);
    const again = repo.run(['undo']);
    if (again.code !== 0) expect(again.err).toContain('there is nothing to undo here');
    expect(texts(repo)).toEqual(Object.values(FILES));
    expect(repo.git('status', '--porcelain')).toBe('');
  });
  expect(changes).toBeGreaterThan(5);
});

test('a full disk at any change: one clear line, groups all or none, nothing lost, no leftovers', () => {
  const changes = atEachChange(
    'ENOSPC',
    ['--to', 'async', '--write'],
    () => repository(FILES),
    (repo, code, err) => {
      if (code !== 0) {
        expect(code).toBe(2);
        expect(err).toContain('ENOSPC');
        expect(err).not.toMatch(/^ +at /m);
      }
      const [alone, ...together] = wholes(repo);
      expect(['before', 'after']).toContain(alone);
      expect([
        ['before', 'before'],
        ['after', 'after'],
      ]).toContainEqual(together);
      expect(repo.git('status', '--porcelain', '--untracked-files=all')).not.toContain('??');
      const undone = repo.run(['undo']);
      if (undone.code !== 0) expect(undone.err).toContain('there is nothing to undo here');
      expect(texts(repo)).toEqual(Object.values(FILES));
    },
  );
  expect(changes).toBeGreaterThan(12);
});

/** The page of `--output html`, in a headless Chromium: it asks nobody, filters, takes answers, and saves a plan that `apply` makes true. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { builtBin, old, repository, type Repository } from './harness.js';

const program = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((file) => file !== '' && fs.existsSync(file));
if (!program)
  process.stderr.write('no Chromium (apt-get install chromium): the review page is not tried in a browser\n');
const inBrowser = program ? describe : describe.skip;
jest.setTimeout(120_000);

const hostile = `</script><img src=x onerror="document.title='owned'">`;
const files = {
  'src/a.js': `${old()}// ${hostile}\n`,
  'src/deep/b.js': old('p.then(LEAVE);\n'),
  'lib/c.js': 'p.then(RISKY);\n',
  'one.js': 'p.then(JOIN);\n',
  'two.js': 'p.then(JOIN);\n',
};

function page(repo: Repository): string {
  expect(
    repo.run(['--to', 'async', '-u', '--output', 'html=.git/review.html', '--output', 'json=.git/all.json']).code,
  ).toBe(0);
  return path.join(repo.folder, '.git', 'review.html');
}

test('one file with no address in it that a browser would load, and no way out of its data', () => {
  const repo = repository(files);
  const text = fs.readFileSync(page(repo), 'utf8');
  expect(text).not.toMatch(/<(?:script|img|iframe)[^>]*\ssrc=|<link|@import|url\(["']?http/);
  expect(text.split('</script>')).toHaveLength(3);
});

inBrowser('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    builtBin();
    browser = await chromium.launch({ executablePath: program!, args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());

  async function open(repo: Repository): Promise<Page> {
    const tab = await browser.newPage({ acceptDownloads: true });
    const asked: string[] = [];
    tab.on('request', (request) => asked.push(request.url()));
    tab.on('pageerror', (error) => asked.push(error.message));
    await tab.goto(`file://${page(repo)}`);
    await tab.waitForSelector('.d2h-file-side-diff');
    expect(asked.filter((url) => !url.startsWith('file://') && !url.startsWith('data:'))).toEqual([]);
    return tab;
  }

  const shown = (tab: Page): Promise<string[]> => tab.locator('article:visible .place').allTextContents();

  test('each change side by side; filters by rule, level, folder and text', async () => {
    const tab = await open(repository(files));
    expect(await shown(tab)).toEqual(['lib/c.js:1', 'one.js:1 and 1 more', 'src/a.js:1', 'src/deep/b.js:1']);
    expect(await tab.title()).toBe('asyncshift review');
    expect(await tab.locator('#refused tr').allTextContents()).toEqual([expect.stringContaining('src/deep/b.js:2')]);
    await tab.selectOption('#folder', 'src');
    expect(await shown(tab)).toEqual(['src/a.js:1', 'src/deep/b.js:1']);
    await tab.selectOption('#folder', 'src/deep');
    expect(await shown(tab)).toEqual(['src/deep/b.js:1']);
    await tab.selectOption('#folder', '');
    await tab.selectOption('#level', 'unsafe');
    expect(await shown(tab)).toEqual(['lib/c.js:1']);
    await tab.selectOption('#level', '');
    await tab.fill('#search', 'all or none');
    expect(await shown(tab)).toEqual(['one.js:1 and 1 more']);
    await tab.fill('#search', 'no such thing');
    expect(await tab.isVisible('#none')).toBe(true);
    await tab.close();
  });

  test('answers are given by click and by key, kept, and saved as a plan that can be applied', async () => {
    const repo = repository(files);
    const tab = await open(repo);
    expect(await tab.isDisabled('#save')).toBe(true);
    await tab.click('article:nth-of-type(2) .accept');
    await tab.keyboard.press('j');
    await tab.keyboard.press('y');
    await tab.keyboard.press('j');
    await tab.keyboard.press('n');
    expect(await tab.textContent('#chosen')).toBe('2 accepted, 1 rejected, 1 open');
    await tab.reload();
    expect(await tab.textContent('#chosen')).toBe('2 accepted, 1 rejected, 1 open');
    await tab.selectOption('#answer', 'open');
    expect(await shown(tab)).toEqual(['lib/c.js:1']);
    await tab.click('#reject-shown');
    const [saved] = await Promise.all([tab.waitForEvent('download'), tab.click('#save')]);
    expect(saved.suggestedFilename()).toBe('plan.json');
    await saved.saveAs(path.join(repo.folder, '.git', 'plan.json'));
    expect(await tab.textContent('#command')).toBe('npx asyncshift apply plan.json');
    await tab.close();
    expect(repo.run(['apply', '.git/plan.json'])).toMatchObject({
      code: 0,
      err: expect.stringContaining('Changed 3 files, 2 changes'),
    });
    expect(repo.git('status', '--porcelain')).toBe(' M one.js\n M src/a.js\n M two.js\n');
  });
});

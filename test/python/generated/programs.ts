/** Whole generated programs: functions that wait, a fan-out over one of them, and an entry point. */

import { Choices } from '../../generated/choices.js';
import { Parts, indented } from './parts.js';
import type { Said, Scope } from './parts.js';

/** The same row of numbers gives the same program, everywhere. */
export function programFrom(row: readonly number[], style: Said): string {
  const parts = new Parts(new Choices(row), style);
  const functions: string[] = [];
  const texts: string[][] = [];
  for (let index = 0; index <= parts.choices.below(2); index++) {
    const name = `load${index}`;
    texts.push(functionOf(parts, name, functions));
    functions.push(name);
  }
  const main = MAINS[style](parts, functions);
  const head = style === 'async' ? ['import asyncio', '', 'import aiohttp'] : poolImports(main.join('\n'));
  return [...head, '', ...texts.flatMap((text) => ['', ...text, '']), ...main, ''].join('\n');
}

function functionOf(parts: Parts, name: string, functions: readonly string[]): string[] {
  const scope: Scope = { numbers: ['n'], functions: [...functions], inLoop: false, depth: 0 };
  const head = parts.style !== 'async' ? `def ${name}(n):` : `async def ${name}(session, n):`;
  const doc = parts.choices.chance(20) ? ['    """Loads.', '', '  As it is.', '    """'] : [];
  return [head, ...doc, ...indented(parts.body(scope, 4))];
}

function poolImports(text: string): string[] {
  const names = ['ThreadPoolExecutor(', 'as_completed', 'wait']
    .filter((name) => text.includes(name))
    .map((name) => name.replace('(', ''));
  return [
    ...(names.length > 0 ? [`from concurrent.futures import ${names.join(', ')}`] : []),
    ...(text.includes('ThreadPool(') ? ['from multiprocessing.pool import ThreadPool'] : []),
    ...(text.includes('threading.') ? ['import threading'] : []),
    '',
    'import requests',
  ];
}

function items(parts: Parts): { text: string; count: number } {
  const count = 2 + parts.choices.below(4);
  const list = Array.from({ length: count }, (_, index) => index + 1);
  return { text: parts.choices.of(`range(${count})`, `[${list.join(', ')}]`), count };
}

/** The work, as statements that leave a list in `results`. */
function poolFan(parts: Parts, name: string): string[] {
  const { text, count } = items(parts);
  const workers = parts.choices.of(count, 2, 8, count);
  const head = `with ThreadPoolExecutor(max_workers=${workers}) as executor:`;
  const many = `[executor.submit(${name}, x) for x in ${text}]`;
  return parts.choices.of<() => string[]>(
    () => [head, `    results = list(executor.map(${name}, ${text}))`],
    () => [head, `    futures = ${many}`, '    results = [future.result() for future in futures]'],
    () => [
      'results = []',
      head,
      `    for value in executor.map(${name}, ${text}):`,
      '        print("got", value)',
      '        results.append(value)',
    ],
    () => [
      'results = []',
      head,
      `    futures = ${many}`,
      '    for future in as_completed(futures):',
      '        results.append(future.result())',
    ],
    () => [
      head,
      '    futures = []',
      `    for x in ${text}:`,
      `        futures.append(executor.submit(${name}, x))`,
      'results = [each.result() for each in futures]',
    ],
    () => [
      'results = []',
      head,
      `    named = {executor.submit(${name}, x): x for x in ${text}}`,
      '    for future in as_completed(named):',
      '        try:',
      '            results.append((named[future], future.result()))',
      '        except Exception:',
      '            print("failed", named[future])',
    ],
    () => [head, `    mapped = executor.map(${name}, ${text})`, 'results = [value for value in mapped]'],
    () => [`results = [${name}(x) for x in ${text}]`],
  )();
}

function asyncFan(parts: Parts, name: string): string[] {
  const { text, count } = items(parts);
  const call = `${name}(session, x)`;
  const tasks = `tasks = [asyncio.create_task(${call}) for x in ${text}]`;
  return parts.choices.of<() => string[]>(
    () => [`results = await asyncio.gather(*(${call} for x in ${text}))`],
    () => [`results = await asyncio.gather(*[${call} for x in ${text}])`],
    () => [
      'tasks = []',
      `for x in ${text}:`,
      `    tasks.append(asyncio.ensure_future(${call}))`,
      'results = await asyncio.gather(*tasks)',
    ],
    () => [tasks, 'results = [await task for task in tasks]'],
    () => [tasks, 'results = []', 'for task in asyncio.as_completed(tasks):', '    results.append(await task)'],
    () => [
      `found = await asyncio.gather(*(${call} for x in ${text}), return_exceptions=True)`,
      'results = [None if isinstance(each, Exception) else each for each in found]',
    ],
    () => [
      `gate = asyncio.Semaphore(${parts.choices.of(2, count)})`,
      'async def one(x):',
      '    async with gate:',
      `        return await ${call}`,
      `results = await asyncio.gather(*(one(x) for x in ${text}))`,
    ],
    () => [`results = [await ${call} for x in ${text}]`],
  )();
}

/** What is told through callbacks: the functions themselves wait as those of threads do. */
function callbackFan(parts: Parts, name: string): string[] {
  const { text, count } = items(parts);
  const workers = parts.choices.of(count, 2, 8);
  const show = [
    'def show(future):',
    '    error = future.exception()',
    '    if error is not None:',
    '        print("failed")',
    '        return',
    '    print("got", future.result())',
    '',
  ];
  const keep = [
    'found = {}',
    'def keep(x, future):',
    '    try:',
    '        found[x] = future.result()',
    '    except Exception:',
    '        found[x] = None',
    '',
  ];
  const head = `with ThreadPoolExecutor(max_workers=${workers}) as executor:`;
  const submit = `executor.submit(${name}, x)`;
  return parts.choices.of<() => string[]>(
    () => [...show, head, `    for x in ${text}:`, `        ${submit}.add_done_callback(show)`],
    () => [
      ...show,
      head,
      `    for x in ${text}:`,
      `        future = ${submit}`,
      '        future.add_done_callback(show)',
    ],
    () => [
      ...keep,
      head,
      `    for x in ${text}:`,
      `        ${submit}.add_done_callback(lambda future, x=x: keep(x, future))`,
      'print(sorted(found))',
    ],
    () => [
      'found, lost = [], []',
      `pool = ThreadPool(${workers})`,
      `for x in ${text}:`,
      `    pool.apply_async(${name}, (x,), callback=found.append, error_callback=lost.append)`,
      'pool.close()',
      'pool.join()',
      'print(sorted(found), len(lost))',
    ],
    () => laterFan(name, text),
  )();
}

/** One after the other, each begun by the continuation of the one before. */
function laterFan(name: string, text: string): string[] {
  return [
    'executor = ThreadPoolExecutor(max_workers=1)',
    'finished = threading.Event()',
    'def later(n, on_success, on_error):',
    '    def done(future):',
    '        error = future.exception()',
    '        if error is not None:',
    '            on_error(error)',
    '        else:',
    '            on_success(future.result())',
    `    executor.submit(${name}, n).add_done_callback(done)`,
    'def steps(items, on_success, on_error):',
    '    found = []',
    '    def step(index):',
    '        if index == len(items):',
    '            on_success(found)',
    '            return',
    '        def next_one(value):',
    '            found.append(value)',
    '            step(index + 1)',
    '        later(items[index], next_one, on_error)',
    '    step(0)',
    'def success(found):',
    '    print(found)',
    '    finished.set()',
    'def failure(error):',
    '    print("failed")',
    '    finished.set()',
    `steps(list(${text}), success, failure)`,
    'finished.wait()',
    'executor.shutdown()',
  ];
}

function callbackMain(parts: Parts, functions: readonly string[]): string[] {
  const fan = [...callbackFan(parts, functions.at(-1)!), 'print("end")'];
  return parts.choices.chance(30) ? ['', ...fan] : ['', 'def main():', ...indented(fan), '', '', 'main()'];
}

function poolMain(parts: Parts, functions: readonly string[]): string[] {
  const fan = [...poolFan(parts, functions.at(-1)!), 'print(results)'];
  const after = parts.choices.chance(30) ? ['print("after", len(results))'] : [];
  if (parts.choices.chance(35)) return ['', ...fan, ...after];
  const last = parts.choices.of(['', 'if __name__ == "__main__":', '    main()'], ['', 'main()']);
  return ['', 'def main():', ...indented([...fan, ...after]), '', ...last];
}

function asyncMain(parts: Parts, functions: readonly string[]): string[] {
  const fan = asyncFan(parts, functions.at(-1)!);
  const after = parts.choices.chance(30) ? ['print("after", len(results))'] : [];
  const body = ['async with aiohttp.ClientSession() as session:', ...indented(fan), 'print(results)', ...after];
  const last = parts.choices.of(
    ['asyncio.run(main())'],
    ['if __name__ == "__main__":', '    asyncio.run(main())'],
    ['loop = asyncio.get_event_loop()', 'loop.run_until_complete(main())'],
  );
  return ['', 'async def main():', ...indented(body), '', '', ...last];
}

const MAINS: Readonly<Record<Said, (parts: Parts, functions: readonly string[]) => string[]>> = {
  pool: poolMain,
  async: asyncMain,
  callback: callbackMain,
};

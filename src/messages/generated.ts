/* Generated from refusals.md and notes.md by `npm run generate`. Do not edit. */

export interface Message {
  /** The sentence printed for a site; `%code%` and `%name%` are replaced. */
  readonly sentence: string;
  /** What the user can do. */
  readonly advice: string;
  readonly example: string;
}

export type RefusalCode =
  | 'already-started'
  | 'arity-observed'
  | 'bound-unknown'
  | 'breaks-the-tests'
  | 'callback-argument'
  | 'called-more-than-once'
  | 'callee-not-seen'
  | 'caller-not-convertible'
  | 'cancellation'
  | 'captures'
  | 'code-after-call'
  | 'code-repeated'
  | 'comment-lost'
  | 'coroutine-value'
  | 'custom-thenable'
  | 'declared-return-type'
  | 'decorated'
  | 'dynamic-scope'
  | 'early-return'
  | 'error-not-checked'
  | 'exported-callers-unknown'
  | 'expression-order'
  | 'finally-overrides'
  | 'framework-callback'
  | 'function-value'
  | 'generator'
  | 'hoisted-name'
  | 'http-option'
  | 'ignored'
  | 'labels'
  | 'lazy-results'
  | 'lazy-thenable'
  | 'library-esm-only'
  | 'library-promise'
  | 'library-replaced'
  | 'limiter-shared'
  | 'list-unknown'
  | 'live-queue'
  | 'lock-held'
  | 'many-events'
  | 'microtask-order'
  | 'mixed-style'
  | 'module-state'
  | 'nested-limit'
  | 'no-async-here'
  | 'no-async-twin'
  | 'no-callback-form'
  | 'not-cloneable'
  | 'not-error-first'
  | 'not-understood'
  | 'one-line-block'
  | 'optional-chain'
  | 'other-promise'
  | 'own-signature'
  | 'own-this'
  | 'parameter-throws'
  | 'parse-error'
  | 'partial-result-with-error'
  | 'path-without-callback'
  | 'pool-option'
  | 'process-pool'
  | 'promise-as-value'
  | 'promise-identity'
  | 'reference-use'
  | 'response-escapes'
  | 'return-in-try'
  | 'returns-value'
  | 'schedule-differs'
  | 'session-outside'
  | 'several-results'
  | 'shared-loop-variable'
  | 'shared-state'
  | 'stream'
  | 'switch-fall-through'
  | 'sync-callback'
  | 'sync-throw'
  | 'task-escapes'
  | 'task-logs'
  | 'task-not-awaited'
  | 'thread-identity'
  | 'throws-in-callback'
  | 'top-level-await'
  | 'top-level-await-cjs'
  | 'top-level-await-export'
  | 'ts-worker-runtime-unknown'
  | 'type-predicate'
  | 'unknown-callee'
  | 'unknown-handler'
  | 'waits-on-exit';

export type NoteCode =
  | 'always-later'
  | 'answers-once'
  | 'blocks-the-loop'
  | 'bridged'
  | 'contract-changed'
  | 'dependency-added'
  | 'ends-on-error'
  | 'error-fields-kept'
  | 'error-fields-lost'
  | 'fewer-at-once'
  | 'nothing-to-gain'
  | 'others-finish-first'
  | 'session-dropped'
  | 'session-shared'
  | 'stays-in-threads'
  | 'task-moved'
  | 'threads-chosen'
  | 'throw-now-rejection';

export const refusals: Readonly<Record<RefusalCode, Message>> = {
  'already-started': {
    sentence: "Left unchanged: what `%code%` waits for is under way already; it cannot wait for its turn any more.",
    advice: "Bound the place where the work is started.",
    example: "exports.load = async (jobs) => {\n  return await Promise.all(jobs.map((job) => job.promise));\n};\n",
  },
  'arity-observed': {
    sentence: "Left unchanged: `%code%` depends on how many arguments there are, and without the callback there would be one fewer.",
    advice: "Replace the count by a test of the parameter itself (`typeof cb === 'function'`), then run again.",
    example: "const fs = require('fs');\nexports.load = function (name, cb) {\n  fs.readFile(name, 'utf8', function (err, text) {\n    if (err) return cb(err);\n    cb(null, text + arguments.length);\n  });\n};\n",
  },
  'bound-unknown': {
    sentence: "Left unchanged: `%code%` starts everything at once, and how many that is cannot be seen; say how many may run at once with `--limit N`.",
    advice: "`--limit N` sets the bound for all such places. The fewer, the longer it takes; servers often say how many they allow.",
    example: "const { get } = require('./io');\nexports.load = async (ids) => {\n  return await Promise.all(ids.map((id) => get(id)));\n};\n",
  },
  'breaks-the-tests': {
    sentence: "Left unchanged: with this change `%code%` fails; without it the command passes.",
    advice: "Look at the output of the tests below the reason. When the test is about how the code is written (its length, its text, a stubbed function), change the test; when it shows another behaviour, please report it: that is a defect.",
    example: "asyncshift migrate --to async --test \"npm test\" src\n",
  },
  'callback-argument': {
    sentence: "Left unchanged: the task calls `%name%`, which it is given; a function cannot be handed to another thread.",
    advice: "Let the task return what it has to say, and call the function with the results; or use `--pool limit`.",
    example: "const { Piscina } = require('piscina');\nasync function hashAll() {\n  return Promise.all(\n    [log, show].map(async (report) => {\n      report('started');\n    }),\n  );\n}\n",
  },
  'called-more-than-once': {
    sentence: "Left unchanged: `%code%` can report a second time; a promise keeps the first report and hides the rest.",
    advice: "Add the missing `return` (or a guard) if the second report is a mistake.",
    example: "const fs = require('fs');\nexports.load = function (name, cb) {\n  fs.readFile(name, 'utf8', (err, text) => {\n    if (err) cb(err);\n    cb(null, text);\n  });\n};\n",
  },
  'callee-not-seen': {
    sentence: "Left unchanged: `%code%` is a function of the project whose text cannot be found, so it may throw before there is a promise, and the handlers behind it would meet that throw.",
    advice: "Export the function by its name (`exports.access = wrap(fs.access)`), or convert the place by hand: `try { await files.access(path); … }`.",
    example: "const files = require('./files');\nfunction exists(path) {\n  return files\n    .access(path)\n    .then(() => true)\n    .catch(() => false);\n}\n// in files.js\nObject.keys(fs).forEach((name) => {\n  exports[name] = wrap(fs[name]);\n});\n",
  },
  'caller-not-convertible': {
    sentence: "Left unchanged: `%name%` would have to change its callers, and the one at `%code%` cannot change.",
    advice: "Look at the refusal of that caller: when it can be converted, so can this function.",
    example: "function get(id, cb) {\n  db.get(id, cb);\n}\nfunction page(id, cb) {\n  get(id, cb);\n  hits++;\n}\n",
  },
  'cancellation': {
    sentence: "Left unchanged: `%code%` stops work that is under way; a thread cannot be stopped.",
    advice: "Give each request its own timeout, or let the work look at a flag.",
    example: "import asyncio\n\n\nasync def main():\n    try:\n        await asyncio.wait_for(asyncio.sleep(10), 1)\n    except asyncio.TimeoutError:\n        print('too late')\n\n\nasyncio.run(main())\n",
  },
  'captures': {
    sentence: "Left unchanged: the task uses `%name%`, which stays behind when the task moves to a thread.",
    advice: "Hand it over with the item when it is a plain value, or move what is used into a module that the task can import.",
    example: "const { Piscina } = require('piscina');\nasync function hashAll(salt) {\n  return Promise.all(\n    ['a', 'b'].map(async (text) => {\n      let sum = 0;\n      for (const char of text) sum += char.charCodeAt(0) * salt.factor(char);\n      return sum;\n    }),\n  );\n}\n",
  },
  'code-after-call': {
    sentence: "Left unchanged: `%code%` runs before the answer arrives; after `await` it would run later.",
    advice: "Move it above the call if the order does not matter.",
    example: "const fs = require('fs');\nexports.load = function (name, cb) {\n  fs.readFile(name, 'utf8', cb);\n  count++;\n};\n",
  },
  'code-repeated': {
    sentence: "Left unchanged: the code at `%name%` would have to be written more than once.",
    advice: "Call the shared part from one place, or give it a function of its own.",
    example: "const fs = require('fs');\nexports.load = function (name, cb) {\n  function fail(text) {\n    return cb(new Error(/* for people */ text));\n  }\n  if (!name) return fail('no name');\n  fs.readFile(name, 'utf8', (err, text) => {\n    if (err) return fail('no file');\n    if (!text) return fail('no text');\n    cb(null, text);\n  });\n};\n",
  },
  'comment-lost': {
    sentence: "Left unchanged: `%name%` has no place in the converted code, and no comment is ever dropped.",
    advice: "Move the comment to a line of its own, above a statement, and run again.",
    example: "function load(id) {\n  return get(id).then(\n    // an answer is passed on\n    undefined,\n    () => 'none',\n  );\n}\n",
  },
  'coroutine-value': {
    sentence: "Left unchanged: `%code%` is a coroutine that is kept or handed on; without asyncio it would run at once.",
    advice: "Await it where it is made, or start it with `asyncio.create_task` and gather the tasks.",
    example: "import asyncio\n\n\nasync def load(n):\n    await asyncio.sleep(n)\n    return n\n\n\nasync def logged(coroutine):\n    print('waiting')\n    return await coroutine\n\n\nasync def main():\n    print(await logged(load(1)))\n\n\nasyncio.run(main())\n",
  },
  'custom-thenable': {
    sentence: "Left unchanged: what `%code%` stands on is no promise: its `then` or `catch` means something else.",
    advice: "Nothing to do: `await` would not do the same.",
    example: "cy.get('.user').then((user) => expect(user.text()).to.equal('Ada'));\n",
  },
  'declared-return-type': {
    sentence: "Left unchanged: the function is declared to return `%code%`, and an async function returns `Promise<T>`.",
    advice: "Declare `Promise<T>` if no caller needs another type.",
    example: "function load(id: number): PromiseLike<string> {\n  return get(id).then((user) => user.name);\n}\n",
  },
  'decorated': {
    sentence: "Left unchanged: the decorator `%code%` may call the function, or keep what it returns: a coroutine is neither its result nor can it be kept.",
    advice: "Convert the decorator too, or take it off and decorate a function around.",
    example: "import functools\nimport time\nfrom concurrent.futures import ThreadPoolExecutor\n\n\n@functools.lru_cache\ndef load(n):\n    time.sleep(n)\n    return n\n\n\nwith ThreadPoolExecutor(max_workers=2) as executor:\n    print(list(executor.map(load, [1, 1])))\n",
  },
  'dynamic-scope': {
    sentence: "Left unchanged: `%code%` looks names up at run time (`eval` or `with`), so no name near it can be moved or renamed.",
    advice: "Replace `eval` by a property access.",
    example: "function load(id, cb) {\n  db.get(id, (err, user) => {\n    if (err) return cb(err);\n    cb(null, eval('user.' + id));\n  });\n}\n",
  },
  'early-return': {
    sentence: "Left unchanged: `%code%` answers for the whole function from inside a part that must stay a function of its own.",
    advice: "Answer through the nearest callback, and decide at the end.",
    example: "function load(ids, cb) {\n  async.each(\n    ids,\n    (id, next) => (id ? get(id, next) : cb(new Error('no id'))),\n    () => cb(),\n  );\n}\n",
  },
  'error-not-checked': {
    sentence: "Left unchanged: `%code%` never looks at the error of the call it answers; after `await` the error would be thrown.",
    advice: "Check the error (`if (err) return cb(err)`), or say that it does not matter by giving a default where it occurs.",
    example: "const fs = require('fs');\nexports.load = function (name, cb) {\n  fs.readFile(name, 'utf8', (err, text) => cb(null, text));\n};\n",
  },
  'exported-callers-unknown': {
    sentence: "Left unchanged: `%name%` is exported with a contract that no bridge can keep, and its callers cannot all be seen.",
    advice: "With `--exports change` its contract changes and what breaks is listed.",
    example: "const fs = require('fs');\nexports.save = function (name, text, cb) {\n  fs.writeFile(name, text, (err) => {\n    if (cb) return cb(err);\n    if (err) throw err;\n  });\n};\n",
  },
  'expression-order': {
    sentence: "Left unchanged: `%code%` would be evaluated at another moment than now.",
    advice: "Evaluate it into a constant on the line before.",
    example: "async function run(id) {\n  log(await get(id)).then((entry) => console.log(entry.id));\n  return id;\n}\n",
  },
  'finally-overrides': {
    sentence: "Left unchanged: the cleanup in `%code%` replaces the answer, which the other style does not do.",
    advice: "Give the replaced answer from the handler itself.",
    example: "function load(id) {\n  return get(id).finally((outcome) => log(outcome));\n}\n",
  },
  'framework-callback': {
    sentence: "Left unchanged: `%code%` is called by a framework whose contract for promises is not known here.",
    advice: "Move the body to a function of its own; that function can be converted.",
    example: "const async = require('async');\nfunction all(ids, cb) {\n  async.eachSeries(\n    ids,\n    (id, next) => {\n      return get(id).then(() => next(), next);\n    },\n    cb,\n  );\n}\n",
  },
  'function-value': {
    sentence: "Left unchanged: `%code%` is used as a value here, and who calls it would have to await it.",
    advice: "Call it where its result is needed, and hand on the result.",
    example: "import time\nfrom concurrent.futures import ThreadPoolExecutor\n\n\ndef load(n):\n    time.sleep(n)\n    return n\n\n\nprint(sorted([2, 1], key=load))\nwith ThreadPoolExecutor(max_workers=2) as executor:\n    print(list(executor.map(load, [1, 2])))\n",
  },
  'generator': {
    sentence: "Left unchanged: `%code%` is in a generator, which gives its values on request.",
    advice: "Convert the functions that the generator calls.",
    example: "function* pages(ids) {\n  for (const id of ids) yield get(id).then((page) => page.title);\n}\n",
  },
  'hoisted-name': {
    sentence: "Left unchanged: a name that `%code%` uses is declared in a part that would become a handler, where only the handler sees it.",
    advice: "Declare the name above the first wait.",
    example: "async function load(id) {\n  const report = () => console.log(name);\n  const user = await get(id);\n  const name = user.name;\n  report();\n}\n",
  },
  'http-option': {
    sentence: "Left unchanged: `%code%` has no equal in the other HTTP library.",
    advice: "Do without it, or keep this function as it is.",
    example: "from concurrent.futures import ThreadPoolExecutor\n\nimport requests\n\n\ndef load(url):\n    return requests.get(url, stream=True).raw.read(10)\n\n\nwith ThreadPoolExecutor(max_workers=2) as executor:\n    print(list(executor.map(load, ['http://a.example', 'http://b.example'])))\n",
  },
  'ignored': {
    sentence: "Ignored: `%code%` carries an `asyncshift-ignore` comment.",
    advice: "Remove the comment to have it converted.",
    example: "// asyncshift-ignore: the vendor's sample, kept as it is\nload(id).then((user) => show(user));\n",
  },
  'labels': {
    sentence: "Left unchanged: `%code%` jumps to a label on the other side of a wait.",
    advice: "Make the inner loop a function that returns.",
    example: "const fs = require('fs');\nexports.first = function (lists, cb) {\n  outer: for (const list of lists) {\n    for (const name of list) {\n      if (!name) continue outer;\n      return fs.readFile(name, 'utf8', cb);\n    }\n  }\n};\n",
  },
  'lazy-results': {
    sentence: "Left unchanged: the results of `%code%` are taken one by one somewhere else, or never; when they are decides what is seen of an error.",
    advice: "Make a list of them where they are: `results = list(executor.map(f, xs))`.",
    example: "import time\nfrom concurrent.futures import ThreadPoolExecutor\n\n\ndef load(n):\n    time.sleep(n)\n\n\nwith ThreadPoolExecutor(max_workers=2) as executor:\n    show = print\n    show(executor.map(load, [1, 2]))\n",
  },
  'lazy-thenable': {
    sentence: "Left unchanged: `%code%` sends its request only when it is waited for, so waiting elsewhere would move the request.",
    advice: "Write `await` at the place where the request must be sent.",
    example: "const superagent = require('superagent');\nfunction both() {\n  const a = superagent.get('/a');\n  const b = superagent.get('/b');\n  return a.then((one) => b.then((two) => [one.body, two.body]));\n}\n",
  },
  'library-esm-only': {
    sentence: "Left unchanged: this package has p-limit in a version that `require` does not load, and `%code%` stands in a CommonJS file.",
    advice: "Make the file an ES module, or install p-limit 3 (`npm install p-limit@3`).",
    example: "const { get } = require('./io');\nexports.load = async () => {\n  return await Promise.all([1, 2].map((id) => get(id)));\n};\n// in package.json\n{ \"dependencies\": { \"p-limit\": \"^6.0.0\" } }\n",
  },
  'library-promise': {
    sentence: "Left unchanged: `%code%` uses a method that only the library's promises have, and `%name%` has no exact native form.",
    advice: "Replace that method by native code first. A function that certainly gives the promise of a library which the file names (`const Bluebird = require('bluebird')`) is converted inside: `return Bluebird.try(async () => { … });`.",
    example: "const Promise = require('bluebird');\nfunction load(id) {\n  return Promise.resolve(db.get(id))\n    .timeout(100)\n    .then((user) => user.name);\n}\n",
  },
  'library-replaced': {
    sentence: "Left unchanged: `%code%` replaces what the converted code would no longer call.",
    advice: "Replace your own function instead, or answer the requests with a local server.",
    example: "from concurrent.futures import ThreadPoolExecutor\n\nimport requests\n\nrequests.get = print\n\n\ndef load(url):\n    return requests.get(url).status_code\n\n\nwith ThreadPoolExecutor(max_workers=2) as executor:\n    print(list(executor.map(load, ['http://a.example', 'http://b.example'])))\n",
  },
  'limiter-shared': {
    sentence: "Left unchanged: `%code%` holds back more than one place; apart from each other they would run more at once than it allows.",
    advice: "Make the limiter in the function that uses it if each call of it may have a pool of its own.",
    example: "const pLimit = require('p-limit');\nconst { get } = require('./io');\nconst limit = pLimit(2);\nexports.load = async (ids) => Promise.all(ids.map((id) => limit(() => get(id))));\n",
  },
  'list-unknown': {
    sentence: "Left unchanged: nothing shows that `%code%` is an array; the `async` library also takes objects, sets and nothing at all.",
    advice: "Use it as an array somewhere (`things.length`), or write `Object.values(things)`.",
    example: "const async = require('async');\nconst fs = require('fs');\nexports.removeAll = function (names, cb) {\n  async.each(names, (name, next) => fs.unlink(name, next), cb);\n};\n",
  },
  'live-queue': {
    sentence: "Left unchanged: `%code%` is a queue that is fed while it runs; no loop or join says the same.",
    advice: "Keep the queue, and convert the task it runs.",
    example: "const async = require('async');\nconst fs = require('fs');\nexports.remover = function (onSaturated, cb) {\n  return async.queue((name, next) => fs.unlink(name, next), 2, cb);\n};\n",
  },
  'lock-held': {
    sentence: "Left unchanged: the lock `%code%` is held while something is waited for; in one thread that would wait for itself.",
    advice: "Hold the lock only where nothing is waited for.",
    example: "import threading\nimport time\nfrom concurrent.futures import ThreadPoolExecutor\n\nlock = threading.RLock()\n\n\ndef load(n):\n    with lock:\n        time.sleep(n)\n\n\nwith ThreadPoolExecutor(max_workers=2) as executor:\n    print(list(executor.map(load, [1, 2])))\n",
  },
  'many-events': {
    sentence: "Left unchanged: `%code%` can report many times; a promise settles once.",
    advice: "Use `for await (const [name] of on(emitter, 'change'))`, or convert the part that ends once.",
    example: "function watch(file, cb) {\n  emitter.on('change', (name) => cb(null, name));\n}\n",
  },
  'microtask-order': {
    sentence: "Left unchanged: `%code%` runs beside another chain with nothing slow in between; the order of the two would change.",
    advice: "Wait for the first chain if the order matters.",
    example: "function both() {\n  Promise.resolve()\n    .then(() => console.log('a'))\n    .then(() => console.log('b'));\n  Promise.resolve().then(() => console.log('c'));\n}\n",
  },
  'mixed-style': {
    sentence: "Left unchanged: `%name%` answers in two styles at once; only a function of one style can be converted.",
    advice: "Make every path answer in the same way.",
    example: "const fs = require('fs');\nexports.load = async function (name, cb) {\n  const text = await fs.promises.readFile(name, 'utf8');\n  fs.writeFile(name + '.bak', text, cb);\n};\n",
  },
  'module-state': {
    sentence: "Left unchanged: the task uses `%name%`, which belongs to this module as it runs; every thread would have a copy of its own.",
    advice: "Hand the value over with the item and keep the counting on this side, or use `--pool limit`.",
    example: "const { Piscina } = require('piscina');\nlet counter = 0;\nasync function hashAll() {\n  return Promise.all(\n    ['a', 'b'].map(async (text) => {\n      counter += 1;\n      return text + counter;\n    }),\n  );\n}\n",
  },
  'nested-limit': {
    sentence: "Left unchanged: `%code%` waits for a turn of the pool in which its own task runs; when all turns are taken by such tasks it waits for ever.",
    advice: "Give the inner calls a pool of their own.",
    example: "const pLimit = require('p-limit');\nconst { get } = require('./io');\nexports.load = async (ids) => {\n  const limit = pLimit(2);\n  return await Promise.all(ids.map((id) => limit(async () => get(await limit(() => get(id))))));\n};\n",
  },
  'no-async-here': {
    sentence: "Left unchanged: `%code%` stands where the language allows no async function.",
    advice: "Offer a static factory (`static async create(id)`) or a method.",
    example: "class User {\n  constructor(id, cb) {\n    db.get(id, (err, row) => {\n      if (err) return cb(err);\n      this.row = row;\n      cb(null, this);\n    });\n  }\n}\n",
  },
  'no-async-twin': {
    sentence: "Left unchanged: `%code%` blocks the thread it runs in, and nothing that can be awaited does the same.",
    advice: "Keep it in threads, or wrap it by hand: `await asyncio.to_thread(f, x)`.",
    example: "import subprocess\nimport threading\n\nthread = threading.Thread(target=subprocess.run, args=(['echo', 'a'],))\nthread.start()\nthread.join()\n",
  },
  'no-callback-form': {
    sentence: "Left unchanged: nothing written with callbacks would do the same as `%code%`.",
    advice: "Keep the promise here, and bridge to it with `util.callbackify` where a callback is wanted.",
    example: "const { get } = require('./io');\nexports.load = async (id) => get(id);\n",
  },
  'not-cloneable': {
    sentence: "Left unchanged: it cannot be shown that `%name%` crosses to another thread and back unchanged: only plain objects, lists, strings, numbers and the like do.",
    advice: "Give the task what it needs as plain values (a type annotation shows it: `string`), or use `--pool limit`.",
    example: "const { Piscina } = require('piscina');\nasync function hashAll(first, second) {\n  return Promise.all([first, second].map(async (text) => text.length));\n}\n",
  },
  'not-error-first': {
    sentence: "Left unchanged: the shape of the callback in `%code%` is not clear: its first argument may be a result or an error.",
    advice: "Give the error first (`cb(null, answer)`), then run again.",
    example: "const client = require('client');\nexports.load = function (name, cb) {\n  client.load(\n    name,\n    (text) => cb(null, text),\n    (err) => cb(err),\n  );\n};\n",
  },
  'not-understood': {
    sentence: "Left unchanged: `%code%` is used in a way that is not read yet.",
    advice: "A pool in a `with` statement is read best: `with ThreadPoolExecutor(max_workers=n) as executor:`.",
    example: "import threading\n\nthreading.Timer(1, print).start()\n",
  },
  'one-line-block': {
    sentence: "Left unchanged: `%code%` shares its line with other statements, and has to become a block.",
    advice: "Give it a line of its own.",
    example: "from concurrent.futures import ThreadPoolExecutor\n\nimport requests\n\n\ndef load(url):\n    return requests.get(url).text\n\n\nwith ThreadPoolExecutor(max_workers=2) as executor: print(list(executor.map(load, ['http://a.example', 'http://b.example'])))\n",
  },
  'optional-chain': {
    sentence: "Left unchanged: `%code%` gives undefined at once when there is nothing to call; `await` can't say that.",
    advice: "Test for what may be missing first, and start the chain where it is there.",
    example: "function load(cache, id) {\n  return cache?.get(id).then((user) => user.name);\n}\n",
  },
  'other-promise': {
    sentence: "Left unchanged: in this file `Promise` is another one than the language's, which is what the async function at `%code%` answers with.",
    advice: "Give the library another name in this file.",
    example: "const Promise = require('bluebird');\nasync function load(id) {\n  const user = await get(id);\n  return user.name;\n}\n",
  },
  'own-signature': {
    sentence: "Left unchanged: `%name%` hands all of its keyword arguments on, so it cannot be given one more.",
    advice: "Name the arguments that it takes.",
    example: "from concurrent.futures import ThreadPoolExecutor\n\nimport requests\n\n\ndef load(url, **options):\n    return requests.get(url, params=options).text\n\n\nwith ThreadPoolExecutor(max_workers=2) as executor:\n    print(list(executor.map(load, ['http://a.example', 'http://b.example'])))\n",
  },
  'own-this': {
    sentence: "Left unchanged: the handler has a `this`, `arguments` or name of its own at `%code%`, which it would lose as plain code.",
    advice: "Use an arrow function with a named parameter.",
    example: "function load(id) {\n  return get(id).then(function () {\n    return arguments.length;\n  });\n}\n",
  },
  'parameter-throws': {
    sentence: "Left unchanged: `%code%` may throw before the function begins; of an async function that is a rejection, of any other an exception.",
    advice: "Fill the parameter in inside of the function.",
    example: "async function load(id = readId()) {\n  const user = await get(id);\n  return user.name;\n}\n",
  },
  'parse-error': {
    sentence: "Left unchanged: the file cannot be read: %name%.",
    advice: "Correct the syntax error.",
    example: "function load(id, cb {\n",
  },
  'partial-result-with-error': {
    sentence: "Left unchanged: `%code%` gives an error and a result together; a rejection carries one thing.",
    advice: "Put the result on the error (`err.partial = …`), or give one of the two.",
    example: "const fs = require('fs');\nexports.load = function (name, cb) {\n  fs.readFile(name, 'utf8', (err, text) => cb(err, { name, text }));\n};\n",
  },
  'path-without-callback': {
    sentence: "Left unchanged: on the path at `%code%` nothing is ever reported, and an async function would answer there.",
    advice: "Report on that path too, if waiting for ever is not intended.",
    example: "const fs = require('fs');\nexports.load = function (name, done, failed) {\n  fs.readFile(name, 'utf8', (err, text) => {\n    if (err) return failed(err);\n    done(text);\n  });\n};\n",
  },
  'pool-option': {
    sentence: "Left unchanged: `%code%` is something that only a pool of threads has.",
    advice: "Do without it, or keep the threads.",
    example: "import time\nfrom concurrent.futures import ThreadPoolExecutor\n\nwith ThreadPoolExecutor(max_workers=2, initializer=print) as executor:\n    print(list(executor.map(time.sleep, [1, 2])))\n",
  },
  'process-pool': {
    sentence: "Left unchanged: `%code%` works in other processes; work for a processor gains nothing from waiting in another way.",
    advice: "Keep it, or call it from a coroutine: `await loop.run_in_executor(pool, f, x)`.",
    example: "from concurrent.futures import ProcessPoolExecutor\n\nwith ProcessPoolExecutor() as executor:\n    print(list(executor.map(abs, [-1, 2])))\n",
  },
  'promise-as-value': {
    sentence: "Left unchanged: the promise in `%code%` is kept and used as a value.",
    advice: "Nothing to do: a stored promise is fine in async code.",
    example: "function load(id) {\n  const answer = get(id).then((user) => user.name);\n  answers.set(id, answer);\n  return answer.then((name) => name.trim());\n}\n",
  },
  'promise-identity': {
    sentence: "Left unchanged: callers of `%name%` get the same promise each time; an async function makes a new one per call.",
    advice: "Move the chain to a function of its own: that one can be async.",
    example: "function load(id) {\n  if (!pending[id]) pending[id] = get(id).then((user) => user.name);\n  return pending[id];\n}\n",
  },
  'reference-use': {
    sentence: "Left unchanged: `%code%` hands `%name%` on as a value, so who calls it, and how, cannot be seen.",
    advice: "Pass a small function that calls it, or use `--exports change` after looking at every use.",
    example: "const fs = require('fs');\nexports.load = function (name, cb) {\n  fs.readFile(name, 'utf8', (err, text) => {\n    if (err) return cb(err);\n    cb = (error, value) => console.log('late', value);\n    cb(null, text);\n  });\n};\n",
  },
  'response-escapes': {
    sentence: "Left unchanged: the response `%code%` is used where its connection would be closed already, or handed to code that expects the other library's.",
    advice: "Return what is needed of it: `return response.text`.",
    example: "from concurrent.futures import ThreadPoolExecutor\n\nimport requests\n\n\ndef load(url):\n    return requests.get(url, stream=True)\n\n\nwith ThreadPoolExecutor(max_workers=2) as executor:\n    for response in executor.map(load, ['http://a.example', 'http://b.example']):\n        print(response.text)\n",
  },
  'return-in-try': {
    sentence: "Left unchanged: `%code%` is returned from a `try` that never waits for it; with `await` the `catch` would see its errors too.",
    advice: "Move the chain behind the `try`, or decide that the `catch` may see its errors and write `await`.",
    example: "function load(text) {\n  try {\n    return get(parse(text)).then((user) => user.name);\n  } catch (err) {\n    return Promise.resolve('default');\n  }\n}\n",
  },
  'returns-value': {
    sentence: "Left unchanged: `%code%` gives its caller something beside the answer; a promise would take its place.",
    advice: "Take an `AbortSignal` as a parameter instead of handing out the request.",
    example: "const fs = require('fs');\nclass Store {\n  load(name, cb) {\n    fs.readFile(name, 'utf8', (err, text) => {\n      if (err) return cb(err);\n      cb(null, text);\n    });\n    return this;\n  }\n}\n",
  },
  'schedule-differs': {
    sentence: "Left unchanged: `%code%` starts its work in a rhythm (a window, an interval) that no loop and no join keeps.",
    advice: "Leave it, or write the loop or the join that you want in its place.",
    example: "const async = require('async');\nconst fs = require('fs');\nexports.sizes = function (name, cb) {\n  async.parallelLimit(\n    [(done) => fs.stat(name, done), (done) => fs.stat(name, done), (done) => fs.stat(name, done)],\n    2,\n    (err, all) => {\n      if (err) return cb(err);\n      cb(null, all.length);\n    },\n  );\n};\n",
  },
  'session-outside': {
    sentence: "Left unchanged: `%code%` would need a session, and there is none where it stands.",
    advice: "Open the session yourself and hand it to the function.",
    example: "from concurrent.futures import ThreadPoolExecutor\n\nimport requests\n\n\ndef load(url):\n    return requests.get(url).text\n\n\nprint(load('http://a.example'))\nwith ThreadPoolExecutor(max_workers=2) as executor:\n    print(list(executor.map(load, ['http://a.example', 'http://b.example'])))\n",
  },
  'several-results': {
    sentence: "Left unchanged: `%code%` gives more than one result, and not all who use them can be seen.",
    advice: "Give one object, or add a promise version beside it.",
    example: "const fs = require('fs');\nfunction load(name, cb) {\n  fs.readFile(name, 'utf8', (err, text) => {\n    if (err) return cb(err);\n    if (!text) return cb(null, 'empty', 0);\n    cb(null, text);\n  });\n}\nexports.load = (name, cb) => load(name, (err, ...results) => cb(err, results.length));\n",
  },
  'shared-loop-variable': {
    sentence: "Left unchanged: `%name%` in `%code%` is one variable for all turns and is read after the loop has gone on.",
    advice: "Use `let` if each turn should see its own value.",
    example: "const { get } = require('./io');\nexports.load = async (ids) => {\n  const later = [];\n  for (let i = 0, step = 2; i < ids.length; i += step) {\n    await get(ids[i]);\n    later.push(() => i);\n  }\n  return later;\n};\n",
  },
  'shared-state': {
    sentence: "Left unchanged: between `%code%` and the change that it leads to, another thread may stand; coroutines only take turns where they await.",
    advice: "Put a lock round both (`async with lock:`), and run again: it becomes a lock of threads.",
    example: "import asyncio\n\nseen = set()\n\n\nasync def visit(n):\n    if n not in seen:\n        seen.add(n)\n        await asyncio.sleep(n)\n\n\nasync def main():\n    await asyncio.gather(visit(1), visit(1))\n\n\nasyncio.run(main())\n",
  },
  'stream': {
    sentence: "Left unchanged: `%code%` reads or writes a stream, piece by piece.",
    advice: "Use `pipeline` of `stream/promises`.",
    example: "const fs = require('fs');\nexports.copy = function (from, to, cb) {\n  fs.createReadStream(from)\n    .on('error', cb)\n    .on('end', () => cb(null, to))\n    .pipe(fs.createWriteStream(to));\n};\n",
  },
  'switch-fall-through': {
    sentence: "Left unchanged: `%code%` is reached from the arm above it too, which a continuation cannot do.",
    advice: "End each arm with `break` or `return`.",
    example: "exports.load = async (kind, id) => {\n  switch (kind) {\n    case 'both':\n      await get(id);\n    case 'list':\n      await list(id);\n  }\n};\n",
  },
  'sync-callback': {
    sentence: "Left unchanged: `%code%` can answer before the call returns, and a caller can tell.",
    advice: "Let the caller wait for the answer, or answer through `process.nextTick`.",
    example: "const fs = require('fs');\nexports.load = function (name, cb) {\n  if (ready()) fs.readFile(name, 'utf8', cb);\n  else cb(new Error('not ready'));\n};\n",
  },
  'sync-throw': {
    sentence: "Left unchanged: `%code%` throws at its caller; in an async function it would be a rejection.",
    advice: "Split it: a plain function that checks and then calls the async one.",
    example: "exports.load = function (id) {\n  if (!id) throw new TypeError('id');\n  return get(id).then((user) => user.name);\n};\n",
  },
  'task-escapes': {
    sentence: "Left unchanged: the task `%code%` is kept where it cannot be seen what becomes of it.",
    advice: "Await the task in the function that starts it.",
    example: "import asyncio\n\n\nasync def load(n):\n    await asyncio.sleep(n)\n\n\nasync def main(show):\n    task = asyncio.create_task(load(1))\n    show(task)\n    await task\n\n\nasyncio.run(main(print))\n",
  },
  'task-logs': {
    sentence: "Left unchanged: the task writes to `%name%`; from threads the lines come in another order.",
    advice: "Let the task return its lines and print them here, or use `--pool limit`.",
    example: "const { Piscina } = require('piscina');\nasync function hashAll() {\n  return Promise.all(\n    ['a', 'b'].map(async (text) => {\n      console.log(text);\n      return text.length;\n    }),\n  );\n}\n",
  },
  'task-not-awaited': {
    sentence: "Left unchanged: nobody waits for the task `%code%`; it is given up when the loop ends, which a thread never is.",
    advice: "Await it before the function ends.",
    example: "import asyncio\n\n\nasync def load(n):\n    await asyncio.sleep(n)\n\n\nasync def main():\n    task = asyncio.create_task(load(1))\n    print('started')\n\n\nasyncio.run(main())\n",
  },
  'thread-identity': {
    sentence: "Left unchanged: `%code%` tells threads apart, and all coroutines run in one.",
    advice: "Hand over what is meant as an argument.",
    example: "import threading\nimport time\nfrom concurrent.futures import ThreadPoolExecutor\n\n\ndef load(n):\n    time.sleep(n)\n    return threading.current_thread().name\n\n\nwith ThreadPoolExecutor(max_workers=2) as executor:\n    print(list(executor.map(load, [1, 2])))\n",
  },
  'throws-in-callback': {
    sentence: "Left unchanged: `%code%` throws after the wait, where nobody could catch it; in an async function it would be an answer.",
    advice: "Report the error instead: `return cb(err)`.",
    example: "const fs = require('fs');\nexports.load = function (name, cb) {\n  fs.readFile(name, 'utf8', (err, text) => {\n    if (err) throw err;\n    cb(null, text);\n  });\n};\n",
  },
  'top-level-await': {
    sentence: "Left unchanged: `%code%` waits at the top of a module, and everything that imports the module waits with it.",
    advice: "Export a function that loads it.",
    example: "import { readFile } from 'node:fs/promises';\nexport const config = JSON.parse(await readFile('config.json', 'utf8'));\n",
  },
  'top-level-await-cjs': {
    sentence: "Left unchanged: `%code%` would need `await` at the top of a CommonJS module.",
    advice: "Export a function that loads it.",
    example: "get('config').then((config) => {\n  module.exports = config;\n});\n",
  },
  'top-level-await-export': {
    sentence: "Left unchanged: with `await` in `%code%` every importer of this module would wait, and `require` of it would fail.",
    advice: "Export a function that loads it.",
    example: "export let config;\nget('config').then((answer) => {\n  config = answer;\n});\n",
  },
  'ts-worker-runtime-unknown': {
    sentence: "Left unchanged: it is not known which file this module is when it runs, so a worker beside it cannot be named.",
    advice: "Name an `outDir` (and `module`) in a tsconfig.json that extends no other, or use `--pool limit`.",
    example: "import { Piscina } from 'piscina';\nexport async function hashAll(): Promise<number[]> {\n  return Promise.all(['a', 'b'].map(async (text) => text.length));\n}\n",
  },
  'type-predicate': {
    sentence: "Left unchanged: `%name%` is declared to return a type predicate, which an async function cannot.",
    advice: "Return `Promise<boolean>`.",
    example: "function isUser(x: unknown): x is User {\n  return check(x).then((ok) => ok) as never;\n}\n",
  },
  'unknown-callee': {
    sentence: "Left unchanged: it is not known what `%code%` does with the function it is given: how often, when, or with what it calls it.",
    advice: "Where it is an ordinary error-first function, promisify it once (`util.promisify`) and call that.",
    example: "function load(id, cb) {\n  plugin(id, (err, user) => {\n    if (err) return cb(err);\n    cb(null, user);\n  });\n}\n",
  },
  'unknown-handler': {
    sentence: "Left unchanged: it is not known what `%code%` is when the promise calls it: a function, and one that needs no `this`?",
    advice: "Write the handler as an arrow function: `.then((user) => done(user))`.",
    example: "function load(id, done) {\n  return get(id).then(done);\n}\n",
  },
  'waits-on-exit': {
    sentence: "Left unchanged: `%code%` also waits when it is left early, by a jump or an error; only `await` says that.",
    advice: "Move the loop (or what `await using` declares) to a function of its own, which stays async: the functions that call it can be converted.",
    example: "exports.lines = async function (stream) {\n  const lines = [];\n  for await (const line of stream) lines.push(line);\n  return lines;\n};\n",
  },
};

export const notes: Readonly<Record<NoteCode, Message>> = {
  'always-later': {
    sentence: "`%name%` could answer before its call returned; now it always answers later.",
    advice: "Look for code after the call that counted on the answer being there.",
    example: "function load(id, cb) {\n  if (cache[id]) return cb(null, cache[id]);\n  db.get(id, cb);\n}\n",
  },
  'answers-once': {
    sentence: "`%name%` answers while the response still comes in; a request that breaks afterwards called back a second time, and now does not.",
    advice: "Nothing to do, unless the second call was counted on.",
    example: "http\n  .get(url, (res) => {\n    if (res.statusCode !== 200) return cb(new Error('status'));\n  })\n  .on('error', cb);\n",
  },
  'blocks-the-loop': {
    sentence: "The task works and does not only wait: in this thread it holds up everything else until it is done.",
    advice: "Keep the threads, unless there is little to do.",
    example: "const { Piscina } = require('piscina');\nconst pool = new Piscina({ filename: require.resolve('./sum.js'), maxThreads: 2 });\nexports.sums = async () => Promise.all(['a', 'b'].map((text) => pool.run(text)));\n// in sum.js\nmodule.exports = async (text) => {\n  let sum = 0;\n  for (const char of text) sum += char.charCodeAt(0);\n  return sum;\n};\n",
  },
  'bridged': {
    sentence: "`%name%` keeps its old contract for callers outside: the new code stands behind a bridge.",
    advice: "Use `--exports change` when every caller is known.",
    example: "exports.load = util.callbackify(load);\n",
  },
  'contract-changed': {
    sentence: "`%name%` is exported and answers in a new way: callers outside this run must change.",
    advice: "List it in the changelog as a breaking change.",
    example: "exports.load = async function (id) {\n  return db.get(id);\n};\n",
  },
  'dependency-added': {
    sentence: "The project lists a new dependency.",
    advice: "Install it (`npm install`, `pip install -r requirements.txt`) before you run the code. A Python package is listed without a version.",
    example: "const limit = pLimit(3);\n",
  },
  'ends-on-error': {
    sentence: "An error that nobody answers in what `%code%` runs is raised now; before, it was logged by its thread or loop, and who waited for an answer waited for ever.",
    advice: "Nothing to do, unless somebody relied on a program that hangs.",
    example: "from twisted.internet import defer, reactor, task\n\n\n@defer.inlineCallbacks\ndef main():\n    yield task.deferLater(reactor, 1)\n    reactor.stop()\n\n\nreactor.callWhenRunning(main)\nreactor.run()\n",
  },
  'error-fields-kept': {
    sentence: "An error of the task keeps its class, code and other fields now; from a thread it came as a plain error with a message.",
    advice: "Look at who catches the error: does anyone compare its class or its name?",
    example: "const { Piscina } = require('piscina');\nconst pool = new Piscina({ filename: require.resolve('./size.js'), maxThreads: 2 });\nexports.sizes = async () => Promise.all(['a', 'b'].map((name) => pool.run(name)));\n// in size.js\nconst fs = require('fs');\nmodule.exports = async (name) => (await fs.promises.stat(name)).size;\n",
  },
  'error-fields-lost': {
    sentence: "An error of the task arrives from its thread as a plain error with its message and stack: its class, code and other fields are lost; and when one task fails, those that still run are stopped.",
    advice: "Look at who catches the error: does anyone ask for more than its message?",
    example: "const { Piscina } = require('piscina');\nconst fs = require('fs');\nasync function sizes() {\n  return Promise.all(['a', 'b'].map(async (name) => fs.readFileSync(name, 'utf8').length));\n}\n",
  },
  'fewer-at-once': {
    sentence: "No more of `%code%` run at once than `--limit` says, which may be fewer than before.",
    advice: "The whole takes longer, and when one fails, others may still be about to start.",
    example: "const limit = pLimit(2);\nconst bodies = await Promise.all(['/a', '/b', '/c'].map((url) => limit(() => fetch(url))));\n",
  },
  'nothing-to-gain': {
    sentence: "The task only waits: on threads it takes more memory and is no faster than with a limit.",
    advice: "`--pool limit` keeps it in one thread.",
    example: "const { Piscina } = require('piscina');\nasync function lengths() {\n  return Promise.all(['a', 'b'].map(async (text) => text.length));\n}\n",
  },
  'others-finish-first': {
    sentence: "When one of `%code%` fails, the others are not given up: threads run to their end before the error is seen.",
    advice: "Nothing to do, unless the others must not happen after a failure.",
    example: "with ThreadPoolExecutor(max_workers=3) as executor:\n    tasks = [executor.submit(load, url) for url in urls]\n    for task in as_completed(tasks):\n        task.result()\n",
  },
  'session-dropped': {
    sentence: "The session kept nothing and threads must not share one: each request now stands for itself, with a connection of its own and no cookies from other answers.",
    advice: "Nothing to do, unless one request counted on a cookie that another one was given.",
    example: "async def main(urls):\n    async with aiohttp.ClientSession() as session:\n        return await asyncio.gather(*(fetch(session, url) for url in urls))\n",
  },
  'session-shared': {
    sentence: "One `requests.Session` is used by several threads, which requests does not promise to be safe.",
    advice: "Where its cookies or adapters change while requests run, give each thread a session of its own (`threading.local`).",
    example: "async def main(urls):\n    async with aiohttp.ClientSession(headers=HEADERS) as session:\n        return await asyncio.gather(*(fetch(session, url) for url in urls))\n",
  },
  'stays-in-threads': {
    sentence: "`%code%` has no form that can be awaited: it stays a blocking function, and the event loop runs it in threads.",
    advice: "Nothing is gained for these calls but that other coroutines can run beside them.",
    example: "with ThreadPoolExecutor(max_workers=2) as executor:\n    sizes = list(executor.map(os.path.getsize, paths))\n",
  },
  'task-moved': {
    sentence: "The task stands in a file of its own now, which each thread loads; `\"files\"` in package.json and bundlers must include it.",
    advice: "Check that what you publish or deploy holds the new file.",
    example: "const { Piscina } = require('piscina');\nasync function lengths() {\n  return Promise.all(['a', 'b'].map(async (text) => text.length));\n}\n",
  },
  'threads-chosen': {
    sentence: "The task works and does not only wait, so it got threads; `--pool limit` would run it in one thread, a few items at a time.",
    advice: "Say `--pool threads` or `--pool limit` to choose by yourself.",
    example: "async function sums() {\n  return Promise.all(\n    ['a', 'b'].map(async (text) => {\n      let sum = 0;\n      for (const char of text) sum += char.charCodeAt(0);\n      return sum;\n    }),\n  );\n}\n",
  },
  'throw-now-rejection': {
    sentence: "`%code%` threw at its caller; now the promise is rejected.",
    advice: "Look for callers with a `try` but no `await`.",
    example: "if (!id) throw new TypeError('id');\n",
  },
};

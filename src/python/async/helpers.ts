/* Small classes and functions that are written into a file once, where asyncio has nothing that does what a thread pool does. */

/** A thread pool's contract for coroutines: as many at a time, results in order and on demand, and nobody leaves before all are done. */
export const TASK_POOL = (name: string): string => `class ${name}:
    """Runs at most \`limit\` coroutines at a time; leaving it waits for all that were started."""

    def __init__(self, limit):
        self._free = asyncio.Semaphore(limit)
        self._tasks = []
        self._started = set()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def submit(self, function, *args, **kwargs):
        task = asyncio.ensure_future(self._run(function, args, kwargs))
        self._tasks.append(task)
        return task

    async def _run(self, function, args, kwargs):
        async with self._free:
            self._started.add(asyncio.current_task())
            return await function(*args, **kwargs)

    def map(self, function, *iterables):
        return self._results([self.submit(function, *args) for args in zip(*iterables)])

    async def _results(self, tasks):
        try:
            for task in tasks:
                yield await task
        finally:
            for task in tasks:
                if task not in self._started:
                    task.cancel()`;

/** `concurrent.futures.as_completed`: the tasks themselves, which asyncio's own gives from Python 3.13 on. */
export const AS_COMPLETED = (name: string): string => `async def ${name}(tasks):
    """The tasks themselves, in the order in which they finish."""
    finished = asyncio.Queue()
    tasks = set(tasks)
    for task in tasks:
        task.add_done_callback(finished.put_nowait)
    for _ in tasks:
        yield await finished.get()`;

/** As `TaskPool`, for functions that block and have no form that is awaited. */
export const THREAD_TASKS = (name: string): string => `class ${name}:
    """Runs blocking functions in at most \`limit\` threads; leaving it waits for all that were started."""

    def __init__(self, limit):
        self._threads = concurrent.futures.ThreadPoolExecutor(limit)
        self._tasks = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown()

    def submit(self, function, *args, **kwargs):
        call = functools.partial(function, *args, **kwargs)
        task = asyncio.get_running_loop().run_in_executor(self._threads, call)
        self._tasks.append(task)
        return task

    def map(self, function, *iterables):
        return self._results([self.submit(function, *args) for args in zip(*iterables)])

    async def _results(self, tasks):
        try:
            for task in tasks:
                yield await task
        finally:
            for task in tasks:
                task.cancel()`;

/** `enumerate` of what is awaited. */
export const ENUMERATE = (name: string): string => `async def ${name}(results, start=0):
    """Numbers what comes."""
    async for result in results:
        yield start, result
        start += 1`;

/** `zip` of what is awaited with what is there. */
export const ZIP = (name: string): string => `async def ${name}(*columns):
    """Rows of plain and asynchronous iterables, as \`zip\` makes them."""
    iterators = [each.__aiter__() if hasattr(each, '__aiter__') else iter(each) for each in columns]
    while True:
        row = []
        for iterator in iterators:
            try:
                row.append(await iterator.__anext__() if hasattr(iterator, '__anext__') else next(iterator))
            except (StopIteration, StopAsyncIteration):
                return
        yield tuple(row)`;

/** `future.exception()` waits. */
export const ERROR_OF = (name: string): string => `async def ${name}(task):
    """What a task died of, once it is done."""
    await asyncio.wait([task])
    return task.exception()`;

/** A response that leaves the block in which it is open. */
export const RECEIVED = (name: string): string => `class ${name}:
    """A response that was read to its end, for when its connection is closed."""

    def __init__(self, response, content):
        self.status_code = response.status
        self.reason = response.reason
        self.ok = response.ok
        self.url = str(response.url)
        self.headers = response.headers
        self.content = content
        self._charset = response.charset or ('iso-8859-1' if 'text' in response.content_type else 'utf-8')
        self.raise_for_status = response.raise_for_status

    @classmethod
    async def of(cls, method, *args, **options):
        async with method(*args, **options) as response:
            return cls(response, await response.read())

    @property
    def text(self):
        return self.content.decode(self._charset, 'replace')

    def json(self):
        return json.loads(self.content)

    def __bool__(self):
        return self.ok`;

/** What a thread does, for a coroutine. */
export const TASK = (name: string): string => `class ${name}:
    """A coroutine with the manners of a thread: it begins when it is started, and who joins it is not told what it died of."""

    def __init__(self, target=None, name=None, args=(), kwargs=None, daemon=None):
        self._work = target, args, kwargs or {}
        self._task = None
        self.name = name
        self.daemon = daemon

    async def run(self):
        target, args, kwargs = self._work
        await target(*args, **kwargs)

    def start(self):
        self._task = asyncio.ensure_future(self.run())

    def is_alive(self):
        return self._task is not None and not self._task.done()

    async def join(self, timeout=None):
        await asyncio.wait([self._task], timeout=timeout)`;

const LAZY = `    def imap(self, function, items):
        return self._in_order([self._start(function, [((item,), {})]) for item in items])

    def imap_unordered(self, function, items):
        finished = asyncio.Queue()
        tasks = [self._start(function, [((item,), {})]) for item in items]
        for task in tasks:
            task.add_done_callback(finished.put_nowait)
        return self._as_finished(finished, len(tasks))

    async def _in_order(self, tasks):
        for task in tasks:
            yield (await task)[0]

    async def _as_finished(self, finished, count):
        for _ in range(count):
            yield (await finished.get()).result()[0]`;

/** `multiprocessing.pool.ThreadPool`, for coroutines. */
export const COROUTINE_POOL = (name: string): string => `class ${name}:
    """Runs at most as many coroutines at a time as a thread pool has threads, in the same chunks, and answers as that does."""

    def __init__(self, processes=None):
        self._size = processes or os.cpu_count() or 1
        self._free = asyncio.Semaphore(self._size)
        self._tasks = []
        self._begun = set()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        for task in self._tasks:
            if task not in self._begun:
                task.cancel()
        await self.join()

    def close(self):
        pass

    async def join(self):
        if self._tasks:
            await asyncio.wait(self._tasks)

    def apply_async(self, function, args=(), kwds={}):
        return self._start(function, [(args, kwds)])

    async def apply(self, function, args=(), kwds={}):
        return (await self.apply_async(function, args, kwds))[0]

    async def map(self, function, items, chunksize=None):
        return await self.starmap(function, [(item,) for item in items], chunksize)

    async def starmap(self, function, items, chunksize=None):
        rows = [(tuple(item), {}) for item in items]
        if chunksize is None:
            chunksize, extra = divmod(len(rows), self._size * 4)
            chunksize += bool(extra)
        tasks = [self._start(function, rows[at:at + chunksize]) for at in range(0, len(rows), chunksize or 1)]
        errors = []
        for task in tasks:
            task.add_done_callback(lambda task: errors.extend(filter(None, [task.exception()])))
        if tasks:
            await asyncio.wait(tasks)
        if errors:
            raise errors[0]
        return [result for task in tasks for result in task.result()]

${LAZY}

    def _start(self, function, rows):
        task = asyncio.ensure_future(self._run(function, rows))
        self._tasks.append(task)
        return task

    async def _run(self, function, rows):
        async with self._free:
            self._begun.add(asyncio.current_task())
            return [await function(*args, **kwds) for args, kwds in rows]`;

/** `queue.get(timeout=…)` */
export const GET_WITHIN = (name: string): string => `async def ${name}(queue, seconds):
    """The next item, or \`QueueEmpty\` when none comes in time."""
    try:
        return await asyncio.wait_for(queue.get(), seconds)
    except asyncio.TimeoutError:
        raise asyncio.QueueEmpty() from None`;

/** `event.wait(timeout)` */
export const SET_WITHIN = (name: string): string => `async def ${name}(event, seconds):
    """Waits for an event, but not longer; says whether it is set."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except asyncio.TimeoutError:
        pass
    return event.is_set()`;

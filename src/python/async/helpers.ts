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

import type { Unit, Units } from '../unit.js';

/* More functions that are written into a file once: a wait of threads, said with a callback that is called when it is over. */

/** `future.result()`, `future.exception()`: the future, once its callback was called. */
const DONE = (name: string): string => `def ${name}(future, timeout=None):
    """The future, once its callback says that it is done."""
    done = queue.Queue()
    future.add_done_callback(done.put)
    try:
        return done.get(timeout=timeout)
    except queue.Empty:
        raise concurrent.futures.TimeoutError() from None`;

/** `concurrent.futures.wait`. */
const WAIT = (
  name: string,
): string => `def ${name}(futures, timeout=None, return_when=concurrent.futures.ALL_COMPLETED):
    """The futures that are done and those that are not, as soon as callbacks have said enough."""
    finished = queue.Queue()
    waiting = set(futures)
    for future in list(waiting):
        future.add_done_callback(finished.put)
    done = set()
    end = None if timeout is None else time.monotonic() + timeout
    while waiting:
        try:
            future = finished.get(timeout=None if end is None else max(0, end - time.monotonic()))
        except queue.Empty:
            break
        done.add(future)
        waiting.discard(future)
        failed = not future.cancelled() and future.exception() is not None
        enough = return_when == concurrent.futures.FIRST_COMPLETED
        if finished.empty() and (enough or (failed and return_when == concurrent.futures.FIRST_EXCEPTION)):
            break
    return done, waiting`;

/** What a \`multiprocessing.pool.ThreadPool\` calls back with, as a future. */
const ANSWER = (name: string): string => `def ${name}(start, *args, **kwargs):
    """A future that the pool's callbacks complete."""
    future = concurrent.futures.Future()
    start(*args, callback=future.set_result, error_callback=future.set_exception, **kwargs)
    return future`;

/** `imap`, `imap_unordered`: results are delivered by callbacks, in order or as they come. */
const IMAP = (name: string): string => `def ${name}(pool, function, items, ordered=True):
    """Results as callbacks deliver them, in order or as they come; an error is raised at its place."""
    finished = queue.Queue()
    slots = []
    for item in items:
        slot = queue.Queue() if ordered else finished
        pool.apply_async(
            function,
            (item,),
            callback=lambda value, slot=slot: slot.put((value, None)),
            error_callback=lambda error, slot=slot: slot.put((None, error)),
        )
        slots.append(slot)

    def results():
        for slot in slots:
            value, error = slot.get()
            if error is not None:
                raise error
            yield value

    return results()`;

/** `threading.Thread`, which tells when it has ended. */
const THREAD = (name: string): string => `class ${name}(threading.Thread):
    """A thread that calls back when it has ended."""

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls)
        self._told = concurrent.futures.Future()
        return self

    def start(self):
        work = self.run

        def run():
            try:
                work()
            finally:
                self._told.set_result(self)

        self.run = run
        super().start()

    def add_done_callback(self, callback):
        self._told.add_done_callback(lambda _: callback(self))

    def join(self, timeout=None):
        """Waits for the callback."""
        super().join(0)
        ended = threading.Event()
        self.add_done_callback(lambda _: ended.set())
        if ended.wait(timeout):
            super().join()`;

export type Join = 'done' | 'wait' | 'answer' | 'imap' | 'CallingThread';

const SOURCES: Readonly<Record<Join, (name: string) => string>> = {
  done: DONE,
  wait: WAIT,
  answer: ANSWER,
  imap: IMAP,
  CallingThread: THREAD,
};

/** The name under which a file has one of these; it is written if it is not there. */
export function joinHelper(units: Units, unit: Unit, kind: Join): string {
  return units.helper(unit, kind, (name) =>
    SOURCES[kind](name).replace(
      /\b(?:(concurrent\.futures|queue|time|threading)\.)(\w+)/g,
      (_all, module: string, own: string) => units.need(unit, module, own),
    ),
  );
}

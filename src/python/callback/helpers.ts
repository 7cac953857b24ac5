import type { Units, Unit } from '../unit.js';

/*
 * Functions that are written into a file once: what asyncio and pools join by waiting, joined by completion callbacks. The readers of callbacks know them by
 * their text.
 */

/** `asyncio.gather`: results list and counter; the first error in time is raised, once. */
const COLLECT = (name: string): string => `def ${name}(futures):
    """The results in order; callbacks fill them in, and the first error is raised as soon as it is there."""
    results = [None] * len(futures)
    errors = []
    lock = threading.Lock()
    ready = threading.Event()
    waiting = set(range(len(futures)))

    def on_done(index, future):
        error = future.exception()
        with lock:
            waiting.discard(index)
            if error is not None:
                errors.append(error)
            else:
                results[index] = future.result()
            if errors or not waiting:
                ready.set()

    for index, future in enumerate(futures):
        future.add_done_callback(functools.partial(on_done, index))
    if futures:
        ready.wait()
    if errors:
        raise errors[0]
    return results`;

/** `executor.map`: an ordered delivery queue. */
const IN_ORDER = (name: string): string => `def ${name}(futures):
    """The results in order as callbacks deliver them; an error is raised at its place, and what has not started then is cancelled."""
    slots = [queue.Queue() for _ in futures]
    for slot, future in zip(slots, futures):
        future.add_done_callback(slot.put)

    def results():
        try:
            for slot in slots:
                yield slot.get().result()
        finally:
            for future in futures:
                future.cancel()

    return results()`;

/** `as_completed`: callbacks put what is done into a queue. */
const COMPLETED = (name: string): string => `def ${name}(futures):
    """The futures in the order in which their callbacks are called."""
    finished = queue.Queue()
    futures = set(futures)
    for future in futures:
        future.add_done_callback(finished.put)
    for _ in futures:
        yield finished.get()`;

export type Joining = 'collect' | 'in_order' | 'completed';

const SOURCES: Readonly<Record<Joining, (name: string) => string>> = {
  collect: COLLECT,
  in_order: IN_ORDER,
  completed: COMPLETED,
};
const IMPORTS: Readonly<Record<Joining, readonly string[]>> = {
  collect: ['functools', 'threading'],
  in_order: ['queue'],
  completed: ['queue'],
};

/** The name under which a file has one of the helpers; it is written if it is not there. */
export function joining(units: Units, unit: Unit, kind: Joining): string {
  for (const module of IMPORTS[kind]) units.need(unit, module);
  return units.helper(unit, kind, SOURCES[kind]);
}

/** Which helper a function is, by its text. */
export function whichJoining(name: string, source: string): Joining | undefined {
  const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();
  return (Object.keys(SOURCES) as Joining[]).find((kind) => plain(SOURCES[kind](name)) === plain(source));
}

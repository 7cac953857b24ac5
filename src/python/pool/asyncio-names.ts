/* Names of asyncio and of what goes with it, and what they are in blocking code. */

/** Names that are replaced wherever they stand: module and name. */
export const MODULE_NAMES: Readonly<Record<string, readonly [module: string, name: string]>> = {
  'asyncio.Lock': ['threading', 'Lock'],
  'asyncio.Semaphore': ['threading', 'Semaphore'],
  'asyncio.BoundedSemaphore': ['threading', 'BoundedSemaphore'],
  'asyncio.Event': ['threading', 'Event'],
  'asyncio.Condition': ['threading', 'Condition'],
  'asyncio.Queue': ['queue', 'Queue'],
  'asyncio.PriorityQueue': ['queue', 'PriorityQueue'],
  'asyncio.LifoQueue': ['queue', 'LifoQueue'],
  'asyncio.QueueEmpty': ['queue', 'Empty'],
  'asyncio.QueueFull': ['queue', 'Full'],
  'asyncio.TimeoutError': ['requests', 'Timeout'],
  'asyncio.exceptions.TimeoutError': ['requests', 'Timeout'],
  'asyncio.FIRST_COMPLETED': ['concurrent.futures', 'FIRST_COMPLETED'],
  'asyncio.FIRST_EXCEPTION': ['concurrent.futures', 'FIRST_EXCEPTION'],
  'asyncio.ALL_COMPLETED': ['concurrent.futures', 'ALL_COMPLETED'],
  'asyncio.Task': ['concurrent.futures', 'Future'],
  'asyncio.Future': ['concurrent.futures', 'Future'],
  'httpx.AsyncClient': ['httpx', 'Client'],
  'httpx.AsyncHTTPTransport': ['httpx', 'HTTPTransport'],
  'httpx.AsyncBaseTransport': ['httpx', 'BaseTransport'],
  'contextlib.asynccontextmanager': ['contextlib', 'contextmanager'],
  'contextlib.AsyncExitStack': ['contextlib', 'ExitStack'],
  'contextlib.aclosing': ['contextlib', 'closing'],
  'typing.AsyncIterator': ['typing', 'Iterator'],
  'typing.AsyncIterable': ['typing', 'Iterable'],
  'typing.AsyncContextManager': ['typing', 'ContextManager'],
  'collections.abc.AsyncIterator': ['collections.abc', 'Iterator'],
  'collections.abc.AsyncIterable': ['collections.abc', 'Iterable'],
};

/** What the methods of a kind are called, when they are awaited and have the same name in threads. */
export const METHODS: Readonly<Record<string, ReadonlySet<string>>> = {
  'asyncio.Lock': new Set(['acquire']),
  'asyncio.Semaphore': new Set(['acquire']),
  'asyncio.Event': new Set(['wait']),
  'asyncio.Queue': new Set(['get', 'put', 'join']),
};

/** Awaited methods of httpx's client and response: their name when nothing is awaited. */
export const HTTPX_METHODS: Readonly<Record<string, string>> = {
  aclose: 'close',
  aread: 'read',
  send: 'send',
};

export const SPECIAL_METHODS: Readonly<Record<string, string>> = {
  __aenter__: '__enter__',
  __aexit__: '__exit__',
  __anext__: '__next__',
};

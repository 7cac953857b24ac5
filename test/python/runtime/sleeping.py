"""Says how many sleep for a moment: the server answers when they are awake again, so that a short sleep is always shorter than an answer."""

import asyncio
import mmap
import threading
import time

# Who sleeps longer waits for an answer, or for ever.
MOMENT = 0.15


def count_sleepers(path):
    with open(path, "wb") as file:
        file.write(bytes(4))
    with open(path, "r+b") as file:
        shared = mmap.mmap(file.fileno(), 4)
    lock = threading.Lock()
    count = [0]

    def add(number):
        with lock:
            count[0] += number
            shared[:4] = count[0].to_bytes(4, "little")

    sleep, sleep_async = time.sleep, asyncio.sleep

    def sleep_counted(seconds):
        if not 0 < seconds <= MOMENT:
            return sleep(seconds)
        add(1)
        try:
            return sleep(seconds)
        finally:
            add(-1)

    async def sleep_async_counted(delay, result=None, **more):
        if not 0 < delay <= MOMENT:
            return await sleep_async(delay, result, **more)
        add(1)
        try:
            return await sleep_async(delay, result, **more)
        finally:
            add(-1)

    time.sleep = sleep_counted
    asyncio.sleep = asyncio.tasks.sleep = sleep_async_counted

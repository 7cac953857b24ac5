"""The long-lived half of host.py."""

import ast
import atexit
import base64
import gc
import io
import json
import os
import select
import signal
import sys
import tokenize
import traceback

# What programs import: loaded once, before the forks.
import asyncio
import concurrent.futures.thread
import email.parser
import http.client
import importlib
import logging
import multiprocessing.pool
import queue
import threading
import urllib.request

for name in ("aiohttp", "requests", "httpx", "anyio._backends._asyncio", "tornado.gen", "tornado.ioloop", "twisted.internet.defer"):
    importlib.import_module(name)

import naming
import sleeping

running = {}


def wait_for_program():
    """Answers commands until stdin ends (None), or, in a fork, gives the command whose program this process has to be."""
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(awake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.freeze()
    pending = b""
    while True:
        ready, _, _ = select.select([0, awake], [], [])
        if awake in ready:
            os.read(awake, 4096)
            reap()
        if 0 in ready:
            read = os.read(0, 1 << 16)
            if not read:
                stop_all()
                return None
            *lines, pending = (pending + read).split(b"\n")
            for line in lines:
                command = json.loads(line)
                if obey(command):
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    os.close(awake)
                    os.close(wake)
                    return command


def obey(command):
    """True in the fork."""
    if "texts" in command:
        say({"id": command["id"], "looks": {name: look(text) for name, text in command["texts"].items()}})
    elif command.get("kill"):
        for pid, id in running.items():
            if id == command["id"]:
                os.kill(pid, signal.SIGKILL)
    else:
        pid = os.fork()
        if pid == 0:
            return True
        running[pid] = command["id"]
        say({"id": command["id"], "pid": pid})
    return False


def reap():
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
        if pid in running:
            say({"id": running.pop(pid), "code": code})


def stop_all():
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def say(answer):
    os.write(1, (json.dumps(answer) + "\n").encode())


def look(encoded):
    """What is wrong with a text, and its comments."""
    data = base64.b64decode(encoded)
    try:
        ast.parse(data)
        compile(data, "text", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        tokens = tokenize.tokenize(io.BytesIO(data).readline)
        return {"comments": [token.string for token in tokens if token.type == tokenize.COMMENT]}
    except (SyntaxError, ValueError, tokenize.TokenError) as error:
        return {"wrong": "%s: %s" % (type(error).__name__, error), "comments": []}


def prepare(program):
    """In the fork: the output goes to files, and the program's own names are all there is."""
    folder, main = program["folder"], program["main"]
    for name, fd in (("out", 1), ("err", 2)):
        opened = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, fd)
        os.close(opened)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), encoding="utf-8", line_buffering=True, write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), encoding="utf-8", line_buffering=True, write_through=True)
    os.chdir(os.path.join(folder, "files"))
    path = os.path.join(os.getcwd(), main)
    sys.path[0] = os.path.dirname(path)
    sys.argv = [main] + program.get("args", [])
    sys.dont_write_bytecode = True
    sys.excepthook = died
    naming.give_names_to_http_errors()
    naming.ask_once()
    sleeping.count_sleepers(os.path.join(folder, "sleepers"))


def attempt(program):
    """Gives the exit code, after what the interpreter does when the main module has ended."""
    namespace = sys.modules["__main__"].__dict__
    for name in [name for name in namespace if not name.startswith("__")]:
        del namespace[name]
    namespace["__file__"] = os.path.join(os.getcwd(), program["main"])
    code = 0
    try:
        with open(program["main"], "rb") as file:
            code_object = compile(file.read(), program["main"], "exec", dont_inherit=True)
        exec(code_object, namespace)
    except SystemExit as leaving:
        code = leaving.code
        if code is not None and not isinstance(code, int):
            sys.stderr.write("%s\n" % code)
            code = 1
    except BaseException:
        died(*sys.exc_info())
        code = 1
    return code or 0, namespace


def end(code, _namespace):
    """As the interpreter ends, but without taking a hundred modules apart."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


def died(kind, error, trace):
    """The last line is what is compared: the kind of HTTP error, or the exception as it is."""
    traceback.print_exception(kind, error, trace)
    sys.stderr.write("died of %s\n" % naming.name_of(error))
    sys.stderr.flush()

"""Runs a program in a terminal of its own and types into it: [[pattern to wait for, what to type then], ...] comes as JSON."""
import json, os, pty, re, select, sys, time

steps, argv = json.loads(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
seen, from_ = b"", 0
deadline = time.time() + 20
while True:
    if time.time() > deadline:
        os.kill(pid, 9)
        sys.exit("nothing happened for 20 seconds; seen: " + seen.decode(errors="replace"))
    ready, _, _ = select.select([terminal], [], [], 0.1)
    if ready:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        seen += more
    if steps:
        found = re.compile(steps[0][0].encode()).search(seen, from_)
        if found:
            from_ = found.end()
            os.write(terminal, steps.pop(0)[1].encode())
_, status = os.waitpid(pid, 0)
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "screen": seen.decode(errors="replace"), "left": len(steps)}))

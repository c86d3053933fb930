#!/usr/bin/env python3
"""A project is brought up, used and taken down, again and again, and each time one system call of its
keeper or daemon fails.

    tests/faults/run.py DEVSTACK SHIM [--every N] [--only TEXT]

Whatever fails: every command comes back within its time and says why it could not; a `down` afterwards
leaves nothing; no line of a service's log is missing unless a gap says so; a call that fails once is no
reason to give a service up.
"""
import argparse, json, os, pathlib, re, select, signal, subprocess, sys, tempfile, time, zlib

PROFILE = """[project]
name = "faults"
[service.writer]
command = ["python3", "-u", "-c", '''
import itertools, time
for i in itertools.count():
    print("line", i, flush=True)
    time.sleep(0.01)
''']
stop_timeout = "2s"
[service.api]
command = "echo api is up; exec sleep 1000"
depends_on = ["writer"]
ready = { command = "true" }
restart = { policy = "always", delay = "50ms" }
stop_timeout = "2s"
"""

# Of each call: with which error, and how often it is made at least in the life of such a project.
ENOSPC, EMFILE, EINTR, ENOMEM, EIO, EAGAIN, SHORT = 28, 24, 4, 12, 5, 11, 0
CALLS = {
    ("daemon", "write"): [(ENOSPC, 60), (EINTR, 60), (EIO, 60), (SHORT, 60)],
    ("daemon", "read"): [(EINTR, 40), (EIO, 40), (SHORT, 40)],
    ("daemon", "open"): [(EMFILE, 80), (ENOMEM, 80)],
    ("daemon", "socket"): [(EMFILE, 4)],
    ("daemon", "accept4"): [(EMFILE, 8), (EINTR, 8)],
    ("daemon", "epoll_ctl"): [(ENOSPC, 12), (ENOMEM, 12)],
    ("daemon", "epoll_wait"): [(EINTR, 30)],
    ("daemon", "sendmsg"): [(EINTR, 20), (EAGAIN, 20), (ENOMEM, 20)],
    ("daemon", "recvmsg"): [(EINTR, 20), (ENOMEM, 20)],
    ("daemon", "rename"): [(ENOSPC, 4), (EIO, 4)],
    ("daemon", "ftruncate"): [(EIO, 2)],
    ("keeper", "write"): [(EINTR, 3)],
    ("keeper", "read"): [(EINTR, 10), (EIO, 10)],
    ("keeper", "open"): [(EMFILE, 4)],
    ("keeper", "pipe2"): [(EMFILE, 10)],
    ("keeper", "clone"): [(EAGAIN, 4), (ENOMEM, 4)],
    ("keeper", "epoll_ctl"): [(ENOMEM, 8)],
    ("keeper", "epoll_wait"): [(EINTR, 20)],
    ("keeper", "sendmsg"): [(EINTR, 20), (EAGAIN, 20), (ENOMEM, 20)],
    ("keeper", "recvmsg"): [(EINTR, 20), (ENOMEM, 20)],
}


class Broken(Exception):
    pass


class Project:
    def __init__(self, devstack, directory, preload):
        self.devstack, self.directory = devstack, directory
        self.env = {**os.environ, **preload, "XDG_RUNTIME_DIR": str(directory / "run"), "NO_COLOR": "1"}
        (directory / "run").mkdir(mode=0o700)
        (directory / "devstack.toml").write_text(PROFILE)

    def run(self, *words, may_fail=True, within=20):
        try:
            result = subprocess.run([self.devstack, *words], cwd=self.directory, env=self.env,
                                    capture_output=True, text=True, errors="replace", timeout=within)
        except subprocess.TimeoutExpired:
            raise Broken(f"`{' '.join(words)}` hangs")
        said = result.stderr + result.stdout
        if result.returncode not in (0, 1, 2, 3) or (result.returncode and not said.strip()):
            raise Broken(f"`{' '.join(words)}` ends with {result.returncode}: {said.strip()!r}")
        if result.returncode and not may_fail:
            raise Broken(f"`{' '.join(words)}` fails: {said.strip()}")
        return result

    def pid_of(self, service):
        try:
            state = json.loads(self.run("status", "--json").stdout)
        except json.JSONDecodeError:
            return 0
        return next((it["pid"] for it in state["services"] if it["name"] == service), 0)

    def await_ready(self):
        self.run("up", "-d", "--wait", "--timeout", "20s", within=30, may_fail=False)

    def await_end(self):
        deadline = time.monotonic() + 10
        while left := self.left():
            try:
                end = os.pidfd_open(left[0])
            except ProcessLookupError:
                continue
            ends, _, _ = select.select([end], [], [], max(0, deadline - time.monotonic()))
            os.close(end)
            if not ends:
                raise Broken(f"processes are left: {left}")

    def left(self):
        pids = []
        mark = f"DEVSTACK_PROJECT_DIR={self.directory}".encode()
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    pids.append(int(entry.name))
                elif str(self.directory).encode() in (entry / "cmdline").read_bytes():
                    pids.append(int(entry.name))
            except OSError:
                pass
        return pids

    def check_log(self):
        """Each run of writer counts from 0, and a number is missing only where a gap is told."""
        result = self.run("logs", "writer", "-n", "all", "--json", may_fail=False)
        expected, run, is_after_gap = None, None, False
        for text in result.stdout.splitlines():
            line = json.loads(text)
            if line.get("lost_bytes") or line.get("unfinished"):
                expected, is_after_gap = None, True
                continue
            found = re.fullmatch(r"line (\d+)", line["text"])
            if not found and not line.get("continued"):
                raise Broken(f"a line of the log is broken: {line['text']!r}")
            if not found:
                continue
            number = int(found[1])
            if line.get("run") != run:
                # The gap may be the first that is known of this run.
                run, expected = line.get("run"), None if is_after_gap else 0
            if expected is not None and number != expected:
                raise Broken(f"in the log line {number} of run {run} stands for {expected}")
            expected, is_after_gap = number + 1, False


def live(devstack, shim, fault, directory):
    """Returns whether the fault came."""
    role, call, error, number = fault
    marker = directory / "marker"
    project = Project(devstack, directory, {
        "LD_PRELOAD": shim, "DEVSTACK_FAULT": f"{role} {call} {error} {number} {marker}"})
    try:
        up = project.run("up", "-d", "--wait", "--timeout", "15s", within=25)
        if up.returncode == 0:
            victim = project.pid_of("api")
            if victim:
                os.kill(victim, signal.SIGKILL)
            project.run("restart", "writer", "--timeout", "10s", within=25)
            project.run("events", "-n", "5")
            project.await_ready()
            project.run("stop", "api", "--timeout", "10s", within=25)
            project.check_log()
        elif not marker.exists():
            raise Broken("`up` fails without a fault: " + up.stderr)
        down = project.run("down", "--timeout", "15s", within=25)
        if down.returncode:
            project.run("down", "--timeout", "15s", within=25, may_fail=False)
        project.await_end()
        return marker.exists()
    finally:
        for pid in project.left():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("devstack")
    parser.add_argument("shim")
    parser.add_argument("--every", type=int, default=1, help="only each Nth call, but one of each kind")
    parser.add_argument("--only", default="", help="such as \"daemon write 28\"")
    options = parser.parse_args()
    lives = fired = 0
    broken = []
    for (role, call), errors in CALLS.items():
        for error, count in errors:
            first = 1 + zlib.crc32(f"{role}{call}{error}".encode()) % options.every
            for number in range(min(first, count), count + 1, options.every):
                name = f"{role} {call} {error} {number}"
                if not name.startswith(options.only):
                    continue
                lives += 1
                with tempfile.TemporaryDirectory(prefix="faults", ignore_cleanup_errors=True) as directory:
                    try:
                        fired += live(os.path.abspath(options.devstack), os.path.abspath(options.shim),
                                      (role, call, error, number), pathlib.Path(directory))
                    except Broken as problem:
                        broken.append(name)
                        print(f"{name}: {problem}", flush=True)
                        log = pathlib.Path(directory) / ".devstack/state/daemon.log"
                        if log.exists():
                            print("   | " + "\n   | ".join(log.read_text().splitlines()[-6:]), flush=True)
    print(f"{lives} lives, in {fired} of them a call failed, {len(broken)} broke a promise")
    sys.exit(1 if broken or not fired else 0)


main()

#!/usr/bin/env python3
"""`devstack logs` over 1 GiB of log files, as a ratio to grep on the same files.

    bench/log_search.py BUILD_DIR [--mib 1024]
"""
import argparse, json, os, pathlib, statistics, subprocess, tempfile, time

SERVICES = 20  # Of each one, 60 MiB are kept at most.
PROFILE = """[project]
name = "search"
logs = { max_size = "8GiB" }
"""

WRITE = """import sys
words = "listening accepted upstream timeout retry session commit".split()
lines = int(sys.argv[1])
block = []
for i in range(lines):
    level = "error" if i % 100003 == 0 else "info"
    block.append(f"{i:010d} {level} {words[i % 7]} request {i * 7919 % 1000003} took {i % 997} ms, "
                 f"client 10.0.{i % 251}.{i % 241}, bytes {i % 65537:08d}\\n")
    if len(block) == 10000:
        sys.stdout.write("".join(block))
        block = []
sys.stdout.write("".join(block))
"""


def seconds_of(command, rounds, **more):
    times = []
    for _ in range(rounds):
        begin = time.monotonic()
        result = subprocess.run(command, stdout=subprocess.PIPE, **more)
        times.append(time.monotonic() - begin)
    return statistics.median(times), result.stdout


def await_completion(devstack, run):
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        state = json.loads(subprocess.run([devstack, "status", "--json"],
                                          stdout=subprocess.PIPE, **run).stdout)
        if all(service["phase"] == "completed" for service in state["services"]):
            return
        time.sleep(0.2)
    raise TimeoutError("the writers do not come to their end")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--mib", type=int, default=1024)
    options = parser.parse_args()
    devstack = str(options.build.resolve() / "devstack")
    with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as directory:
        directory = pathlib.Path(directory)
        lines = options.mib * 1024 * 1024 // 97 // SERVICES
        (directory / "devstack.toml").write_text(PROFILE + "".join(
            f'[service.writer{i}]\nrestart = "no"\ncommand = ["python3", "write.py", "{lines}"]\n'
            for i in range(SERVICES)))
        (directory / "write.py").write_text(WRITE)
        env = {**os.environ, "XDG_RUNTIME_DIR": str(directory / "run"), "LC_ALL": "C"}
        (directory / "run").mkdir(mode=0o700)
        run = {"cwd": directory, "env": env}
        subprocess.run([devstack, "up", "-d"], check=True, stdout=subprocess.DEVNULL, **run)
        await_completion(devstack, run)
        files = sorted(map(str, (directory / ".devstack/logs").glob("writer*.log*")))
        files = [file for file in files if ".index" not in file and not file.endswith(".idx")]
        size = sum(os.path.getsize(file) for file in files)
        print(f"\n{size / 2**20:.0f} MiB in {len(files)} files, {lines * SERVICES} lines")
        for pattern in ("error", "retry request 77[0-9]* ", "took (1|2)[0-9] ms.*bytes 0000[34]"):
            grep, expected = seconds_of(["grep", "-hE", pattern, *files], 3, **run)
            ours, found = seconds_of([devstack, "logs", "--no-prefix", "--grep", pattern], 3, **run)
            same = sorted(expected.splitlines()) == sorted(found.splitlines())
            print(f"--grep {pattern!r:40} {ours:6.2f} s {ours / grep:6.2f}x grep"
                  f"  {expected.count(b'%c' % 10)} lines{'' if same else '  DIFFERENT OUTPUT'}")
        tail, _ = seconds_of([devstack, "logs", "-n", "100"], 20, **run)
        print(f"-n 100 {'':40} {tail * 1000:6.1f} ms")
        subprocess.run([devstack, "down"], stdout=subprocess.DEVNULL, **run)


main()

#!/usr/bin/python3
"""LAB_DOWN: takes the stack down and looks for what is left of it.

Left is: a process that has inherited the mark of up.py, a socket that listens on a port of the
manifest and did not before, a cgroup with devstack's name.
"""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import lab  # noqa: E402


def processes(mark):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if mark.encode() in lab.read(f"/proc/{pid}/environ").split(b"\0"):
            words = lab.read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")
            found.append(f"process {pid}: {words.strip()}")
    return found


def cgroups():
    found = []
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        found += ["cgroup " + os.path.join(folder, n) for n in names if n.startswith("devstack")]
    return found


def main():
    manifest = lab.load_manifest()
    folder = lab.project_folder()
    begin = time.monotonic()
    done = subprocess.run([os.environ["DEVSTACK"], "-C", folder, "down"], stdin=subprocess.DEVNULL)
    seconds = round(time.monotonic() - begin, 1)
    with open(os.path.join(folder, "held-before.json")) as file:
        held = set(json.load(file))
    ports = [f"port {port}" for port in sorted(lab.listening(manifest) - held)]
    left = processes("DEVSTACK_LAB_MARK=" + folder) + ports + cgroups()
    for line in left:
        print("left:", line)
    lab.write_report("down.json", {"exit": done.returncode, "seconds": seconds, "left": left})
    return done.returncode or (1 if left else 0)


if __name__ == "__main__":
    sys.exit(main())

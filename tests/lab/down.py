#!/usr/bin/python3
"""LAB_DOWN: takes the stack down and looks for what is left of it.

Left is: a process that has inherited the mark of up.py, a socket that listens on a port of the
manifest, a cgroup with devstack's name.
"""
import json
import os
import subprocess
import sys
import time


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def processes(mark):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if mark.encode() in read(f"/proc/{pid}/environ").split(b"\0"):
            words = read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")
            found.append(f"process {pid}: {words.strip()}")
    return found


def listening(ports):
    found = set()
    for table in ("tcp", "tcp6"):
        for line in read(f"/proc/net/{table}").decode().splitlines()[1:]:
            fields = line.split()
            port = int(fields[1].rsplit(":", 1)[1], 16)
            if fields[3] == "0A" and port in ports:
                found.add(f"port {port}")
    return sorted(found)


def cgroups():
    found = []
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        found += ["cgroup " + os.path.join(folder, n) for n in names if n.startswith("devstack")]
    return found


def main():
    with open(os.environ["LAB_MANIFEST"]) as file:
        manifest = json.load(file)
    folder = os.path.join(os.environ["LAB_RUN"], "devstack")
    begin = time.monotonic()
    done = subprocess.run([os.environ["DEVSTACK"], "down"], cwd=folder, stdin=subprocess.DEVNULL)
    seconds = time.monotonic() - begin
    ports = {s["port"] for s in manifest["services"].values() if s.get("port")}
    left = processes("DEVSTACK_LAB_MARK=" + folder) + listening(ports) + cgroups()
    for line in left:
        print("left:", line)
    report = os.environ.get("DEVSTACK_LAB_REPORT")
    if report:
        result = {"exit": done.returncode, "seconds": round(seconds, 1), "left": left}
        with open(os.path.join(report, "down.json"), "w") as file:
            json.dump(result, file)
    return done.returncode or (1 if left else 0)


if __name__ == "__main__":
    sys.exit(main())

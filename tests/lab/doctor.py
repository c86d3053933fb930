#!/usr/bin/python3
"""LAB_DOCTOR: asks devstack what is wrong.

Environment: LAB_REQUEST (the request that fails for the user, or empty), DEVSTACK, and
DEVSTACK_LAB_REPORT (a folder for the result; may be missing). Ends with the doctor's exit status.
"""
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import lab  # noqa: E402


def subject():
    """What a user would ask about: the URL, if asking it again changes nothing."""
    request = json.loads(os.environ.get("LAB_REQUEST") or "{}")
    if not request or request.get("method", "GET") != "GET":
        return []
    words = [request["url"]]
    headers = dict(request.get("headers") or {})
    if request.get("browser"):
        headers.setdefault("Origin", request["browser"] if isinstance(request["browser"], str)
                           else request.get("origin", ""))
    for name, value in headers.items():
        if name.lower() == "origin" and value:
            words += ["-H", f"{name}: {value}"]
    return words


def load(urls, stop, begun):
    """Asks each URL again and again, as users do. Says in `begun` when all have been asked once."""
    context = ssl._create_unverified_context()
    while not stop.is_set():
        for url in urls:
            try:
                urllib.request.urlopen(url, timeout=2, context=context).read()
            except OSError:
                pass
        begun.release()


def start_load():
    stop = threading.Event()
    if not os.environ.get("DEVSTACK_LAB_LOAD"):
        return stop
    services = lab.load_manifest()["services"].values()
    urls = [it["health"]["url"] for it in services if "url" in (it.get("health") or {})]
    begun = threading.Semaphore(0)
    for _ in range(4):
        threading.Thread(target=load, args=(urls, stop, begun), daemon=True).start()
    for _ in range(4):
        begun.acquire(timeout=30)
    return stop


def main():
    stop = start_load()
    folder = lab.project_folder()
    report = os.environ.get("DEVSTACK_LAB_REPORT")
    record = ["--record", os.path.join(report, "facts.json")] if report else []
    begin = time.monotonic()
    done = subprocess.run([os.environ["DEVSTACK"], "-C", folder, "doctor", *subject(), *record],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    seconds = round(time.monotonic() - begin, 2)
    stop.set()
    print(done.stdout, end="")
    lab.write_report("doctor.json",
                     {"exit": done.returncode, "seconds": seconds, "output": done.stdout})
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())

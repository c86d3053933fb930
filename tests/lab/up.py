#!/usr/bin/python3
"""LAB_UP: brings up with devstack what the lab asks for.

Environment: LAB_MANIFEST and LAB_RUN of the lab, DEVSTACK (the binary), DEVSTACK_LAB_REPORT (a
folder for the result; may be missing).
"""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import lab  # noqa: E402

LIMIT = int(os.environ.get("DEVSTACK_LAB_UP_LIMIT", 28))  # The lab waits for 30 s.


def main():
    manifest = lab.load_manifest()
    folder = lab.project_folder()
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "devstack.toml")
    with open(path, "w") as file:
        file.write(lab.render(manifest, manifest["stack"]))
    with open(os.path.join(folder, "held-before.json"), "w") as file:
        json.dump(sorted(lab.listening(manifest)), file)

    # All are named, since a task that nobody needs runs only when it is asked for.
    argv = [os.environ["DEVSTACK"], "up", path, *manifest["services"], "-d", "--wait",
            "--timeout", f"{LIMIT}s"]
    # What devstack starts inherits the mark; down.py looks for it.
    environment = dict(os.environ, DEVSTACK_LAB_MARK=folder)
    begin = time.monotonic()
    done = subprocess.run(argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL)
    seconds = round(time.monotonic() - begin, 1)
    lab.write_report("up.json", {"exit": done.returncode, "seconds": seconds})
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())

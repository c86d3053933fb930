#!/usr/bin/python3
"""judge.py STACK FOLDER: one row about a run of the lab, from the reports in FOLDER.

Exit 1 if anything was not as it must be.
"""
import json
import os
import sys


def load(folder, name):
    try:
        with open(os.path.join(folder, name)) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def main():
    stack, folder = sys.argv[1:]
    up, down, lab = (load(folder, name) for name in ("up.json", "down.json", "lab.json"))
    problems = []
    if not up:
        problems.append("`up` did not end")
    elif up["exit"]:
        problems.append(f"`up` ended with {up['exit']}")
    if not down:
        problems.append("`down` did not end")
    elif down["exit"]:
        problems.append(f"`down` ended with {down['exit']}")
    # The lab asks each health URL itself, and looks at its pid namespace at the end.
    health = lab.get("symptom", {}).get("health", {})
    problems += [f"{name} is {said}" for name, said in health.items() if not said.startswith("ok")]
    left = down.get("left", []) + lab.get("leftovers", [])
    if "error" in lab:
        problems.append(lab["error"])
    ready = f"{up['seconds']} s" if up and not up["exit"] else "-"
    downed = f"{down['seconds']} s" if down and not down["exit"] else "-"
    print(f"{stack:<16} {ready:>8} {downed:>8}   {len(left) or 'none':<10} {'; '.join(problems)}")
    for line in left:
        print(f"{'':<16} left: {line}")
    return 1 if problems or left else 0


if __name__ == "__main__":
    sys.exit(main())

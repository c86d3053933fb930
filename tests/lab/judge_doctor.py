#!/usr/bin/python3
"""judge_doctor.py row FOLDER | sum RESULTS | table RESULTS…: what the doctor made of faults of the lab.

A fault counts as right when all groups of its keywords are found in what was said; a control, when
there was no finding.
"""
import json
import os
import re
import sys


def load(folder, name):
    try:
        with open(os.path.join(folder, name)) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def judge(folder):
    lab, doctor = load(folder, "lab.json"), load(folder, "doctor.json")
    output = doctor.get("output", "")
    said = re.search(r"root cause: (.*)", output)
    row = {"fault": os.path.basename(folder.rstrip("/")), "seconds": doctor.get("seconds"),
           "said": said.group(1) if said else output.split("\n")[0][:100],
           "count": output.count("root cause: ")}
    if "doctor_missing" not in lab:
        row["verdict"] = "not run: " + lab.get("error", "no result")
    elif lab["doctor_missing"]:
        row["verdict"] = "MISSED"
        row["missing"] = lab["doctor_missing"]
    else:
        row["verdict"] = "right"
    return row


def table(folders):
    """For docs/doctor.md."""
    rows = [judge(os.path.join(folder, name)) for folder in folders
            for name in sorted(os.listdir(folder)) if os.path.isdir(os.path.join(folder, name))]
    print("| fault | first finding | | seconds |\n| --- | --- | --- | --: |")
    for row in sorted(rows, key=lambda row: row["fault"]):
        said = re.sub(r"/tmp/devstack-lab\.\w+/work/\w+/", "", row["said"])
        said = re.sub(r"/tmp/devstack-lab\.\w+/\w+/\w+", ".", said)
        said = re.sub(r" \[[\w-]+\]$", "", said).replace("|", "\\|")
        finding = re.search(r"\[([\w-]+)\]$", row["said"])
        name = f"`{finding.group(1)}`" if finding else "–"
        said = said if len(said) <= 150 else said[:149] + "…"
        verdict = {"right": "", "MISSED": "missed"}.get(row["verdict"], row["verdict"])
        print(f"| {row['fault'][4:]} | {name} {said} | {verdict} | {row['seconds']} |")


def main():
    if sys.argv[1] == "table":
        table(sys.argv[2:])
        return 0
    mode, folder = sys.argv[1:]
    if mode == "row":
        row = judge(folder)
        print(f"{row['fault']:<34} {row['verdict']:<7} {row['seconds'] or '-':>5} s  {row['count']}  "
              f"{row['said'][:160]}", flush=True)
        for it in row.get("missing", []):
            print(f"{'':<34} missing: {it}")
        return 0
    rows = [judge(os.path.join(folder, name)) for name in sorted(os.listdir(folder))
            if os.path.isdir(os.path.join(folder, name))]
    right = [row for row in rows if row["verdict"] == "right"]
    slow = [row["fault"] for row in rows if (row["seconds"] or 0) > 2]
    print(f"{len(right)} of {len(rows)} right; longer than 2 s: {', '.join(slow) or 'none'}")
    with open(os.path.join(folder, "rows.json"), "w") as file:
        json.dump(rows, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())

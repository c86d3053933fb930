#!/usr/bin/python3
"""keep_facts.py RESULTS [NAME…]: facts that doctor.sh has recorded become fixtures of the tests.

They are written to tests/golden/doctor, with the lab's folders replaced, and without what no rule
needs. Then run devstack_golden_tests with DEVSTACK_UPDATE_GOLDEN=1.
"""
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    results, names = sys.argv[1], sys.argv[2:]
    for folder in sorted(os.listdir(results)):
        path = os.path.join(results, folder, "facts.json")
        name = re.sub(r"^\d+-", "", folder)
        if not os.path.exists(path) or (names and name not in names):
            continue
        with open(path) as file:
            text = file.read()
        text = re.sub(r"/tmp/devstack-lab\.\w+/work/\w+", "/home/chi/shop", text)
        text = re.sub(r"/tmp/devstack-lab\.\w+/run/devstack", "/home/chi/shop/dev", text)
        text = re.sub(r"/[\w/.-]*/build/lab/apps/\w+", "/home/chi/shop", text)
        facts = json.loads(text)
        services = {it.get("name") for it in facts.get("services", [])}
        facts["processes"] = [it for it in facts.get("processes", []) if it.get("service") in services]
        facts["threads"] = facts.get("threads", [])[:12]
        for folder_fact in facts.get("folders", []):
            folder_fact.pop("files", None)
        for log in facts.get("logs", []):
            log["lines"] = log.get("lines", [])[-40:]
        out = os.path.join(HERE, "..", "golden", "doctor", name + ".json")
        os.makedirs(os.path.dirname(out), exist_ok=True)
        with open(out, "w") as file:
            json.dump(facts, file, indent=0)
            file.write("\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A project lives hard for a while, and devstack must not grow: a service dies every second, three are
probed every 100 ms, one writes so much that its log is rotated every second, the profile is reloaded every
minute, and somebody follows logs and events.

    tests/soak/run.py DEVSTACK TESTCHILD [--minutes N | --seconds N] [--samples FILE]

Measured are the memory (PSS), descriptors and threads of keeper and daemon, and the disk; after a warm-up
of a quarter of the time all of it has to stay where it is. Without a finding it ends with 0.
"""
import argparse, itertools, json, os, pathlib, signal, socket, statistics, subprocess, sys, tempfile, time

# The event journal alone may grow, up to what docs/logs.md says of it; so may not the rest.
JOURNAL_MAX = 4 * 8.5
LOGS_MAX = 70

PROFILE = """[project]
name = "soak"
logs = {{ max_size = "64MiB" }}
[service.dying]
command = "echo I live; sleep 0.95; echo I die >&2; exit 3"
restart = {{ policy = "always", max = 1000000, delay = "1ms", max_delay = "1ms" }}
[service.url]
command = ["{testchild}", "listen", "${{port}}"]
port = {ports[0]}
health = {{ url = "http://127.0.0.1:${{port}}/", interval = "100ms", timeout = "90ms", retries = 100 }}
[service.tcp]
command = ["{testchild}", "listen", "${{port}}"]
port = {ports[1]}
health = {{ tcp = "127.0.0.1:${{port}}", interval = "100ms", timeout = "90ms", retries = 100 }}
[service.asked]
command = "sleep 100000"
health = {{ command = "true", interval = "100ms", timeout = "90ms", retries = 100 }}
[service.flood]
command = ["{python}", "-c", '''
import os, time
lines = (b"x" * 99 + b"\\n") * 1049
while True:
    for _ in range(105):
        os.write(1, lines)
        time.sleep(0.0094)
''']
[service.reloaded]
command = "echo {value}; exec sleep 100000"
env = {{ VALUE = "{value}" }}
"""


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [it.getsockname()[1] for it in sockets]
    for it in sockets:
        it.close()
    return ports


def mebibytes(path, of=lambda name: True):
    total = 0
    for folder, _, names in os.walk(path):
        for name in filter(of, names):
            try:
                total += os.stat(os.path.join(folder, name)).st_blocks * 512
            except OSError:
                pass  # Rotated away.
    return total / 1024 / 1024


class Project:
    def __init__(self, options, directory):
        self.devstack, self.directory = os.path.abspath(options.devstack), directory
        self.words = {"testchild": os.path.abspath(options.testchild), "python": sys.executable,
                      "ports": free_ports(2)}
        self.env = {**os.environ, "XDG_RUNTIME_DIR": str(directory / "run"), "NO_COLOR": "1"}
        self.followers = []
        (directory / "run").mkdir(mode=0o700)
        self.write_profile(0)

    def write_profile(self, value):
        (self.directory / "devstack.toml").write_text(PROFILE.format(value=value, **self.words))

    def run(self, *words, may_end_with=(0,)):
        result = subprocess.run([self.devstack, *words], cwd=self.directory, env=self.env, text=True,
                                capture_output=True, errors="replace", timeout=60)
        if result.returncode not in may_end_with:
            sys.exit(f"`{' '.join(words)}` ends with {result.returncode}: {result.stderr}{result.stdout}")
        return result.stdout

    def follow(self, *words):
        self.followers.append(subprocess.Popen([self.devstack, *words], cwd=self.directory, env=self.env,
                                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def sample(self):
        # With 1, because one of them is never ready.
        said = self.run("status", "--json", may_end_with=(0, 1))
        if not said:
            return None  # Not in time: the machine is busy with others.
        state = json.loads(said)
        found = {}
        for role in ("keeper", "daemon"):
            process = pathlib.Path(f"/proc/{state[role + '_pid']}")
            fields = dict(line.split(":", 1) for line in (process / "smaps_rollup").read_text().splitlines()[1:])
            found[f"{role} PSS, MiB"] = int(fields["Pss"].split()[0]) / 1024
            found[f"{role} descriptors"] = len(os.listdir(process / "fd"))
            found[f"{role} threads"] = len(os.listdir(process / "task"))
        base = self.directory / ".devstack"
        is_journal = lambda name: name.startswith("events.jsonl")
        found["logs, MiB"] = mebibytes(base / "logs")
        found["journal, MiB"] = mebibytes(base / "state", is_journal)
        found["other state, MiB"] = mebibytes(base / "state", lambda name: not is_journal(name))
        found["daemon"] = state["daemon_pid"]
        found["restarts"] = next(it["restarts"] for it in state["services"] if it["name"] == "dying")
        return found


def find_growth(samples):
    """Sentences about what is not flat: the end is compared with the beginning, of what comes after the warm-up."""
    after = samples[len(samples) // 4:]
    part = max(1, len(after) // 4)
    findings = []
    # So much more may be there at the end: that is noise, and no more than that.
    slack = {"keeper PSS, MiB": 0.1, "daemon PSS, MiB": 0.6, "keeper descriptors": 2, "daemon descriptors": 4,
             "keeper threads": 0, "daemon threads": 1, "other state, MiB": 1.1}
    for name, allowed in slack.items():
        first = statistics.median(it[name] for it in after[:part])
        last = statistics.median(it[name] for it in after[-part:])
        if last - first > allowed:
            findings.append(f"{name}: {first:.2f} after the warm-up, {last:.2f} at the end")
    for name, most in {"logs, MiB": LOGS_MAX, "journal, MiB": JOURNAL_MAX}.items():
        highest = max(it[name] for it in samples)
        if highest > most:
            findings.append(f"{name}: {highest:.1f}, which is more than {most}")
    return findings


def check_judge():
    """Who finds nothing in what grows would find nothing at all."""
    flat = {"keeper PSS, MiB": 1, "daemon PSS, MiB": 5, "keeper descriptors": 20, "daemon descriptors": 50,
            "keeper threads": 1, "daemon threads": 2, "other state, MiB": 1, "logs, MiB": 60, "journal, MiB": 2}
    samples = [dict(flat) for _ in range(40)]
    assert find_growth(samples) == []
    for name in flat:
        growing = [{**it, name: it[name] * (1 + i / 8)} for i, it in enumerate(samples)]
        growing[-1]["journal, MiB"] *= 8 if name == "journal, MiB" else 1
        assert len(find_growth(growing)) == 1, name
    warming = [{**it, "daemon PSS, MiB": 2 if i < 8 else 5} for i, it in enumerate(samples)]
    assert find_growth(warming) == []


def live(project, seconds, samples_file):
    project.run("up", "-d")
    for words in (["logs", "-f"], ["logs", "-f", "--json", "dying", "url"], ["logs", "-f", "--grep", "I die"],
                  ["events", "-f"]):
        project.follow(*words)
    samples = []
    begin = time.monotonic()
    # Short ones reload, too.
    reload_every, sample_every = min(60, seconds / 10), max(0.2, min(5, seconds / 60))
    reload_at = begin + reload_every
    numbers = itertools.count(1)
    for turn in range(1, int(seconds / sample_every) + 1):
        time.sleep(max(0, begin + turn * sample_every - time.monotonic()))
        now = time.monotonic()
        if now >= reload_at:
            reload_at += reload_every
            project.write_profile(next(numbers))
            project.run("reload", "--no-wait")
        sample = project.sample()
        if sample is None:
            continue
        samples.append(sample)
        samples_file.write(json.dumps({"second": round(now - begin, 1), **samples[-1]}) + "\n")
        samples_file.flush()
    gone = [" ".join(it.args[1:]) for it in project.followers if it.poll() is not None]
    for it in project.followers:
        it.terminate()
        it.wait()
    project.run("down")
    return samples, gone


def show(samples, seconds):
    after = samples[len(samples) // 4:]
    print(f"{seconds:.0f} s, {samples[-1]['restarts']} restarts, {len(samples)} samples; after the warm-up:")
    for name in samples[0]:
        if name == "daemon":
            continue
        values = [it[name] for it in after]
        print(f"  {name:22} first {values[0]:8.2f}  least {min(values):8.2f}  "
              f"most {max(values):8.2f}  last {values[-1]:8.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("devstack")
    parser.add_argument("testchild")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--samples", default=os.devnull, help="write each sample there, one JSON object a line")
    options = parser.parse_args()
    check_judge()
    seconds = options.seconds or options.minutes * 60
    with tempfile.TemporaryDirectory(prefix="soak", ignore_cleanup_errors=True) as directory:
        project = Project(options, pathlib.Path(directory))
        try:
            with open(options.samples, "w") as samples_file:
                samples, gone = live(project, seconds, samples_file)
        finally:
            for it in project.followers:
                it.kill()
            subprocess.run([project.devstack, "down"], cwd=directory, env=project.env, capture_output=True)
    show(samples, seconds)
    findings = find_growth(samples) + [f"`{it}` has ended" for it in gone]
    if len({it["daemon"] for it in samples}) > 1:
        findings.append("the daemon has died and was started again")
    if len(samples) < 10:
        findings.append(f"only {len(samples)} answers from the daemon")
    # Half of what is due: the machine may be busy with something else.
    if samples[-1]["restarts"] < seconds / 2:
        findings.append(f"only {samples[-1]['restarts']} restarts: it was no life as hard as it should be")
    for it in findings:
        print(it)
    sys.exit(1 if findings else 0)


main()

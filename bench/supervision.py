#!/usr/bin/env python3
"""Bring-up, restart, stop, status, memory and idle cost of devstack and its peers, as ratios to
`bare`: a C program that does only the system calls. All in one run, so that only ratios count.

    bench/supervision.py BUILD_DIR [--counts 1,10,100,500] [--peers] [--json FILE]
"""
import argparse, json, os, pathlib, shutil, signal, statistics, struct, subprocess, sys, tempfile, time

NS = 1_000_000_000


class Bench:
    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.bare = str(self.build / "bench/bare")
        self.child = str(self.build / "bench/child")
        self.devstack = str(self.build / "devstack")

    def ask_ms(self, count):
        """A process that asks another one over a Unix socket and writes what it is told: as many
        bytes as devstack has to say about so many services."""
        bytes_of_a_service = 117  # GET /v1/state?detail=brief of an idle one
        with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as directory:
            path = f"{directory}/socket"
            server = subprocess.Popen([self.bare, "serve", path, str(bytes_of_a_service * count)])
            while not os.path.exists(path):
                time.sleep(0.002)
            time.sleep(0.05)
            out = subprocess.run([self.bare, "time", "200", self.bare, "ask", path],
                                 capture_output=True, text=True).stdout
            server.kill()
            server.wait()
        return int(out) / 1000

    def stamps(self, path):
        data = path.read_bytes() if path.exists() else b""
        return [struct.unpack_from("qq", data, i) for i in range(0, len(data) - 15, 16)]

    def await_stamps(self, path, count, deadline=60):
        """(pid, time) of at least `count` children."""
        end = time.monotonic() + deadline
        while True:
            found = self.stamps(path)
            if len(found) >= count:
                return found
            if time.monotonic() > end:
                raise TimeoutError(f"{len(found)} of {count} children after {deadline} s")
            time.sleep(0.002)


class Contender:
    """Something that runs `count` children in `directory`. `start` returns when it was asked."""

    name = "?"

    def __init__(self, bench, directory, count, restart_delay="0s"):
        self.bench, self.dir, self.count = bench, pathlib.Path(directory), count
        self.stamp_file = self.dir / "stamps"
        self.env = dict(os.environ, BENCH_STAMPS=str(self.stamp_file))
        self.prepare()

    def prepare(self): pass
    def pids(self): return []
    def stop(self): raise NotImplementedError


def tree_of(root):
    """The process and all its descendants but the measured children."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                text = open(f"/proc/{entry}/stat").read()
            except OSError:
                continue
            children.setdefault(int(text[text.rindex(")") + 2 :].split()[1]), []).append(int(entry))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


class Bare(Contender):
    name = "bare"
    mode = "restart"

    def start(self):
        self.process = subprocess.Popen(
            [self.bench.bare, self.mode, str(self.count), self.bench.child],
            env=self.env, stdout=subprocess.PIPE)

    def pids(self): return [self.process.pid]

    def stop(self):
        self.process.terminate()
        return int(self.process.communicate()[0]) / 1e6


class BareAsking(Bare):
    """As devstack's keeper it asks another process what to do, which costs two wake-ups."""

    name = "bare, asking"
    mode = "asking"


class Devstack(Contender):
    name = "devstack"

    def prepare(self):
        lines = ["[project]", 'name = "bench"', ""]
        for i in range(self.count):
            lines += [f"[service.s{i:03}]", f'command = ["{self.bench.child}"]',
                      'restart = { policy = "always", max = 1000000, delay = "0s" }', ""]
        (self.dir / "devstack.toml").write_text("\n".join(lines))

    def start(self):
        self.process = subprocess.Popen([self.bench.devstack, "up", "-d"], cwd=self.dir,
                                        env=self.env, stdout=subprocess.DEVNULL)

    def state(self):
        text = subprocess.run([self.bench.devstack, "status", "--json"], cwd=self.dir,
                              capture_output=True, text=True).stdout
        return json.loads(text)

    def pids(self):
        state = self.state()
        return [state["daemon_pid"], state["keeper_pid"]]

    def stop(self):
        begin = time.monotonic()
        subprocess.run([self.bench.devstack, "down"], cwd=self.dir, stdout=subprocess.DEVNULL)
        return time.monotonic() - begin

    def status_command(self): return [self.bench.devstack, "-C", str(self.dir), "status"]


class Supervisord(Contender):
    name = "supervisord"

    def prepare(self):
        text = f"""[unix_http_server]
file={self.dir}/s.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisord]
logfile={self.dir}/s.log
pidfile={self.dir}/s.pid
childlogdir={self.dir}
minfds=8192
[supervisorctl]
serverurl=unix://{self.dir}/s.sock
"""
        for i in range(self.count):
            text += f"[program:s{i:03}]\ncommand={self.bench.child}\nautorestart=true\nstartsecs=0\n"
        (self.dir / "s.conf").write_text(text)

    def start(self):
        self.process = subprocess.Popen(["supervisord", "-n", "-c", str(self.dir / "s.conf")],
                                        env=self.env, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def pids(self): return [self.process.pid]

    def stop(self):
        begin = time.monotonic()
        self.process.terminate()
        self.process.wait()
        return time.monotonic() - begin

    def status_command(self):
        return [shutil.which("supervisorctl"), "-c", str(self.dir / "s.conf"), "status"]


class Runit(Contender):
    name = "runit"

    def prepare(self):
        (self.dir / "sv").mkdir()
        for i in range(self.count):
            service = self.dir / f"sv/s{i:03}"
            service.mkdir()
            (service / "run").write_text(f"#!/bin/sh\nexec {self.bench.child}\n")
            (service / "run").chmod(0o755)

    def start(self):
        self.process = subprocess.Popen(["runsvdir", "-P", str(self.dir / "sv")], env=self.env,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def pids(self):
        measured = {pid for pid, _ in self.bench.stamps(self.stamp_file)}
        return [pid for pid in tree_of(self.process.pid) if pid not in measured]

    def stop(self):
        begin = time.monotonic()
        self.process.send_signal(signal.SIGHUP)
        self.process.wait()
        deadline = begin + 10
        while any(alive(pid) for pid, _ in self.bench.stamps(self.stamp_file)):
            if time.monotonic() > deadline:
                break
            time.sleep(0.002)
        return time.monotonic() - begin


class S6(Runit):
    name = "s6"

    def start(self):
        self.process = subprocess.Popen(["s6-svscan", "-c", "2000", str(self.dir / "sv")],
                                        env=self.env, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def stop(self):
        begin = time.monotonic()
        subprocess.run(["s6-svscanctl", "-t", str(self.dir / "sv")])
        self.process.wait()
        return time.monotonic() - begin


class Pm2(Contender):
    name = "pm2"

    def prepare(self):
        apps = [{"name": f"s{i:03}", "script": self.bench.child, "interpreter": "none"}
                for i in range(self.count)]
        (self.dir / "eco.json").write_text(json.dumps({"apps": apps}))
        self.env["PM2_HOME"] = str(self.dir / "pm2")
        self.pm2 = shutil.which("pm2") or str(self.bench.build / "node_modules/.bin/pm2")

    def start(self):
        self.process = subprocess.Popen([self.pm2, "start", "eco.json"], cwd=self.dir,
                                        env=self.env, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def pids(self): return [int((self.dir / "pm2/pm2.pid").read_text())]

    def stop(self):
        begin = time.monotonic()
        subprocess.run([self.pm2, "kill"], cwd=self.dir, env=self.env, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return time.monotonic() - begin

    def status_command(self): return [self.pm2, "ls"]


def alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def pss_kib(pids):
    total = 0
    for pid in pids:
        try:
            for line in open(f"/proc/{pid}/smaps_rollup"):
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total


def wakeups(pids):
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            for line in open(f"/proc/{pid}/task/{task}/status"):
                if "ctxt_switches" in line:
                    total += int(line.split()[1])
    return total


def cpu_ticks(pids):
    total = 0
    for pid in pids:
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total


def measure(kind, bench, count, rounds, idle_seconds):
    result = {"bring_up_ms": [], "restart_ms": [], "stop_ms": []}
    for round_number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as directory:
            it = kind(bench, directory, count)
            begin = time.monotonic_ns()
            it.start()
            stamps = bench.await_stamps(it.stamp_file, count)
            last = max(at for _, at in stamps)
            result["bring_up_ms"].append((last - begin) / 1e6)
            pids = it.pids() if round_number == 0 else []
            time.sleep(3.5)  # Past every start-up phase.
            if round_number == 0:
                result["pss_kib"] = pss_kib(pids)
                ticks, before = cpu_ticks(pids), wakeups(pids)
                time.sleep(idle_seconds)
                result["idle_wakeups"] = wakeups(pids) - before
                result["idle_cpu_ticks"] = cpu_ticks(pids) - ticks
                if hasattr(it, "status_command"):
                    out = subprocess.run([bench.bare, "time", "50"] + it.status_command(),
                                         capture_output=True, text=True, env=it.env).stdout
                    result["status_ms"] = int(out) / 1000
            for victim, _ in stamps[: min(20, count)]:
                known = len(bench.stamps(it.stamp_file))
                begin = time.monotonic_ns()
                os.kill(victim, signal.SIGKILL)
                again = bench.await_stamps(it.stamp_file, known + 1)
                result["restart_ms"].append((again[-1][1] - begin) / 1e6)
            result["stop_ms"].append(it.stop() * 1000)
    for key in ("bring_up_ms", "restart_ms", "stop_ms"):
        result[key] = statistics.median(result[key])
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--counts", default="1,10,100,500")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle", type=float, default=5)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json")
    options = parser.parse_args()
    bench = Bench(options.build)
    kinds = [Bare, BareAsking, Devstack]
    if options.peers:
        kinds += [kind for kind, program in ((Supervisord, "supervisord"), (Runit, "runsvdir"),
                                             (S6, "s6-svscan")) if shutil.which(program)]
        if shutil.which("pm2") or (bench.build / "node_modules/.bin/pm2").exists():
            kinds.append(Pm2)
    results = {}
    for count in map(int, options.counts.split(",")):
        base = None
        results[f"bare_ask/{count}"] = ask_ms = bench.ask_ms(count)
        print(f"\n{count} services{'':>6} bring-up      restart         stop        status"
              "      PSS   idle wake-ups, ticks")
        for kind in kinds:
            rounds = options.rounds if kind in (Bare, BareAsking, Devstack) else 1
            got = measure(kind, bench, count, rounds, options.idle)
            results[f"{kind.name}/{count}"] = got
            base = base or got
            def cell(key):
                return f"{got[key]:8.1f} ms {got[key] / base[key]:6.2f}x"
            if kind is Bare:
                got["status_ms"] = ask_ms
            status = (f"{got['status_ms']:5.2f} ms {got['status_ms'] / ask_ms:5.2f}x"
                      if "status_ms" in got else "")
            print(f"{kind.name:12}", cell("bring_up_ms"), cell("restart_ms"), cell("stop_ms"),
                  f"{status:16}", f"{got['pss_kib'] / 1024:6.1f} MiB",
                  got["idle_wakeups"], got["idle_cpu_ticks"], flush=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    sys.exit(main())

"""What both hooks know of the lab: its manifest, as a devstack profile, and its ports."""
import json
import os
import re


def load_manifest():
    with open(os.environ["LAB_MANIFEST"]) as file:
        return json.load(file)


def project_folder():
    return os.path.join(os.environ["LAB_RUN"], "devstack")


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def listening(manifest):
    """The ports of the manifest's services on which somebody listens."""
    wanted = {service["port"] for service in manifest["services"].values() if service.get("port")}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in read(f"/proc/net/{table}").decode().splitlines()[1:]:
            fields = line.split()
            port = int(fields[1].rsplit(":", 1)[1], 16)
            if fields[3] == "0A" and port in wanted:
                found.add(port)
    return found


def write_report(name, result):
    folder = os.environ.get("DEVSTACK_LAB_REPORT")
    if folder:
        with open(os.path.join(folder, name), "w") as file:
            json.dump(result, file)


def key(name):
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)


def toml(value):
    """A value in TOML. Strings are written as JSON, which TOML's basic strings understand."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key(k)} = {toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def literal(text):
    """A text in which nothing is to be replaced."""
    return text.replace("$", "$$")


def probe(health):
    if "tcp" in health:
        return {"tcp": health["tcp"]}
    result = {"url": health["url"], "expect": str(health.get("expect", 200))}
    if "timeout" in health:
        result["timeout"] = f"{health['timeout']}s"
    for key in ("tls", "ca", "headers"):
        if health.get(key):
            result[key] = health[key]
    return result


def keys_of(service, services):
    """The keys of one service, in the order in which a person would write them."""
    keys = {"command": literal(service["command"]), "working_dir": literal(service["dir"])}
    if service.get("user"):
        keys["user"] = service["user"]
    if service.get("port"):
        keys["port"] = service["port"]
    if service.get("env"):
        keys["env"] = {name: literal(str(value)) for name, value in service["env"].items()}
    if service.get("env_file"):
        keys["env_file"] = literal(service["env_file"])
    if service.get("depends_on"):
        keys["depends_on"] = {
            need: "completed" if services[need].get("oneshot") else "ready"
            for need in service["depends_on"] if need in services}
    if service.get("prepare"):
        # Once, and not before every start: the input does not change.
        keys["prepare"] = {"command": literal(service["prepare"]),
                           "inputs": ["${PROJECT_DIR}/devstack.toml"]}
    if service.get("health"):
        keys["health"] = probe(service["health"])
    if service.get("restart"):
        keys["restart"] = service["restart"]
    if service.get("start_period"):
        # Compose: failures count after this time, and three of them, each as long as the lab's
        # probe may take, make it unhealthy.
        keys["start_timeout"] = f"{service['start_period'] + 3 * 2}s"
    return keys


def render(manifest, name):
    services = manifest["services"]
    lines = ["[project]", f"name = {toml(name)}"]
    for service_name, service in services.items():
        kind = "task" if service.get("oneshot") else "service"
        lines += ["", f"[{kind}.{key(service_name)}]"]
        lines += [f"{key(k)} = {toml(v)}" for k, v in keys_of(service, services).items()]
    return "\n".join(lines) + "\n"

// Which ports the services have declared, who listens there, and who else listens on this host.

import { find, make, renderIfChanged } from "./dom.js";
import { get } from "./session.js";

/** [{ port, name, service, listeners, verdict, family }], by number. */
export function mapPorts(services, listeners) {
  const declared = services.flatMap((service) =>
    service.ports.map(({ name, port }) => ({ port, name, service })),
  );
  return declared
    .map((it) => ({ ...it, listeners: listeners.filter((other) => other.port === it.port) }))
    .map((it) => ({ ...it, ...judge(it) }))
    .sort((a, b) => a.port - b.port);
}

function judge({ service, listeners }) {
  const stranger = listeners.find((it) => it.service !== service.name);
  if (stranger) {
    const name = stranger.service ? `the service ${stranger.service}` : holderWords(stranger);
    return { verdict: `held by ${name}`, family: "bad" };
  }
  if (listeners.length > 0) return { verdict: "listens", family: "good" };
  if (service.pid > 0) return { verdict: "nobody listens yet", family: "warn" };
  return { verdict: "free", family: "idle" };
}

export function holderWords({ command, pid, user, since, working_dir: directory }) {
  if (!pid) return "a process of another user";
  const facts = [`pid ${pid}`, user && `user ${user}`, since && `since ${since}`, directory];
  return `${command} (${facts.filter(Boolean).join(", ")})`;
}

export class PortsView {
  #store;
  #isVisible = false;

  constructor(store) {
    this.#store = store;
    store.addEventListener("state", () => this.#look());
    find("ports-look").addEventListener("click", () => this.#look());
  }

  setVisible(isVisible) {
    this.#isVisible = isVisible;
    this.#look();
  }

  async #look() {
    if (!this.#isVisible) return;
    try {
      const listeners = await get("/v1/ports");
      this.#draw(mapPorts(this.#store.services, listeners), listeners);
    } catch {
      // The streams tell that the daemon is away.
    }
  }

  #draw(ports, listeners) {
    const facts = ports.map(({ service, ...rest }) => ({ ...rest, service: service.name }));
    renderIfChanged(find("ports-body"), facts, () => facts.map(portRow));
    const known = new Set(ports.map((it) => it.port));
    const others = listeners.filter((it) => !known.has(it.port));
    renderIfChanged(find("ports-others-body"), others, () => others.map(otherRow));
    find("ports-others-count").textContent = String(others.length);
    find("ports-empty").hidden = ports.length > 0;
  }
}

function portRow({ port, name, service, listeners, verdict, family }) {
  const own = listeners.filter((it) => it.service === service);
  return make(
    "tr",
    { class: family },
    make("th", { scope: "row" }, String(port)),
    make("td", {}, service, name && name !== "port" ? make("span", { class: "kind" }, name) : null),
    make("td", { class: "verdict" }, make("span", { class: `dot ${family}` }), verdict),
    make(
      "td",
      {},
      own.map((it) => `${it.address} ${it.command} (pid ${it.pid})`).join(", ") || "–",
    ),
  );
}

function otherRow(listener) {
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, String(listener.port)),
    make("td", {}, listener.service || "–"),
    make("td", {}, listener.address),
    make("td", {}, holderWords(listener)),
  );
}

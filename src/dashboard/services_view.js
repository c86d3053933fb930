// The table of services. Rows stay the same elements while their service lives, so that nobody
// loses the focus or a selection to an update.

import { find, make, reconcile, setAttribute, setText } from "./dom.js";
import { familyOf, phaseMark } from "./phases.js";
import { count, span } from "./words.js";

export class ServicesView {
  #store;
  #body = find("services-body");

  constructor(store, { onAct }) {
    this.#store = store;
    this.#body.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      const row = event.target.closest("tr");
      if (!row) return;
      if (button?.dataset.act) onAct(button.dataset.act, row.dataset.key);
      else store.select(store.selected === row.dataset.key ? "" : row.dataset.key);
    });
    store.addEventListener("state", () => this.draw());
    store.addEventListener("selected", () => this.draw());
    setInterval(() => this.#drawTimes(), 1000);
  }

  draw() {
    reconcile(
      this.#body,
      this.#store.services,
      (service) => service.name,
      (service) => makeRow(service),
      (row, service) => this.#update(row, service),
    );
    this.#drawTimes();
  }

  /** The row that is `step` rows away from the selected one. */
  move(step) {
    const names = this.#store.services.map((it) => it.name);
    if (names.length === 0) return;
    const at = names.indexOf(this.#store.selected);
    const next = at < 0 ? (step > 0 ? 0 : names.length - 1) : at + step;
    const name = names[Math.min(Math.max(next, 0), names.length - 1)];
    this.#store.select(name);
    this.#rowOf(name)?.querySelector(".service-name").focus();
  }

  #rowOf(name) {
    return [...this.#body.children].find((row) => row.dataset.key === name);
  }

  #update(row, service) {
    const isSelected = service.name === this.#store.selected;
    row.className = `${familyOf(service.phase)}${isSelected ? " selected" : ""}`;
    setAttribute(row.querySelector(".service-name"), "aria-pressed", String(isSelected));
    const phase = row.querySelector(".phase");
    if (phase.dataset.phase !== service.phase) {
      phase.dataset.phase = service.phase;
      phase.replaceChildren(phaseMark(service.phase), make("span", {}, service.phase));
    }
    setText(row.querySelector(".why"), whyOf(service));
    this.#updatePorts(row.querySelector(".ports"), service);
    setText(row.querySelector(".restarts"), String(service.restarts || "–"));
    setText(row.querySelector(".health"), healthOf(service));
    setText(row.querySelector(".stale"), service.stale.length > 0 ? "stale" : "");
    for (const button of row.querySelectorAll("[data-act]")) {
      button.disabled = !canAct(button.dataset.act, service);
    }
  }

  #updatePorts(cell, service) {
    const text = service.ports.map((it) => it.port).join(", ") || "–";
    if (cell.textContent === text) return;
    const link = (url) =>
      make("a", { href: url, target: "_blank", rel: "noreferrer noopener" }, text);
    const isPage = /^https?:/.test(service.url) && service.ports.length === 1;
    cell.replaceChildren(isPage ? link(service.url) : text);
  }

  #drawTimes() {
    const passed = (Date.now() - this.#store.stateAt) / 1000;
    for (const row of this.#body.children) {
      const service = this.#store.service(row.dataset.key);
      if (!service) continue;
      const isAlive = service.pid > 0;
      const seconds = (isAlive ? service.uptime_seconds : service.phase_seconds) + passed;
      setText(row.querySelector(".uptime"), isAlive ? span(seconds) : `${span(seconds)} ago`);
    }
  }
}

export function canAct(act, service) {
  if (act === "start") return service.pid === 0 && !["waiting", "blocked"].includes(service.phase);
  if (act === "stop") return service.pid > 0 || (service.wanted && service.phase !== "completed");
  return true;
}

function whyOf(service) {
  const words = [service.why, service.says].filter(Boolean);
  if (service.differences.length > 0) words.push(service.differences.join("; "));
  return words.join(" · ");
}

function healthOf({ health }) {
  if (health.status === "none") return "–";
  return health.failures > 0
    ? `${health.status} (${count(health.failures, "failure")})`
    : health.status;
}

function makeRow(service) {
  const act = (name, label) =>
    make(
      "button",
      { type: "button", "data-act": name, "aria-label": `${label} ${service.name}` },
      label,
    );
  return make(
    "tr",
    { role: "row" },
    make(
      "th",
      { scope: "row", role: "rowheader" },
      make(
        "button",
        { type: "button", class: "service-name", title: service.name, "aria-controls": "service" },
        service.name,
      ),
      service.kind === "task" ? make("span", { class: "kind" }, "task") : null,
      make("span", { class: "stale" }),
    ),
    make("td", { role: "cell", class: "phase" }),
    make("td", { role: "cell", class: "why" }),
    make("td", { role: "cell", class: "ports", "data-label": "Port" }),
    make("td", { role: "cell", class: "uptime", "data-label": "For" }),
    make("td", { role: "cell", class: "restarts", "data-label": "Restarts" }),
    make("td", { role: "cell", class: "health", "data-label": "Health" }),
    make(
      "td",
      { role: "cell", class: "acts" },
      act("start", "Start"),
      act("restart", "Restart"),
      act("stop", "Stop"),
    ),
  );
}

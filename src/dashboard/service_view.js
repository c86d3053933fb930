// All that is known of the selected service: why it is as it is, the facts, what its probe was
// answered, how it has ended before.

import { plainText } from "./ansi.js";
import { find, make, renderIfChanged, setText } from "./dom.js";
import { familyOf, phaseMark } from "./phases.js";
import { canAct } from "./services_view.js";
import { get } from "./session.js";
import { bytes, count, dayTime, joinForPeople, preciseTime, span } from "./words.js";

const crashesShown = 5;

export class ServiceView {
  #store;
  #panel = find("service");
  #asked = 0;

  constructor(store, { onAct, onShowLog }) {
    this.#store = store;
    store.addEventListener("state", () => this.draw());
    store.addEventListener("selected", () => this.#selected());
    this.#panel.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.act) onAct(button.dataset.act, store.selected);
      if (button?.dataset.select) store.select(button.dataset.select);
    });
    find("service-log").addEventListener("click", () => onShowLog(store.selected));
    find("service-close").addEventListener("click", () => store.select(""));
    find("service-look").addEventListener("click", () => store.refresh());
  }

  draw() {
    const service = this.#store.service(this.#store.selected);
    this.#panel.hidden = !service;
    document.body.classList.toggle("has-service", Boolean(service));
    if (!service) return;
    setText(find("service-title"), service.name);
    const { phase, why } = service;
    renderIfChanged(find("service-phase"), [phase], () => [
      phaseMark(phase),
      make("span", {}, phase),
    ]);
    find("service-phase").className = `phase ${familyOf(phase)}`;
    setText(find("service-why"), why);
    renderIfChanged(find("service-notes"), notesOf(service), () => notesOf(service).map(note));
    const facts = this.#factsOf(service);
    renderIfChanged(find("service-facts"), facts, () => facts.flatMap(fact));
    for (const button of this.#panel.querySelectorAll("[data-act]")) {
      button.disabled = !canAct(button.dataset.act, service);
    }
    this.#lookUp(service.name);
  }

  #selected() {
    find("service-probes").replaceChildren();
    find("service-crashes").replaceChildren();
    this.draw();
  }

  /** What the state does not hold. Answers for a service that is not shown any more are late. */
  async #lookUp(name) {
    const asked = ++this.#asked;
    const query = `service=${encodeURIComponent(name)}`;
    try {
      const [answers, crashes] = await Promise.all([
        get(`/v1/probes?${query}`),
        get(`/v1/crashes?${query}&tail=${crashesShown}`),
      ]);
      if (asked !== this.#asked) return;
      renderIfChanged(find("service-probes"), [name, answers], () => probeHistory(answers));
      renderIfChanged(find("service-crashes"), [name, crashes], () => crashes.map(crashRecord));
      find("service-no-probes").hidden = answers.length > 0;
      find("service-no-crashes").hidden = crashes.length > 0;
    } catch {
      // The streams tell that the daemon is away.
    }
  }

  #factsOf(service) {
    const { health, usage, last_exit: exit } = service;
    const dependents = this.#store.dependentsOf(service.name);
    return [
      ["since", `${dayTime(service.since)}`],
      service.pid > 0 && ["process", `${service.pid}, run ${service.run}`],
      ["restarts", String(service.restarts)],
      service.ports.length > 0 && ["ports", service.ports.map(portWords).join(", ")],
      health.status !== "none" && ["probe", health.probe],
      health.last_answer && ["last answer", health.last_answer],
      usage && ["uses", usageWords(usage)],
      exit && ["last exit", exit.signal > 0 ? `signal ${exit.signal}` : `code ${exit.code}`],
      service.needs.length > 0 && ["needs", service.needs],
      dependents.length > 0 && ["needed by", dependents],
      service.watch.length > 0 && ["restarts on", service.watch.join(", ")],
      ["log file", service.log_file],
    ].filter(Boolean);
  }
}

function portWords({ name, port }) {
  return name && name !== "port" ? `${name} ${port}` : String(port);
}

function usageWords({ cpu_percent: cpu, memory_bytes: memory, processes }) {
  return `${bytes(memory)}, ${cpu.toFixed(1)} % CPU, ${count(processes, "process")}`;
}

function notesOf(service) {
  return [
    service.says && ["says", service.says],
    ...service.differences.map((it) => ["ports", it]),
    service.stale.length > 0 && [
      "stale",
      `${joinForPeople(service.stale)}: devstack reload would replace it`,
    ],
    service.watch_suspended && ["watch", service.watch_suspended],
  ].filter(Boolean);
}

function note([kind, text]) {
  return make("li", {}, make("b", {}, kind), ` ${text}`);
}

function fact([name, value]) {
  const names = (list) =>
    list.map((it) => make("button", { type: "button", class: "link", "data-select": it }, it));
  return [make("dt", {}, name), make("dd", {}, ...(Array.isArray(value) ? names(value) : [value]))];
}

/** A strip, oldest left, and the same in words below. */
function probeHistory(answers) {
  const strip = answers.map(({ success, count: times, detail }) =>
    make("i", { class: success ? "good" : "bad", title: `${detail} (${times} ×)` }),
  );
  const row = (answer) =>
    make(
      "li",
      { class: answer.success ? "good" : "bad" },
      make("b", {}, answer.success ? "✓" : "✗"),
      make("time", { datetime: answer.last_time }, whenWords(answer)),
      make("span", {}, answer.detail || (answer.success ? "answered" : "no answer")),
      answer.count > 1 ? make("em", {}, `${answer.count.toLocaleString("en")} ×`) : null,
    );
  if (answers.length === 0) return [];
  return [
    make("div", { class: "strip", "aria-hidden": "true" }, strip),
    make("ul", { class: "answers" }, [...answers].reverse().map(row)),
  ];
}

function whenWords({ first_time: first, last_time: last, count: times }) {
  return times > 1 ? `${dayTime(first)} – ${dayTime(last)}` : dayTime(last);
}

function crashRecord(crash) {
  const facts = [
    ["why", crash.why],
    ["then", crash.decision],
    ["lived", span(crash.lived_seconds)],
    [
      "used",
      `${bytes(crash.peak_memory_bytes)} at most, ${crash.user_seconds.toFixed(2)} s of CPU`,
    ],
    crash.oom_kills > 0 && ["memory", `the kernel has ended ${count(crash.oom_kills, "process")}`],
  ].filter(Boolean);
  return make(
    "details",
    {},
    make(
      "summary",
      {},
      make("time", { datetime: crash.time }, dayTime(crash.time)),
      ` ${crash.ended}`,
    ),
    make("dl", { class: "facts" }, facts.flatMap(fact)),
    crash.lines.length > 0 ? make("ol", { class: "last-lines" }, crash.lines.map(lastLine)) : null,
  );
}

function lastLine({ time, stream, text }) {
  return make(
    "li",
    { class: stream },
    make("time", { datetime: time }, preciseTime(time)),
    make("span", {}, plainText(text)),
  );
}

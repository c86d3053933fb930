// What the page knows of the project: the state, asked for anew when an event says that it has
// changed, and the events. Nothing is asked for while nothing happens.

import { get, Refusal } from "./session.js";

const eventsMost = 2000;
const settleTime = 100;
const overloadPause = 2000;

export class Store extends EventTarget {
  state = null;
  /** Of the browser's clock, when the state was as it says. */
  stateAt = 0;
  events = [];
  lostEvents = 0;
  selected = "";

  #isAsking = false;
  #isDirty = false;
  #timer;

  get services() {
    return this.state?.services ?? [];
  }

  service(name) {
    return this.services.find((it) => it.name === name);
  }

  dependentsOf(name) {
    return this.services.filter((it) => it.needs.includes(name)).map((it) => it.name);
  }

  /** All that need it, and those that need these. */
  allDependentsOf(name) {
    const found = new Set();
    const visit = (needed) => {
      for (const dependent of this.dependentsOf(needed)) {
        if (found.has(dependent)) continue;
        found.add(dependent);
        visit(dependent);
      }
    };
    visit(name);
    return [...found];
  }

  select(name) {
    if (this.selected === name) return;
    this.selected = name;
    this.#tell("selected");
    if (name !== "") this.refreshSoon();
  }

  takeEvent(kind, data) {
    if (kind === "gap") this.lostEvents += data.lost;
    if (kind === "message") this.events.push(data);
    if (this.events.length > eventsMost) this.events.splice(0, eventsMost / 10);
    if (kind === "message") this.#tell("event", data);
    this.refreshSoon();
  }

  /** Several events come with one change: one question for all of them. */
  refreshSoon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.refresh();
    }, settleTime);
  }

  async refresh() {
    this.#isDirty = true;
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#isDirty) {
      this.#isDirty = false;
      try {
        // CPU and memory cost a look at every process: only while they are shown.
        this.state = await get(`/v1/state?usage=${this.selected === "" ? 0 : 1}`);
        this.stateAt = Date.now();
        this.#tell("state");
      } catch (error) {
        // When the daemon is away the streams tell, and ask anew when it is back.
        const isBusy = error instanceof Refusal && error.status >= 500;
        if (isBusy) setTimeout(() => this.refreshSoon(), overloadPause);
        break;
      }
    }
    this.#isAsking = false;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

// Whether what is shown is what is: the state of the page's two streams, for all to see.

import { find, setText } from "./dom.js";

/** The worst one is told. */
const rank = ["live", "connecting", "lost", "stopped", "denied"];

/** What to make of the next state: a project that was stopped stays so until it is there again. */
export function nextState(before, after) {
  const isTrying = after === "connecting" || after === "lost";
  if (before === "stopped" && isTrying) return "stopped";
  if (before === "denied" && isTrying) return "denied";
  if (before === "lost" && after === "connecting") return "lost";
  return after;
}

export class ConnectionView {
  #states = new Map();
  #again = 0;
  #why = "";
  #shown = "";
  #announce;

  constructor({ announce, onReconnect }) {
    this.#announce = announce;
    find("reconnect").addEventListener("click", onReconnect);
    setInterval(() => this.#draw(), 1000);
  }

  set(stream, state, { why = "", again = 0 } = {}) {
    this.#states.set(stream, nextState(this.#states.get(stream), state));
    if (why) this.#why = why;
    if (again) this.#again = again;
    this.#draw();
  }

  #draw() {
    const states = [...this.#states.values()];
    const state = rank[Math.max(...states.map((it) => rank.indexOf(it)))] ?? "connecting";
    const pill = find("connection");
    pill.dataset.state = state;
    setText(find("connection-text"), this.#words(state));
    find("reconnect").hidden = !["lost", "stopped"].includes(state);
    find("denied").hidden = state !== "denied";
    document.body.classList.toggle("is-away", state !== "live" && state !== "connecting");
    if (state === this.#shown) return;
    if (state === "lost") this.#announce("The connection to devstack is lost. It is tried again.");
    if (state === "stopped") this.#announce(`The project has ended: ${this.#why}`);
    if (state === "live" && this.#shown) this.#announce("Connected.");
    this.#shown = state;
  }

  #words(state) {
    if (state === "live") return "live";
    if (state === "connecting") return "connecting …";
    if (state === "denied") return "no access";
    const seconds = Math.max(0, Math.round((this.#again - Date.now()) / 1000));
    if (state === "stopped") return this.#why || "stopped";
    return seconds > 0 ? `lost, again in ${seconds} s` : "lost, connecting …";
  }
}

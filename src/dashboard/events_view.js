// What has happened, newest first, with the reason of each change.

import { find, make, reconcile } from "./dom.js";
import { phaseMark } from "./phases.js";
import { Timeline } from "./timeline.js";
import { count, dayTime } from "./words.js";

const shownMost = 300;

export class EventsView {
  #store;
  #timeline;
  #isVisible = false;
  #isDue = false;

  constructor(store) {
    this.#store = store;
    this.#timeline = new Timeline(store);
    for (const type of ["event", "state", "selected"]) {
      store.addEventListener(type, () => this.drawSoon());
    }
    find("events-of-selected").addEventListener("input", () => this.drawSoon());
    setInterval(() => this.#isVisible && !document.hidden && this.#timeline.draw(), 5000);
  }

  setVisible(isVisible) {
    this.#isVisible = isVisible;
    this.drawSoon();
  }

  drawSoon() {
    if (!this.#isVisible || this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  #draw() {
    const { events, selected, lostEvents } = this.#store;
    const isFiltered = find("events-of-selected").checked && selected !== "";
    const wanted = isFiltered ? events.filter((it) => it.service === selected) : events;
    reconcile(find("events-list"), wanted.slice(-shownMost).reverse(), keyOf, makeEvent, () => {});
    find("events-lost").hidden = lostEvents === 0;
    find("events-lost").textContent = `${count(lostEvents, "older event")} have been removed.`;
    this.#timeline.draw();
  }
}

function keyOf(event) {
  return event.sequence;
}

function makeEvent(event) {
  const change =
    event.kind === "phase"
      ? [
          event.from,
          make("span", { class: "arrow" }, "→"),
          phaseMark(event.to),
          make("b", {}, event.to),
        ]
      : [make("b", {}, event.kind === "project" ? event.to : "note")];
  return make(
    "li",
    {},
    make("time", { datetime: event.time }, dayTime(event.time)),
    make("span", { class: "event-service" }, event.service || "project"),
    make("span", { class: "event-change" }, change),
    make("span", { class: "event-why" }, event.why),
  );
}

// What phases the services were in, as lanes over time: from events to spans, and these to bars.

import { find, make, reconcile } from "./dom.js";
import { familyOf } from "./phases.js";
import { clockTime } from "./words.js";

/** { service: [{ phase, why, from, to }] }, times in ms; the last span of each goes to `now`. */
export function spansOf(events, begin, now) {
  const lanes = new Map();
  for (const event of events) {
    if (event.kind !== "phase") continue;
    const at = Date.parse(event.time);
    const lane = lanes.get(event.service) ?? [];
    lanes.set(event.service, lane);
    if (lane.length > 0) lane.at(-1).to = at;
    else if (event.from) lane.push({ phase: event.from, why: "", from: begin, to: at });
    lane.push({ phase: event.to, why: event.why, from: at, to: now });
  }
  for (const [service, spans] of lanes) {
    lanes.set(service, spans.filter((it) => it.to > begin && it.from < now).map(clip));
  }
  return lanes;

  function clip(it) {
    return { ...it, from: Math.max(it.from, begin), to: Math.min(it.to, now) };
  }
}

export class Timeline {
  #store;
  #lanes = find("timeline-lanes");

  constructor(store) {
    this.#store = store;
    find("timeline-range").addEventListener("input", () => this.draw());
  }

  draw() {
    const now = Date.now();
    const range = Number(find("timeline-range").value) * 60_000;
    const oldest = Math.min(Date.parse(this.#store.events[0]?.time ?? "") || now, now - 10_000);
    const begin = range > 0 ? Math.max(now - range, oldest) : oldest;
    const lanes = spansOf(this.#store.events, begin, now);
    reconcile(
      this.#lanes,
      this.#store.services,
      (service) => service.name,
      makeLane,
      (lane, service) => drawLane(lane.lastChild, lanes.get(service.name) ?? [], begin, now),
    );
    drawScale(begin, now);
  }
}

function makeLane(service) {
  return make(
    "div",
    { class: "lane" },
    make("span", { class: "lane-name" }, service.name),
    make("div", { class: "lane-bars" }),
  );
}

function drawLane(bars, spans, begin, now) {
  reconcile(
    bars,
    spans,
    (it) => `${it.phase}${it.from}`,
    (it) => make("i", { class: familyOf(it.phase) }),
    (bar, it) => {
      bar.style.left = `${(100 * (it.from - begin)) / (now - begin)}%`;
      bar.style.width = `${(100 * (it.to - it.from)) / (now - begin)}%`;
      bar.title = `${it.phase} from ${clockTime(it.from)}${it.why ? `: ${it.why}` : ""}`;
    },
  );
}

function drawScale(begin, now) {
  const places = [0, 0.25, 0.5, 0.75, 1];
  const label = (place) => clockTime(begin + place * (now - begin));
  find("timeline-scale").replaceChildren(...places.map((it) => make("span", {}, label(it))));
}

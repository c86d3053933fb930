// The lines that the page holds, the newest `capacity` of them, and those that pass the filter.

import { plainText } from "./ansi.js";
import { makeFilter } from "./log_filter.js";

export class LogBuffer {
  lines = [];
  shown = [];
  filter = makeFilter();
  /** How many lines have been dropped at the front, ever. */
  dropped = 0;

  #capacity;
  #last = 0;

  constructor(capacity = 100_000) {
    this.#capacity = capacity;
  }

  /** Of a message of /v1/logs. Each gap comes before the line with the number that it says. */
  add(lines, gaps = []) {
    const left = [...gaps];
    for (const [at, line] of lines.entries()) {
      while (left.length > 0 && (left[0].lines_before ?? 0) <= at) this.#appendGap(left.shift());
      this.#append({
        number: ++this.#last,
        service: line.service,
        time: line.time,
        stream: line.stream,
        text: line.text,
        plain: plainText(line.text),
        isContinued: line.continued === true,
      });
    }
    for (const gap of left) this.#appendGap(gap);
    return this.#trim();
  }

  addGap(gap) {
    this.#appendGap(gap);
    return this.#trim();
  }

  setFilter(filter) {
    this.filter = filter;
    this.shown = filter.isEmpty ? [...this.lines] : this.lines.filter((it) => filter.matches(it));
  }

  clear() {
    this.dropped += this.lines.length;
    this.lines = [];
    this.shown = [];
  }

  #appendGap(gap) {
    this.#append({ number: ++this.#last, service: gap.service, gap, text: "", plain: "" });
  }

  #append(line) {
    this.lines.push(line);
    if (this.filter.matches(line)) this.shown.push(line);
  }

  /** Drops a tenth at a time. Returns how many of the shown lines went. */
  #trim() {
    if (this.lines.length <= this.#capacity) return 0;
    const excess = this.lines.length - this.#capacity + Math.floor(this.#capacity / 10);
    this.lines.splice(0, excess);
    this.dropped += excess;
    const first = this.lines[0].number;
    const stays = this.shown.findIndex((it) => it.number >= first);
    const gone = stays < 0 ? this.shown.length : stays;
    this.shown.splice(0, gone);
    return gone;
  }
}

// The live log: of 100,000 lines only those that are in view are elements.

import { colouredRuns, markRuns } from "./ansi.js";
import { find, make, reconcile, setText } from "./dom.js";
import { makeFilter } from "./log_filter.js";
import { bytes, count, preciseTime } from "./words.js";

const rowHeight = 20;
const overscan = 12;

export class LogView {
  #buffer;
  #scroller = find("log-scroller");
  #space = find("log-space");
  #window = find("log-window");
  #isFollowing = true;
  #isDrawn = true;
  #filterKey = 0;

  constructor(buffer) {
    this.#buffer = buffer;
    this.#scroller.addEventListener("scroll", () => this.#scrolled());
    new ResizeObserver(() => this.draw()).observe(this.#scroller);
    for (const id of ["log-search", "log-service", "log-stream", "log-regex"]) {
      find(id).addEventListener("input", () => this.#filterChanged());
    }
    find("log-follow").addEventListener("click", () => this.setFollowing(!this.#isFollowing));
    find("log-clear").addEventListener("click", () => this.#clear());
  }

  /** One message of the stream. */
  take(kind, data) {
    if (kind === "message") this.#shift(this.#buffer.add(data.lines, data.gaps));
    if (kind === "gap") this.#shift(this.#buffer.addGap(data));
    this.draw();
  }

  setServices(names) {
    const select = find("log-service");
    const chosen = select.value;
    const wanted = ["", ...names];
    if ([...select.options].map((it) => it.value).join() === wanted.join()) return;
    const option = (name) => make("option", { value: name }, name || "all services");
    select.replaceChildren(...wanted.map(option));
    select.value = wanted.includes(chosen) ? chosen : "";
    if (select.value !== chosen) this.#filterChanged();
  }

  showOnly(service) {
    find("log-service").value = service;
    this.#filterChanged();
  }

  setFollowing(isFollowing) {
    this.#isFollowing = isFollowing;
    find("log-follow").setAttribute("aria-pressed", String(isFollowing));
    this.draw();
  }

  toggleFollowing() {
    this.setFollowing(!this.#isFollowing);
  }

  draw() {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    requestAnimationFrame(() => {
      this.#isDrawn = true;
      this.#drawNow();
    });
  }

  #drawNow() {
    const { shown } = this.#buffer;
    this.#space.style.height = `${shown.length * rowHeight}px`;
    if (this.#isFollowing) this.#scroller.scrollTop = shown.length * rowHeight;
    const first = Math.max(0, Math.floor(this.#scroller.scrollTop / rowHeight) - overscan);
    const visible = Math.ceil(this.#scroller.clientHeight / rowHeight) + 2 * overscan;
    this.#window.style.transform = `translateY(${first * rowHeight}px)`;
    reconcile(
      this.#window,
      shown.slice(first, first + visible),
      (line) => `${this.#filterKey}.${line.number}`,
      (line) => this.#makeRow(line),
      () => {},
    );
    this.#tellCount();
  }

  #makeRow(line) {
    if (line.gap) return make("div", { class: "log-row gap" }, gapText(line.gap));
    const text = make("span", { class: "log-text" });
    const runs = markRuns(colouredRuns(line.text), this.#buffer.filter.rangesIn(line.plain));
    text.append(...runs.map(runElement));
    return make(
      "div",
      { class: `log-row ${line.stream}` },
      make("time", { datetime: line.time }, preciseTime(line.time)),
      make("span", { class: `log-service ${colourOf(line.service)}` }, line.service),
      make("span", { class: "log-bar", "aria-label": line.stream }, line.isContinued ? "+" : "|"),
      text,
    );
  }

  #tellCount() {
    const { lines, shown, dropped } = this.#buffer;
    const all = count(lines.length, "line");
    const some =
      shown.length === lines.length ? all : `${shown.length.toLocaleString("en")} of ${all}`;
    setText(find("log-count"), dropped > 0 ? `${some}, older ones by devstack logs` : some);
    find("log-empty").hidden = shown.length > 0;
    setText(
      find("log-empty"),
      lines.length > 0 ? "No line matches." : "Nothing has been written yet.",
    );
  }

  #filterChanged() {
    const service = find("log-service").value;
    const filter = makeFilter({
      services: service ? [service] : [],
      text: find("log-search").value,
      isRegex: find("log-regex").checked,
      stream: find("log-stream").value,
    });
    setText(find("log-problem"), filter.problem);
    find("log-search").setAttribute("aria-invalid", String(filter.problem !== ""));
    if (filter.problem) return;
    ++this.#filterKey;
    this.#buffer.setFilter(filter);
    this.draw();
  }

  #clear() {
    this.#buffer.clear();
    this.draw();
  }

  /** Whoever reads old lines keeps them in view while others are dropped in front of them. */
  #shift(gone) {
    if (gone > 0 && !this.#isFollowing) this.#scroller.scrollTop -= gone * rowHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - rowHeight / 2;
    if (isAtEnd !== this.#isFollowing) this.setFollowing(isAtEnd);
    this.draw();
  }
}

function runElement({ text, style, isFound }) {
  if (isFound) return make("mark", { class: style || undefined }, text);
  return style ? make("span", { class: style }, text) : document.createTextNode(text);
}

function gapText(gap) {
  const size = bytes(gap.lost_bytes);
  if (gap.cause === "unwritten") {
    return `… ${size} of ${gap.service} were lost here, because the log could not be written …`;
  }
  return `… ${size} of older output of ${gap.service} has been removed …`;
}

/** The same service has the same colour, today and tomorrow. */
export function colourOf(service) {
  let sum = 0;
  for (const character of service) sum = (sum * 31 + character.codePointAt(0)) >>> 0;
  return `service-${sum % 8}`;
}

// Server-sent events as the WHATWG HTML standard has them (section 9.2), read with fetch: an
// EventSource can carry its token in the address or in a cookie only, and tells nobody why a
// connection was refused.

import { Refusal, request } from "./session.js";

/** Takes the bytes apart as they come. A message counts when its empty line has come. */
export class SseParser {
  #rest = "";
  #fields = { event: "", data: [], id: undefined };

  /** The messages that are complete now: { event, data, id }, { retry } on its own. */
  feed(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    return lines.flatMap((line) => this.#take(line.replace(/\r$/, "")));
  }

  #take(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return [];
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "retry") return /^\d+$/.test(value) ? [{ retry: Number(value) }] : [];
    if (name === "data") this.#fields.data.push(value);
    if (name === "event") this.#fields.event = value;
    if (name === "id") this.#fields.id = value;
    return [];
  }

  #dispatch() {
    const { event, data, id } = this.#fields;
    this.#fields = { event: "", data: [], id: undefined };
    if (data.length === 0) return [];
    return [{ event: event || "message", data: data.join("\n"), id }];
  }
}

const retryMost = 10_000;
const stoppedRetry = 5_000;

/** A stream that is connected again when it breaks, and goes on behind the last message that was
 *  taken. `onState` hears "connecting", "live", "lost", "denied", "stopped". `begin`, if given,
 *  tells before the first connection which id the stream goes on behind. */
export class LiveStream {
  #path;
  #begin;
  #onMessage;
  #onState;
  #lastId;
  #retry = 1000;
  #failures = 0;
  #silenceMost = 40_000;
  #abort;
  #timer;
  #isClosed = false;

  constructor({ path, begin, onMessage, onState }) {
    this.#path = path;
    this.#begin = begin;
    this.#onMessage = onMessage;
    this.#onState = onState;
  }

  /** Connects; at once if it was waiting to. */
  async connect() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.#onState("connecting");
    try {
      await this.#read(abort);
      if (abort === this.#abort) this.#tryAgain("lost");
    } catch (error) {
      if (abort !== this.#abort || this.#isClosed) return;
      const isDenied = error instanceof Refusal && [401, 403].includes(error.status);
      this.#tryAgain(isDenied ? "denied" : "lost", error.message);
    }
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  async #read(abort) {
    if (this.#lastId === undefined && this.#begin) {
      const id = await this.#begin(abort.signal);
      if (abort !== this.#abort) return;
      this.#lastId = id;
    }
    const headers = { Accept: "text/event-stream" };
    if (this.#lastId !== undefined) headers["Last-Event-ID"] = this.#lastId;
    const path = this.#lastId === undefined ? this.#path : this.#path.replace(/[?&]tail=\d+/, "");
    const answer = await request(path, { headers, signal: abort.signal });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new SseParser();
    for (;;) {
      const silence = setTimeout(() => abort.abort(), this.#silenceMost);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      if (done || abort !== this.#abort) return;
      for (const message of parser.feed(value)) {
        if (this.#take(message) === "done") return abort.abort();
      }
    }
  }

  #take(message) {
    if (message.retry !== undefined) {
      this.#retry = message.retry;
      return "";
    }
    const data = JSON.parse(message.data);
    if (message.event === "done") {
      this.#tryAgain("stopped", data.why);
      return "done";
    }
    if (message.event === "init") {
      this.#failures = 0;
      if (data.heartbeat_seconds > 0) this.#silenceMost = data.heartbeat_seconds * 2500;
      this.#onState("live");
    }
    this.#onMessage(message.event, data);
    if (message.id !== undefined) this.#lastId = message.id;
    return "";
  }

  #tryAgain(state, why = "") {
    if (this.#isClosed) return;
    const growing = Math.min(this.#retry * 1.5 ** this.#failures++, retryMost);
    const delay = state === "stopped" ? stoppedRetry : growing;
    this.#abort = undefined;
    this.#onState(state, { why, again: Date.now() + delay });
    if (state !== "denied") this.#timer = setTimeout(() => this.connect(), delay);
  }
}

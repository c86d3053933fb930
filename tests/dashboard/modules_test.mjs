// What the page's modules compute, without a page.

import assert from "node:assert/strict";
import { test } from "node:test";

const modules = "../../src/dashboard";
globalThis.document = { createElementNS: () => ({}) };

const { colouredRuns, markRuns, plainText } = await import(`${modules}/ansi.js`);
const { makeFilter } = await import(`${modules}/log_filter.js`);
const { LogBuffer } = await import(`${modules}/log_buffer.js`);
const { SseParser } = await import(`${modules}/sse.js`);
const { layOut, levelsOf } = await import(`${modules}/graph_layout.js`);
const { bytes, joinForPeople, span } = await import(`${modules}/words.js`);
const { nextState } = await import(`${modules}/connection_view.js`);
const { mapPorts } = await import(`${modules}/ports_view.js`);
const { spansOf } = await import(`${modules}/timeline.js`);

const line = (text, more = {}) => ({
  service: "api",
  time: "2026-11-27T12:00:00Z",
  stream: "stdout",
  text,
  ...more,
});

test("messages are taken apart wherever the bytes are cut", () => {
  const text =
    'retry: 1000\n\n: silence\n\nevent: init\ndata: {"a":1}\n\n' +
    "id: api:7\ndata: one\ndata: two\n\nid: 8\r\ndata:three\r\n\r\n";
  const whole = [
    { retry: 1000 },
    { event: "init", data: '{"a":1}', id: undefined },
    { event: "message", data: "one\ntwo", id: "api:7" },
    { event: "message", data: "three", id: "8" },
  ];
  for (let size = 1; size <= text.length; ++size) {
    const parser = new SseParser();
    const messages = [];
    for (let at = 0; at < text.length; at += size)
      messages.push(...parser.feed(text.slice(at, at + size)));
    assert.deepEqual(messages, whole);
  }
  assert.deepEqual(new SseParser().feed("id: 9\ndata: never ended\n"), []);
});

test("colours become runs, and what is found is cut out of them", () => {
  const text = "a \x1b[1;31mred\x1b[0m and \x1b[38;5;200mpink\x1b[m";
  assert.equal(plainText(text), "a red and pink");
  const runs = colouredRuns(text);
  assert.deepEqual(runs, [
    { text: "a ", style: "" },
    { text: "red", style: "c1 bold" },
    { text: " and ", style: "" },
    { text: "pink", style: "" },
  ]);
  assert.deepEqual(markRuns(runs.slice(0, 3), [[3, 7]]), [
    { text: "a ", style: "" },
    { text: "r", style: "c1 bold" },
    { text: "ed", style: "c1 bold", isFound: true },
    { text: " a", style: "", isFound: true },
    { text: "nd ", style: "" },
  ]);
});

test("a search minds capitals only when it has some", () => {
  const finds = (text, plain, isRegex = false) =>
    makeFilter({ text, isRegex }).matches({ ...line(""), plain });
  assert.ok(finds("error", "An ERROR"));
  assert.ok(!finds("Error", "An ERROR"));
  assert.ok(!finds("a.c", "abc"));
  assert.ok(finds("a.c", "abc", true));
  assert.notEqual(makeFilter({ text: "(", isRegex: true }).problem, "");
  assert.deepEqual(makeFilter({ text: "x*", isRegex: true }).rangesIn("axxb"), [[1, 3]]);
});

test("the buffer holds the newest lines, and filters what comes", () => {
  const buffer = new LogBuffer(100);
  buffer.setFilter(makeFilter({ text: "7" }));
  let gone = 0;
  for (let i = 1; i <= 250; ++i) gone += buffer.add([line(`n ${i}`)]);
  assert.ok(buffer.lines.length <= 100 && buffer.lines.length >= 90);
  assert.equal(buffer.lines.length + buffer.dropped, 250);
  assert.equal(buffer.lines.at(-1).text, "n 250");
  const all = Array.from({ length: 250 }, (_, i) => `n ${i + 1}`).filter((it) => it.includes("7"));
  assert.equal(buffer.shown.length + gone, all.length);
  assert.deepEqual(
    buffer.shown.map((it) => it.text),
    all.slice(gone),
  );
  buffer.setFilter(makeFilter());
  assert.equal(buffer.shown.length, buffer.lines.length);
  buffer.addGap({ service: "api", lost_bytes: 10, cause: "removed" });
  assert.equal(buffer.shown.at(-1).gap.lost_bytes, 10);
});

test("gaps stand where they were", () => {
  const buffer = new LogBuffer();
  const gap = (lines_before) => ({ service: "api", lost_bytes: 1, lines_before });
  buffer.add([line("a"), line("b"), line("c")], [gap(undefined), gap(1), gap(3)]);
  const shown = buffer.shown.map((it) => (it.gap ? "gap" : it.text));
  assert.deepEqual(shown, ["gap", "a", "gap", "b", "c", "gap"]);
});

test("a service stands right of all that it needs", () => {
  const services = [
    { name: "web", needs: ["api"] },
    { name: "api", needs: ["store", "greet"] },
    { name: "greet", needs: ["store"] },
    { name: "store", needs: [] },
  ];
  assert.deepEqual(Object.fromEntries(levelsOf(services)), { store: 0, greet: 1, api: 2, web: 3 });
  const { nodes, edges, width, height } = layOut(services);
  assert.equal(nodes.length, 4);
  assert.equal(edges.length, 4);
  for (const { x, y } of nodes) assert.ok(x >= 0 && y >= 0 && x < width && y < height);
  assert.deepEqual(
    [
      ...levelsOf([
        { name: "a", needs: ["b"] },
        { name: "b", needs: ["a"] },
      ]).keys(),
    ].sort(),
    ["a", "b"],
  );
});

test("times and sizes read well", () => {
  assert.deepEqual([0, 59, 61, 3661, 90000].map(span), ["0s", "59s", "1m 1s", "1h 1m", "1d 1h"]);
  assert.deepEqual([0, 1023, 1536, 20 * 1024 ** 2].map(bytes), [
    "0 B",
    "1023 B",
    "1.5 KiB",
    "20 MiB",
  ]);
  assert.equal(joinForPeople(["a", "b", "c"]), "a, b and c");
});

test("a stopped project stays stopped while nobody answers", () => {
  assert.equal(nextState("stopped", "connecting"), "stopped");
  assert.equal(nextState("stopped", "lost"), "stopped");
  assert.equal(nextState("stopped", "live"), "live");
  assert.equal(nextState("live", "lost"), "lost");
  assert.equal(nextState("lost", "denied"), "denied");
});

test("ports are judged by who listens", () => {
  const service = (name, pid, port) => ({ name, pid, ports: [{ name: "port", port }] });
  const services = [
    service("a", 1, 80),
    service("b", 2, 81),
    service("c", 0, 82),
    service("d", 4, 83),
  ];
  const listeners = [
    { port: 80, service: "a", pid: 1 },
    { port: 82, service: "", pid: 9, command: "node", user: "chi", since: "", working_dir: "/x" },
    { port: 83, service: "a", pid: 1 },
  ];
  assert.deepEqual(
    mapPorts(services, listeners).map((it) => it.verdict),
    [
      "listens",
      "nobody listens yet",
      "held by node (pid 9, user chi, /x)",
      "held by the service a",
    ],
  );
});

test("events become spans of phases", () => {
  const event = (at, from, to) => ({
    kind: "phase",
    service: "api",
    time: new Date(at).toISOString(),
    from,
    to,
    why: "",
  });
  const lanes = spansOf(
    [event(1000, "stopped", "starting"), event(3000, "starting", "ready")],
    500,
    9000,
  );
  assert.deepEqual(
    lanes.get("api").map((it) => [it.phase, it.from, it.to]),
    [
      ["stopped", 500, 1000],
      ["starting", 1000, 3000],
      ["ready", 3000, 9000],
    ],
  );
});

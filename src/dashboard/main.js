// Wires the page together. Two streams, one of events and one of log lines, and nothing that asks
// again and again: a page that nobody touches costs the daemon its heartbeats.

import { Actions } from "./actions.js";
import { announce, announceEvent } from "./announcer.js";
import { ConnectionView } from "./connection_view.js";
import { find, make, renderIfChanged, setText } from "./dom.js";
import { EventsView } from "./events_view.js";
import { GraphView } from "./graph_view.js";
import { listen } from "./keyboard.js";
import { LogBuffer } from "./log_buffer.js";
import { LogView } from "./log_view.js";
import { allPhases, countPhases, familyOf, phaseMark } from "./phases.js";
import { PortsView } from "./ports_view.js";
import { ServiceView } from "./service_view.js";
import { ServicesView } from "./services_view.js";
import { get, takeTokenFromAddress } from "./session.js";
import { LiveStream } from "./sse.js";
import { Store } from "./store.js";
import { Tabs } from "./tabs.js";

const linesAtFirst = 5000;
const eventsAtFirst = 500;

takeTokenFromAddress();

const store = new Store();
const actions = new Actions(store);
const log = new LogView(new LogBuffer());
const services = new ServicesView(store, { onAct: (act, name) => actions.act(act, name) });
const views = {
  events: new EventsView(store),
  ports: new PortsView(store),
  graph: new GraphView(store),
};
const tabs = new Tabs(find("tabs"), (shown) => {
  for (const [name, view] of Object.entries(views)) view.setVisible(name === shown);
  if (shown === "log") log.draw();
});
const connection = new ConnectionView({ announce, onReconnect: connect });

new ServiceView(store, {
  onAct: (act, name) => actions.act(act, name),
  onShowLog: (name) => {
    tabs.show("log");
    log.showOnly(name);
    log.setFollowing(true);
    find("log-search").focus();
  },
});

// ---- What comes in -----------------------------------------------------------------------------

let isCaughtUp = false;

const eventStream = new LiveStream({
  path: `/v1/events?tail=${eventsAtFirst}`,
  onMessage: (kind, data) => {
    store.takeEvent(kind, data);
    if (kind === "message" && isCaughtUp) announceEvent(data);
  },
  onState: (state, more) => {
    connection.set("events", state, more);
    // What is older than this moment has been seen by somebody else, and is not announced.
    if (state === "live") setTimeout(() => (isCaughtUp = true), 1000);
  },
});

const logStream = new LiveStream({
  path: "/v1/logs",
  begin: readOldLines,
  onMessage: (kind, data) => log.take(kind, data),
  onState: (state, more) => connection.set("log", state, more),
});

/** In one piece: a stream begins with no more old lines than fit a message. */
async function readOldLines(signal) {
  const answer = await get(`/v1/logs?tail=${linesAtFirst}`, { signal });
  if (!signal.aborted) log.take("message", answer);
  return answer.cursor;
}

function connect() {
  eventStream.connect();
  logStream.connect();
}

window.addEventListener("hashchange", () => takeTokenFromAddress() && connect());

// ---- What stands above all ---------------------------------------------------------------------

store.addEventListener("state", () => {
  const { state } = store;
  document.title = `${titleMark()}${state.project} · devstack`;
  setText(find("project"), state.project);
  find("project").title = state.project_dir;
  setText(find("version"), `devstack ${state.version}, ${state.mode}, ${state.profile}`);
  const counts = countPhases(state.services);
  renderIfChanged(find("summary"), counts, () => counts.map(countOf));
  log.setServices(state.services.map((it) => it.name));
});

function titleMark() {
  const problems = store.services.filter((it) => ["warn", "bad"].includes(familyOf(it.phase)));
  return problems.length > 0 ? `(${problems.length}!) ` : "";
}

function countOf([phase, number]) {
  return make("li", { class: familyOf(phase) }, phaseMark(phase), ` ${number} ${phase}`);
}

find("legend").replaceChildren(
  ...allPhases.map((phase) =>
    make("li", { class: familyOf(phase) }, phaseMark(phase), ` ${phase}`),
  ),
);
for (const act of ["start", "restart", "stop"]) {
  find(`${act}-all`).addEventListener("click", () => actions.actOnAll(act));
}
find("help-open").addEventListener("click", () => find("help").showModal());

// ---- Keys --------------------------------------------------------------------------------------

const onSelected = (act) => () => actions.act(act, store.selected);

listen([
  { keys: ["j", "ArrowDown"], shown: "j ↓", does: "next service", act: () => services.move(1) },
  { keys: ["k", "ArrowUp"], shown: "k ↑", does: "service before", act: () => services.move(-1) },
  { keys: ["s"], shown: "s", does: "start the selected service", act: onSelected("start") },
  { keys: ["r"], shown: "r", does: "restart it", act: onSelected("restart") },
  { keys: ["x"], shown: "x", does: "stop it", act: onSelected("stop") },
  { keys: ["c"], shown: "c", does: "close it", act: () => store.select("") },
  { keys: ["1"], shown: "1", does: "log", act: () => tabs.show("log") },
  { keys: ["2"], shown: "2", does: "events", act: () => tabs.show("events") },
  { keys: ["3"], shown: "3", does: "ports", act: () => tabs.show("ports") },
  { keys: ["4"], shown: "4", does: "graph", act: () => tabs.show("graph") },
  { keys: ["/"], shown: "/", does: "search the log", act: searchLog },
  { keys: ["f"], shown: "f", does: "follow the log, or not", act: () => log.toggleFollowing() },
  { keys: ["?"], shown: "?", does: "this list", act: () => find("help").showModal() },
]);

function searchLog() {
  tabs.show("log");
  find("log-search").focus();
  find("log-search").select();
}

tabs.show("log");
connect();

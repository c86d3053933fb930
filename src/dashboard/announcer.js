// Says to screen readers what others see at a glance; what comes in one moment is one sentence.

import { find } from "./dom.js";

const told = new Set([
  "ready",
  "completed",
  "failed",
  "blocked",
  "unhealthy",
  "backing-off",
  "stopped",
]);
const gatherTime = 400;

let waiting = [];
let timer;

export function announce(text) {
  waiting.push(text);
  timer ??= setTimeout(() => {
    find("announcer").textContent = waiting.slice(-5).join(" ");
    waiting = [];
    timer = undefined;
  }, gatherTime);
}

export function announceEvent({ kind, service, to, why }) {
  if (kind !== "phase" || !told.has(to)) return;
  announce(
    to === "ready" || to === "completed" ? `${service} is ${to}.` : `${service} is ${to}: ${why}.`,
  );
}

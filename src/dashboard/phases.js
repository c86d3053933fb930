// The phases of a service, and how each looks: a shape and a family of colour, never colour alone.

const families = {
  ready: "good",
  completed: "good",
  starting: "busy",
  preparing: "busy",
  stopping: "busy",
  waiting: "idle",
  stopped: "idle",
  blocked: "warn",
  "backing-off": "warn",
  unhealthy: "bad",
  failed: "bad",
};

import { makeSvg } from "./dom.js";

export const allPhases = Object.keys(families);

export function familyOf(phase) {
  return families[phase] ?? "idle";
}

export function isProblem(phase) {
  return ["warn", "bad"].includes(familyOf(phase));
}

/** The shape stands for the word beside it, so that screen readers need not hear it too. */
export function phaseMark(phase) {
  return makeSvg(
    "svg",
    { class: `mark ${familyOf(phase)}`, viewBox: "0 0 16 16", "aria-hidden": "true" },
    makeSvg("use", { href: `#phase-${families[phase] ? phase : "waiting"}` }),
  );
}

/** "4 ready, 1 blocked", problems first. */
export function countPhases(services) {
  const counts = new Map();
  for (const { phase } of services) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  const rank = ["bad", "warn", "busy", "good", "idle"];
  return [...counts].sort(
    ([a], [b]) => rank.indexOf(familyOf(a)) - rank.indexOf(familyOf(b)) || a.localeCompare(b),
  );
}

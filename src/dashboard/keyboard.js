// Single keys, which act nowhere where somebody types, and which can be turned off.

import { find, make } from "./dom.js";

const storageKey = "devstack.keys";

export function areKeysOn() {
  return localStorage.getItem(storageKey) !== "off";
}

/** `bindings`: [{ keys: ["j", "ArrowDown"], shown: "j", does: "…", act }] */
export function listen(bindings) {
  const byKey = new Map(bindings.flatMap((it) => it.keys.map((key) => [key, it])));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return escape(event);
    if (!areKeysOn() || document.querySelector("dialog[open]")) return;
    const binding = byKey.get(event.key);
    if (!binding || isTyping(event.target) || isMoving(event)) return;
    event.preventDefault();
    binding.act();
  });
  drawHelp(bindings);
}

function escape(event) {
  if (isTyping(event.target)) event.target.blur();
}

function isTyping(target) {
  return target.closest?.("input:not([type=checkbox]), select, textarea") !== null;
}

/** Arrows belong to what has the focus, if it knows what to do with them. */
function isMoving({ key, target }) {
  return key.startsWith("Arrow") && target.closest?.("[role=tab], .log") !== null;
}

function drawHelp(bindings) {
  const row = ({ shown, does }) => [make("dt", {}, make("kbd", {}, shown)), make("dd", {}, does)];
  find("keys-list").replaceChildren(...bindings.flatMap(row));
  const toggle = find("keys-on");
  toggle.checked = areKeysOn();
  toggle.addEventListener("input", () => {
    localStorage.setItem(storageKey, toggle.checked ? "on" : "off");
  });
}

// Elements are made of attributes and text nodes: nothing is ever parsed as HTML.

const svgNamespace = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((it) => it !== null && it !== undefined && it !== ""));
  return element;
}

/** make("button", { class: "quiet", onclick: act }, "Restart") */
export function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function makeSvg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(svgNamespace, name), attributes, children);
}

export function find(id) {
  return document.getElementById(id);
}

/** Leaves what is there alone unless the text differs: selections and screen readers stay put. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

const lastKeys = new WeakMap();

/** Builds the content anew only when `key` differs from the last time: focus is not lost for
 *  nothing. */
export function renderIfChanged(element, key, build) {
  const text = JSON.stringify(key);
  if (lastKeys.get(element) === text) return;
  lastKeys.set(element, text);
  element.replaceChildren(...[build()].flat().filter(Boolean));
}

/** One child of `parent` for each item, in their order; children are kept by their key. */
export function reconcile(parent, items, keyOf, create, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = known.get(key);
    known.delete(key);
    if (!child) {
      child = create(item);
      child.dataset.key = key;
    }
    if (child !== place) parent.insertBefore(child, place);
    else place = place.nextElementSibling;
    update(child, item);
  }
  for (const child of known.values()) child.remove();
}

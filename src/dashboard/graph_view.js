// Who needs whom. The drawing is for eyes; the list below it says the same in words.

import { find, make, makeSvg, renderIfChanged } from "./dom.js";
import { layOut, nodeHeight, nodeWidth } from "./graph_layout.js";
import { familyOf } from "./phases.js";
import { joinForPeople } from "./words.js";

export class GraphView {
  #store;
  #isVisible = false;

  constructor(store) {
    this.#store = store;
    for (const type of ["state", "selected"]) store.addEventListener(type, () => this.#draw());
    find("graph-drawing").addEventListener("click", (event) => {
      const node = event.target.closest("[data-name]");
      if (node) store.select(node.dataset.name);
    });
  }

  setVisible(isVisible) {
    this.#isVisible = isVisible;
    this.#draw();
  }

  #draw() {
    if (!this.#isVisible) return;
    const { services, selected } = this.#store;
    const facts = services.map(({ name, phase, needs }) => ({ name, phase, needs }));
    renderIfChanged(find("graph-drawing"), [facts, selected], () => drawing(facts, selected));
    renderIfChanged(find("graph-words"), facts, () => facts.map(inWords));
  }
}

function drawing(services, selected) {
  const { nodes, edges, width, height } = layOut(services);
  const byName = new Map(services.map((it) => [it.name, it]));
  const line = ({ from, to, path }) => {
    const isNear = selected === from || selected === to;
    return makeSvg("path", { d: path, class: `edge${isNear ? " near" : ""}` });
  };
  return makeSvg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" },
    edges.map(line),
    nodes.map((node) => box(node, byName.get(node.name), node.name === selected)),
  );
}

function box({ name, x, y }, { phase }, isSelected) {
  const family = familyOf(phase);
  const text = name.length > 15 ? `${name.slice(0, 14)}…` : name;
  return makeSvg(
    "g",
    {
      class: `node ${family}${isSelected ? " selected" : ""}`,
      transform: `translate(${x} ${y})`,
      "data-name": name,
    },
    makeSvg("title", {}, `${name}: ${phase}`),
    makeSvg("rect", { width: nodeWidth, height: nodeHeight, rx: 6 }),
    makeSvg("use", {
      href: `#phase-${phase}`,
      x: 10,
      y: 11,
      width: 14,
      height: 14,
      class: `mark ${family}`,
    }),
    makeSvg("text", { x: 32, y: 23 }, text),
  );
}

function inWords({ name, phase, needs }) {
  const of = needs.length > 0 ? `needs ${joinForPeople(needs)}` : "needs nothing";
  return make("li", {}, make("b", {}, name), ` (${phase}) ${of}`);
}

// Where the services stand in the drawing of their needs: each one column right of what it needs.

const columnWidth = 200;
const rowHeight = 56;
export const nodeWidth = 150;
export const nodeHeight = 36;
const margin = 12;

/** 0 for what needs nothing. A circle, which no profile may have, ends at what is visited twice. */
export function levelsOf(services) {
  const byName = new Map(services.map((it) => [it.name, it]));
  const levels = new Map();
  const visit = (name, path) => {
    if (levels.has(name)) return levels.get(name);
    const needs = (byName.get(name)?.needs ?? []).filter((it) => byName.has(it) && !path.has(it));
    const inner = new Set(path).add(name);
    const level = needs.length === 0 ? 0 : 1 + Math.max(...needs.map((it) => visit(it, inner)));
    levels.set(name, level);
    return level;
  };
  for (const { name } of services) visit(name, new Set());
  return levels;
}

/** { nodes: [{ name, x, y }], edges: [{ from, to, path }], width, height } */
export function layOut(services) {
  const levels = levelsOf(services);
  const columns = [];
  for (const { name } of services) (columns[levels.get(name)] ??= []).push(name);
  const tallest = Math.max(0, ...columns.map((it) => it.length));
  const places = new Map();
  orderByNeeds(columns, services).forEach((names, column) =>
    names.forEach((name, row) => {
      const inset = ((tallest - names.length) * rowHeight) / 2;
      places.set(name, {
        name,
        x: margin + column * columnWidth,
        y: margin + inset + row * rowHeight,
      });
    }),
  );
  const edges = services.flatMap(({ name, needs }) =>
    needs
      .filter((it) => places.has(it))
      .map((it) => ({ from: it, to: name, path: curve(places.get(it), places.get(name)) })),
  );
  return {
    nodes: [...places.values()],
    edges,
    width: 2 * margin + Math.max(0, columns.length - 1) * columnWidth + nodeWidth,
    height: 2 * margin + Math.max(1, tallest) * rowHeight,
  };
}

/** Those of a column stand in the order of the middle of what they need: fewer lines cross. */
function orderByNeeds(columns, services) {
  const needs = new Map(services.map((it) => [it.name, it.needs]));
  const rows = new Map();
  return columns.map((names) => {
    const middle = (name) => {
      const known = needs.get(name).filter((it) => rows.has(it));
      return known.length === 0
        ? 0
        : known.reduce((sum, it) => sum + rows.get(it), 0) / known.length;
    };
    const ordered = [...names].sort((a, b) => middle(a) - middle(b));
    ordered.forEach((name, row) => rows.set(name, row));
    return ordered;
  });
}

function curve(from, to) {
  const x1 = from.x + nodeWidth;
  const y1 = from.y + nodeHeight / 2;
  const x2 = to.x;
  const y2 = to.y + nodeHeight / 2;
  const bend = Math.max(24, (x2 - x1) / 2);
  // A long one passes below what stands between.
  const sag = x2 - x1 > columnWidth ? 37 : 0;
  return `M${x1} ${y1} C${x1 + bend} ${y1 + sag} ${x2 - bend} ${y2 + sag} ${x2} ${y2}`;
}

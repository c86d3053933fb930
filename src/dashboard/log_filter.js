// Which lines are to be seen, and what in them was looked for.

/** { services, text, isRegex, stream } -> { matches(line), rangesIn(plain), problem } */
export function makeFilter({ services = [], text = "", isRegex = false, stream = "" } = {}) {
  const { pattern, problem } = makePattern(text, isRegex);
  const wanted = new Set(services);
  return {
    problem,
    isEmpty: wanted.size === 0 && !pattern && !stream,
    matches(line) {
      if (wanted.size > 0 && !wanted.has(line.service)) return false;
      if (line.gap) return true;
      if (stream && line.stream !== stream) return false;
      return !pattern || line.plain.search(pattern) >= 0;
    },
    rangesIn(plain) {
      if (!pattern) return [];
      return [...plain.matchAll(pattern)]
        .filter((it) => it[0].length > 0)
        .map((it) => [it.index, it.index + it[0].length]);
    },
  };
}

function makePattern(text, isRegex) {
  if (!text) return { pattern: null, problem: "" };
  // Who types a capital letter means it.
  const flags = /[A-Z]/.test(text) ? "g" : "gi";
  try {
    const source = isRegex ? text : text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return { pattern: new RegExp(source, flags), problem: "" };
  } catch (error) {
    return { pattern: null, problem: error.message };
  }
}

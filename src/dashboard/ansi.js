// Colours that programs print: SGR sequences become runs of text with a class each.

const sequence = /\x1b\[([0-9;]*)m/g;

/** The text without its colours: what is searched. */
export function plainText(text) {
  return text.includes("\x1b") ? text.replace(sequence, "") : text;
}

function apply(style, codes) {
  for (let i = 0; i < codes.length; ++i) {
    const code = codes[i];
    if (code === 0) Object.assign(style, { colour: "", bold: false, dim: false });
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 39) style.colour = "";
    else if (code >= 30 && code <= 37) style.colour = `c${code - 30}`;
    else if (code >= 90 && code <= 97) style.colour = `c${code - 90}`;
    else if (code === 38 || code === 48) i += codes[i + 1] === 5 ? 2 : 4;
  }
}

function classOf({ colour, bold, dim }) {
  return [colour, bold && "bold", dim && "dim"].filter(Boolean).join(" ");
}

/** [{ text, style }]: `style` is a list of classes, empty for plain text. */
export function colouredRuns(text) {
  if (!text.includes("\x1b")) return [{ text, style: "" }];
  const style = { colour: "", bold: false, dim: false };
  const runs = [];
  let at = 0;
  for (const found of text.matchAll(sequence)) {
    if (found.index > at) runs.push({ text: text.slice(at, found.index), style: classOf(style) });
    apply(style, found[1].split(";").map(Number));
    at = found.index + found[0].length;
  }
  if (at < text.length) runs.push({ text: text.slice(at), style: classOf(style) });
  return runs;
}

/** The same runs, cut where something was found: `ranges` are [begin, end) in the plain text. */
export function markRuns(runs, ranges) {
  const marked = [];
  let at = 0;
  for (const run of runs) {
    const end = at + run.text.length;
    let from = at;
    for (const [begin, stop] of ranges) {
      if (stop <= from || begin >= end) continue;
      const first = Math.max(begin, from);
      const last = Math.min(stop, end);
      if (first > from) marked.push({ ...run, text: run.text.slice(from - at, first - at) });
      marked.push({ ...run, text: run.text.slice(first - at, last - at), isFound: true });
      from = last;
    }
    if (from < end) marked.push({ ...run, text: run.text.slice(from - at) });
    at = end;
  }
  return marked;
}

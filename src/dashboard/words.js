// Times and sizes as people read them.

const two = (number) => String(number).padStart(2, "0");

/** 12:00:03 by the local clock. */
export function clockTime(text) {
  const at = new Date(text);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** 12:00:03.123 */
export function preciseTime(text) {
  return `${clockTime(text)}.${String(new Date(text).getMilliseconds()).padStart(3, "0")}`;
}

/** With the date, if that is another day. */
export function dayTime(text, now = new Date()) {
  const at = new Date(text);
  if (at.toDateString() === now.toDateString()) return clockTime(text);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clockTime(text)}`;
}

/** "3s", "2m 5s", "4h 12m", "9d 3h" */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}m`;
  return `${Math.floor(whole / 86400)}d ${Math.floor((whole % 86400) / 3600)}h`;
}

export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    ++unit;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** "a, b and c" */
export function joinForPeople(words) {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

export function count(number, word) {
  const end = number === 1 ? "" : word.endsWith("s") ? "es" : "s";
  return `${number.toLocaleString("en")} ${word}${end}`;
}

// The way to the API, and the token that opens it.
//
// The link carries the token in its fragment, which browsers send to nobody: neither to a server,
// nor in a Referer, nor to a log. From there it goes to this tab's sessionStorage, which no other
// origin (no other port, that is) can read, and out of the address at once. A cookie would be sent
// to every other port of this host.

const storageKey = "devstack.token";

/** An answer of 400 or more. */
export class Refusal extends Error {
  constructor(status, { code = "", message = `status ${status}`, hint = "" } = {}) {
    super(hint ? `${message} (${hint})` : message);
    this.status = status;
    this.code = code;
  }
}

/** True when a new token has come with the address. */
export function takeTokenFromAddress() {
  const found = /^#token=([0-9a-f]{32,})$/.exec(location.hash);
  if (!found) return false;
  sessionStorage.setItem(storageKey, found[1]);
  history.replaceState(null, "", location.pathname);
  return true;
}

export function authorization() {
  const token = sessionStorage.getItem(storageKey);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function refusalOf(answer) {
  const text = await answer.text();
  try {
    return new Refusal(answer.status, JSON.parse(text));
  } catch {
    return new Refusal(answer.status);
  }
}

/** The answer's body is still to be read. Throws a Refusal, or what fetch throws. */
export async function request(path, options = {}) {
  const answer = await fetch(path, {
    cache: "no-store",
    credentials: "omit",
    ...options,
    headers: { ...authorization(), ...options.headers },
  });
  if (!answer.ok) throw await refusalOf(answer);
  return answer;
}

export async function get(path, options) {
  return (await request(path, options)).json();
}

/** Asks for a start, stop or restart; returns when the wish has been taken. */
export async function command(words) {
  const answer = await request("/v1/commands", { method: "POST", body: JSON.stringify(words) });
  return answer.json();
}

// The public API. What it says comes from the admin service, and through it from the database.
import { createServer } from "node:http";

const { PORT, TEMPLATES_URL } = process.env;

async function answer(request) {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/api/health") return [200, { ok: true, pid: process.pid }];
  if (pathname !== "/api/templates") return [404, { error: "not found" }];
  const upstream = await fetch(TEMPLATES_URL, { signal: AbortSignal.timeout(2000) });
  return [upstream.status, { served_by: "backend", ...(await upstream.json()) }];
}

createServer(async (request, response) => {
  let [status, body] = [502, {}];
  try {
    [status, body] = await answer(request);
  } catch (error) {
    console.error(`${request.method} ${request.url}: ${error.message}`);
    body = { error: error.message };
  }
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}).listen(PORT, "127.0.0.1", () => console.log(`backend listens on http://127.0.0.1:${PORT}`));

import express from "express";
import pg from "pg";
import { createClient } from "redis";

const { PORT, DATABASE_URL, REDIS_URL, JWT_SECRET } = process.env;
if (!JWT_SECRET) throw new Error("JWT_SECRET is not set");

const database = new pg.Pool({ connectionString: DATABASE_URL, connectionTimeoutMillis: 2000 });
database.on("error", (error) => console.error("database:", error.message));

const cache = createClient({ url: REDIS_URL });
cache.on("error", (error) => console.error("redis:", error.message));
await cache.connect();

const app = express();

// Well means: everything it needs is well, too.
app.get("/api/health", async (request, response) => {
  try {
    await Promise.all([database.query("SELECT 1"), cache.ping()]);
    response.json({ ok: true });
  } catch (error) {
    response.status(503).json({ ok: false, reason: error.message });
  }
});

// One row in PostgreSQL and one count in Redis for every visit.
app.post("/api/visits/:page", async (request, response, next) => {
  try {
    const { page } = request.params;
    await database.query("INSERT INTO visits (page) VALUES ($1)", [page]);
    const { rows } = await database.query(
      "SELECT count(*)::int AS stored FROM visits WHERE page = $1", [page]);
    const counted = await cache.incr(`visits:${page}`);
    response.json({ page, stored: rows[0].stored, counted });
  } catch (error) {
    next(error);
  }
});

app.listen(PORT, "127.0.0.1", () => console.log(`api listens on http://127.0.0.1:${PORT}`));

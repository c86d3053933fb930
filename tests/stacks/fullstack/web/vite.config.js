import { defineConfig } from "vite";

// The browser talks to one origin only; /api is passed on.
export default defineConfig({
  server: { proxy: { "/api": process.env.API_URL } },
});

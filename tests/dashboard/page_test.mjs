// The dashboard in a real browser, at a real project.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";

import {
  awaitPhase,
  barriers,
  eventually,
  freePort,
  launchBrowser,
  openPage,
  Project,
  readLog,
  row,
} from "./world.mjs";

let browser;
async function profile() {
  const port = await freePort();
  return `
[service.store]
command = ["@CHILD@", "listen", "${port}"]
port = ${port}
[service.api]
command = ["@CHILD@", "print", "the api says hello", "then", "print-err", "and complains",
           "then", "wait"]
depends_on = ["store"]
restart = { policy = "always", delay = "100ms" }
[service.counter]
command = ["@CHILD@", "lines", "1000000", "n", "10000"]
[service.broken]
command = ["@CHILD@", "exit", "3"]
restart = "no"
`;
}

/** A project that runs, its page, and the end of both. */
async function at(t, text, options = {}) {
  const project = new Project(text);
  t.after(() => project.end());
  project.run("up", "-d");
  const link = await project.serve();
  const page = await openPage(browser, link, options);
  t.after(() => page.context().close());
  return { project, page, link };
}

// Each with a project of its own: most of the time is spent in waiting for something to happen.
describe("the dashboard", { concurrency: 2 }, () => {
  before(async () => (browser = await launchBrowser()));
  after(() => browser?.close());

  it("shows the services and why they are as they are, and acts on them", async (t) => {
    const { project, page } = await at(t, await profile());
    await awaitPhase(page, "api", "ready");
    await awaitPhase(page, "broken", "failed");
    assert.match(await row(page, "broken").locator(".why").textContent(), /exited with code 3/);

    await row(page, "api").getByRole("button", { name: "Restart api" }).click();
    await eventually(
      () => project.state().services.find((it) => it.name === "api").run === 2,
      "run 2",
    );
    await awaitPhase(page, "api", "ready");

    // Others need the store: stopping it asks first, and Escape is no.
    await row(page, "store").getByRole("button", { name: "Stop store" }).click();
    assert.equal(
      await page.locator("#question-text").textContent(),
      "api needs store, and will be stopped first.",
    );
    await page.keyboard.press("Escape");
    await row(page, "store").getByRole("button", { name: "Stop store" }).click();
    await page.getByRole("button", { name: "Stop 2 services" }).click();
    await awaitPhase(page, "store", "stopped");
    await awaitPhase(page, "api", "stopped");
    await row(page, "api").getByRole("button", { name: "Start api", exact: true }).click();
    await awaitPhase(page, "api", "ready");
    await awaitPhase(page, "store", "ready");
    assert.deepEqual(page.problems, []);
  });

  it("a service that is killed is seen to recover, and its end is on record", async (t) => {
    const { project, page } = await at(t, await profile());
    await awaitPhase(page, "api", "ready");
    await row(page, "api").locator(".service-name").click();
    process.kill(project.pidOf("api"), "SIGKILL");
    await page.locator("#service-crashes summary", { hasText: "was killed by SIGKILL" }).waitFor();
    await eventually(
      async () => (await row(page, "api").locator(".restarts").textContent()) === "1",
      "a restart",
    );
    await awaitPhase(page, "api", "ready");
    await page.locator("#service-crashes summary").click();
    await page.locator(".last-lines .stderr", { hasText: "and complains" }).waitFor();
    await page.click("#tab-events");
    await page.locator("#events-list li", { hasText: "backing-off" }).first().waitFor();
    // Whoever can not see hears of it.
    await eventually(
      async () => /api is ready/.test(await page.locator("#announcer").textContent()),
      "words",
    );
    assert.deepEqual(page.problems, []);
  });

  it("the daemon may die: the page says so and comes back, with each line once", async (t) => {
    const { project, page } = await at(t, await profile());
    await page.selectOption("#log-service", "counter");
    const seen = () => page.locator("#log-count").textContent();
    for (let death = 0; death < 2; ++death) {
      const before = await seen();
      await eventually(async () => (await seen()) !== before, "more lines");
      const daemon = project.state().daemon_pid;
      // The next daemon may be there before somebody who looks now and then has seen that it died.
      await page.evaluate(() => {
        const connection = document.querySelector("[data-state]");
        window.states = [];
        new MutationObserver(() => window.states.push(connection.dataset.state)).observe(
          connection,
          { attributeFilter: ["data-state"] },
        );
      });
      process.kill(daemon, "SIGKILL");
      await page.waitForFunction(
        () => window.states.includes("lost") && window.states.at(-1) === "live",
      );
      assert.notEqual(project.state().daemon_pid, daemon);
    }
    await row(page, "counter").getByRole("button", { name: "Stop counter" }).click();
    await awaitPhase(page, "counter", "stopped");
    const written = project.read(".devstack/logs/counter.log").trimEnd().split("\n");
    const all = `${written.length.toLocaleString("en")} of`;
    await eventually(async () => (await seen()).startsWith(all), `${all} all lines`);
    assert.deepEqual(await readLog(page), written);
    assert.equal(written.at(-1), `n ${written.length}`);
    assert.deepEqual(page.problems, []);
  });

  it("a project that is stopped is told to be, and is there again when it is", async (t) => {
    const { project, page } = await at(t, await profile());
    project.run("down");
    await page.waitForSelector("[data-state=stopped]");
    assert.equal(
      await page.locator("#connection-text").textContent(),
      "the project has been stopped",
    );
    project.run("up", "-d", "--wait", "api");
    await page.click("#reconnect");
    await page.waitForSelector("[data-state=live]");
    await awaitPhase(page, "api", "ready");
    assert.deepEqual(page.problems, []);
  });

  it("holds what was written before it was opened", async (t) => {
    const project = new Project(`
[service.calm]
command = ["@CHILD@", "wait"]
[task.counter]
command = ["@CHILD@", "lines", "4000", "n", "0"]
`);
    t.after(() => project.end());
    project.run("up", "-d");
    project.run("run", "counter");
    const page = await openPage(browser, await project.serve());
    t.after(() => page.context().close());
    await page.locator("#log-count", { hasText: /^4,000 lines$/ }).waitFor();
    const lines = await readLog(page);
    assert.deepEqual(
      lines,
      Array.from({ length: 4000 }, (_, i) => `n ${i + 1}`),
    );
  });

  it("the log is searched and filtered", async (t) => {
    const { page } = await at(t, await profile());
    await page.locator(".log-row").first().waitFor();
    await page.fill("#log-search", "HELLO");
    await page.locator("#log-empty", { hasText: "No line matches." }).waitFor();
    await page.fill("#log-search", "hello");
    assert.equal(await page.locator(".log-row mark").first().textContent(), "hello");
    await page.check("#log-regex");
    await page.fill("#log-search", "(");
    assert.notEqual(await page.locator("#log-problem").textContent(), "");
    await page.fill("#log-search", "^n 1?7$");
    await eventually(
      async () => (await page.locator("#log-count").textContent()).startsWith("2 of"),
      "two lines",
    );
    await page.fill("#log-search", "");
    await page.selectOption("#log-stream", "stderr");
    await page.locator(".log-row.stderr", { hasText: "and complains" }).waitFor();
  });

  it("100,000 lines and more are scrolled without jank", async (t) => {
    const text = `
[service.calm]
command = ["@CHILD@", "wait"]
[task.flood]
command = ["@CHILD@", "lines", "110000", "the line", "0"]
`;
    const { project, page } = await at(t, text);
    project.run("start", "flood", "--no-wait");
    const held = async () =>
      Number(
        /^([\d,]+) lines/
          .exec(await page.locator("#log-count").textContent())?.[1]
          .replaceAll(",", ""),
      );
    await eventually(async () => {
      const rest = await page
        .locator(".log-row")
        .last()
        .textContent()
        .catch(() => "");
      return rest.endsWith("the line 110000");
    }, "the last line");
    assert.ok(
      (await held()) <= 100_000 && (await held()) > 85_000,
      `${await held()} lines are held`,
    );
    const { elements, times } = await page.evaluate(async () => {
      const scroller = document.getElementById("log-scroller");
      const times = [];
      for (let step = 0; step < 60; ++step) {
        const begin = performance.now();
        scroller.scrollTop = (scroller.scrollHeight * step) / 60;
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        times.push(performance.now() - begin);
      }
      return { elements: document.querySelectorAll("#log-window > *").length, times };
    });
    assert.ok(elements > 10 && elements < 150, `${elements} rows`);
    const median = times.sort((a, b) => a - b)[30];
    assert.ok(median < 100, `a step takes ${median} ms`);
  });

  it("ports, graph and keys", async (t) => {
    const { page, project } = await at(t, await profile());
    await awaitPhase(page, "store", "ready");
    await page.keyboard.press("3");
    const { port } = project.state().services.find((it) => it.name === "store").ports[0];
    await page
      .locator("#ports-body tr", { hasText: String(port) })
      .filter({ hasText: "listens" })
      .waitFor();
    await page.keyboard.press("4");
    assert.equal(await page.locator(".graph .node").count(), 4);
    assert.equal(await page.locator(".graph .edge").count(), 1);
    await page.keyboard.press("j");
    assert.equal(await page.locator("#service-title").textContent(), "store");
    await page.keyboard.press("j");
    assert.equal(await page.locator("#service-title").textContent(), "api");
    await page.keyboard.press("?");
    assert.ok(await page.locator("#help").isVisible());
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "log-search");
    await page.keyboard.type("jx?");
    assert.equal(await page.locator("#log-search").inputValue(), "jx?");
    assert.deepEqual(page.problems, []);
  });

  it("says who holds a port that is wanted", async (t) => {
    const { createServer } = await import("node:net");
    const server = await new Promise((resolve) => {
      const it = createServer().listen(0, "127.0.0.1", () => resolve(it));
    });
    t.after(() => server.close());
    const { port } = server.address();
    const text = `[service.api]\ncommand = ["@CHILD@", "listen", "${port}"]\nport = ${port}\n`;
    const { page } = await at(t, text);
    await awaitPhase(page, "api", "blocked");
    const culprit = `pid ${process.pid}`;
    assert.match(await row(page, "api").locator(".why").textContent(), new RegExp(culprit));
    await page.keyboard.press("3");
    await page.locator("#ports-body .verdict", { hasText: culprit }).waitFor();
  });

  it("what it loads comes from where it came from, and the token goes nowhere", async (t) => {
    const { page, link } = await at(t, await profile());
    const { origin } = new URL(link);
    const token = new URL(link).hash.split("=")[1];
    assert.equal(page.url(), `${origin}/`);
    for (const request of page.requests) {
      assert.ok(request.url().startsWith(`${origin}/`), request.url());
      assert.ok(!request.url().replace(link, "").includes(token), request.url());
      assert.equal((await request.allHeaders()).cookie, undefined);
      assert.equal((await request.allHeaders()).referer, undefined);
    }
    await page.reload();
    await page.waitForSelector("[data-state=live]");
    // Another tab has no token, and says what to do.
    const other = await page.context().newPage();
    await other.goto(origin);
    await other.locator("#denied", { hasText: "devstack dashboard" }).waitFor();
    // No script but its own runs, and nothing becomes HTML.
    const refused = await page.evaluate(() => {
      try {
        document.body.innerHTML = "<img src=x>";
        return "";
      } catch (error) {
        return error.name;
      }
    });
    assert.equal(refused, "TypeError");
  });

  it("is served by the profile's own listener too", async (t) => {
    const port = await freePort();
    const project = new Project(`[api]\nlisten = "127.0.0.1:${port}"\n${await profile()}`);
    t.after(() => project.end());
    project.run("up", "-d");
    const link = project.run("dashboard").trim();
    assert.equal(
      link,
      `http://127.0.0.1:${port}/#token=${project.read(".devstack/state/api-token")}`,
    );
    const page = await openPage(browser, link);
    await awaitPhase(page, "api", "ready");
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

  it("a page that is left alone asks for nothing, and wakes nobody", async (t) => {
    const { page, project } = await at(t, '[service.calm]\ncommand = ["@CHILD@", "wait"]\n');
    await awaitPhase(page, "calm", "ready");
    const rest = (time) =>
      page.evaluate((it) => new Promise((resolve) => setTimeout(resolve, it)), time);
    const { daemon_pid: daemon } = project.state();
    const wakeUps = () =>
      Number(/voluntary_ctxt_switches:\s+(\d+)/.exec(readFileSync(`/proc/${daemon}/status`))[1]);
    // The start is over when its memory has been given back, after 3 s.
    await rest(4000);
    const before = page.requests.length;
    // The deadlines of connections that have just been used pass once more for nothing.
    let fewest = Infinity;
    for (let look = 0; look < 8 && fewest > 2; ++look) {
      const begin = wakeUps();
      await rest(4000);
      fewest = Math.min(fewest, wakeUps() - begin);
    }
    assert.ok(
      fewest <= 2,
      `${fewest} wake-ups in 4 s: each of the two streams may have a heartbeat`,
    );
    const asked = page.requests.slice(before).map((it) => it.url());
    assert.deepEqual(asked, []);
  });

  // To look for barriers takes its time: at each width in some of the views.
  for (const [width, colorScheme, ...looked] of [
    [390, "dark", "log", "graph"],
    [1024, "light", "log", "events", "help"],
    [1600, "dark", "ports", "events"],
  ]) {
    it(`fits ${width} pixels, ${colorScheme}, and has no barriers`, async (t) => {
      const options = { viewport: { width, height: 850 }, colorScheme };
      const { page } = await at(t, await profile(), options);
      await awaitPhase(page, "api", "ready");
      await awaitPhase(page, "broken", "failed");
      await row(page, "broken").locator(".service-name").click();
      for (const tab of ["log", "events", "ports", "graph"]) {
        await page.click(`#tab-${tab}`);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - innerWidth,
        );
        assert.ok(overflow <= 0, `${tab} is ${overflow} too wide`);
        if (looked.includes(tab)) assert.deepEqual(await barriers(page), [], tab);
      }
      await page.click("#help-open");
      if (looked.includes("help")) assert.deepEqual(await barriers(page), [], "help");
    });
  }
});

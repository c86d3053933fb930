// A project in a directory of its own, its dashboard, and a real browser that looks at it.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";

const require = createRequire(`${process.env.PACKAGES}/`);
export const { chromium } = require("playwright-core");
export const devstack = process.env.DEVSTACK;

const patience = 30_000;

/** Until the claim holds; fails with what it was about when that takes too long. */
export async function eventually(claim, about) {
  const deadline = Date.now() + patience;
  for (;;) {
    const value = await claim();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${patience / 1000} s: ${about}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Project {
  #serving;
  directory = mkdtempSync("/tmp/dsdash");

  /** "@CHILD@" in the profile is the test's child program. */
  constructor(profile) {
    this.write(profile);
  }

  write(profile) {
    const text = profile.replaceAll("@CHILD@", process.env.TESTCHILD);
    writeFileSync(join(this.directory, "devstack.toml"), text);
  }

  read(name) {
    return readFileSync(join(this.directory, name), "utf8");
  }

  run(...words) {
    const options = { cwd: this.directory, encoding: "utf8", timeout: 2 * patience };
    return execFileSync(devstack, words, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Also when something is not as it should be, which is an exit code of 1. */
  state() {
    try {
      return JSON.parse(this.run("status", "--json"));
    } catch (error) {
      if (error.status !== 1) throw error;
      return JSON.parse(error.stdout);
    }
  }

  pidOf(name) {
    return this.state().services.find((it) => it.name === name).pid;
  }

  /** `devstack dashboard`, which serves until the end of the test; its link. */
  async serve() {
    const command = spawn(devstack, ["dashboard"], { cwd: this.directory });
    this.#serving = command;
    let said = "";
    command.stdout.on("data", (data) => (said += data));
    return eventually(() => /^(http\S+)\n/.exec(said)?.[1], "the link of the dashboard");
  }

  end() {
    this.#serving?.kill("SIGTERM");
    try {
      this.run("down", "--force");
    } catch (error) {
      if (error.status !== 3) throw error;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A page, and all that went wrong in it. */
export async function openPage(browser, link, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 950 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.problems = [];
  page.requests = [];
  page.on("pageerror", (error) => page.problems.push(error.message));
  page.on("console", (message) => {
    // That requests fail while the daemon is away is what some tests are about.
    const isNetwork = /Failed to load resource|net::ERR_/.test(message.text());
    if (message.type() === "error" && !isNetwork) page.problems.push(message.text());
  });
  page.on("request", (request) => page.requests.push(request));
  await page.goto(link);
  await page.waitForSelector("[data-state=live]");
  await page.waitForSelector("#services-body tr");
  return page;
}

export function launchBrowser() {
  const args = process.getuid() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
}

export function row(page, service) {
  return page.locator(`#services-body tr[data-key=${service}]`);
}

export async function awaitPhase(page, service, phase) {
  await page.waitForSelector(`#services-body tr[data-key=${service}] [data-phase=${phase}]`);
}

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** What is in the way of people who do not see, or use no mouse, as far as axe can tell. */
export async function barriers(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((it) => it.target).join(", ")}`);
}

/** Every line that the log view shows, read as somebody would who scrolls through it all. */
export async function readLog(page) {
  return page.evaluate(async () => {
    const scroller = document.getElementById("log-scroller");
    const frame = () =>
      new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const lines = new Map();
    for (let top = 0; ; top += scroller.clientHeight) {
      scroller.scrollTop = top;
      await frame();
      for (const line of document.querySelectorAll("#log-window > *")) {
        lines.set(Number(line.dataset.key.split(".")[1]), line.lastChild.textContent);
      }
      if (top + scroller.clientHeight >= scroller.scrollHeight) break;
    }
    return [...lines].sort(([a], [b]) => a - b).map(([, text]) => text);
  });
}

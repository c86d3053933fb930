// `devstack mcp`, spoken to by the protocol's own SDK.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

import { devstack, eventually, Project } from "../dashboard/world.mjs";

const require = createRequire(`${process.env.PACKAGES}/`);
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");

const profile = `
[service.store]
command = ["@CHILD@", "print", "the store says hello", "then", "wait"]
[service.api]
command = ["@CHILD@", "print-err", "cannot find the queue", "then", "exit", "3"]
depends_on = ["store"]
restart = "no"
`;

async function connect(t, project, ...words) {
  const client = new Client({ name: "devstack-tests", version: "1" });
  const args = ["-C", project.directory, "mcp", ...words];
  await client.connect(new StdioClientTransport({ command: devstack, args, stderr: "inherit" }));
  t.after(() => client.close());
  client.ask = async (name, given = {}) => {
    const { content, isError } = await client.callTool({ name, arguments: given });
    assert.equal(content.length, 1);
    assert.equal(content[0].type, "text");
    return { text: content[0].text, isError };
  };
  return client;
}

function at(t) {
  const project = new Project(profile);
  t.after(() => project.end());
  project.run("up", "-d");
  return project;
}

const looking = ["status", "why", "doctor", "logs", "events", "crashes", "ports", "check"];

test("an assistant looks, and can do no more", async (t) => {
  const project = at(t);
  const client = await connect(t, project);
  assert.equal(client.getServerVersion().name, "devstack");
  assert.match(client.getInstructions(), /Begin with `status`/);
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map((it) => it.name),
    looking,
  );
  for (const tool of tools) assert.equal(tool.annotations.readOnlyHint, true);
  await assert.rejects(client.ask("restart", { services: ["store"] }), /Unknown tool: restart/);
  await client.ping();

  await eventually(async () => {
    const { services } = JSON.parse((await client.ask("status")).text);
    return services.find((it) => it.name === "api").phase === "failed";
  }, "api has failed");
  const one = JSON.parse((await client.ask("status", { services: ["store"] })).text);
  assert.deepEqual(
    one.services.map((it) => it.name),
    ["store"],
  );
  const why = (await client.ask("why", { service: "api" })).text;
  assert.match(why, /^api is failed: exited with code 3\n/);
  assert.match(why, /last lines of its log:\n.*cannot find the queue\n/);
  assert.match(
    (await client.ask("logs", { grep: "hello" })).text,
    /store \| \S+Z the store says hello\n/,
  );
  assert.equal((await client.ask("logs", { grep: "nothing like it" })).text, "no line\n");
  assert.match(
    (await client.ask("events", { services: ["api"], count: 1 })).text,
    /^\S+ api .*failed.*\n$/,
  );
  const [crash] = JSON.parse((await client.ask("crashes", { services: ["api"] })).text);
  assert.equal(crash.ended, "exited with code 3");
  assert.ok(Array.isArray(JSON.parse((await client.ask("ports")).text)));
  assert.match((await client.ask("check")).text, /devstack\.toml: no problems\n/);
  assert.match((await client.ask("doctor", { service: "api" })).text, /cannot find the queue/);
});

test("what is asked wrongly is answered with what to do", async (t) => {
  const project = at(t);
  const client = await connect(t, project);
  const known = "there is no service or task stor (did you mean `store`?); known are store and api";
  for (const [tool, given, text] of [
    ["why", { service: "stor" }, known],
    ["status", { services: ["stor"] }, known],
    ["logs", { services: ["stor"] }, known],
    ["doctor", { service: "stor" }, known],
    ["why", {}, "argument service is missing"],
    ["logs", { grep: "(" }, null],
    ["logs", { stream: "both" }, null],
    ["ports", { port: 0 }, "argument port: expected a number from 1 to 65535"],
  ]) {
    const answer = await client.ask(tool, given);
    assert.equal(answer.isError, true, `${tool} ${JSON.stringify(given)}: ${answer.text}`);
    if (text !== null) assert.equal(answer.text, text);
  }
  project.write(profile.replace("depends_on", "depend_on"));
  assert.match((await client.ask("check")).text, /did you mean/);
  project.run("down");
  const gone = await client.ask("status");
  assert.equal(gone.isError, true);
  assert.match(gone.text, / is not running; start it with `devstack up`$/);
});

test("an assistant that may act restarts, stops and starts", async (t) => {
  const project = at(t);
  const client = await connect(t, project, "--allow-actions");
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map((it) => it.name),
    [...looking, "start", "stop", "restart"],
  );
  assert.equal(tools.at(-1).annotations.destructiveHint, true);
  const restart = await client.ask("restart", { services: ["store"] });
  assert.equal(restart.isError, false);
  assert.match(restart.text, /store is ready/);
  const stop = await client.ask("stop", { services: ["store"] });
  assert.match(stop.text, /store is stopped/);
  const start = await client.ask("start", { services: ["api"] });
  assert.equal(start.isError, true);
  assert.match(start.text, /api .*failed.*exited with code 3/);
  assert.match((await client.ask("restart", {})).text, /argument services is missing/);
});

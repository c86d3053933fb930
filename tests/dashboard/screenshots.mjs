// The pictures in docs/: `./dev screenshots`. The demo with a service that is in trouble, at three
// widths, light and dark.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";

import { awaitPhase, freePort, launchBrowser, openPage, Project, row } from "./world.mjs";

const source = fileURLToPath(new URL("../..", import.meta.url));
const browser = await launchBrowser();
after(() => browser.close());

/** The demo, and two that are not well. */
async function profile() {
  let demo = readFileSync(`${source}/profiles/demo.toml`, "utf8");
  for (const shipped of ["5300", "5301", "5380"]) {
    demo = demo.replaceAll(shipped, String(await freePort()));
  }
  return `${demo}
[service.worker]
depends_on = ["store"]
restart = { policy = "always", delay = "20s", max_delay = "20s" }
command = """
echo 'worker: takes orders'; sleep 2
printf '\\\\033[31mError: queue "orders" is gone\\\\033[0m\\\\n' >&2; exit 3"""

[service.admin]
port = ${await freePort()}
depends_on = ["store"]
command = "exec sleep 1000"
`;
}

test("pictures", async (t) => {
  const project = new Project(await profile());
  t.after(() => project.end());
  project.run("up", "-d");
  const link = await project.serve();
  const shots = [
    { name: "1600", width: 1600, height: 940, scheme: "light", service: "worker", tab: "log" },
    { name: "dark", width: 1600, height: 940, scheme: "dark", service: "api", tab: "events" },
    { name: "1024", width: 1024, height: 1180, scheme: "light", service: "api", tab: "graph" },
    { name: "390", width: 390, height: 1500, scheme: "dark", service: "worker", tab: "log" },
  ];
  for (const { name, width, height, scheme, service, tab } of shots) {
    const options = { viewport: { width, height }, colorScheme: scheme };
    const page = await openPage(browser, link, options);
    await awaitPhase(page, "worker", "backing-off");
    await awaitPhase(page, "visitor", "ready");
    await row(page, service).locator(".service-name").click();
    await page.click(`#tab-${tab}`);
    await page.locator("#service-facts dt").first().waitFor();
    const crash = page.locator("#service-crashes summary").first();
    if (service === "worker") await crash.click();
    await page.mouse.move(0, 0);
    await page.evaluate(() => document.activeElement.blur());
    await page.screenshot({ path: `${source}/docs/dashboard-${name}.png` });
    await page.context().close();
  }
});

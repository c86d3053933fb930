// Start, stop, restart: asked for here, decided by the daemon. What comes of it is told by events.

import { announce } from "./announcer.js";
import { find, setText } from "./dom.js";
import { command } from "./session.js";
import { joinForPeople } from "./words.js";

export class Actions {
  #store;

  constructor(store) {
    this.#store = store;
    find("notice-close").addEventListener("click", () => (find("notice").hidden = true));
  }

  async act(act, name) {
    if (!this.#store.service(name)) return;
    if (act === "stop" && !(await this.#isStopMeant(name))) return;
    await this.#send({ command: act, services: [name] }, `${act} ${name}`);
  }

  async actOnAll(act) {
    const { project } = this.#store.state ?? {};
    const question = `${act === "stop" ? "Stop" : "Restart"} every service of ${project}?`;
    if (act !== "start" && !(await ask(question, act === "stop" ? "Stop all" : "Restart all")))
      return;
    await this.#send({ command: act, services: [] }, `${act} all`);
  }

  /** What others need is stopped with them, which is worth a question. */
  async #isStopMeant(name) {
    const running = this.#store
      .allDependentsOf(name)
      .filter((it) => this.#store.service(it).pid > 0);
    if (running.length === 0) return true;
    const verb = running.length === 1 ? "needs" : "need";
    const question = `${joinForPeople(running)} ${verb} ${name}, and will be stopped first.`;
    return ask(question, `Stop ${running.length + 1} services`);
  }

  async #send(words, said) {
    try {
      await command(words);
      announce(`Asked to ${said}.`);
    } catch (error) {
      complain(`Cannot ${said}: ${error.message}`);
    }
  }
}

export function complain(text) {
  setText(find("notice-text"), text);
  find("notice").hidden = false;
}

function ask(question, yes) {
  const dialog = find("question");
  setText(find("question-text"), question);
  setText(find("question-yes"), yes);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

// Tabs as the ARIA practices have them: one stop for Tab, arrows between them.

export class Tabs {
  #tabs;
  #onShow;

  constructor(list, onShow) {
    this.#tabs = [...list.querySelectorAll("[role=tab]")];
    this.#onShow = onShow;
    list.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) this.show(tab.id.replace("tab-", ""));
    });
    list.addEventListener("keydown", (event) => this.#step(event));
  }

  show(name) {
    for (const tab of this.#tabs) {
      const isShown = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !isShown;
    }
    this.#onShow(name);
  }

  #step(event) {
    const at = this.#tabs.indexOf(event.target);
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: this.#tabs.length - 1 };
    if (at < 0 || !(event.key in steps)) return;
    event.preventDefault();
    const next = this.#tabs.at(steps[event.key] % this.#tabs.length);
    next.focus();
    next.click();
  }
}

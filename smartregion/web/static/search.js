// Suggestions while typing (WAI-ARIA combobox with a listbox) and results that update with the filters.
// Without this script the form of the page does the same.

const input = document.querySelector("[data-suggest]");
const form = input.form;

class Suggestions {
  constructor() {
    this.list = document.createElement("ul");
    Object.assign(this.list, { id: "suggestions", className: "suggestions", hidden: true });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", input.dataset.suggested);
    input.parentElement.append(this.list);
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-controls": "suggestions", "aria-expanded": "false",
    })) input.setAttribute(name, value);
    input.addEventListener("input", () => this.later());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => this.close());
    // A press would take the focus away before it becomes a click.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.go(event.target.closest("[role=option]")));
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), 120);
  }

  async ask() {
    this.request?.abort();
    const text = input.value.trim();
    if (!text) return this.close();
    this.request = new AbortController();
    const address = new URL(input.dataset.suggest, location.href);
    address.searchParams.set("q", text);
    try {
      const response = await fetch(address, { signal: this.request.signal });
      if (response.ok) this.show(await response.json());
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  show([, names, kinds, addresses]) {
    if (document.activeElement !== input) return;
    this.list.replaceChildren(...names.map((name, number) => {
      const option = document.createElement("li");
      option.id = `suggestion-${number}`;
      option.dataset.address = addresses[number];
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.append(...[name, kinds[number]].map((text) => {
        const part = document.createElement("span");
        part.textContent = text;
        return part;
      }));
      return option;
    }));
    this.list.hidden = !names.length;
    input.setAttribute("aria-expanded", String(!this.list.hidden));
    input.removeAttribute("aria-activedescendant");
  }

  close() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.list.hidden = true;
    this.list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !this.list.hidden) {
      event.preventDefault();
      this.select(step);
    } else if (event.key === "Enter" && this.selected) {
      event.preventDefault();
      this.go(this.selected);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    }
  }

  get selected() {
    return this.list.querySelector("[aria-selected=true]");
  }

  select(step) {
    const options = [...this.list.children];
    const from = this.selected ? options.indexOf(this.selected) : step > 0 ? -1 : 0;
    this.selected?.setAttribute("aria-selected", "false");
    const next = options[(from + step + options.length) % options.length];
    next.setAttribute("aria-selected", "true");
    next.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", next.id);
  }

  go(option) {
    if (option) location.assign(option.dataset.address);
  }
}

class Results {
  constructor() {
    this.said = document.createElement("p");
    this.said.className = "hidden";
    this.said.setAttribute("role", "status");
    form.append(this.said);
    document.addEventListener("change", (event) => {
      if (event.target.closest("#view")) this.follow();
    });
    if (matchMedia("(max-width: 48rem)").matches) this.fold();
  }

  // On a narrow screen the results come first: filters without a choice are closed.
  fold() {
    for (const part of document.querySelectorAll(".filters details")) {
      part.open = Boolean(part.querySelector(":checked"));
    }
  }

  async follow() {
    const view = document.getElementById("view");
    const address = new URL(form.action);
    address.search = new URLSearchParams(new FormData(form));
    this.request?.abort();
    this.request = new AbortController();
    view.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(address, { signal: this.request.signal, headers: { Accept: "text/html" } });
      if (!response.ok) throw new Error(String(response.status));
      this.replace(view, new DOMParser().parseFromString(await response.text(), "text/html"), response.url);
    } catch (error) {
      if (error.name !== "AbortError") form.submit();
    }
  }

  replace(view, page, address) {
    const { name, value } = document.activeElement ?? {};
    const open = new Map([...view.querySelectorAll("details")].map((part) => [part.textContent.trim().split("\n")[0], part.open]));
    const fresh = page.getElementById("view");
    for (const part of fresh.querySelectorAll("details")) {
      part.open = open.get(part.textContent.trim().split("\n")[0]) ?? part.open;
    }
    view.replaceWith(fresh);
    history.replaceState(null, "", address);
    document.title = page.title;
    for (const control of fresh.querySelectorAll("input, select")) {
      if (control.name === name && (control.value === value || name === "sort")) control.focus({ preventScroll: true });
    }
    this.said.textContent = fresh.querySelector("#results").textContent;
  }
}

new Suggestions();
if (document.getElementById("view")) new Results();

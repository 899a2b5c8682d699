"use strict";
// Filters, sorts and opens what a link points to. Without it every table is complete, only not movable.
(() => {
  const NAMES = { outcome: "Result", severity: "Severity", framework: "Framework", environment: "Environment", owner: "Owner", source: "Source" };
  const make = (tag, given = {}) => Object.assign(document.createElement(tag), given);
  const tables = new Map();

  function label(text, control) {
    const holder = make("label", { textContent: text });
    holder.append(control);
    return holder;
  }

  function choices(bodies, key) {
    const seen = new Map();
    for (const body of bodies) for (const value of body.dataset[key].split("|")) seen.set(value, (seen.get(value) || 0) + 1);
    return [...seen].sort(([a], [b]) => a.localeCompare(b));
  }

  function haystack(body) {
    const group = body.closest(".rule");
    return (body.textContent + (group ? group.querySelector("h3").textContent + group.querySelector(".tally").textContent : "")).toLowerCase();
  }

  // Rows change while their tables are out of the page: in it, browsers lay out a long table anew for every one.
  function apart(tables, change) {
    const places = [...tables].map((table) => {
      const place = document.createComment("");
      table.replaceWith(place);
      return [place, table];
    });
    change();
    for (const [place, table] of places) place.replaceWith(table);
  }

  function filterable(holder) {
    const bodies = [...holder.querySelectorAll("tbody[data-outcome]")];
    if (bodies.length < 2) return;
    const form = make("div", { className: "filters" });
    form.setAttribute("role", "search");
    const text = make("input", { type: "search", autocomplete: "off" });
    form.append(label("Search", text));
    const selects = {};
    for (const [key, name] of Object.entries(NAMES)) {
      const options = choices(bodies, key);
      if (options.length < 2) continue;
      const select = (selects[key] = make("select"));
      select.append(make("option", { value: "*", textContent: "all" }));
      for (const [value, number] of options) select.append(make("option", { value, textContent: `${value || "none"} (${number})` }));
      form.append(label(name, select));
    }
    const clear = make("button", { type: "button", textContent: "Show all", hidden: true });
    const said = make("output");
    form.append(clear, said);
    holder.prepend(form);
    let texts = null;

    function apply() {
      const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      if (words.length && !texts) texts = new Map(bodies.map((body) => [body, haystack(body)]));
      const wanted = Object.entries(selects).filter(([, select]) => select.value !== "*");
      const fits = (body) => wanted.every(([key, select]) => body.dataset[key].split("|").includes(select.value)) && words.every((word) => texts.get(body).includes(word));
      const kept = new Set(bodies.filter(fits));
      const changed = bodies.filter((body) => body.hidden === kept.has(body));
      apart(new Set(changed.map((body) => body.parentNode)), () => {
        for (const body of changed) body.hidden = !body.hidden;
      });
      const shown = kept.size;
      for (const group of holder.querySelectorAll(".rule")) group.hidden = !group.querySelector("tbody:not([hidden])");
      clear.hidden = shown === bodies.length;
      said.textContent = `${shown.toLocaleString("en")} of ${bodies.length.toLocaleString("en")} ${holder.dataset.noun}`;
    }

    function set(given) {
      for (const [key, select] of Object.entries(selects)) {
        select.value = given[key] ?? "*";
        if (select.selectedIndex < 0) select.value = "*";
      }
      text.value = given.text ?? "";
      apply();
    }
    form.addEventListener("input", apply);
    clear.addEventListener("click", () => set({}));
    tables.set(holder.dataset.filterable, { holder, set });
    apply();
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells].filter((head) => !head.querySelector("svg"));
    if (table.tBodies.length < 3) return;
    const original = [...table.tBodies];
    for (const head of heads) {
      const column = head.cellIndex;
      const value = (body) => body.rows[0].cells[column].dataset.value ?? body.rows[0].cells[column].textContent.trim();
      const button = make("span", { className: "sort", role: "button", tabIndex: 0 }); // buttons are not printed in repeated heads
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        button.click();
      });
      button.addEventListener("click", () => {
        const order = { none: "ascending", ascending: "descending", descending: "none" }[head.ariaSort || "none"];
        for (const other of heads) other.ariaSort = null;
        if (order !== "none") head.ariaSort = order;
        const sign = order === "descending" ? -1 : 1;
        const keyed = original.map((body, index) => [value(body), index, body]);
        if (order !== "none") keyed.sort(([a, i], [b, j]) => (a === "") - (b === "") || sign * a.localeCompare(b, "en", { numeric: true }) || i - j);
        apart([table], () => table.append(...keyed.map(([, , body]) => body)));
        button.focus();
      });
    }
  }

  function reveal() {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    const holder = target.closest("[data-filterable]");
    if (holder && target.closest("[hidden]")) tables.get(holder.dataset.filterable)?.set({});
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    if (target.matches("tbody")) for (const box of target.querySelectorAll("details")) box.open = true;
    target.scrollIntoView({ block: target.matches("section, div") ? "start" : "center" });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-outcome], a[data-source]");
    if (!link) return;
    const found = tables.get(link.getAttribute("href").slice(1));
    if (found) found.set({ ...link.dataset });
  });
  for (const holder of document.querySelectorAll("[data-filterable]")) filterable(holder);
  for (const table of document.querySelectorAll("[data-filterable] table")) sortable(table);
  addEventListener("hashchange", reveal);
  reveal();
})();

"use strict";
// Shows every table of the data below it in windows: searched, filtered, sorted, opened by a link, and on paper.
// Without it the tables hold their first rows, and say so. Text only ever becomes text here, never markup.
(() => {
  const WINDOW = 50; // rows shown at a time
  const PRINTED = 1000; // rows of one table on paper
  const FACETS = { outcome: "Result", severity: "Severity", rule: "Rule", control: "Control", framework: "Framework", environment: "Environment", owner: "Owner", source: "Source" };
  const BY_LINK = new Set(["rule", "control"]); // shown once a link has set them
  const OF_FINDING = new Set(["outcome", "severity", "rule", "control", "framework"]);
  const DAY = 86400000;
  const store = JSON.parse(document.getElementById("data").textContent);
  const { subjects, findings, texts, states } = store;
  const today = Date.parse(store.today);
  const PASS_RANK = states.findIndex(([id]) => id === "manual"); // from here on nobody has anything to do
  const collator = new Intl.Collator("en", { numeric: true });

  // Markup

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) if (value !== undefined && value !== false) element.setAttribute(name, value);
    element.append(...children.flat(Infinity).filter((child) => child !== "" && child !== undefined));
    return element;
  }
  const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
  const g = (tag, attributes = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
  const day = (number) => new Date(today + number * DAY).toISOString().slice(0, 10);
  const counted = (number) => number.toLocaleString("en");
  const mark = (rank) => h("span", { class: `o ${states[rank][0]}` }, g("svg", { class: "m", "aria-hidden": "true" }, g("use", { href: `#m-${states[rank][0]}` })), states[rank][1]);
  const quiet = (...children) => h("span", { class: "quiet" }, ...children);
  const cell = (label, attributes, ...children) => h("td", { "data-label": label, ...attributes }, ...children);
  const named = (text) => (text ? h("bdi", {}, text) : quiet("none stated"));

  function inDays(due) {
    return due === 0 ? "today" : due > 0 ? `in ${due} d` : `${-due} d`;
  }

  // The same picture as drawing.age_bar makes.
  function ageBar(start, due, rungs, late) {
    const WIDTH = 190, DUE = 124, period = Math.max(1, due - start), scale = DUE / period;
    const now = -start * scale, end = Math.min(now, WIDTH - 8), parts = [];
    const rect = (name, x, y, width, height) => g("rect", { class: name, x: x.toFixed(1), y, width: width.toFixed(1), height });
    const line = (name, x, top, bottom) => g("path", { class: name, d: `M${x.toFixed(1)} ${top}V${bottom}` });
    parts.push(rect("track", 0, 7, DUE, 4), rect("spent", 0, 7, Math.max(0, Math.min(now, DUE)), 4));
    for (const days of rungs) if (days > 0 && days < period) parts.push(line("rung", DUE - days * scale, 4, 14));
    if (now > DUE) {
      parts.push(rect("late", DUE, 4, end - DUE, 10));
      if (now > end) parts.push(g("path", { class: "break", d: `M${(end - 7).toFixed(1)} 16l4-14M${(end - 3).toFixed(1)} 16l4-14` }));
    }
    parts.push(line("due", DUE, 1, 17), g("path", { class: "today", d: `M${Math.max(0, end).toFixed(1)} 6l-3.5-6h7z` }));
    const label = `value of ${day(start)}, due ${day(due)}, ${late ? `${late} days overdue` : inDays(due)}`;
    return g("svg", { class: "age-bar", viewBox: `0 0 ${WIDTH} 18`, width: WIDTH, height: 18, role: "img", "aria-label": label }, parts);
  }

  // What the columns say of one finding (f) and of one subject (s)

  const NONE = {};
  const extra = (f) => findings.more[f] ?? NONE;
  const rule = (f) => findings.rules[findings.rule[f]];
  const subjectOf = (f) => findings.subject[f];
  const nameOf = (f) => (subjectOf(f) < 0 ? texts[-1 - subjectOf(f)] : texts[subjects.name[subjectOf(f)]]);
  const ending = [() => "", (name) => name, encodeURIComponent];
  const idOf = (s) => texts[Math.floor(subjects.id[s] / 3)] + ending[subjects.id[s] % 3](texts[subjects.name[s]]);
  const about = (f, column) => (subjectOf(f) < 0 ? "" : texts[subjects[column][subjectOf(f)]]);
  const own = (s) => Array.from({ length: subjects.number[s] }, (_, i) => subjects.from[s] + i).sort((a, b) => findings.state[a] - findings.state[b] || (rule(a)[1] < rule(b)[1] ? -1 : rule(a)[1] > rule(b)[1] ? 1 : a - b));
  const bar = (f) => (findings.alerts[f] < 0 ? "" : ageBar(subjects.day[subjectOf(f)], findings.due[f], findings.ladders[findings.alerts[f]], extra(f).late));
  const first = (s) => !subjects.anchor[s].includes("-");
  function tightest(s) {
    let found = -1;
    for (const f of own(s)) if (findings.due[f] !== null && (found < 0 || findings.due[f] < findings.due[found])) found = f;
    return found;
  }
  function worst(s) {
    let found = states.length;
    for (let f = subjects.from[s]; f < subjects.from[s] + subjects.number[s]; f++) found = Math.min(found, findings.state[f]);
    return found;
  }
  let known; // subject id → number, for facts that name a subject
  function subjectBy(id) {
    if (!id.includes("://")) return undefined;
    known ??= new Map(subjects.name.map((_, s) => [idOf(s), s]).reverse());
    return known.get(id);
  }
  const pairs = (list) => Array.from({ length: list.length / 2 }, (_, i) => [texts[list[2 * i]], texts[list[2 * i + 1]]]);
  const facts = (f) => pairs(findings.fact_lists[findings.facts[f]]);
  const places = (f) => pairs(findings.place_lists[findings.places[f]]);
  const grade = (f) => findings.grades[findings.grade[f]];
  const place = ([path, commit]) => [h("code", {}, path), commit ? [" ", quiet("in ", h("code", {}, commit))] : ""];
  const pair = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", {}, ...value));
  const subjectLink = (f, text = nameOf(f)) => (subjectOf(f) < 0 ? h("bdi", {}, text) : h("a", { href: `#subject-${subjects.anchor[subjectOf(f)]}` }, h("bdi", {}, text)));

  function evidence(f) {
    const listed = facts(f).map(([name, value]) => {
      const s = subjectBy(name);
      return pair(s === undefined ? name : h("a", { href: `#subject-${subjects.anchor[s]}` }, h("bdi", {}, texts[subjects.name[s]])), value);
    });
    const id = findings.id[f].split("-")[0], spots = places(f);
    const subject = subjectOf(f) < 0 ? nameOf(f) : idOf(subjectOf(f));
    return h("dl", { class: "facts" }, listed, pair("severity", grade(f)[1]), spots.length ? pair("place", spots.map((spot, i) => [i ? "; " : "", place(spot)].flat())) : "", pair("subject", h("code", {}, h("bdi", {}, subject))), pair("finding", h("a", { href: `#finding-${findings.id[f]}` }, h("code", {}, id))));
  }

  function accepted(f) {
    const { waiver, baseline } = extra(f);
    if (waiver) {
      const paper = store.waivers[waiver];
      if (!paper) return h("p", { class: "accepted" }, `Accepted by waiver ${waiver}.`);
      const [until, reason, who, ticket] = paper;
      return h("p", { class: "accepted" }, "Accepted by waiver ", h("a", { href: `#waiver-${waiver}` }, waiver), ` until ${until}: ${reason} Approved by ${who}${ticket ? `, ${ticket}` : ""}.`);
    }
    if (!baseline) return "";
    const entry = store.baseline[baseline];
    if (!entry) return h("p", { class: "accepted" }, "Accepted by baseline entry ", h("code", {}, baseline), ".");
    const [until, reason, owner] = entry;
    return h("p", { class: "accepted" }, "Accepted by the ", h("a", { href: `#baseline-${baseline}` }, "baseline"), ` until ${until}: ${reason} To be put in order by `, h("bdi", {}, owner), ".");
  }

  // Rows: what each table shows of a finding or a subject, and what it sorts by

  function exceptionRow(f, dated) {
    const [severity] = grade(f), late = extra(f).late, due = findings.due[f];
    const placed = [about(f, "plain"), about(f, "environment")].filter(Boolean).join(", ");
    const cells = [
      cell("Result", {}, mark(findings.state[f])),
      cell("Severity", {}, h("span", { class: `severity ${severity}` }, severity)),
      cell("Subject", {}, subjectLink(f), placed ? h("span", { class: "detail" }, placed) : ""),
      cell("Owner", {}, named(about(f, "owner"))),
    ];
    if (dated) cells.push(cell("Due", {}, due === null ? "" : day(due)), cell("Overdue", { class: "n" }, late ? h("b", { class: "fail" }, `${counted(late)} d`) : due === null ? "" : quiet(inDays(due))), cell("Age", {}, bar(f)));
    return h("tbody", { id: `finding-${findings.id[f]}` }, h("tr", {}, cells), h("tr", { class: "more" }, h("td", { colspan: cells.length }, h("details", {}, h("summary", {}, texts[findings.reason[f]]), accepted(f), evidence(f)))));
  }

  function findingItem(f, s) {
    const calm = findings.state[f] >= PASS_RANK, [pack, id, title, anchor, controls] = rule(f);
    const told = facts(f).map(([name, value]) => h("span", { class: "fact" }, `${texts[subjects.name[subjectBy(name)]] ?? name}: ${value}`));
    return h("li", { id: calm && first(s) ? `finding-${findings.id[f]}` : undefined }, mark(findings.state[f]), " ", calm ? title : h("a", { href: `#finding-${findings.id[f]}` }, title), `: ${texts[findings.reason[f]]}`, told, " ", h("a", { class: "quiet", href: `#procedure-${anchor}` }, `${pack}/${id}`), controls.map((control) => [" ", quiet(control)]));
  }

  function subjectRow(s) {
    const rank = worst(s), due = tightest(s), value = subjects.day[s], found = own(s);
    const tally = states.map(([, , one, many], state) => [found.filter((f) => findings.state[f] === state).length, one, many]).filter(([number]) => number);
    const summary = tally.map(([number, one, many]) => `${number} ${number === 1 ? one : many}`).join(", ") || "no finding";
    const dated = value === null ? "" : `${day(value)} ${texts[subjects.value[s]]}`;
    return h("tbody", { id: `subject-${subjects.anchor[s]}` },
      h("tr", {},
        cell("Result", {}, rank < states.length ? mark(rank) : quiet("no rule selects it")),
        cell("Subject", {}, h("bdi", {}, texts[subjects.name[s]])),
        cell("Class", {}, texts[subjects.class[s]]),
        cell("Environment", {}, texts[subjects.environment[s]]),
        cell("Owner", {}, h("bdi", {}, texts[subjects.owner[s]])),
        cell("Value of", {}, value === null ? "" : h("span", { title: dated }, day(value))),
        cell("Due", {}, due < 0 ? "" : day(findings.due[due])),
        cell("Age", {}, due < 0 ? "" : bar(due))),
      h("tr", { class: "more" }, h("td", { colspan: 8 }, h("details", {}, h("summary", {}, summary, " ", h("code", { class: "quiet" }, h("bdi", {}, idOf(s)))),
        dated ? h("p", {}, `Value of ${dated}.`) : "",
        (subjects.unread[s] ?? []).map(([name, why]) => h("p", {}, `Could not be read: ${name}, ${why}.`)),
        h("ul", { class: "findings" }, found.map((f) => findingItem(f, s)))))));
  }

  function unjudgedRow(f) {
    return h("tbody", { id: `finding-${findings.id[f]}` }, h("tr", {}, cell("Subject", {}, subjectLink(f)), cell("Rule", {}, h("a", { href: `#procedure-${rule(f)[3]}` }, rule(f)[2])), cell("Why", {}, texts[findings.reason[f]])));
  }

  function dueWord(f) {
    const due = findings.due[f], state = states[findings.state[f]][0];
    if (due < 0) return { fail: "overdue", waived: "overdue, accepted" }[state] ?? "lapsed, not evaluated";
    return due <= 30 ? "due in 30 days" : "due later";
  }
  const lane = (f) => (subjectOf(f) < 0 ? "unclassified" : texts[subjects.lane[subjectOf(f)]]);
  const dueRow = (f) => h("tbody", {}, h("tr", {}, cell("Due", {}, day(findings.due[f])), cell("State", {}, dueWord(f)), cell("Class", {}, lane(f)), cell("Subject", {}, h("a", { href: `#finding-${findings.id[f]}` }, h("bdi", {}, nameOf(f)))), cell("Rule", {}, rule(f)[2])));

  // Kinds of tables: `row` makes a row, `keys` are what its columns sort by, `of` the findings that its filters go by

  const SEVERITIES = ["critical", "high", "medium", "low"];
  const severity = (f) => SEVERITIES.indexOf(grade(f)[0]);
  const KINDS = {
    exceptions: { row: exceptionRow, of: (f) => [f], subject: subjectOf, keys: [(f) => findings.state[f], severity, nameOf, (f) => about(f, "owner"), (f) => findings.due[f], (f) => extra(f).late ?? null] },
    subjects: {
      row: subjectRow, of: own, subject: (s) => s,
      keys: [worst, (s) => texts[subjects.name[s]], (s) => texts[subjects.class[s]], (s) => texts[subjects.environment[s]], (s) => texts[subjects.owner[s]], (s) => subjects.day[s], (s) => { const f = tightest(s); return f < 0 ? null : findings.due[f]; }],
    },
    unjudged: { row: unjudgedRow, of: (f) => [f], subject: subjectOf, keys: [nameOf, (f) => rule(f)[2], (f) => texts[findings.reason[f]]] },
    dues: { row: dueRow, of: (f) => [f], subject: subjectOf, keys: [(f) => findings.due[f], dueWord, lane, nameOf, (f) => rule(f)[2]] },
    // Rows that are in the page already; `data-subject` tells whose they are.
    standing: { row: (body) => body, of: (body) => own(body.dataset.subject), subject: (body) => body.dataset.subject, text: (body) => body.textContent, keys: [0, 1, 2, 3, 4, 5].map((column) => (body) => body.rows[0].cells[column]?.textContent.trim()) },
  };
  const fromFinding = {
    outcome: (f) => [states[findings.state[f]][0]],
    severity: (f) => (findings.state[f] ? [] : [grade(f)[0]]),
    rule: (f) => [`${rule(f)[0]}/${rule(f)[1]}`],
    control: (f) => rule(f)[4],
    framework: (f) => [...new Set(rule(f)[4].map((id) => id.split(":")[0]))],
  };

  // One table, of which a window is shown

  class Grid {
    constructor(table, kind, entries) {
      Object.assign(this, { table, entries, kind: KINDS[kind], kept: entries, sorted: null, start: 0, dated: Boolean(table.querySelector("thead .picture")) });
      this.pager = h("p", { class: "pager" });
      table.parentNode.after(this.pager);
      if (entries.length > 1) this.sortable();
      this.draw();
    }

    get shown() {
      return this.sorted ?? this.kept;
    }

    draw(limit = WINDOW) {
      const end = Math.min(this.start + limit, this.shown.length);
      const rows = this.shown.slice(this.start, end).map((entry) => this.kind.row(entry, this.dated));
      for (const body of [...this.table.tBodies]) body.remove();
      this.table.append(...rows);
      const many = this.shown.length > end - this.start;
      this.pager.hidden = !many;
      this.pager.replaceChildren();
      if (!many) return;
      const turn = (text, start) => {
        const button = h("button", { type: "button" }, text);
        button.disabled = start < 0 || start >= this.shown.length;
        button.addEventListener("click", () => {
          this.start = start;
          this.draw();
          this.table.scrollIntoView({ block: "start" });
        });
        return button;
      };
      this.pager.append(turn("Previous", this.start - WINDOW), h("span", { "aria-live": "polite" }, `Rows ${counted(this.start + 1)} to ${counted(end)} of ${counted(this.shown.length)}`), turn("Next", this.start + WINDOW));
    }

    keep(fits) {
      this.kept = this.entries.filter(fits);
      this.start = 0;
      this.sort();
    }

    sort() {
      this.sorted = null;
      if (this.order && this.order !== "none") {
        const sign = this.order === "descending" ? -1 : 1;
        const empty = (key) => key === null || key === undefined || key === "";
        const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b));
        const keyed = this.kept.map((entry, index) => [this.key(entry), index, entry]);
        keyed.sort(([a, i], [b, j]) => empty(a) - empty(b) || (empty(a) ? 0 : sign * compare(a, b)) || i - j);
        this.sorted = keyed.map(([, , entry]) => entry);
      }
      this.draw();
    }

    sortable() {
      const heads = [...this.table.tHead.rows[0].cells].filter((head) => !head.querySelector("svg"));
      for (const head of heads) {
        const button = h("span", { class: "sort", role: "button", tabindex: 0 }, ...head.childNodes); // buttons are not printed in repeated heads
        head.append(button);
        button.addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          button.click();
        });
        button.addEventListener("click", () => {
          this.order = { none: "ascending", ascending: "descending", descending: "none" }[head.getAttribute("aria-sort") ?? "none"];
          this.key = this.kind.keys[head.cellIndex];
          for (const other of heads) other.removeAttribute("aria-sort");
          if (this.order !== "none") head.setAttribute("aria-sort", this.order);
          this.start = 0;
          this.sort();
        });
      }
    }

    // Turns to the window that holds `entry`; false where no filter lets it through.
    turnTo(entry) {
      const place = this.shown.indexOf(entry);
      if (place < 0) return false;
      const start = place - (place % WINDOW);
      if (start !== this.start) {
        this.start = start;
        this.draw();
      }
      return true;
    }
  }

  // The search and the filters over one table or several

  class Filters {
    constructor(holder, grids) {
      Object.assign(this, { holder, grids, kind: grids[0].kind, total: grids.reduce((sum, grid) => sum + grid.entries.length, 0), selects: {}, texts: new Map() });
      this.form = h("div", { class: "filters", role: "search", "aria-label": `Filter the ${holder.dataset.noun}` });
      this.text = h("input", { type: "search", autocomplete: "off" });
      this.form.append(h("label", {}, "Search", this.text));
      for (const [name, title] of Object.entries(FACETS)) this.facet(name, title);
      this.clear = h("button", { type: "button" }, "Show all");
      this.said = h("output");
      this.form.append(this.clear, this.said);
      holder.prepend(this.form);
      let waiting;
      this.form.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => this.apply(), this.total > 5000 ? 150 : 0);
      });
      this.clear.addEventListener("click", () => this.set({}));
      this.tell();
    }

    values(entry, name) {
      if (OF_FINDING.has(name)) return new Set(this.kind.of(entry).flatMap(fromFinding[name]));
      const s = this.kind.subject(entry);
      return [s < 0 ? "" : texts[subjects[name][s]]];
    }

    facet(name, title) {
      const seen = new Map();
      for (const grid of this.grids) for (const entry of grid.entries) for (const value of this.values(entry, name)) seen.set(value, (seen.get(value) ?? 0) + 1);
      if (seen.size < 2) return;
      const select = (this.selects[name] = h("select", {}, h("option", { value: "*" }, "all")));
      for (const [value, number] of [...seen].sort(([a], [b]) => collator.compare(a, b))) select.append(h("option", { value }, `${value || "none"} (${counted(number)})`));
      const label = h("label", {}, title, select);
      label.hidden = BY_LINK.has(name);
      this.form.append(label);
    }

    haystack(entry) {
      if (!this.texts.has(entry)) {
        const s = this.kind.subject(entry), found = this.kind.of(entry);
        const parts = s < 0 ? [nameOf(entry)] : [idOf(s), ...["name", "class", "environment", "owner", "source"].map((column) => texts[subjects[column][s]])];
        for (const f of found) parts.push(findings.id[f], texts[findings.reason[f]], ...rule(f).flat());
        if (this.kind.text) parts.push(this.kind.text(entry));
        this.texts.set(entry, parts.join("\n").toLowerCase());
      }
      return this.texts.get(entry);
    }

    apply() {
      const words = this.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = Object.entries(this.selects).filter(([, select]) => select.value !== "*").map(([name, select]) => [name, select.value]);
      const ofFinding = wanted.filter(([name]) => OF_FINDING.has(name)), ofSubject = wanted.filter(([name]) => !OF_FINDING.has(name));
      const fits = (entry) =>
        ofSubject.every(([name, value]) => this.values(entry, name)[0] === value) &&
        (!ofFinding.length || this.kind.of(entry).some((f) => ofFinding.every(([name, value]) => fromFinding[name](f).includes(value)))) &&
        words.every((word) => this.haystack(entry).includes(word));
      for (const grid of this.grids) {
        grid.keep(fits);
        const group = grid.table.closest(".rule");
        if (group) group.hidden = !grid.kept.length;
      }
      for (const name of BY_LINK) if (this.selects[name]) this.selects[name].parentNode.hidden = this.selects[name].value === "*";
      this.tell();
    }

    tell() {
      const shown = this.grids.reduce((sum, grid) => sum + grid.kept.length, 0);
      this.clear.hidden = shown === this.total;
      this.said.textContent = `${counted(shown)} of ${counted(this.total)} ${this.holder.dataset.noun}`;
    }

    set(given) {
      for (const [name, select] of Object.entries(this.selects)) {
        select.value = given[name] ?? "*";
        if (select.selectedIndex < 0) select.value = "*";
      }
      this.text.value = given.text ?? "";
      this.apply();
    }
  }

  // The page

  const grids = [], filters = new Map();
  const all = (length, fits) => Array.from({ length }, (_, f) => f).filter(fits);
  const number = findings.id.length;
  const entriesOf = {
    subjects: () => all(subjects.name.length, () => true),
    unjudged: () => store.unjudged,
    dues: () => all(number, (f) => findings.due[f] !== null).sort((a, b) => findings.due[a] - findings.due[b] || (findings.id[a] < findings.id[b] ? -1 : 1)),
    standing: (table) => [...table.tBodies],
  };

  function grid(table) {
    const kind = table.dataset.grid;
    const entries = kind === "exceptions" ? store.groups[Number(table.dataset.group)] : entriesOf[kind](table);
    const made = new Grid(table, kind, entries);
    grids.push(made);
    return made;
  }

  let fragments; // finding's fragment → number
  function entryOf(id) {
    const [, kind, anchor] = /^(finding|subject)-(.*)$/.exec(id) ?? [];
    if (kind === "subject") return [KINDS.subjects, subjects.anchor.indexOf(anchor)];
    if (kind !== "finding") return undefined;
    fragments ??= new Map(findings.id.map((text, f) => [text, f]));
    const f = fragments.get(anchor);
    if (f === undefined) return undefined;
    const state = states[findings.state[f]][0];
    if (state === "fail" || state === "waived") return [KINDS.exceptions, f];
    return state === "not-evaluated" ? [KINDS.unjudged, f] : [KINDS.subjects, subjectOf(f)];
  }

  function turnTo(id) {
    const [kind, entry] = entryOf(id) ?? [];
    const holding = grids.find((one) => one.kind === kind && one.entries.includes(entry));
    if (!holding) return;
    if (!holding.shown.includes(entry)) filters.get(holding.table.closest("[data-filterable]")?.dataset.filterable)?.set({});
    holding.turnTo(entry);
  }

  function reveal() {
    const id = decodeURIComponent(location.hash.slice(1));
    if (!id) return;
    if (!document.getElementById(id)) turnTo(id);
    const target = document.getElementById(id);
    if (!target) return;
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    if (target.matches("tbody")) for (const box of target.querySelectorAll("details")) box.open = true;
    for (const one of document.querySelectorAll(".target")) one.classList.remove("target");
    if (target.matches("tbody, li")) target.classList.add("target");
    target.scrollIntoView({ block: target.matches("section, div") ? "start" : "center" });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link) return;
    const id = link.getAttribute("href").slice(1);
    if (link.matches("[data-outcome], [data-source], [data-rule], [data-control]")) filters.get(id)?.set({ ...link.dataset });
    else if (location.hash.slice(1) === id) reveal();
  });
  for (const note of document.querySelectorAll(".unscripted")) note.remove();
  for (const holder of document.querySelectorAll("[data-filterable]")) {
    const inside = [...holder.querySelectorAll("table[data-grid]")].map(grid);
    if (inside.reduce((sum, one) => sum + one.entries.length, 0) > 1) filters.set(holder.dataset.filterable, new Filters(holder, inside));
  }
  for (const table of document.querySelectorAll("table[data-grid]")) if (!table.closest("[data-filterable]")) grid(table);
  addEventListener("beforeprint", () => {
    for (const one of grids) {
      one.before = one.start;
      one.start = 0;
      one.draw(PRINTED);
    }
  });
  addEventListener("afterprint", () => {
    for (const one of grids) {
      one.start = one.before;
      one.draw();
    }
  });
  addEventListener("hashchange", reveal);
  reveal();
})();

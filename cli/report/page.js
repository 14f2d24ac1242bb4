"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = data.texts;
  const COLUMNS = [
    ["Account", r => r[0]],
    ["Name", r => r[1]],
    ["Folder", r => text[r[2]]],
    ["In the directory for", r => r[9] < 0 ? "" : `${r[9]} d (${text[r[3]]})`, "", r => r[9]],
    ["State", r => text[r[4]].replaceAll("_", " ")],
    ["Reason", r => [text[r[5]], text[r[7]]].filter(Boolean).join("; "), "why"],
    ["Rule", r => text[r[6]]],
    ["Unprotected for", r => r[12] < 0 ? "" : `${r[12]} d`, "", r => r[12]],
    ["Evidence", r => text[r[10]], "evidence"],
  ];
  const ATTENTION = 11, JOINED = 3, STATE = 4, PAGE = 50, MOST_PRINTED = 1000;
  const GOOD = new Set(["protected", "registered"]);
  const $ = id => document.getElementById(id);
  const head = $("table").tHead, body = $("table").tBodies[0];
  const searched = data.rows.map(r => COLUMNS.slice(0, 7).map(c => c[1](r)).join("\n").toLowerCase());
  const view = {q: "", state: data.rows.some(r => r[ATTENTION]) ? "attention" : "", sort: 0, down: false, page: 0};
  let found = [];

  function element(tag, content, className) {
    const made = document.createElement(tag);
    made.textContent = content;
    if (className) made.className = className;
    return made;
  }
  function choose() {
    const words = view.q.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (r, i) => (view.state === "" || (view.state === "attention" ? r[ATTENTION] : text[r[STATE]] === view.state))
      && words.every(word => searched[i].includes(word));
    const key = COLUMNS[view.sort][3] || COLUMNS[view.sort][1], sign = view.down ? -1 : 1;
    found = data.rows.filter(fits).map(r => [key(r), r])
      .sort((a, b) => sign * (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1][0] < b[1][0] ? -1 : 1)).map(pair => pair[1]);
    view.page = Math.min(view.page, Math.max(Math.ceil(found.length / PAGE) - 1, 0));
  }
  function row(r) {
    const made = document.createElement("tr");
    COLUMNS.forEach(([name, value, className], place) => {
      const state = text[r[STATE]];
      const whole = place === JOINED ? value(r).replaceAll("-", "\u2011").replaceAll(" ", "\u00a0").replace("\u00a0(", " (") : value(r);
      const cell = element("td", place === STATE ? "" : whole, className);
      cell.dataset.head = name;
      if (place === STATE) {
        const kind = GOOD.has(state) && !r[ATTENTION] ? "" : r[ATTENTION] ? " bad" : " still";
        const mark = element("span", (r[ATTENTION] ? "✗ " : GOOD.has(state) ? "✓ " : "") + value(r), "state" + kind);
        mark.title = data.states[state] || "";
        cell.append(mark);
      }
      made.append(cell);
    });
    return made;
  }
  function draw(from, to) {
    body.replaceChildren(...found.slice(from, to).map(row));
  }
  function show() {
    choose();
    const pages = Math.max(Math.ceil(found.length / PAGE), 1);
    draw(view.page * PAGE, (view.page + 1) * PAGE);
    $("count").textContent = `${found.length} of ${data.rows.length} accounts`;
    $("place").textContent = `page ${view.page + 1} of ${pages}`;
    $("previous").disabled = view.page === 0;
    $("next").disabled = view.page >= pages - 1;
    [...head.rows[0].cells].forEach((cell, place) => {
      if (place === view.sort) cell.setAttribute("aria-sort", view.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  }
  function set(change) {
    Object.assign(view, {page: 0}, change);
    show();
  }
  const heads = document.createElement("tr");
  COLUMNS.forEach(([name], place) => {
    const cell = document.createElement("th"), button = element("button", name);
    cell.scope = "col";
    button.type = "button";
    button.addEventListener("click", () => set({sort: place, down: view.sort === place && !view.down}));
    cell.append(button);
    heads.append(cell);
  });
  head.replaceChildren(heads);
  const states = [...new Set(data.rows.map(r => text[r[STATE]]))].sort();
  $("state").append(...states.map(state => Object.assign(element("option", state.replaceAll("_", " ")), {value: state})));
  $("state").value = view.state;
  $("q").addEventListener("input", event => set({q: event.target.value}));
  $("state").addEventListener("change", event => set({state: event.target.value}));
  $("filter").addEventListener("submit", event => event.preventDefault());
  $("previous").addEventListener("click", () => set({page: view.page - 1}));
  $("next").addEventListener("click", () => set({page: view.page + 1}));
  addEventListener("beforeprint", () => {
    draw(0, MOST_PRINTED);
    if (found.length > MOST_PRINTED) {
      const cell = element("td", `and ${found.length - MOST_PRINTED} more`), last = document.createElement("tr");
      cell.colSpan = COLUMNS.length;
      last.append(cell);
      body.append(last);
    }
  });
  addEventListener("afterprint", show);
  show();
  document.documentElement.dataset.ready = Math.round(performance.now());
})();

// Sorts and filters tables that ask for it; without it they are read as they are.
"use strict";
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const text = (row, place) => (row.cells[place]?.dataset.sort ?? row.cells[place]?.textContent ?? "").trim();
  const number = word => word === "" ? NaN : Number(word.replaceAll(",", "").replace(/^< /, ""));
  const sort = (place, down) => {
    const words = new Map(rows.map(row => [row, text(row, place)]));
    const filled = [...words.values()].filter(word => word && word !== "-");
    const numeric = filled.length > 0 && filled.every(word => !Number.isNaN(number(word)));
    const empty = row => !words.get(row) || words.get(row) === "-";
    rows.sort((one, other) => empty(one) - empty(other) || (down ? -1 : 1) * (numeric
      ? number(words.get(one)) - number(words.get(other)) || 0
      : words.get(one).localeCompare(words.get(other), undefined, {numeric: true})));
    body.append(...rows);
  };
  heads.forEach((head, place) => {
    if (!head.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(place, down);
    });
  });
  if (rows.length < 4) continue;
  const bar = document.createElement("label"), field = document.createElement("input"), count = document.createElement("output");
  bar.className = "filter";
  field.type = "search";
  field.placeholder = "all words must be in the row";
  const show = () => {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const words = row.textContent.toLowerCase();
      row.hidden = !wanted.every(word => words.includes(word));
      shown += !row.hidden;
    }
    count.textContent = `${shown} of ${rows.length} rows`;
  };
  field.addEventListener("input", show);
  bar.append("Filter ", field, " ", count);
  (table.closest(".scroll") ?? table).before(bar);
  show();
}

"use strict";

/**
 * Result tables that sort, filter and can be taken along, by DataTables (vendor/).
 *
 * Every `.table > table` of more than 5 rows sorts by its headings and gives what it shows as CSV;
 * one of more than 10 rows can be searched. A column whose cells all have `data-order`, a number or
 * nothing, sorts by that; nothing comes last both ways. A heading with `data-filter="Label"` gets a
 * choice among the values of its column: `data-values` of a cell, set apart by |.
 */
(function () {
  const { make, option } = quantlearn.elements;
  const SORTED = 5;
  const SEARCHED = 10;
  const resets = [];

  /** Compare two values of data-order: by number, what is missing last. */
  function compare(first, second, sign) {
    return (first === "") - (second === "") || sign * (Number(first) - Number(second)) || 0;
  }

  window.DataTable.type("quantlearn-number", {
    order: {
      asc: (first, second) => compare(first, second, 1),
      desc: (first, second) => compare(first, second, -1),
    },
  });

  /** The text of a cell as a value of CSV: a plain number without its typography. */
  function value(cell) {
    const text = cell.textContent.trim().replace(/\s+/g, " ");
    const isPlain = cell.dataset.order && /^[−\d,.]+( × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?$/.test(text);
    const written = isPlain ? cell.dataset.order : text === "–" ? "" : text;
    return /[",\n]/.test(written) ? `"${written.replaceAll('"', '""')}"` : written;
  }

  /**
   * The rows that a table shows, in their order, as CSV with its headings.
   * @param {HTMLTableElement} table
   * @returns {string}
   */
  function csv(table) {
    const rows = [table.tHead.rows[0], ...table.tBodies[0].rows];
    return rows.map((row) => [...row.cells].map(value).join(",") + "\n").join("");
  }

  /** Let the browser save a text as a file. */
  function save(text, name) {
    const link = make("a", { download: name });
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /** The values of a cell by which its column is filtered. */
  function valuesOf(row, column) {
    return (row.cells[column].dataset.values || "").split("|").filter(Boolean);
  }

  /** A choice among the values of a column, the first of which is all. */
  function choice(label, rows, column) {
    const values = new Set(rows.flatMap((row) => valuesOf(row, column)));
    const select = make("select", {}, option("", "all"));
    select.append(...[...values].map((one) => option(one, one)));
    select.dataset.column = column;
    return make("label", {}, `${label} `, select);
  }

  /**
   * The controls over a table: search and filters, how many rows are shown, CSV.
   * @param {HTMLTableElement} table
   * @param {object} api of its DataTable
   * @returns {HTMLDivElement}
   */
  function controls(table, api) {
    const rows = [...table.tBodies[0].rows];
    const heads = [...table.tHead.rows[0].cells];
    const title = table.caption ? table.caption.textContent.trim() : "Table";
    const name = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    const made = make("div", { class: "table-tools" });
    if (rows.length > SEARCHED) {
      const search = make("input", { type: "search", autocomplete: "off" });
      search.addEventListener("input", () => api.search(search.value).draw());
      made.append(make("label", {}, "Search ", search));
    }
    heads.forEach((head, column) => {
      if (head.dataset.filter) made.append(choice(head.dataset.filter, rows, column));
    });
    const selects = [...made.querySelectorAll("select")];
    api.search.fixed("choices", (_text, _data, index) =>
      selects.every(
        (one) => !one.value || valuesOf(api.row(index).node(), one.dataset.column).includes(one.value)
      )
    );
    selects.forEach((one) => one.addEventListener("change", () => api.draw()));
    if (made.children.length) {
      const shown = make("output", {});
      api.on("draw", () => {
        const count = api.rows({ search: "applied" }).count();
        shown.textContent = count < rows.length ? `${count} of ${rows.length} rows` : "";
      });
      made.append(shown);
      resets.push(() => {
        for (const control of made.querySelectorAll("input, select")) control.value = "";
        api.search("").draw();
      });
    }
    const button = make("button", { type: "button", title: "The rows shown, as CSV" }, "CSV");
    button.setAttribute("aria-label", `Save the rows shown of ${title} as CSV`);
    button.addEventListener("click", () => save(csv(table), `${name}.csv`));
    made.append(button);
    return made;
  }

  /** Make a table sort and filter, unless it is small or its cells span rows or columns. */
  function enhance(table) {
    const rows = table.tBodies.length ? [...table.tBodies[0].rows] : [];
    const width = table.tHead ? table.tHead.rows[0].cells.length : 0;
    if (rows.length <= SORTED || rows.some((row) => row.cells.length !== width)) return;
    const frame = table.parentElement;
    const isNumeric = (column) => rows.every((row) => row.cells[column].dataset.order !== undefined);
    const api = new window.DataTable(table, {
      paging: false,
      order: [],
      search: { smart: false }, // words in their order: "at least 4" is no row with a 4 somewhere
      autoWidth: false,
      layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
      columns: Array.from({ length: width }, (_, column) => ({
        type: isNumeric(column) ? "quantlearn-number" : "html",
      })),
      language: { zeroRecords: "No row fits" },
    });
    frame.before(controls(table, api));
  }

  /** Let a table that is wider than its frame be scrolled by the keyboard. */
  function letScroll(frame) {
    const caption = frame.querySelector("caption");
    const isWide = frame.scrollWidth > frame.clientWidth;
    frame.toggleAttribute("tabindex", isWide);
    if (!isWide) return;
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", `Table${caption ? `: ${caption.textContent.trim()}` : ""}`);
  }

  // A link to a row that a filter has taken off the page shows all rows first.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && !document.getElementById(link.hash.slice(1))) resets.forEach((reset) => reset());
  });

  for (const table of document.querySelectorAll(".table > table")) enhance(table);
  const watch = new ResizeObserver((changes) => changes.forEach(({ target }) => letScroll(target)));
  for (const frame of document.querySelectorAll(".table")) watch.observe(frame);

  quantlearn.tables = { csv };
})();

"use strict";

/*
 * Actions of the course: what a reader does there.
 *
 * A page has <div class="action" data-action="neuron"> with the action's data as JSON in it, numbers
 * of the run. The file neuron.js beside this one fills it:
 *
 *   quantlearn.course.action("neuron", (root, data) => root.append(…));
 *
 * What an action computes stands in quantlearn.course.neuron, where tests find it.
 */

(function () {
  const { ZONES, draw, filled, make, option } = quantlearn.elements;
  const builders = {};

  /** Say how the places of an action are filled. */
  const action = (name, build) => (builders[name] = build);

  /** A labelled field for a number; `changed` gets it when it is a number. */
  function field(text, value, changed, attributes = {}) {
    const input = make("input", { type: "number", step: "any", value, ...attributes });
    const read = () => input.value !== "" && changed(Number(input.value));
    input.addEventListener("input", read);
    return filled(make("label", {}, text, " ", input), { class: "widget-field" });
  }

  /** A labelled slider, which says its value. */
  function slider(text, value, [min, max, step], changed, inWords = String) {
    const output = make("output", {}, inWords(value));
    const input = make("input", { type: "range", min, max, step, value });
    input.addEventListener("input", () => {
      output.textContent = inWords(Number(input.value));
      changed(Number(input.value));
    });
    return make("label", {}, text, " ", input, output);
  }

  /** A labelled choice among [value, text] pairs, or among texts that are the values. */
  function choice(text, options, changed, chosen = null) {
    const select = make("select", { change: () => changed(select.value) });
    const pairs = options.map((one) => (Array.isArray(one) ? one : [one, one]));
    select.append(...pairs.map(([value, shown]) => option(value, shown)));
    if (chosen !== null) select.value = chosen;
    return make("label", {}, text, " ", select);
  }

  /** A labelled box to tick; `changed` gets whether it is. */
  function tick(text, isTicked, changed, attributes = {}) {
    const input = make("input", { type: "checkbox", ...attributes });
    input.checked = isTicked;
    input.addEventListener("change", () => changed(input.checked));
    return make("label", {}, input, text);
  }

  const button = (text, click) => make("button", { type: "button", click }, text);
  const row = (...children) => make("div", { class: "widget-row" }, ...children);
  const note = (...children) => make("p", { class: "widget-note" }, ...children);

  /** A paragraph that is read out when its text changes. */
  const answer = () => make("p", { class: "widget-answer", "aria-live": "polite" });

  /** A table with heads, whose cells are texts or elements. */
  function table(heads, rows) {
    const cells = (row) => row.map((cell) => make("td", {}, cell));
    return make(
      "table",
      {},
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells(row)))),
    );
  }

  const inWords = (scene) => scene.map((zone) => ZONES[zone].word).join(" ") || "(no object)";

  /** A scene that a reader makes of up to `most` objects of some zones; `changed` gets it. */
  function scene(objects, zones, most, changed) {
    const list = make("ol", { class: "widget-objects", "aria-label": "Objects of the scene" });
    const adders = zones.map((zone) =>
      button(`Add ${ZONES[zone].name}`, () => show([...objects, zone])),
    );
    /** The next zone, by a click on an object. */
    const turn = (place) => {
      const next = zones[(zones.indexOf(objects[place]) + 1) % zones.length];
      show(objects.with(place, next));
      list.children[place].firstChild.focus();
    };
    const show = (next) => {
      objects = next;
      const shown = objects.map((zone, place) => {
        const called = `Object ${place + 1}: ${ZONES[zone].name}`;
        const object = button(ZONES[zone].word, () => turn(place));
        return filled(object, { class: `widget-zone-${zone}`, "aria-label": called });
      });
      list.replaceChildren(...shown.map((object) => make("li", {}, object)));
      for (const adder of adders) adder.disabled = objects.length >= most;
      changed(objects);
    };
    show(objects);
    const remover = button("Remove the last", () => show(objects.slice(0, -1)));
    return make("div", {}, row(...adders, remover), list);
  }

  /** Panels [name, element] of which one is shown; arrows go from one tab to the next. */
  function tabs(panels) {
    const show = (chosen) =>
      heads.forEach((head, at) => {
        filled(head, { "aria-selected": at === chosen, tabindex: at === chosen ? 0 : -1 });
        panels[at][1].hidden = at !== chosen;
      });
    const heads = panels.map(([name], at) => filled(button(name, () => show(at)), { role: "tab" }));
    const keydown = ({ key, target }) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
      const next = by && heads.at((heads.indexOf(target) + by) % heads.length);
      next?.click();
      next?.focus();
    };
    show(0);
    const bodies = panels.map(([, body]) => filled(body, { role: "tabpanel" }));
    return make("div", {}, filled(row(...heads), { role: "tablist", keydown }), ...bodies);
  }

  /**
   * A plane to draw on: an SVG of which `across` and `up` give places in pixels for x and y.
   *
   * `place` gives x and y of where a pointer is.
   * `x` and `y` are [least, most, name]; `said` is the text for who does not see it.
   */
  function plane(x, y, said, [width, height] = [420, 260]) {
    const [left, right, top, bottom] = [44, 10, 8, 38];
    const across = (value) => left + ((value - x[0]) / (x[1] - x[0])) * (width - left - right);
    const high = height - top - bottom;
    const up = (value) => height - bottom - ((value - y[0]) / (y[1] - y[0])) * high;
    const at = (tx, ty, text, more = {}) =>
      draw("text", { x: tx, y: ty, "text-anchor": "middle", ...more }, text);
    const svg = draw(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": said },
      draw("line", { class: "grid", x1: left, x2: width - right, y1: up(y[0]), y2: up(y[0]) }),
      draw("line", { class: "grid", x1: left, x2: left, y1: top, y2: height - bottom }),
      ...ticks(x).map((value) => at(across(value), height - bottom + 16, written(value))),
      ...ticks(y).map((value) =>
        at(left - 6, up(value) + 4, written(value), { "text-anchor": "end" }),
      ),
      at((left + width - right) / 2, height - 4, x[2]),
      at(12, (top + height - bottom) / 2, y[2], {
        transform: `rotate(-90 12 ${(top + height - bottom) / 2})`,
      }),
    );
    /** Add a line through points [x, y]. */
    const line = (points, attributes = {}) => {
      const placed = points.map(([px, py]) => `${across(px).toFixed(1)},${up(py).toFixed(1)}`);
      svg.append(draw("polyline", { points: placed.join(" "), ...attributes }));
    };
    const place = ({ clientX, clientY }) => {
      const at = new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());
      return [
        x[0] + ((at.x - left) / (width - left - right)) * (x[1] - x[0]),
        y[0] + ((height - bottom - at.y) / high) * (y[1] - y[0]),
      ];
    };
    const element = make("div", { class: "widget-plot", style: `max-width: ${width}px` }, svg);
    return { element, svg, across, up, line, place };
  }

  /** A number to four digits, with a power of ten where it is very large or small. */
  function written(value) {
    const rounded = Number(value.toPrecision(4));
    const isPlain = rounded === 0 || (Math.abs(rounded) >= 0.001 && Math.abs(rounded) < 1e5);
    const text = isPlain ? `${rounded}` : rounded.toExponential().replace("+", "");
    return text.replaceAll("-", "−");
  }

  /** Round values between two ends, four to nine of them. */
  function ticks([least, most]) {
    const rough = (most - least) / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [5, 2, 1].find((factor) => factor * power <= rough);
    const first = Math.ceil(least / step - 1e-9);
    const count = Math.floor(most / step + 1e-9) - first + 1;
    return Array.from({ length: count }, (_, place) => (first + place) * step);
  }

  /** Numbers between 0 and 1 by chance, the same for the same seed (xorshift; Marsaglia 2003). */
  function random(seed) {
    let state = (Math.imul(seed, 0x9e3779b1) ^ 0x6a09e667) | 1;
    return () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) / 4294967296;
    };
  }

  /** A number by chance from a standard normal distribution (Box & Muller 1958). */
  const normal = (uniform) =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

  const parts = { action, answer, button, choice, field, normal, note, plane, random, row, slider };
  quantlearn.course = { ...parts, inWords, scene, table, tabs, tick, written };

  document.addEventListener("DOMContentLoaded", () => {
    for (const root of document.querySelectorAll(".action")) {
      const data = JSON.parse(root.querySelector("script").textContent);
      root.replaceChildren();
      root.classList.add("widget");
      builders[root.dataset.action](root, data);
    }
  });
})();

/*
 * Actions of the course, and what they are made of.
 *
 * A page has <div class="action" data-action="neuron"> with the action's data as JSON in it. The
 * file neuron.js fills it: quantlearn.course.action("neuron", {…}, (root, data) => …). What it
 * computes stands in quantlearn.course.neuron, where tests find it.
 */
"use strict";

(function () {
  const { ZONES, draw, filled, make, option } = quantlearn.elements;
  const builders = {};

  /** Say what an action computes, and how its places are filled. */
  function action(name, computed, build) {
    quantlearn.course[name] = computed;
    builders[name] = build;
  }

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

  /** What a reader unfolds. */
  const folded = (shown, title = "Solution") =>
    make("details", {}, make("summary", {}, title), shown);

  /** A paragraph that is read out when its text changes. */
  const answer = () => make("p", { class: "widget-answer", "aria-live": "polite" });

  /** A table with heads, whose cells are texts or elements. */
  function table(heads, rows) {
    const head = heads.map((text) => make("th", { scope: "col" }, text));
    const body = rows.map((cells) => cells.map((cell) => make("td", {}, cell)));
    const [top, ...others] = [head, ...body].map((cells) => make("tr", {}, ...cells));
    return make("table", {}, make("thead", {}, top), make("tbody", {}, ...others));
  }

  const inWords = (scene) => scene.map((zone) => ZONES[zone].word).join(" ") || "(no object)";

  /** A scene that a reader makes of up to `most` objects of some zones; `changed` gets it. */
  function scene(objects, zones, most, changed) {
    const list = make("ol", { class: "widget-objects", "aria-label": "Objects of the scene" });
    const adder = (zone) => button(`Add ${ZONES[zone].name}`, () => show([...objects, zone]));
    const adders = zones.map(adder);
    /** An object, which a click moves to the next zone. */
    const item = (zone, place) => {
      const object = button(ZONES[zone].word, () => {
        show(objects.with(place, zones[(zones.indexOf(zone) + 1) % zones.length]));
        list.children[place].firstChild.focus();
      });
      const called = `Object ${place + 1}: ${ZONES[zone].name}`;
      return make("li", {}, filled(object, { class: `widget-zone-${zone}`, "aria-label": called }));
    };
    const show = (next) => {
      objects = next;
      list.replaceChildren(...objects.map(item));
      for (const one of adders) one.disabled = objects.length >= most;
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
   * A plane to draw on: an SVG of which `across` and `up` give places in pixels for x and y, and
   * `place` gives x and y of where a pointer is.
   *
   * `x` and `y` are [least, most, name]; `said` is the text for who does not see it.
   */
  function plane(x, y, said, [width, height] = [420, 260]) {
    const [left, right, top, bottom] = [44, 10, 8, 38];
    const across = (value) => left + ((value - x[0]) / (x[1] - x[0])) * (width - left - right);
    const high = height - top - bottom;
    const up = (value) => height - bottom - ((value - y[0]) / (y[1] - y[0])) * high;
    const at = (tx, ty, text, more = {}) =>
      draw("text", { x: tx, y: ty, "text-anchor": "middle", ...more }, text);
    const [middle, atEnd] = [(top + height - bottom) / 2, { "text-anchor": "end" }];
    const svg = draw(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": said },
      draw("line", { class: "grid", x1: left, x2: width - right, y1: up(y[0]), y2: up(y[0]) }),
      draw("line", { class: "grid", x1: left, x2: left, y1: top, y2: height - bottom }),
      ...ticks(x).map((value) => at(across(value), height - bottom + 16, written(value))),
      ...ticks(y).map((value) => at(left - 6, up(value) + 4, written(value), atEnd)),
      at((left + width - right) / 2, height - 4, x[2]),
      at(12, middle, y[2], { transform: `rotate(-90 12 ${middle})` }),
    );
    /** Add a line through points [x, y]. */
    const line = (points, attributes = {}) => {
      const placed = points.map(([px, py]) => `${across(px).toFixed(1)},${up(py).toFixed(1)}`);
      svg.append(draw("polyline", { points: placed.join(" "), ...attributes }));
    };
    /** Mark a value of x by a dashed line, with a name. */
    const mark = (value, name = "", down = 18) => {
      line([[value, y[0]], [value, y[1]]], { "stroke-dasharray": "3 3" });
      svg.append(draw("text", { x: across(value) + 3, y: down }, name));
    };
    const place = ({ clientX, clientY }) => {
      const at = new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());
      return [
        x[0] + ((at.x - left) / (width - left - right)) * (x[1] - x[0]),
        y[0] + ((height - bottom - at.y) / high) * (y[1] - y[0]),
      ];
    };
    const element = make("div", { class: "widget-plot", style: `max-width: ${width}px` }, svg);
    return { element, svg, across, up, line, mark, place };
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

  const sigmoid = (z) => 1 / (1 + Math.exp(-z));
  const sum = (values) => values.reduce((total, value) => total + value, 0);

  const parts = { action, answer, button, choice, field, note, plane, row, scene, slider, table };
  const others = { inWords, random, sigmoid, folded, sum, tabs, tick, written };
  quantlearn.course = { ...quantlearn.elements, ...parts, ...others };

  document.addEventListener("DOMContentLoaded", () => {
    for (const root of document.querySelectorAll(".action")) {
      const data = JSON.parse(root.querySelector("script").textContent);
      root.replaceChildren();
      root.classList.add("widget");
      builders[root.dataset.action](root, data);
    }
  });
})();

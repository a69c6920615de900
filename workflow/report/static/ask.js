/*
 * Ask the network: a reader puts a scene together and watches trained networks read it.
 *
 * Fills each <div class="ask" data-experiment="exp1a"></div> with the networks of that experiment,
 * which its networks.js has handed to the engine. A link #ask?both=3&a_only=2 opens a scene with so
 * many objects in each zone; &quantifier=most, &trial=4 and &experiment=exp1a choose what to ask.
 */
"use strict";

(function () {
  const { ZONES, make, draw, filled, option, counted, label, number } = quantlearn.elements;

  /** The zones of objects in the order of their keys. */
  const inOrder = (keyed) => keyed.sort((x, y) => x.key - y.key).map(({ zone }) => zone);

  const words = (scene) => scene.map((zone) => ZONES[zone].word).join(" ");

  const HINTS = {
    rnn: "Rows of a layer: inputs, then units one step before.",
    gru: "Rows of a layer: inputs, then units one step before; columns: r of all units, z, n.",
    lstm: "Rows of a layer: inputs, then units one step before; columns: i of all units, f, g, o.",
  };

  /** What a widget is filled with; what stands in it is found by data-part. */
  const SKELETON = `
    <div class="widget-row">
      <label>Quantifier <select data-part="quantifierChoice"></select></label>
      <label>Network <select data-part="trialChoice"></select></label>
      <label data-part="hardLabel">Hard scene <select data-part="hardChoice"></select></label>
    </div>
    <ol class="widget-objects" data-part="objects" aria-label="Objects in the order of reading"></ol>
    <div class="widget-row">
      <span>Add</span>
      ${ZONES.map(({ name }, zone) => `<button data-zone="${zone}">${name}</button>`).join("")}
      <button data-part="shuffler">Shuffle</button>
      <button data-part="clearer">Clear</button>
    </div>
    <div class="widget-row">
      <span data-part="selection"></span>
      <button data-part="earlier">Earlier</button>
      <button data-part="later">Later</button>
      <button data-part="remover">Remove</button>
    </div>
    <p class="widget-note">Click an object to change its zone, drag it to another place. By keyboard:
      arrows choose an object, with Shift they move it, 1 to 4 set its zone, Delete removes it.</p>
    <p class="widget-answer" data-part="answer" aria-live="polite"></p>
    <figure>
      <div class="widget-plot" data-part="curve"></div>
      <figcaption class="widget-note">Probability of “true” after each object, of the chosen network
        (strong) and of the other trials (faint). Bars are at 1 where the objects so far make it
        true, at 0 where they do not. <span data-part="remark"></span></figcaption>
    </figure>
    <div class="widget-row">
      <label data-part="statesLabel">Units show <select data-part="states">
        <option value="units">hidden states</option><option value="cells">cell states</option>
      </select></label>
      <span class="widget-note">Click a unit to switch it off.</span>
      <button data-part="undo">Reset the network</button>
    </div>
    <div class="ask-layers" data-part="strips"></div>
    <details>
      <summary>Change a weight</summary>
      <div class="widget-row">
        <label>Weights <select data-part="array"></select></label>
        <label>Row <input data-part="row" type="number" min="1" value="1"></label>
        <label>Column <input data-part="column" type="number" min="1" value="1"></label>
        <label>Value <input data-part="value" type="number" step="any"></label>
      </div>
      <p class="widget-note" data-part="shape"></p>
    </details>`;

  /** One experiment's networks, and the scene that they are asked about. */
  class Ask {
    constructor(root, experiment) {
      Object.assign(this, experiment, { root, trial: 0, asked: 0, selected: 0 });
      this.zones = [0, 1, 2, 3].filter((zone) => experiment.zones.includes(ZONES[zone].key));
      const some = Array.from({ length: 7 }, (_, place) => this.zones[place % this.zones.length]);
      this.scene = (this.hardScenes()[0]?.scene ?? some).slice(0, this.sizes[1]);
      this.build();
      this.choose(this.asked, this.trial);
    }

    // What is asked -------------------------------------------------------------------------------

    get quantifier() {
      return this.quantifiers[this.asked];
    }

    /** The networks that have learned the quantifier, one of each trial. */
    get networks() {
      return this.trials.map((trial) => trial[this.quantifier.network]);
    }

    get network() {
      return this.networks[this.trial];
    }

    /** The hard scenes of the quantifier. */
    hardScenes() {
      return this.hard_scenes.filter(({ quantifier }) => quantifier === this.quantifier.name);
    }

    /** Ask about another scene. */
    show(scene, selected = this.selected) {
      this.scene = scene.slice(0, this.sizes[1]);
      this.selected = Math.max(0, Math.min(selected, this.scene.length - 1));
      this.render();
    }

    /** Open what the part of a link behind #ask? says. */
    open(query) {
      const given = new URLSearchParams(query);
      const asked = this.quantifiers.findIndex(({ name }) => name === given.get("quantifier"));
      const trial = given.get("trial") ?? this.trial;
      this.choose(asked < 0 ? this.asked : asked, trial in this.trials ? trial : this.trial);
      // The objects of each zone are spread evenly over the scene, not heaped.
      const keyed = this.zones.flatMap((zone) => {
        const count = Math.min(this.sizes[1], Number(given.get(ZONES[zone].key)) || 0);
        return Array.from({ length: count }, (_, place) => ({ zone, key: (place + 0.5) / count }));
      });
      this.show(keyed.length ? inOrder(keyed) : this.scene);
      this.root.scrollIntoView({ block: "start" });
      this.root.focus({ preventScroll: true });
    }

    /** Ask about this quantifier, the network of this trial. */
    choose(asked, trial) {
      Object.assign(this, { asked: Number(asked), trial: Number(trial) });
      this.quantifierChoice.value = asked;
      this.trialChoice.value = trial;
      this.listHardScenes();
      this.render();
    }

    // What is on the page -------------------------------------------------------------------------

    build() {
      const called = `Ask the network: ${this.title}`;
      filled(this.root, { tabindex: -1, role: "region", "aria-label": called });
      this.root.classList.add("widget");
      this.root.innerHTML = SKELETON;
      for (const part of this.root.querySelectorAll("[data-part]")) this[part.dataset.part] = part;
      for (const each of this.root.querySelectorAll("button")) each.type = "button";
      this.adders = [...this.root.querySelectorAll("[data-zone]")];
      this.adders.forEach((adder, zone) => {
        filled(adder, { class: `widget-zone-${zone}`, "aria-label": `Add: ${ZONES[zone].name}` });
        adder.hidden = !this.zones.includes(zone);
      });
      const asked = this.quantifiers.map(({ name }, place) => option(place, label(name)));
      this.quantifierChoice.append(...asked);
      this.trialChoice.append(...this.trials.map((_, trial) => option(trial, `trial ${trial}`)));
      this.array.append(...Object.keys(this.shapes).map((name) => option(name, name)));
      this.layers = this.network.units.map((units, layer) => this.buildLayer(units.length, layer));
      this.strips.append(...this.layers.map(({ element }) => element));
      this.statesLabel.hidden = this.settings.architecture !== "lstm";
      this.remark.textContent = this.remarks();
      this.listen();
    }

    listen() {
      const on = (part, event, listener) => part.addEventListener(event, listener);
      on(this.quantifierChoice, "change", ({ target }) => this.choose(target.value, this.trial));
      on(this.trialChoice, "change", ({ target }) => this.choose(this.asked, target.value));
      on(this.hardChoice, "change", ({ target }) => {
        if (target.value) this.show(this.hardScenes()[target.value].scene, 0);
      });
      on(this.objects, "click", (event) => this.onClick(event));
      on(this.objects, "keydown", (event) => this.onKey(event));
      on(this.objects, "pointerdown", ({ target }) => (this.dragged = this.placeOf(target)));
      on(this.objects, "pointermove", (event) => this.onDrag(event));
      on(window, "pointerup", () => delete this.dragged);
      on(window, "pointercancel", () => delete this.dragged);
      on(window, "resize", () => this.drawCurve());
      this.adders.forEach((adder, zone) =>
        on(adder, "click", () => this.show([...this.scene, zone], this.scene.length)),
      );
      on(this.shuffler, "click", () =>
        this.show(inOrder(this.scene.map((zone) => ({ zone, key: Math.random() })))),
      );
      on(this.clearer, "click", () => this.show([]));
      on(this.earlier, "click", () => this.move(this.selected, this.selected - 1));
      on(this.later, "click", () => this.move(this.selected, this.selected + 1));
      on(this.remover, "click", () => this.remove());
      on(this.states, "change", () => this.render());
      on(this.undo, "click", () => {
        this.network.reset();
        this.render();
      });
      for (const part of [this.array, this.row, this.column]) {
        on(part, "input", () => this.showWeight());
      }
      on(this.value, "change", ({ target }) => {
        const { data, index } = this.weight();
        if (target.value !== "") data[index] = Number(target.value);
        this.render();
      });
    }

    /** How such a network reads, and which of the experiment's are here. */
    remarks() {
      const reading = this.settings.words
        ? "After each beginning the network reads the sentence about it."
        : "This architecture sees whole scenes: each beginning is shown to it as a scene of its own.";
      const isPlain = this.network.isRecurrent && !this.settings.words;
      const kept = ["trials", "quantifiers"]
        .filter((noun) => this[noun].length < this.of[noun])
        .map((noun) => `Of ${this.of[noun]} ${noun} the first ${this[noun].length} are here.`);
      return [...(isPlain ? [] : [reading]), ...kept].join(" ");
    }

    /** A layer's heading, a button for each unit and beside them a strip for each. */
    buildLayer(units, layer) {
      const toggle = (unit) => {
        const kept = this.network.units[layer];
        kept[unit] = 1 - kept[unit];
        this.render();
      };
      const buttons = Array.from({ length: units }, (_, unit) =>
        make("button", {
          type: "button",
          click: () => toggle(unit),
          "aria-label": `Switch off unit ${unit + 1} of layer ${layer + 1}`,
        }, unit + 1),
      );
      const click = ({ target }) => target.matches("rect") && toggle(target.y.baseVal.value);
      const strips = draw("svg", { preserveAspectRatio: "none", role: "img", click });
      const heading = make("p", { class: "widget-heading" });
      const box = make("div", { class: "ask-units" }, make("div", {}, ...buttons), strips);
      if (units > 16) filled(box, { tabindex: 0, role: "group", "aria-label": "Units" });
      strips.style.height = `${24 * units}px`;
      return { element: make("div", {}, heading, box), heading, buttons, strips };
    }

    // Scenes --------------------------------------------------------------------------------------

    move(from, to) {
      if (to < 0 || to >= this.scene.length) return;
      const scene = this.scene.slice();
      scene.splice(to, 0, ...scene.splice(from, 1));
      this.show(scene, to);
    }

    remove() {
      this.show(this.scene.toSpliced(this.selected, 1));
    }

    placeOf(element) {
      return [...this.objects.children].indexOf(element?.closest("li"));
    }

    onClick({ target }) {
      const place = this.placeOf(target);
      if (place < 0) return;
      const next = this.zones[(this.zones.indexOf(this.scene[place]) + 1) % this.zones.length];
      this.show(this.scene.with(place, next), place);
    }

    onKey(event) {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const zone = Number(event.key) - 1;
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (step && event.shiftKey) this.move(this.selected, this.selected + step);
      else if (step) this.show(this.scene, this.selected + step);
      else if (event.key === "Delete" || event.key === "Backspace") this.remove();
      else if (this.zones.includes(zone)) this.show(this.scene.with(this.selected, zone));
      else return;
      event.preventDefault();
    }

    onDrag({ clientX, clientY, pointerId }) {
      const to = this.placeOf(document.elementFromPoint(clientX, clientY));
      if (!(this.dragged >= 0) || to < 0 || to === this.dragged) return;
      this.objects.setPointerCapture(pointerId); // the click that ends it then hits no object
      this.move(this.dragged, to);
      this.dragged = to;
    }

    // Answers -------------------------------------------------------------------------------------

    /** Ask all networks, and show it all. */
    render() {
      this.answers = this.networks.map((one) => one.read(this.scene, this.quantifier));
      this.truths = this.scene.map((_, place) =>
        quantlearn.isTrue(this.quantifier.tree, this.scene.slice(0, place + 1)),
      );
      this.listObjects();
      this.answer.textContent = this.sentence();
      this.drawCurve();
      this.layers.forEach((_, layer) => this.drawLayer(layer));
      this.undo.disabled = this.changes() === "";
      this.showWeight();
    }

    /** What was changed in the chosen network, in words. */
    changes() {
      const { units, weights, trained } = this.network;
      const off = units.flatMap((kept) => [...kept]).filter((kept) => kept === 0).length;
      const changed = Object.entries(weights).flatMap(([name, { data }]) =>
        [...data].filter((value, place) => value !== trained[name].data[place]),
      ).length;
      return [
        ...(off ? [`${counted(off, "unit")} off`] : []),
        ...(changed ? [`${counted(changed, "weight")} changed`] : []),
      ].join(" and ");
    }

    /** The answer of the chosen network in words. */
    sentence() {
      const objects = this.scene.length;
      const [least, most] = this.sizes;
      if (objects === 0) return `Add an object: scenes have ${least} to ${most}.`;
      const says = this.answers.map(({ probabilities }) => probabilities.at(-1) > 0.5);
      const own = says[this.trial];
      const right = own === this.truths.at(-1) ? "right" : "wrong";
      const given = this.answers[this.trial].probabilities.at(-1);
      const changes = this.changes();
      const agree = says.filter((other) => other === own).length;
      return (
        `“${label(this.quantifier.name)}” is ${this.truths.at(-1)} of this scene. ` +
        `Trial ${this.trial}${changes && `, with ${changes},`} says ${own} with probability ` +
        `${number(own ? given : 1 - given)} after ${counted(objects, "object")}; ` +
        `that is ${right}. ${agree} of ${counted(says.length, "network")} agree.` +
        (objects < least ? ` They learned from scenes of ${least} objects or more.` : "")
      );
    }

    listObjects() {
      const hadFocus = this.objects.contains(document.activeElement);
      this.objects.replaceChildren(
        ...this.scene.map((zone, place) =>
          make("li", {}, make("button", {
            type: "button",
            class: `widget-zone-${zone}`,
            tabindex: place === this.selected ? 0 : -1,
            "aria-current": place === this.selected,
            "aria-label": `Object ${place + 1}: ${ZONES[zone].name}`,
          }, ZONES[zone].word)),
        ),
      );
      if (hadFocus) (this.objects.children[this.selected]?.firstChild ?? this.clearer).focus();
      const isFull = this.scene.length >= this.sizes[1];
      this.adders.forEach((adder) => (adder.disabled = isFull));
      for (const action of [this.earlier, this.later, this.remover]) {
        action.disabled = this.scene.length === 0;
      }
      this.selection.textContent = this.scene.length ? `Object ${this.selected + 1}` : "No object";
      const chosen = this.hardScenes().findIndex(({ scene }) => words(scene) === words(this.scene));
      this.hardChoice.value = chosen < 0 ? "" : chosen;
    }

    listHardScenes() {
      const hard = this.hardScenes();
      this.hardLabel.hidden = hard.length === 0;
      this.hardChoice.replaceChildren(
        option("", "choose …"),
        ...hard.map(({ scene, wrong }, place) =>
          option(place, `${words(scene)} (${Math.round(100 * wrong)} % wrong)`),
        ),
      );
    }

    drawCurve() {
      const [height, left, bottom, top] = [170, 30, 22, 8];
      const width = Math.max(240, this.curve.clientWidth);
      const step = (width - left - 4) / Math.max(this.scene.length, 1);
      const across = (place) => left + (place + 0.5) * step;
      const up = (value) => top + (1 - value) * (height - top - bottom);
      const rule = (name, x1, x2, y) => draw("line", { class: name, x1, x2, y1: y, y2: y });
      const line = ({ probabilities }, name) => {
        const points = probabilities.map((value, place) => `${across(place)},${up(value)}`);
        return draw("polyline", { class: name, points: points.join(" ") });
      };
      const chosen = this.answers[this.trial];
      const inWords = `Probability of true after each object: ${chosen.probabilities.map((p) => number(p))}`;
      this.curve.replaceChildren(
        draw(
          "svg",
          { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": inWords },
          ...[0, 0.5, 1].flatMap((value) => [
            rule("grid", left, width, up(value)),
            draw("text", { x: left - 6, y: up(value) + 4, "text-anchor": "end" }, `${value}`),
          ]),
          ...this.truths.map((truth, place) =>
            rule("truth", across(place - 0.5), across(place + 0.5), up(truth ? 1 : 0)),
          ),
          ...this.answers.filter((own) => own !== chosen).map((own) => line(own, "other")),
          line(chosen, "chosen"),
          ...chosen.probabilities.flatMap((value, place) => {
            const said = draw("title", {}, `${number(value)} after object ${place + 1}`);
            const under = { x: across(place), y: height - 5, "text-anchor": "middle" };
            return [
              draw("circle", { cx: across(place), cy: up(value), r: 3.5 }, said),
              draw("text", under, place % Math.ceil(18 / step) ? "" : `${place + 1}`),
            ];
          }),
        ),
      );
    }

    drawLayer(layer) {
      const { heading, buttons, strips } = this.layers[layer];
      const part = this.answers[this.trial].cells ? this.states.value : "units";
      const along = this.answers[this.trial][part][layer];
      const all = along.flatMap((states) => [...states]);
      const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
      const most = Math.max(-low, high) || 1;
      const range = `from ${number(low)} (orange) to ${number(high)} (blue)`;
      heading.textContent = `Layer ${layer + 1}, ${range}`;
      filled(strips, {
        "aria-label": `${heading.textContent}, after each object`,
        viewBox: `0 0 ${Math.max(along.length, 1)} ${buttons.length}`,
      });
      buttons.forEach((one, unit) => {
        const isOff = this.network.units[layer][unit] === 0;
        const last = along.length ? number(along.at(-1)[unit]) : "no value";
        filled(one, { "aria-pressed": isOff, title: isOff ? "off" : `${last} after the last` });
      });
      const box = (value, unit, place) =>
        `<rect x="${place}" y="${unit}" width="1" height="1" class="${value < 0 ? "low" : "high"}" ` +
        `opacity="${(Math.abs(value) / most).toFixed(3)}">` +
        `<title>Unit ${unit + 1}, object ${place + 1}: ${number(value)}</title></rect>`;
      strips.innerHTML = along // thousands of boxes: text is faster than elements one by one
        .flatMap((states, place) => Array.from(states, (value, unit) => box(value, unit, place)))
        .join("");
    }

    /** The weight that the fields name: its array, and its place there or null. */
    weight() {
      const { shape, data } = this.network.weights[this.array.value];
      const columns = shape.at(-1);
      const rows = data.length / columns;
      const [row, column] = [Number(this.row.value) - 1, Number(this.column.value) - 1];
      const isThere = [[row, rows], [column, columns]].every(
        ([place, count]) => Number.isInteger(place) && place >= 0 && place < count,
      );
      return { data, rows, columns, index: isThere ? row * columns + column : null };
    }

    showWeight() {
      const { data, rows, columns, index } = this.weight();
      this.row.max = rows;
      this.column.max = columns;
      this.value.disabled = index === null;
      this.value.value = index === null ? "" : Number(data[index].toPrecision(6));
      const hint = (rows > 1 && HINTS[this.settings.architecture]) || "";
      this.shape.textContent = `${counted(rows, "row")}, ${counted(columns, "column")}. ${hint}`;
    }
  }

  // The page --------------------------------------------------------------------------------------

  /** Open the scene that the address names, in the first widget or that of its experiment. */
  function openLink(widgets) {
    const [place, query] = window.location.hash.split("?");
    if (place !== "#ask" || !widgets.length) return;
    const wanted = new URLSearchParams(query).get("experiment");
    (widgets.find(({ root }) => root.dataset.experiment === wanted) ?? widgets[0]).open(query);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const widgets = [...document.querySelectorAll(".ask")].map((root) => {
      const experiment = quantlearn.experiments[root.dataset.experiment];
      if (!experiment) throw new Error(`networks.js of ${root.dataset.experiment} is not loaded`);
      return new Ask(root, experiment);
    });
    window.addEventListener("hashchange", () => openLink(widgets));
    openLink(widgets);
  });
})();

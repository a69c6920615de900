/* What excites a hidden unit: a reader's scenes against the best that a search finds. */
"use strict";

(function () {
  const { ZONES, action, answer, button, choice, inWords, label } = quantlearn.course;
  const { number, plane, row, scene } = quantlearn.course;

  /** The scene of the highest value, by a beam search: of each size the `width` best go on. */
  function search(valueOf, zones, most, width) {
    let beam = [{ objects: [], value: Number.NEGATIVE_INFINITY }];
    let [best] = beam;
    for (let size = 1; size <= most; size += 1) {
      const longer = beam.flatMap(({ objects }) => zones.map((zone) => [...objects, zone]));
      beam = longer.map((objects) => ({ objects, value: valueOf(objects) }));
      beam = beam.sort((one, other) => other.value - one.value).slice(0, width);
      if (beam[0].value > best.value) [best] = beam;
    }
    return best;
  }

  action("excite", { search }, (root, { width }) => {
    const asked = quantlearn.experiments[root.dataset.experiment];
    const zones = [0, 1, 2, 3].filter((zone) => asked.zones.includes(ZONES[zone].key));
    const [, most] = asked.sizes;
    const state = { quantifier: 0, unit: 0, objects: [], best: -1 };
    const [said, picture] = [answer(), row()];
    const along = (objects) => {
      const quantifier = asked.quantifiers[state.quantifier];
      const { units } = asked.trials[0][quantifier.network].read(objects, quantifier);
      return [0, ...units.at(-1).map((states) => states[state.unit])];
    };
    const show = (found) => {
      const values = along(state.objects);
      state.best = Math.max(state.best, values.at(-1));
      const drawn = plane([0, most, "objects read"], [-1, 1, "the unit"], "The unit along a scene");
      if (found) drawn.line([...along(found.objects).entries()], { class: "truth" });
      drawn.line([...values.entries()], { class: "chosen" });
      picture.replaceChildren(drawn.element);
      said.textContent = `Now ${number(values.at(-1))}; your highest ${number(state.best)}.`;
      if (!found) return;
      said.textContent += ` Found: ${number(found.value)} by ${inWords(found.objects)} (bar)`;
      said.textContent += found.value < state.best ? ", which you have beaten." : ".";
    };
    const set = (change) => {
      Object.assign(state, change);
      show();
    };
    const names = asked.quantifiers.map(({ name }, place) => [place, label(name)]);
    const units = Array.from({ length: asked.settings.hidden }, (_, unit) => [unit, unit + 1]);
    const look = () => show(search((objects) => along(objects).at(-1), zones, most, width));
    const knobs = row(
      choice("Network for", names, (quantifier) => set({ quantifier, best: -1 })),
      choice("Unit", units, (unit) => set({ unit, best: -1 })),
    );
    const made = scene([zones[0]], zones, most, (objects) => set({ objects }));
    root.append(knobs, made, said, picture, row(button("Search for the best", look)));
  });
})();

/* Where a network looks before it writes a word, and a reader's bet on it. */
"use strict";

(function () {
  const { ZONES, action, answer, button, choice, counted } = quantlearn.course;
  const { inWords, make, number, row, sum } = quantlearn.course;

  /** For each zone with objects the share of the weights that they have: [zone, share, objects]. */
  function byZone(scene, weights) {
    const zones = [0, 1, 2, 3].filter((zone) => scene.includes(zone));
    return zones.map((zone) => {
      const own = weights.filter((_, place) => scene[place] === zone);
      return [zone, sum(own), own.length];
    });
  }

  action("attention", { byZone }, (root, { texts }) => {
    const state = {};
    const [words, said, seen] = [row(), answer(), make("ol", { class: "widget-objects" })];
    const look = () => {
      const { scene, weights } = texts[state.text];
      const zones = byZone(scene, weights[state.word]);
      const [most] = zones.toSorted((one, other) => other[1] - one[1]);
      const all = zones.map(([zone, share, objects]) => {
        return `${number(share)} at ${counted(objects, "object")} of ${ZONES[zone].name}`;
      });
      said.textContent = `${most[0] === state.zone ? "Right" : "No"}: ${all.join(", ")}.`;
      const objects = weights[state.word].map((share, place) => {
        const bar = make("div", { class: "widget-bar", style: `height: ${60 * share}px` });
        return make("li", {}, bar, ZONES[scene[place]].word, make("br", {}), number(share));
      });
      seen.replaceChildren(...objects);
    };
    const ask = (text) => {
      const own = texts[text];
      const zones = byZone(own.scene, own.scene).map(([zone]) => [zone, ZONES[zone].name]);
      Object.assign(state, { text, word: 0, zone: zones[0][0] });
      words.replaceChildren(
        choice("Before it writes", [...own.words.entries()], (word) => (state.word = word)),
        choice("it looks most at", zones, (zone) => (state.zone = Number(zone))),
        button("Look", look),
      );
      said.textContent = "";
      seen.replaceChildren();
    };
    const told = ({ scene, words: own }) => `${inWords(scene)}: ${own.join(" ")}`;
    const scenes = texts.map((text, place) => [place, told(text)]);
    root.append(row(choice("Scene", scenes, ask)), words, said, seen);
    ask(0);
  });
})();

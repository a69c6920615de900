/* An automaton and a trained network read the same scene, object by object. */
"use strict";

(function () {
  const { ZONES, action, answer, counted, draw, make } = quantlearn.course;
  const { note, number, plane, row, scene } = quantlearn.course;

  /** The states of an automaton on the way through a scene, from the start on. */
  const run = ({ transitions }, objects) =>
    objects.reduce((states, zone) => [...states, transitions[states.at(-1)][zone]], [0]);

  /** A drawing of an automaton, its states in a row, the state `now` marked. */
  function diagram({ transitions, accepting }, now) {
    const radius = 15;
    const across = (state) => 40 + 88 * state;
    const text = (x, y, said) => draw("text", { x, y, "text-anchor": "middle" }, said);
    /** To the next state straight on, else above forwards and below backwards; or back at once. */
    const arrow = ([from, to, zones]) => {
      const [x1, x2, steps] = [across(from), across(to), to - from];
      const side = steps === 1 ? 0 : steps < 0 ? 1 : -1;
      const [aside, bow] = steps ? [side ? 0 : radius, side ? 0 : radius] : [-6, -26];
      const start = side * radius;
      const bend = start + side * (steps ? 24 * Math.abs(steps) : 34);
      const angle = (Math.atan2(start - bend, bow - aside) * 180) / Math.PI;
      const turn = `translate(${x2 - aside} ${start}) rotate(${angle})`;
      const bends = `${x1 + bow} ${bend} ${x2 - bow} ${bend} ${x2 - aside} ${start}`;
      return [
        draw("path", { class: "arc", d: `M${x1 + aside} ${start}C${bends}` }),
        draw("path", { class: "head", d: "M0 0L-8-4V4Z", transform: turn }),
        text((x1 + x2) / 2, start + 0.75 * (bend - start) - 4, zones),
      ];
    };
    const by = (nexts, to) => ZONES.filter((_, zone) => nexts[zone] === to).map(({ name }) => name);
    const edges = transitions.flatMap((nexts, from) =>
      [...new Set(nexts)].map((to) => [from, to, by(nexts, to).join(", ")]),
    );
    const state = (accepts, place) => {
      const circle = { cx: across(place), cy: 0, class: place === now ? "now" : "" };
      const circles = accepts ? [radius, radius - 4] : [radius];
      const drawn = circles.map((r) => draw("circle", { ...circle, r }));
      return [...drawn, text(across(place), 4, place)];
    };
    const told = edges.map(([from, to, zones]) => `${from} to ${to} by ${zones}`);
    const steps = edges.map(([from, to]) => to - from);
    const [width, top] = [across(accepting.length) - 40, 35 + 18 * Math.max(2, ...steps)];
    const viewBox = `0 ${-top} ${width} ${top + 21 - 18 * Math.min(0, ...steps)}`;
    const svg = draw(
      "svg",
      { viewBox, role: "img", "aria-label": `Automaton: ${told.join("; ")}` },
      ...[[-1, 0, ""], ...edges].flatMap(arrow),
      ...accepting.flatMap(state),
    );
    return make("div", { class: "widget-plot widget-states", style: `max-width: ${width}px` }, svg);
  }

  action("automaton", { diagram, run }, (root, { automaton, words, quantifier, begin, most }) => {
    const asked = quantlearn.experiments?.[root.dataset.experiment];
    const told = asked?.quantifiers.find((one) => one.name === quantifier);
    const [drawn, said, pictures] = [make("div", {}), answer(), row()];
    /** Draw what the network makes of the scene, and say it. */
    const read = (objects, states) => {
      const network = asked.trials[0][told.network];
      const { probabilities, cells } = network.read(objects, told);
      const ends = [0, 1].map((zone) => network.read(Array(most).fill(zone), told).cells);
      const all = [cells, ...ends].flatMap((of) => of.at(-1).flatMap((along) => [...along]));
      const x = [0, most, "objects read"];
      const chances = plane(x, [0, 1, "P(true)"], "P(true) after each object");
      const answers = states.map((state) => +automaton.accepting[state]);
      chances.line([...answers.entries()], { class: "truth" });
      chances.line(probabilities.map((p, place) => [place + 1, p]), { class: "chosen" });
      const y = [Math.min(0, ...all), Math.max(0, ...all), "cells c"];
      const moves = plane(x, y, "The cells after each object");
      for (let unit = 0; unit < asked.settings.hidden; unit += 1) {
        moves.line([[0, 0], ...cells.at(-1).map((along, place) => [place + 1, along[unit]])]);
      }
      pictures.replaceChildren(chances.element, moves.element);
      return probabilities.slice(-1).map((p) => ` The network’s P(true) is ${number(p)}.`).join("");
    };
    const show = (objects) => {
      const states = run(automaton, objects);
      const now = states.at(-1);
      const both = objects.filter((zone) => zone === 0).length;
      drawn.replaceChildren(diagram(automaton, now));
      said.textContent =
        `After ${counted(objects.length, "object")}, ${both} in A∩B, the automaton is in state ` +
        `${now}: “${words}” is ${automaton.accepting[now]}.${told ? read(objects, states) : ""}`;
    };
    const remark = note(
      "First what the network says (line), and the automaton (bar); then the network’s cells. ",
      "With more than four objects of A∩B the automaton stays as it is. Do the cells?",
    );
    root.append(scene(begin, [0, 1], most, show), said, drawn, ...(told ? [pictures, remark] : []));
  });
})();

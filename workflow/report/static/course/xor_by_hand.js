/* Nine weights to fill: any network of two hidden units that computes xor will do. */
"use strict";

(function () {
  const { action, answer, button, make, row, table, written } = quantlearn.course;
  const { CASES, fault, forward, nameOf } = quantlearn.course.network;

  const UNITS = [["h₁", "p", "q"], ["h₂", "p", "q"], ["output", "h₁", "h₂"]];

  /** The outputs of all three units in each case, and what is to say of them. */
  function check(layers) {
    const outputs = CASES.map((x) => forward(x, layers).flat());
    const [one, other, last] = [0, 1, 2].map((unit) => outputs.map((values) => values[unit]));
    const wrong = fault(last, "p xor q");
    const said = wrong
      ? `${wrong.text} There h₁ = ${written(one[wrong.at])} and h₂ = ${written(other[wrong.at])}.`
      : `Right in all four rows: h₁ computes ${nameOf(one)}, and h₂ ${nameOf(other)}.`;
    return { outputs, said };
  }

  /** Three units [weight, weight, bias] as layers [W, b]. */
  const layersOf = ([[a, b, c], [d, e, f], [g, h, i]]) => [
    [[[a, d], [b, e]], [c, f]],
    [[[g], [h]], [i]],
  ];

  action("xor_by_hand", { check, layersOf }, (root) => {
    const inputs = UNITS.map(([unit, ...from]) =>
      [...from.map((name) => `Weight of ${name} in ${unit}`), `Bias of ${unit}`].map((name) =>
        make("input", { type: "number", step: "any", class: "short", "aria-label": name }),
      ),
    );
    const [said, rows] = [answer(), make("div", {})];
    const look = () => {
      const empty = inputs.flat().find(({ value }) => value === "");
      rows.replaceChildren();
      said.textContent = empty ? `Not yet a number: ${empty.ariaLabel}.` : "";
      if (empty) return;
      const found = check(layersOf(inputs.map((unit) => unit.map(({ value }) => Number(value)))));
      const values = CASES.map((x, at) => [...x, ...found.outputs[at].map(written), x[0] ^ x[1]]);
      rows.append(table(["p", "q", "h₁", "h₂", "Output", "p xor q"], values));
      said.textContent = found.said;
    };
    const units = UNITS.map(([unit, p, q], at) => [`${unit} (${p}, ${q})`, ...inputs[at]]);
    const weights = table(["Unit", "1st", "2nd", "Bias"], units);
    root.append(weights, row(button("Check", look)), said, rows);
  });
})();

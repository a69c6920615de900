/* How often a quantifier is true, and what accuracy and balanced accuracy make of it. */
"use strict";

(function () {
  const { action, make, note, number, plane, row, slider, table } = quantlearn.course;

  /** Who answers: how often right where it is true, and where it is false, by the truth rate. */
  const ANSWERERS = {
    "always says the commoner": (rate) => (rate > 0.5 ? [1, 0] : [0, 1]),
    "guesses by the rate": (rate) => [rate, 1 - rate],
    "is right in 90 % of each": () => [0.9, 0.9],
  };
  const LOOKS = ["chosen", "second", "truth"];

  /** Accuracy and balanced accuracy of an answerer. */
  function scores(name, rate) {
    const [ofTrue, ofFalse] = ANSWERERS[name](rate);
    return [rate * ofTrue + (1 - rate) * ofFalse, (ofTrue + ofFalse) / 2];
  }

  action("balance", { ANSWERERS, scores }, (root, { rate, own }) => {
    const shown = make("div", {});
    const legend = note("Accuracy by truth rate: full, dashed, broad line in the table’s order.");
    const show = (percent) => {
      const plot = plane([0, 100, "true, %"], [40, 105, "accuracy, %"], "Accuracy by truth rate");
      const rows = Object.keys(ANSWERERS).map((name, at) => {
        const inPercent = (one) => scores(name, one / 100).map((score) => 100 * score);
        const along = Array.from({ length: 101 }, (_, one) => [one, inPercent(one)[0]]);
        plot.line(along, { class: LOOKS[at] });
        return [`Who ${name}`, ...inPercent(percent).map((one) => `${number(one, 1)} %`)];
      });
      plot.mark(percent);
      const heads = ["", "Accuracy", "Balanced accuracy"];
      shown.replaceChildren(table(heads, rows), plot.element, legend);
    };
    root.append(row(slider("True in % of the scenes", rate, [1, 99, 1], show)), shown, note(own));
    show(rate);
  });
})();

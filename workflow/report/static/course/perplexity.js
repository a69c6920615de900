/* The perplexity of a sentence by hand, from the probabilities of its words. */
"use strict";

(function () {
  const { action, answer, button, field, row, folded, table, written } = quantlearn.course;

  /** The perplexity, and on the way to it −ln P of each word, their sum and their mean. */
  function steps(p) {
    const logs = p.map((one) => -Math.log(one));
    const sum = logs.reduce((total, one) => total + one, 0);
    return { logs, sum, mean: sum / p.length, perplexity: Math.exp(sum / p.length) };
  }

  /** What is said of a reader's number. */
  function verdict(p, given) {
    const { sum, mean, perplexity } = steps(p);
    const average = p.reduce((total, one) => total + one, 0) / p.length;
    const [, said] = [
      [perplexity, "Right: as if the model had so many words to choose from, all alike"],
      [mean, "No: that is the mean of −ln P; take exp of it"],
      [sum, "No: that is the sum of −ln P; divide it by the number of words, and take exp"],
      [Math.exp(sum), "No: that is 1 / P(sentence); divide the sum by the number of words first"],
      [1 / perplexity, "No: that is exp of the mean of ln P; the minus is missing"],
      [1 / average, "No: that is 1 over the mean of P; take the mean of the logarithms"],
      [given, `No: ${written(given)} is too ${given > perplexity ? "large" : "small"}`],
    ].find(([value]) => Math.abs(given - value) <= 0.01 * Math.abs(value));
    return `${said}.`;
  }

  action("perplexity", { steps, verdict }, (root, { words, p }) => {
    const said = answer();
    let given = 0;
    const { logs, sum, mean, perplexity } = steps(p);
    const worked =
      `−ln P is ${logs.map(written).join(", ")}: in all ${written(sum)}, in the mean ` +
      `${written(mean)}, and exp of that is ${written(perplexity)}.`;
    const rows = words.map((word, at) => [word, written(p[at])]);
    const known = table(["Word", "P, given all before"], rows);
    const asked = field("Perplexity", "", (number) => (given = number));
    const check = button("Check", () => (said.textContent = verdict(p, given)));
    root.append(known, row(asked, check), said, folded(worked));
  });
})();

/* Networks of sigmoid units as the lessons write them, layers [W, b], and functions of p and q. */
"use strict";

(function () {
  const { sigmoid, written } = quantlearn.course;

  /** All values of p and q, in the order of a truth table. */
  const CASES = [[1, 1], [1, 0], [0, 1], [0, 0]];

  /** The 16 functions of p and q; the place of each is its column of the truth table in binary. */
  const FUNCTIONS = (
    "false|¬p ∧ ¬q|¬p ∧ q|¬p|p ∧ ¬q|¬q|p xor q|¬p ∨ ¬q|" +
    "p ∧ q|p ↔ q|q|p → q|p|q → p|p ∨ q|true"
  ).split("|");

  /** Which values a function has in the cases. */
  const truthOf = (name) => [8, 4, 2, 1].map((bit) => Number((FUNCTIONS.indexOf(name) & bit) > 0));

  /** Which function it is whose values are true where outputs are above ½. */
  const nameOf = (outputs) =>
    FUNCTIONS[outputs.reduce((place, output) => 2 * place + Number(output > 0.5), 0)];

  /** The first case whose output is on the wrong side of ½, and words for it, if there is one. */
  function fault(outputs, name) {
    const at = truthOf(name).findIndex((right, place) => right !== Number(outputs[place] > 0.5));
    if (at < 0) return null;
    const should = truthOf(name)[at] ? "should be above ½" : "should not be above ½";
    const [p, q] = CASES[at];
    return { at, text: `Row p = ${p}, q = ${q} gives ${written(outputs[at])}, ${should}.` };
  }

  /** σ(x W + b) of each layer [W (n × m), b (m)], one after another, for one example x (n). */
  function forward(x, layers) {
    const outputs = [x];
    for (const [weights, bias] of layers) {
      const sum = (b, unit) => outputs.at(-1).reduce((z, a, at) => z + a * weights[at][unit], b);
      outputs.push(bias.map((b, unit) => sigmoid(sum(b, unit))));
    }
    return outputs.slice(1);
  }

  quantlearn.course.network = { CASES, FUNCTIONS, fault, forward, nameOf, truthOf };
})();

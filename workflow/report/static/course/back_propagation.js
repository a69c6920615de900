/* Back-propagation by hand, step by step, and the derivative by small differences. */
"use strict";

(function () {
  const { action, answer, draw, field, filled, make } = quantlearn.course;
  const { note, plane, row, slider, tabs, written } = quantlearn.course;

  const isNear = (given, right) => Math.abs(given - right) <= 0.01 * Math.abs(right) + 1e-4;

  /** What is wrong with values given for a step; `slip` are those that lack what is `missing`. */
  function hint({ names, right, rule, slip, missing }, given) {
    const at = right.findIndex((value, place) => !isNear(given[place], value));
    if (at < 0) return "";
    const forgotten = slip && isNear(given[at], slip[at]) ? ` It lacks ${missing}.` : "";
    const is = Number.isNaN(given[at]) ? "no number yet" : `not ${written(given[at])}`;
    return `${names[at]} is ${is}.${forgotten} ${rule}`;
  }

  /** Steps to fill, each of which opens when the one before is right. */
  function byHand(steps) {
    const forms = steps.map((step, place) => {
      const labels = step.names.map((name) => field(name, "", () => {}));
      const inputs = labels.map((label) => label.querySelector("input"));
      const [said, check] = [answer(), make("button", {}, "Check")];
      const submit = (event) => {
        event.preventDefault();
        said.textContent = hint(step, inputs.map(({ valueAsNumber }) => valueAsNumber));
        if (said.textContent) return;
        const next = forms[place + 1];
        inputs.forEach((input, at) => {
          input.value = Number(step.right[at].toPrecision(4));
          input.readOnly = true;
        });
        check.hidden = true;
        if (next) next.hidden = false;
        else said.textContent = "This is the whole gradient, since ∂L/∂b of each unit is its δ.";
        next?.querySelector("input").focus();
      };
      const title = make("strong", {}, `${place + 1}. ${step.title}`);
      const form = make("form", { submit }, title, row(...labels, check), said);
      form.hidden = place > 0;
      return form;
    });
    return make("div", {}, ...forms);
  }

  /** A slider of ε, and how far the difference quotient of each power of ten is off. */
  function byDifferences({ powers, quotients, derivative }) {
    const errors = quotients.map((quotient) => Math.abs(quotient - derivative));
    const best = errors.indexOf(Math.min(...errors));
    const heights = errors.map((error) => Math.log10(error + 1e-16));
    const drawn = plane(
      [powers.at(0), powers.at(-1), "log₁₀ ε"],
      [Math.floor(Math.min(...heights)), Math.ceil(Math.max(...heights)), "log₁₀ error"],
      "Error of the difference quotient for each ε",
    );
    drawn.line(heights.map((height, at) => [powers[at], height]), { class: "chosen" });
    const mark = draw("circle", { r: 6 });
    drawn.svg.append(mark);
    const said = answer();
    const look = (power) => {
      const at = powers.indexOf(power);
      filled(mark, { cx: drawn.across(power), cy: drawn.up(heights[at]) });
      said.textContent =
        `(L(w + ε) − L(w)) / ε = ${written(quotients[at])} is ${written(errors[at])} off. ` +
        [
          "The losses agree in most of their 16 digits: what is left is rounding.",
          "No other ε here does better.",
          "The loss bends between w and w + ε: a smaller ε would do better.",
        ][Math.sign(at - best) + 1];
    };
    look(powers.at(-1));
    const range = [powers.at(0), powers.at(-1), 1];
    const chosen = slider("ε", powers.at(-1), range, look, (power) => written(10 ** power));
    const heading = note(`w, from p to unit 1, has ∂L/∂w = ${written(derivative)}.`);
    return make("div", {}, heading, row(chosen), said, drawn.element);
  }

  action("back_propagation", { hint }, (root, { steps, differences }) => {
    const second = ["By small differences", byDifferences(differences)];
    root.append(tabs([["By hand", byHand(steps)], second]));
  });
})();

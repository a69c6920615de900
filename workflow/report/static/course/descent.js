"use strict";

/* One parameter, one learning rate: a reader bets where gradient descent ends, then looks. */

(function () {
  const { action, answer, button, choice, field, plane, row } = quantlearn.course;
  const { number } = quantlearn.elements;

  /** Where θ is after each step of descent on (θ − y)². */
  function path(theta, y, rate, steps) {
    const places = [theta];
    for (let step = 0; step < steps; step += 1) {
      places.push(places[step] - rate * 2 * (places[step] - y));
    }
    return places;
  }

  /** What becomes of θ. */
  function fate(rate) {
    const factor = Math.abs(1 - 2 * rate);
    if (factor > 1) return "away";
    return factor === 1 ? "stays" : "to y";
  }

  action("descent", (root, { y, theta, steps }) => {
    const state = { rate: 0.8, bet: "to y" };
    const said = answer();
    const picture = row();
    const fates = [
      ["to y", "it comes to y"],
      ["stays", "it comes no nearer"],
      ["away", "it goes away"],
    ];
    const look = () => {
      const places = path(theta, y, state.rate, steps);
      const [least, most] = [Math.min(...places, y), Math.max(...places, y)];
      const drawn = plane([0, steps, "step"], [least, most, "θ"], "θ after each step");
      drawn.line([[0, y], [steps, y]], { class: "truth" });
      drawn.line(places.map((place, step) => [step, place]), { class: "chosen" });
      picture.replaceChildren(drawn.element);
      const isRight = fate(state.rate) === state.bet;
      said.textContent =
        `${isRight ? "Right" : "No"}: the factor 1 − 2α is ${number(1 - 2 * state.rate)}, and θ ` +
        `after ${steps} steps is ${number(places[steps])}.`;
    };
    root.append(
      row(
        field("Learning rate α", state.rate, (rate) => (state.rate = rate)),
        choice("What becomes of θ?", fates, (bet) => (state.bet = bet)),
        button("Look", look),
      ),
      said,
      picture,
    );
  });

  quantlearn.course.descent = { fate, path };
})();

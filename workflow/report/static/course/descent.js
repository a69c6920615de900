/* Gradient descent with one parameter and with two: a reader bets how it ends, then looks. */
"use strict";

(function () {
  const { action, answer, button, choice, draw, field, make } = quantlearn.course;
  const { plane, row, table, tabs, training, written } = quantlearn.course;

  const NAMES = Object.keys(training.RULES);

  /** Where each θ is after each step of a rule on the sum of c θ², for a c of each. */
  function path(rule, start, curves, rate, steps) {
    const [places, move] = [[start], training.mover(rule, start.length)];
    for (let step = 1; step <= steps; step += 1) {
      const now = places.at(-1);
      const moves = move(now.map((theta, at) => 2 * curves[at] * theta));
      places.push(now.map((theta, at) => theta - rate * moves[at]));
    }
    return places;
  }

  /** What becomes of θ on (θ − y)². */
  function fate(rate) {
    const factor = 1 - 2 * rate;
    if (Math.abs(factor) < 1e-12) return "arrives in one step";
    if (Math.abs(Math.abs(factor) - 1) < 1e-9) return factor < 0 ? "jumps to and fro" : "stays";
    if (Math.abs(factor) > 1) return "diverges";
    return factor > 0 ? "comes closer from one side" : "comes closer from both sides in turn";
  }

  /** A learning rate and a bet; `look` gives the outcome, what to say of it, and elements. */
  function bets(question, names, rate, look) {
    const state = { rate, bet: names[0] };
    const [said, shown] = [answer(), make("div", {})];
    const settle = () => {
      const [outcome, text, ...elements] = look(state.rate, state.bet);
      said.textContent = `${outcome === state.bet ? "Right" : "No"}: ${text}`;
      shown.replaceChildren(...elements);
    };
    const fields = [
      field("Learning rate α", rate, (value) => (state.rate = value)),
      choice(question, names, (name) => (state.bet = name)),
      button("Look", settle),
    ];
    return make("div", {}, row(...fields), said, shown);
  }

  /** One parameter on (θ − y)². */
  const one = ({ y, theta, steps }) =>
    bets("θ", [0.25, 0.75, 0.5, 1, 1.5, 0].map(fate), 0.8, (rate) => {
      const places = path("plain", [theta - y], [1], rate, steps).map(([gap]) => y + gap);
      const [least, most] = [Math.min(...places, y), Math.max(...places, y)];
      const drawn = plane([0, steps, "step"], [least, most, "θ"], "θ after each step");
      drawn.line([[0, y], [steps, y]], { class: "truth" });
      drawn.line(places.map((place, step) => [step, place]), { class: "chosen" });
      const said =
        `the factor 1 − 2α is ${written(1 - 2 * rate)}, so θ ${fate(rate)}. ` +
        `After ${steps} steps it is ${written(places[steps])}.`;
      return [fate(rate), said, drawn.element];
    });

  /** The ways of all rules through the plane of θ₁ and θ₂, each as far as it stays in sight. */
  function picture(paths, chosen, curves, [x, y]) {
    const [wide, high] = [1.25 * Math.abs(x), 1.5 * Math.abs(y)];
    const said = `The way by ${chosen} from the start, those by other rules, and equal losses`;
    const drawn = plane([-wide, wide, "θ₁"], [-high, high, "θ₂"], said);
    const [cx, cy] = [drawn.across(0), drawn.up(0)];
    for (const share of [0.3, 0.6, 0.9]) {
      const [rx, ry] = curves.map((curve) => (share * wide) / Math.sqrt(curve));
      const size = { rx: drawn.across(rx) - cx, ry: cy - drawn.up(ry) };
      drawn.svg.append(draw("ellipse", { class: "grid", cx, cy, ...size }));
    }
    const isOut = (place) => Math.abs(place[0]) > wide || Math.abs(place[1]) > high;
    paths.forEach((places, at) => {
      const seen = places.slice(0, places.findIndex(isOut) + 1 || undefined);
      drawn.line(seen, { class: NAMES[at] === chosen ? "chosen" : "" });
    });
    return drawn.element;
  }

  /** Two parameters on θ₁² + 25 θ₂², by four rules. */
  const two = ({ start, curves, steps }) =>
    bets("Smallest loss θ₁² + 25 θ₂² by", NAMES, 0.03, (rate, bet) => {
      const paths = NAMES.map((rule) => path(rule, start, curves, rate, steps));
      const ends = paths.map((places) => places.at(-1));
      const losses = ends.map(([x, y]) => curves[0] * x * x + curves[1] * y * y);
      const best = NAMES[losses.indexOf(Math.min(...losses))];
      const factors = curves.map((curve) => `1 − ${2 * curve}α = ${written(1 - 2 * curve * rate)}`);
      const said =
        `after ${steps} steps it is smallest by ${best}. Plain steps multiply ` +
        `θ₁ by ${factors[0]} and θ₂ by ${factors[1]}. They diverge for α above 2/λ = 2/${2 * curves[1]} = ` +
        `${1 / curves[1]}, where λ is the largest second derivative.`;
      const short = (value) => written(Number(value.toPrecision(2)));
      const rows = NAMES.map((rule, at) => [rule, ...[...ends[at], losses[at]].map(short)]);
      const heads = ["Rule", "θ₁", "θ₂", "Loss"];
      return [best, said, picture(paths, bet, curves, start), table(heads, rows)];
    });

  action("descent", { fate, path }, (root, data) =>
    root.append(tabs([["One parameter", one(data)], ["Two parameters", two(data.two)]])),
  );
})();

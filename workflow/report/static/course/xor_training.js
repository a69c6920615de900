/* Networks learn xor in the page; a reader looks into one and names its hidden units. */
"use strict";

(function () {
  const { action, answer, button, choice, draw, note, number, plane } = quantlearn.course;
  const { make, random, row, sigmoid, folded, table } = quantlearn.course;
  const { Network, coded, runner, stepper } = quantlearn.course.training;
  const { CASES, FUNCTIONS, fault, nameOf, truthOf } = quantlearn.course.network;

  const XOR = truthOf("p xor q");
  const BIN = 0.02;

  /** A network with random weights, a step of descent on all four cases, and a look into it. */
  function begin(hidden, rate, inputs, uniform) {
    const network = new Network({ inputs, hidden, activation: "sigmoid" }).start(uniform, true);
    const scenes = CASES.map(([p, q]) => 2 * p + q);
    const cases = { x: coded(scenes, 2, inputs === 2), y: XOR };
    const step = stepper(network, { rule: "plain", rate }, uniform);
    const look = () => {
      const scores = network.score(cases);
      const outputs = Array.from(network.forward(cases.x, 4), sigmoid);
      const unit = (_, one) => CASES.map((_case, at) => network.units[at * hidden + one]);
      return { ...scores, outputs, units: Array.from({ length: hidden }, unit) };
    };
    return { step: () => step(cases), look };
  }

  /** The losses of networks as dots in bins, one of them chosen; `open` is called for a click. */
  function picture(losses, rests, chosen, open) {
    const bins = losses.map((loss) => Math.floor(loss / BIN));
    const height = bins.map((bin, at) => bins.slice(0, at + 1).filter((x) => x === bin).length);
    const [right, top] = [Math.max(0.76, ...losses) + BIN, 1.2 * Math.max(10, ...height)];
    const drawn = plane([0, right, "loss"], [0, top, "networks"], "Losses in bins", [420, 230]);
    for (const [name, rest] of Object.entries({ 0: 0, ...rests })) drawn.mark(rest, name);
    bins.forEach((bin, at) => {
      const place = { cx: drawn.across((bin + 0.5) * BIN), cy: drawn.up(height[at] - 0.5) };
      const looks = at === chosen ? { class: "chosen", r: 6 } : { r: 4, "fill-opacity": 0.6 };
      drawn.svg.append(draw("circle", { ...place, ...looks, click: () => open(at) }));
    });
    return drawn.element;
  }

  action("xor_training", { begin }, (root, { inputs, trials, rate, steps, rests, learned }) => {
    const state = { hidden: 2, rate, steps, run: 0, networks: [] };
    const [said, shown] = [answer(), make("div", {})];

    function* train() {
      Object.assign(state, { run: state.run + 1, networks: [] });
      for (let trial = 0; trial < trials; trial += 1) {
        const one = begin(state.hidden, state.rate, inputs, random(trials * state.run + trial));
        for (let step = 0; step < state.steps; step += 1) {
          if (step % 500 === 0) yield (trial + step / state.steps) / trials;
          one.step();
        }
        state.networks.push(one.look());
      }
    }

    function show() {
      const all = state.networks;
      const right = all.filter(({ accuracy }) => accuracy === 1);
      const near = (rest) => all.filter(({ loss }) => Math.abs(loss - rest) < 0.01).length;
      const resting = Object.entries(rests).map(([name, rest]) => `${near(rest)} at ${name}`);
      const isLessons = state.rate === rate && state.steps === steps;
      const own = isLessons && learned[state.hidden];
      said.textContent =
        `${right.length} of ${all.length} networks answer all four cases rightly; their losses: ` +
        `${resting.join(", ")}.${own ? ` Of the lesson’s own: ${own}.` : ""}`;
      if (all.length) open(Math.max(all.indexOf(right[0]), 0));
    }

    function open(chosen) {
      const losses = state.networks.map(({ loss }) => loss);
      const texts = losses.map((loss, at) => [at, `${at + 1}, loss ${number(loss, 3)}`]);
      const look = (at) => {
        open(Number(at));
        shown.querySelector("select").focus();
      };
      const { outputs, units } = state.networks[chosen];
      const values = (at) => [outputs, ...units].map((one) => number(one[at], 3));
      const rows = CASES.map((pair, at) => [...pair, XOR[at], ...values(at)]);
      const names = units.map(() => FUNCTIONS[0]);
      const heads = units.map((_, one) => `unit ${one + 1}`);
      const asked = (unit, one) =>
        choice(`${unit} computes`, FUNCTIONS, (name) => (names[one] = name));
      const checked = answer();
      const check = () => {
        const wrong = units.flatMap((unit, one) => {
          const found = fault(unit, names[one]);
          return found ? `${heads[one]} is not ${names[one]}: ${found.text}` : [];
        });
        checked.textContent = wrong.join(" ") || "Right.";
      };
      shown.replaceChildren(
        picture(losses, rests, chosen, open),
        note("Each dot is a network: click one, or choose it here. A unit above ½ says 1."),
        row(choice("Look into", texts, look, chosen)),
        table(["p", "q", "p xor q", "ŷ", ...heads], rows),
        row(...heads.map(asked), button("Check", check)),
        checked,
        folded(units.map(nameOf).join("; ")),
      );
    }

    const set = (key) => (value) => (state[key] = Number(value));
    const knobs = row(
      choice("Hidden units", [2, 1, 3, 4, 8], set("hidden")),
      choice("Learning rate α", [rate, 0.1, 0.3, 3, 10], set("rate")),
      choice("Steps", [steps, 100, 300, 3000, 20000], set("steps")),
      ...runner(`Train ${trials} networks`, train, show),
    );
    root.append(knobs, said, shown);
  });
})();

/* A reader bets which of two quantifiers is learned sooner, and trains networks in the page. */
"use strict";

(function () {
  const { action, answer, choice, counted, label, make, note } = quantlearn.course;
  const { number, random, row, sum, table } = quantlearn.course;
  const { Network, coded, countBoth, runner, stepper } = quantlearn.course.training;

  const [OBJECTS, HIDDEN, EVALUATED] = [16, 16, 300]; // all objects are A

  /** How many ways there are to choose k of n. */
  const choose = (n, k) => (k === 0 ? 1 : (choose(n, k - 1) * (n - k + 1)) / k);

  /** The first step at which accuracy, and its mean over a window from there on, is above. */
  function convergenceStep(steps, accuracy, threshold, window) {
    const above = (values) => sum(values) / values.length > threshold + 1e-9; // but for rounding
    const learned = (one, at) => above([one]) && above(accuracy.slice(at, at + window));
    return steps[accuracy.findIndex(learned)] ?? null;
  }

  /** In how many pairs the first was sooner, and the second, with the exact p of a sign test. */
  function signTest(first, second) {
    const signs = first.map((one, at) => Math.sign((second[at] ?? Infinity) - (one ?? Infinity)));
    const [sooner, later] = [1, -1].map((sign) => signs.filter((one) => one === sign).length);
    const fewer = [...Array(1 + Math.min(sooner, later)).keys()];
    const tail = sum(fewer.map((k) => choose(sooner + later, k)));
    return { sooner, later, p: Math.min(1, (2 * tail) / 2 ** (sooner + later)) };
  }

  /**
   * Train a network on scenes by chance, to say what is true of 0, 1, 2 … Bs; yields shares of the
   * work that are `done` by a step, and returns when it had learned.
   */
  function* learn(truths, { isPlain, rate, steps, batch, every, done, ...rule }, uniform) {
    const scene = () => Math.floor(2 ** OBJECTS * uniform());
    const examples = (scenes) => ({
      x: coded(scenes, OBJECTS, isPlain),
      y: scenes.map((one) => truths[countBoth(one)]),
    });
    const heldOut = new Set();
    while (heldOut.size < EVALUATED) heldOut.add(scene());
    const test = examples([...heldOut]);
    const network = new Network({ inputs: test.x.length / EVALUATED, hidden: HIDDEN });
    const advance = stepper(network.start(uniform), { rate }, uniform);
    const [at, accuracies] = [[], []];
    for (let step = 1; step <= steps; step += 1) {
      const drawn = Array.from({ length: batch }, scene);
      advance(examples(drawn.filter((one) => !heldOut.has(one))));
      if ((step - 1) % every) continue;
      const { loss, accuracy } = network.score(test);
      at.push(step);
      accuracies.push(accuracy);
      if (loss < rule.stop) break;
      yield done(step);
    }
    return convergenceStep(at, accuracies, rule.threshold, rule.window);
  }

  /** What a sign test says of two quantifiers, by the steps of their trials. */
  function told(names, found) {
    const { sooner, later, p } = signTest(...found);
    const ties = found[0].length - sooner - later;
    const rest = ties ? `, neither in ${ties}` : "";
    return (
      `${label(names[0])} was sooner in ${sooner} of ${counted(found[0].length, "trial")}, ` +
      `${label(names[1])} in ${later}${rest}; sign test p = ${number(p, 3)}`
    );
  }

  action("hands_on", { convergenceStep, signTest }, (root, { quantifiers, rule, runs, beside }) => {
    const names = Object.keys(quantifiers);
    const sides = names.slice(0, 2);
    const state = { isPlain: 1, rate: 0.01, steps: 900, trials: 10, bet: 0, run: 0 };
    const [said, results] = [answer(), make("div", {})];
    let found = [[], []];

    function* train() {
      [found, said.textContent] = [[[], []], ""];
      state.run += 1;
      for (let trial = 0; trial < state.trials; trial += 1) {
        const steps = [];
        for (const side of [0, 1]) {
          const uniform = random(100 * state.run + 2 * trial + side);
          const done = (step) => (2 * trial + side + step / state.steps) / (2 * state.trials);
          const { truths } = quantifiers[sides[side]];
          steps.push(yield* learn(truths, { ...state, ...rule, done }, uniform));
        }
        steps.forEach((one, side) => found[side].push(one));
        const shown = (side, at) => found[side][at] ?? `not by ${state.steps}`;
        const rows = found[0].map((_, at) => [at + 1, shown(0, at), shown(1, at)]);
        const rate = (name) => `true in ${number(100 * quantifiers[name].rate, 1)} %`;
        const heads = sides.map((name) => `${label(name)} (${rate(name)}), learned at step`);
        results.replaceChildren(table(["Trial", ...heads], rows));
      }
    }

    function judge() {
      const { sooner, later, p } = signTest(...found);
      const isRight = (p > 0.05 ? 0 : Math.sign(sooner - later)) === state.bet;
      const few = found[0].length < 6 ? " With fewer than six trials p is never below 0.05." : "";
      const bet = isRight ? "Your bet was right" : "You lost your bet";
      said.textContent = `${bet}: ${told(sides, found)}.${few}`;
    }

    const set = (key) => (value) => (state[key] = Number(value));
    const options = names.map((name) => [name, label(name)]);
    const side = (text, at) => choice(text, options, (name) => (sides[at] = name), sides[at]);
    const inputs = [[1, `${OBJECTS}: B or not`], [0, `${4 * OBJECTS + 1}: zones`]];
    const bets = [[0, "neither"], [1, "the first"], [-1, "the second"]];
    const own = runs.map(({ name, title, pair, steps }) =>
      note(make("a", { href: `../experiments/${name}` }, title), `: ${told(pair, steps)}.`),
    );
    const knobs = row(
      side("What is learned sooner,", 0),
      side("or", 1),
      choice("I bet:", bets, set("bet")),
      choice("Trials", [10, 1, 2, 3, 4, 5, 6, 7, 8, 9], set("trials")),
      choice("Inputs", inputs, set("isPlain")),
      choice("Learning rate α", [0.01, 0.003, 0.001], set("rate")),
      choice("Steps", [900, 2000, 4000], set("steps")),
    );
    const buttons = row(...runner("Train", train, judge));
    root.append(knobs, buttons, said, results, ...own, note(beside));
  });
})();

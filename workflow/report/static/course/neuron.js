/* One neuron with two inputs: its weights, its line, and the perceptron that looks for them. */
"use strict";

(function () {
  const { action, answer, button, choice, counted, draw, field, filled } = quantlearn.course;
  const { make, note, plane, row, sigmoid, table, written } = quantlearn.course;
  const { CASES, FUNCTIONS, fault, truthOf } = quantlearn.course.network;

  const found = new Set();
  const sum = ([u, v, bias], [p, q]) => u * p + v * q + bias;

  /** A perceptron before its first case; `ends` are its weights after each epoch. */
  const begin = (weights) => ({ weights, at: 0, mistakes: 0, ends: [`${weights}`] });

  /** Let a perceptron take its next case, w ← w + (y − ŷ)x; `told` says what happened. */
  function step({ weights, at, mistakes, ends }, truth) {
    const x = [...CASES[at], 1];
    const error = truth[at] - Number(sum(weights, x) > 0);
    const run = {
      weights: weights.map((weight, place) => weight + error * x[place]),
      at: (at + 1) % CASES.length,
      mistakes: (at ? mistakes : 0) + Math.abs(error),
      ends,
    };
    const did = `wrong, so (${x.join(", ")}) is ${error > 0 ? "added" : "subtracted"}`;
    run.told = `p = ${x[0]}, q = ${x[1]}: ${error ? did : "right"}.`;
    if (run.at) return run;
    run.ends = [...ends, `${run.weights}`];
    run.again = run.mistakes ? ends.indexOf(`${run.weights}`) : -1;
    run.told += ` Epoch ${ends.length} made ${counted(run.mistakes, "mistake")}. `;
    if (run.again >= 0) run.told += `The weights are those after epoch ${run.again}: no end.`;
    return run;
  }

  /** Weights of a line that turns to the left about a place. */
  function turned([u, v, bias], angle, place) {
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const turn = [u * cos - v * sin, u * sin + v * cos, 0];
    return [turn[0], turn[1], sum([u, v, bias], place) - sum(turn, place)];
  }

  /** Corners of a square that stands with its first two on the line; in it the sum is above 0. */
  function side([u, v, bias], half) {
    const [size, middle] = [Math.hypot(u, v), sum([u, v, bias], [0.5, 0.5])];
    if (!size) return [];
    const corner = (along, up) => [
      0.5 + (along * v + up * u) / size - (middle * u) / size ** 2,
      0.5 + (up * v - along * u) / size - (middle * v) / size ** 2,
    ];
    return [corner(-half, 0), corner(half, 0), corner(half, 2 * half), corner(-half, 2 * half)];
  }

  /** The plane of p and q with the line; `moved` gets the weights of where it is pulled. */
  function picture(state, moved) {
    const drawn = plane([-0.5, 1.5, "p"], [-0.5, 1.5, "q"], "Where the sum is above 0", [320, 310]);
    const [area, line] = [draw("polygon", { class: "side" }), draw("polyline", { class: "grip" })];
    const dot = ([p, q]) => draw("circle", { cx: drawn.across(p), cy: drawn.up(q), r: 6 });
    const cases = CASES.map(dot);
    drawn.svg.prepend(area, line);
    drawn.svg.append(...cases);
    const towards = (from, to) => Math.atan2(to[1] - from[1], to[0] - from[0]);
    let pull = null;
    const pointerdown = (event) => {
      line.setPointerCapture(event.pointerId);
      const [held, place] = [state.weights, drawn.place(event)];
      const far = ([p, q]) => Math.hypot(p - place[0], q - place[1]);
      const [one, other] = side(held, 0.8);
      const pivot = far(one) > far(other) ? one : other;
      pull = (to) => moved(turned(held, towards(pivot, to) - towards(pivot, place), pivot));
    };
    const pointermove = (event) => pull?.(drawn.place(event));
    const lostpointercapture = () => (pull = null);
    filled(line, { pointerdown, pointermove, lostpointercapture });
    const points = (corners) => corners.map(([p, q]) => [drawn.across(p), drawn.up(q)]).join(" ");
    const show = (truth) => {
      const corners = side(state.weights, 9);
      area.setAttribute("points", points(corners));
      line.setAttribute("points", points(corners.slice(0, 2)));
      cases.forEach((one, at) => one.classList.toggle("hollow", !truth[at]));
    };
    return { element: drawn.element, show };
  }

  action("neuron", { begin, step }, (root, { weights, target, perceptron }) => {
    const state = { target };
    const [said, tally, truths] = [answer(), note(), make("div", {})];
    const show = () => {
      const truth = truthOf(state.target);
      const rows = CASES.map((x, at) => {
        const z = sum(state.weights, x);
        return [...x, written(z), written(sigmoid(z)), Number(z > 0), truth[at]];
      });
      truths.replaceChildren(table(["p", "q", "Sum", "σ(sum)", "Answer", state.target], rows));
      drawn.show(truth);
      tally.textContent =
        `On the line the sum is 0; pull it. You have found ${found.size} of the 14 functions ` +
        `(of all 16) that one neuron can compute. ${[...found].join(", ")}`;
    };
    /** Take other weights or another target; a field in which a reader types is left alone. */
    const take = (change, isTyped = false) => {
      Object.assign(state, change);
      state.run = begin(state.weights);
      if (!isTyped) inputs.forEach((input, at) => (input.value = state.weights[at]));
      said.textContent = "";
      show();
    };
    const check = () => {
      const wrong = fault(CASES.map((x) => sigmoid(sum(state.weights, x))), state.target);
      if (!wrong) found.add(state.target);
      show();
      said.textContent = wrong?.text ?? `Right: this neuron computes ${state.target}.`;
    };
    const learn = (isEpoch) => {
      let run = state.run;
      do run = step(run, truthOf(state.target));
      while (isEpoch && run.at);
      take({ weights: run.weights });
      state.run = run;
      if (!run.at && !run.mistakes) check();
      said.prepend(run.told);
    };
    const fields = ["Weight of p", "Weight of q", "Bias"].map((text, at) => {
      const changed = (value) => take({ weights: state.weights.with(at, value) }, true);
      return field(text, "", changed, { class: "short" });
    });
    const inputs = fields.map((label) => label.querySelector("input"));
    const rounded = (moved) => moved.map((weight) => Math.round(weight * 100) / 100);
    const drawn = picture(state, (moved) => take({ weights: rounded(moved) }));
    const targets = choice("To compute", FUNCTIONS, (name) => take({ target: name }), target);
    const buttons = row(button("Check", check));
    if (perceptron) buttons.append(button("Perceptron: step", () => learn(false)));
    if (perceptron) buttons.append(button("Perceptron: epoch", () => learn(true)));
    root.append(row(targets, ...fields), row(drawn.element, truths), buttons, said, tally);
    take({ weights });
  });
})();

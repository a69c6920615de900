/* A network learns most from few scenes, some with wrong labels; a reader turns the knobs. */
"use strict";

(function () {
  const { action, answer, choice, make, note, number, plane } = quantlearn.course;
  const { random, row, slider, folded, table } = quantlearn.course;
  const { Network, coded, countBoth, runner, stepper } = quantlearn.course.training;

  const [OBJECTS, HIDDEN] = [16, 64]; // all objects are A
  const [RATE, BATCH, STEPS, EVERY, DEV] = [0.003, 32, 1500, 10, 500];

  /** The places in dev losses where early stopping ends, and of the smallest by then. */
  function stoppingPoint(losses, patience) {
    let best = 0;
    const stop = losses.findIndex((loss, place) => {
      if (loss < losses[best]) best = place;
      return place - best >= patience;
    });
    return [stop < 0 ? losses.length - 1 : stop, best];
  }

  /** Train a network, always on the same scenes; its scores at intervals go to `curve`. */
  function* learn(all, { count, wrong, decay, dropout, batchNorm }, curve) {
    const [chance, uniform] = [random(2), random(3)];
    const scenes = all.slice(0, DEV + count);
    const labels = scenes.map((scene) => +(2 * countBoth(scene) > OBJECTS));
    for (let at = DEV; at < labels.length; at += 1) labels[at] ^= 100 * chance() < wrong;
    const examples = (places) => ({
      x: coded(places.map((at) => scenes[at]), OBJECTS),
      y: places.map((at) => labels[at]),
    });
    const places = [...labels.keys()];
    const [dev, training] = [places.slice(0, DEV), places.slice(DEV)].map(examples);
    const some = () => Array.from({ length: BATCH }, () => DEV + Math.floor(count * uniform()));
    const network = new Network({ inputs: OBJECTS, hidden: HIDDEN, dropout, batchNorm });
    const advance = stepper(network.start(uniform), { rate: RATE, decay }, uniform);
    for (let step = 1; step <= STEPS; step += 1) {
      advance(examples(some()));
      if (step % EVERY !== 1) continue;
      const inTraining = dropout || batchNorm ? network.score(dev, random(step)) : null;
      curve.push({ step, training: network.score(training), dev: network.score(dev), inTraining });
      yield step / STEPS;
    }
  }

  action("overfitting_lab", { learn, stoppingPoint }, (root, { scenes, own }) => {
    const knobs = { count: 150, wrong: 20, decay: 0, dropout: 0, batchNorm: 0, patience: 20 };
    const [said, picture, runs] = [answer(), make("div", {}), make("div", {})];
    const done = [];
    let curve = [];
    const train = () => learn(scenes, knobs, (curve = []));

    function show() {
      if (!curve.length) return;
      const losses = curve.map(({ dev }) => dev.loss);
      const [stop, best] = stoppingPoint(losses, knobs.patience);
      const state = (at) => {
        const { step, dev } = curve[at];
        return `step ${step}: ${number(dev.loss)}, ${number(100 * dev.accuracy, 1)} % right`;
      };
      const last = curve.length - 1;
      const stops = stop < last ? `ends it at step ${curve[stop].step}` : "does not end it sooner";
      said.textContent =
        `Dev loss at the end of training, ${state(last)}. A patience of ${knobs.patience} ` +
        `evaluations ${stops} and keeps the weights of ${state(best)}.`;
      const top = Math.max(0.8, ...losses);
      const plot = plane([0, STEPS, "step"], [0, top, "loss"], "Losses along training");
      const line = (split, looks) =>
        plot.line(curve.map((one) => [one.step, Math.min(one[split].loss, top)]), looks);
      if (curve[0].inTraining) line("inTraining", {});
      line("training", { class: "second" });
      line("dev", { class: "chosen" });
      plot.mark(curve[best].step, "kept");
      plot.mark(curve[stop].step, "stop", 32);
      picture.replaceChildren(plot.element);
    }

    function end() {
      show();
      if (!curve.length) return;
      const losses = curve.map(({ dev }) => number(dev.loss));
      const { count, wrong, decay, dropout, batchNorm } = knobs;
      const set = `${count} scenes, ${wrong} % wrong, λ ${decay}, dropout ${dropout}`;
      const smallest = losses.toSorted()[0];
      done.unshift([`${set}${batchNorm ? ", batch norm" : ""}`, smallest, losses.at(-1)]);
      runs.replaceChildren(table(["Runs", "Smallest dev loss", "At the end"], done));
    }

    const set = (key) => (value) => {
      knobs[key] = Number(value);
      show();
    };
    const fields = row(
      slider("Training scenes", knobs.count, [20, 600, 10], set("count")),
      slider("Wrong labels, %", knobs.wrong, [0, 40, 5], set("wrong")),
      choice("λ of L2", [0, 0.003, 0.01, 0.03, 0.1], set("decay")),
      choice("Dropout", [0, 0.2, 0.5, 0.8], set("dropout")),
      choice("Batch norm", [[0, "no"], [1, "yes"]], set("batchNorm")),
      slider("Patience", knobs.patience, [1, 100, 1], set("patience")),
    );
    const legend = note(
      "Full line: loss on the dev scenes in eval mode; dashed: on the training scenes; faint, " +
        "with dropout or batch norm: on the dev scenes in train mode, with units dropped and " +
        "scaled by these scenes. Scenes and first weights are the same each time.",
    );
    root.append(fields, row(...runner("Train", train, end)), said, picture, legend, runs);
    const which =
      "Which of λ, dropout and batch norm keeps the dev loss within 0.05 of its smallest?";
    root.append(note(which), folded("λ = 0.03 does."), note(own));
  });
})();

"use strict";

/*
 * Training in the page: a feed-forward network with one hidden layer, its gradient and its steps.
 *
 * All numbers have 64 bits. Scenes x are rows of numbers one after another, truths y are 0 or 1.
 */

(function () {
  const { button } = quantlearn.course;
  const { make } = quantlearn.elements;
  const EPSILON = 1e-5;
  const MOMENTUM = 0.1; // how far running statistics move towards those of a batch
  const SLICE = 30; // milliseconds of work between two looks at the page

  /** Activation functions, and their derivatives by what the function gives. */
  const ACTIVATIONS = {
    relu: [(z) => Math.max(z, 0), (h) => +(h > 0)],
    sigmoid: [(z) => 1 / (1 + Math.exp(-z)), (h) => h * (1 - h)],
  };
  const [logistic] = ACTIVATIONS.sigmoid;

  /** ln(1 + eˣ), which cannot overflow. */
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

  /** x W + b (rows × to) for x (rows × from). */
  function affine(x, rows, [weights, bias, from, to]) {
    const sums = new Float64Array(rows * to);
    for (let row = 0; row < rows; row += 1) {
      sums.set(bias, row * to);
      for (let input = 0; input < from; input += 1) {
        const value = x[row * from + input];
        if (value === 0) continue;
        for (let unit = 0; unit < to; unit += 1) {
          sums[row * to + unit] += value * weights[input * to + unit];
        }
      }
    }
    return sums;
  }

  /** Add xᵀ δ to the slopes of W, and the column sums of δ (rows × to) to those of b. */
  function addSlopes(delta, x, rows, [weights, bias, from, to]) {
    for (let row = 0; row < rows; row += 1) {
      for (let unit = 0; unit < to; unit += 1) bias[unit] += delta[row * to + unit];
      for (let input = 0; input < from; input += 1) {
        const value = x[row * from + input];
        if (value === 0) continue;
        for (let unit = 0; unit < to; unit += 1) {
          weights[input * to + unit] += value * delta[row * to + unit];
        }
      }
    }
  }

  class Network {
    /** `outputs` are 2, for a softmax over false and true, or 1, for a sigmoid. */
    constructor({ inputs, hidden, outputs, activation, batchNorm = false, dropout = 0 }) {
      this.settings = { hidden, outputs, activation, batchNorm, dropout };
      const lengths = [inputs * hidden, hidden, hidden, hidden, hidden * outputs, outputs];
      const cut = (vector) => {
        let end = 0;
        const parts = lengths.map((length) => vector.subarray(end, (end += length)));
        const [kernel, bias, scale, shift, readout, last] = parts;
        const above = [readout, last, hidden, outputs];
        return { below: [kernel, bias, inputs, hidden], scale, shift, above };
      };
      const total = lengths.reduce((sum, length) => sum + length);
      this.parts = cut((this.weights = new Float64Array(total)));
      this.slopes = cut((this.gradient = new Float64Array(total)));
      const statistics = () => [new Float64Array(hidden), new Float64Array(hidden).fill(1)];
      [this.running, this.batch] = [statistics(), statistics()]; // means, variances
    }

    /** Start from random weights: uniform, as torch.nn.Linear or (`glorot`) without biases. */
    start(uniform, scheme = "torch") {
      const draw = (part, bound) => part.set(Array.from(part, () => bound * (2 * uniform() - 1)));
      for (const [weights, bias, from, to] of [this.parts.below, this.parts.above]) {
        draw(weights, Math.sqrt(scheme === "glorot" ? 6 / (from + to) : 1 / from));
        draw(bias, scheme === "glorot" ? 0 : Math.sqrt(1 / from));
      }
      this.parts.scale.fill(1);
      return this;
    }

    /**
     * The sums of the outputs for scenes: that for true, less that for false if there is one.
     *
     * In training there is a `uniform` by which units are dropped, and the batch normalises itself.
     */
    forward(x, rows, uniform = null) {
      const { outputs, activation, batchNorm, dropout } = this.settings;
      const [f, slope] = ACTIVATIONS[activation];
      const sums = affine(x, rows, this.parts.below);
      if (batchNorm) this.normalise(sums, rows, uniform ? this.batch : this.running);
      this.units = sums.map(f);
      this.passed = this.units.map(slope);
      for (let at = 0; uniform && dropout && at < sums.length; at += 1) {
        const kept = +(uniform() >= dropout) / (1 - dropout);
        this.units[at] *= kept;
        this.passed[at] *= kept;
      }
      const answers = affine(this.units, rows, this.parts.above);
      if (outputs === 1) return answers;
      return new Float64Array(rows).map((_, row) => answers[2 * row + 1] - answers[2 * row]);
    }

    /** Standardise sums by a mean and variance; those of the batch are found first. */
    normalise(sums, rows, [mean, variance]) {
      const { hidden } = this.settings;
      if (mean === this.batch[0]) {
        mean.fill(0);
        variance.fill(0);
        sums.forEach((z, at) => (mean[at % hidden] += z / rows));
        sums.forEach((z, at) => (variance[at % hidden] += (z - mean[at % hidden]) ** 2 / rows));
      }
      this.deviation = variance.map((value) => Math.sqrt(value + EPSILON));
      this.normed = sums.map((z, at) => (z - mean[at % hidden]) / this.deviation[at % hidden]);
      const { scale, shift } = this.parts;
      this.normed.forEach((z, at) => (sums[at] = z * scale[at % hidden] + shift[at % hidden]));
    }

    /** Mean cross entropy and share of right answers; with `uniform` as in training. */
    score({ x, y }, uniform = null) {
      let [loss, right] = [0, 0];
      this.forward(x, y.length, uniform).forEach((sum, row) => {
        loss += softplus(y[row] ? -sum : sum);
        right += sum > 0 === y[row] > 0;
      });
      return { loss: loss / y.length, accuracy: right / y.length };
    }

    /** Fill the gradient of the mean cross entropy in training, by back-propagation. */
    differentiate({ x, y }, uniform) {
      const { hidden, outputs, batchNorm } = this.settings;
      const rows = y.length;
      const { below, scale, shift, above } = this.slopes;
      const own = this.forward(x, rows, uniform).map((z, row) => (logistic(z) - y[row]) / rows);
      const delta = outputs === 1 ? own : Float64Array.from([...own].flatMap((one) => [-one, one]));
      this.gradient.fill(0);
      addSlopes(delta, this.units, rows, above);
      const [weights] = this.parts.above;
      const back = this.passed.map((passed, at) => {
        const last = ((at % hidden) + 1) * outputs - 1;
        const pull = weights[last] - (outputs === 1 ? 0 : weights[last - 1]);
        return passed * pull * own[Math.floor(at / hidden)];
      });
      if (batchNorm) {
        back.forEach((one, at) => {
          scale[at % hidden] += one * this.normed[at];
          shift[at % hidden] += one;
        });
        back.forEach((one, at) => {
          const unit = at % hidden;
          const rest = one - (shift[unit] + this.normed[at] * scale[unit]) / rows;
          back[at] = (rest * this.parts.scale[unit]) / this.deviation[unit];
        });
      }
      addSlopes(back, x, rows, below);
    }

    /** Move the running mean and variance towards those of the last batch, as torch does. */
    follow(rows) {
      [1, rows / (rows - 1)].forEach((factor, which) => {
        const [old, found] = [this.running[which], this.batch[which]];
        old.forEach((value, unit) => (old[unit] += MOMENTUM * (factor * found[unit] - value)));
      });
    }
  }

  /** How far each rule of optimisation moves a weight by its slope; m, v: averages it remembers. */
  const OPTIMISERS = {
    plain: (slope) => slope,
    momentum: (slope, at, { m }) => (m[at] = 0.9 * m[at] + slope),
    adam(slope, at, { m, v, grown }) {
      m[at] += 0.1 * (slope - m[at]);
      v[at] += 0.001 * (slope * slope - v[at]);
      return m[at] / grown[0] / (Math.sqrt(v[at] / grown[1]) + 1e-8);
    },
  };

  /** A function that takes a step of training on a batch; λ (`decay`) times weights is L2. */
  function stepper(network, { optimiser, rate, decay = 0 }, uniform) {
    const { weights, gradient } = network;
    const memory = { m: weights.map(() => 0), v: weights.map(() => 0) };
    let steps = 0;
    return (batch) => {
      network.differentiate(batch, uniform);
      steps += 1;
      memory.grown = [1 - 0.9 ** steps, 1 - 0.999 ** steps];
      weights.forEach((weight, at) => {
        weights[at] -= rate * OPTIMISERS[optimiser](gradient[at] + decay * weight, at, memory);
      });
      if (network.settings.batchNorm) network.follow(batch.y.length);
    };
  }

  /** Bring numbers into an order by chance (Fisher & Yates 1938). */
  function shuffle(numbers, uniform) {
    for (let last = numbers.length - 1; last > 0; last -= 1) {
      const other = Math.floor(uniform() * (last + 1));
      [numbers[last], numbers[other]] = [numbers[other], numbers[last]];
    }
    return numbers;
  }

  /** A function that gives batches of `size` scenes: all in an order by chance, then in another. */
  function batches(scenes, y, code, size, uniform) {
    const order = Array.from(y.keys());
    let next = order.length;
    return () => {
      const rows = Array.from({ length: size }, () => {
        if (next === order.length) next = shuffle(order, uniform) && 0;
        return order[next++];
      });
      return { x: code(rows.map((row) => scenes[row])), y: rows.map((row) => y[row]) };
    };
  }

  /** How many of the As are Bs in the scene with a number, whose binary digits say which are. */
  const countBoth = (scene) => (scene ? (scene & 1) + countBoth(scene >> 1) : 0);

  /**
   * A function that makes rows of numbers of scenes with so many As: for each 1 if it is B; or, as
   * networks of the project have it, a number for each of four zones, and one for the quantifier.
   */
  function coder(objects, isPlain) {
    const width = isPlain ? 1 : 4;
    const inputs = isPlain ? objects : 4 * objects + 1;
    return (scenes) => {
      const x = new Float64Array(scenes.length * inputs);
      scenes.forEach((scene, row) => {
        for (let place = 0; place < objects; place += 1) {
          const isB = (scene >> (objects - 1 - place)) & 1;
          if (isB || !isPlain) x[row * inputs + place * width + 1 - isB] = 1;
        }
        if (!isPlain) x[(row + 1) * inputs - 1] = 1;
      });
      return x;
    };
  }

  /**
   * A button that starts work and stops it, and a bar that says how far it is.
   *
   * `begin` is a generator of shares of the work, between which the page lives; then comes `end`.
   */
  function runner(text, begin, end) {
    const progress = make("progress", { value: 0, "aria-label": "Share of the training" });
    let [work, timer] = [null, null];
    function finish() {
      clearTimeout(timer);
      work = null;
      press.textContent = text;
      end();
    }
    function slice() {
      const until = performance.now() + SLICE;
      let found = work.next();
      while (!found.done && performance.now() < until) found = work.next();
      progress.value = found.done ? 1 : found.value;
      if (found.done) finish();
      else timer = setTimeout(slice);
    }
    const press = button(text, () => {
      if (work) return finish();
      work = begin();
      press.textContent = "Stop";
      timer = setTimeout(slice);
    });
    return [press, progress];
  }

  const scenes = { coder, countBoth, shuffle };
  quantlearn.course.training = { Network, batches, runner, stepper, ...scenes };
})();

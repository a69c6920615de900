/* Training in the page: a network with one hidden layer, its gradient and its steps. */
"use strict";

(function () {
  const { button, make, sigmoid } = quantlearn.course;
  const EPSILON = 1e-5;
  const MOMENTUM = 0.1; // how far running statistics move towards those of a batch
  const SLICE = 30; // milliseconds of work between two looks at the page

  /** Activation functions, and their derivatives by what the function gives. */
  const ACTIVATIONS = {
    relu: [(z) => Math.max(z, 0), (h) => +(h > 0)],
    sigmoid: [sigmoid, (h) => h * (1 - h)],
  };

  /** ln(1 + eˣ), which cannot overflow. */
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

  /** Hand `use` each input that is not 0 with the places of a weight, and of the sum it goes to. */
  function connect(x, rows, to, use) {
    const from = x.length / rows;
    for (let row = 0; row < rows; row += 1) {
      for (let input = 0; input < from; input += 1) {
        const value = x[row * from + input];
        for (let unit = 0; value && unit < to; unit += 1) {
          use(value, input * to + unit, row * to + unit);
        }
      }
    }
  }

  /** Scenes x are rows of numbers one after another, truths y 0 or 1: its outputs' softmax. */
  class Network {
    constructor({ inputs, hidden, activation = "relu", batchNorm = 0, dropout = 0 }) {
      Object.assign(this, { hidden, activation, batchNorm, dropout });
      const lengths = [inputs * hidden, hidden, hidden, hidden, hidden * 2, 2];
      const total = lengths.reduce((sum, length) => sum + length);
      const cut = (vector, end = 0) => lengths.map((n) => vector.subarray(end, (end += n)));
      this.parts = cut((this.weights = new Float64Array(total)));
      this.slopes = cut((this.gradient = new Float64Array(total)));
      const statistics = () => [new Float64Array(hidden), new Float64Array(hidden).fill(1)];
      [this.running, this.batch] = [statistics(), statistics()]; // means, variances
    }

    /** Start from random weights: uniform, as torch.nn.Linear or (`glorot`) without biases. */
    start(uniform, isGlorot = false) {
      const draw = (part, bound) => part.set(Array.from(part, () => bound * (2 * uniform() - 1)));
      const [kernel, bias, scale, , readout, last] = this.parts;
      for (const [weights, biases] of [[kernel, bias], [readout, last]]) {
        const [to, from] = [biases.length, weights.length / biases.length];
        draw(weights, Math.sqrt(isGlorot ? 6 / (from + to) : 1 / from));
        draw(biases, isGlorot ? 0 : Math.sqrt(1 / from));
      }
      scale.fill(1);
      return this;
    }

    /** Log odds of true. With a `uniform`, as in training, units drop and batches standardise. */
    forward(x, rows, uniform = null) {
      const [kernel, bias, , , readout, last] = this.parts;
      const affine = (inputs, weights, biases) => {
        const n = biases.length;
        const sums = new Float64Array(rows * n).map((_, at) => biases[at % n]);
        connect(inputs, rows, n, (value, at, to) => (sums[to] += value * weights[at]));
        return sums;
      };
      const sums = affine(x, kernel, bias);
      if (this.batchNorm) this.normalise(sums, rows, uniform ? this.batch : this.running);
      const [f, slope] = ACTIVATIONS[this.activation];
      const keep = () => +(uniform() >= this.dropout) / (1 - this.dropout);
      const kept = sums.map(uniform && this.dropout ? keep : () => 1);
      this.passed = sums.map((z, at) => slope(f(z)) * kept[at]);
      this.units = sums.map((z, at) => f(z) * kept[at]);
      const answers = affine(this.units, readout, last);
      return new Float64Array(rows).map((_, row) => answers[2 * row + 1] - answers[2 * row]);
    }

    /** Standardise sums by a mean and variance; those of the batch are found first. */
    normalise(sums, rows, [mean, variance]) {
      const [, , scale, shift] = this.parts;
      const n = this.hidden;
      if (mean === this.batch[0]) {
        for (const statistic of this.batch) statistic.fill(0);
        sums.forEach((z, at) => (mean[at % n] += z / rows));
        sums.forEach((z, at) => (variance[at % n] += (z - mean[at % n]) ** 2 / rows));
      }
      this.deviation = variance.map((value) => Math.sqrt(value + EPSILON));
      this.normed = sums.map((z, at) => (z - mean[at % n]) / this.deviation[at % n]);
      this.normed.forEach((z, at) => (sums[at] = z * scale[at % n] + shift[at % n]));
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
      const [rows, n] = [y.length, this.hidden];
      const addSlopes = (delta, inputs, slopes, biases) => {
        delta.forEach((one, at) => (biases[at % biases.length] += one));
        connect(inputs, rows, biases.length, (value, at, to) => (slopes[at] += value * delta[to]));
      };
      const [kernel, bias, scale, shift, readout, last] = this.slopes;
      const own = this.forward(x, rows, uniform).map((z, row) => (sigmoid(z) - y[row]) / rows);
      this.gradient.fill(0);
      addSlopes([...own].flatMap((one) => [-one, one]), this.units, readout, last);
      const [, , scales, , weights] = this.parts;
      const pull = (unit) => weights[2 * unit + 1] - weights[2 * unit];
      const back = this.passed.map((one, at) => one * pull(at % n) * own[Math.floor(at / n)]);
      if (this.batchNorm) {
        back.forEach((one, at) => (scale[at % n] += one * this.normed[at]));
        back.forEach((one, at) => (shift[at % n] += one));
        back.forEach((one, at) => {
          const rest = one - (shift[at % n] + this.normed[at] * scale[at % n]) / rows;
          back[at] = (rest * scales[at % n]) / this.deviation[at % n];
        });
      }
      addSlopes(back, x, kernel, bias);
    }

    /** Move the running mean and variance towards those of the last batch, as torch does. */
    follow(rows) {
      [1, rows / (rows - 1)].forEach((factor, which) => {
        const [old, found] = [this.running[which], this.batch[which]];
        old.forEach((value, unit) => (old[unit] += MOMENTUM * (factor * found[unit] - value)));
      });
    }
  }

  /** How far each rule moves by a slope; `grown` make up for averages that began at 0. */
  const RULES = {
    plain: (slope) => slope,
    momentum: (slope, past) => (past.mean = 0.9 * past.mean + slope),
    RMSprop(slope, past) {
      past.square = 0.99 * past.square + 0.01 * slope * slope;
      return slope / (Math.sqrt(past.square) + 1e-8);
    },
    Adam(slope, past, grown) {
      past.mean = 0.9 * past.mean + 0.1 * slope;
      past.square = 0.999 * past.square + 0.001 * slope * slope;
      return past.mean / grown[0] / (Math.sqrt(past.square / grown[1]) + 1e-8);
    },
  };

  /** A function that says how far a rule moves so many parameters by their slopes at a step. */
  function mover(rule, count) {
    const pasts = Array.from({ length: count }, () => ({ mean: 0, square: 0 }));
    let step = 0;
    return (slopes) => {
      step += 1;
      const grown = [1 - 0.9 ** step, 1 - 0.999 ** step];
      return slopes.map((slope, at) => RULES[rule](slope, pasts[at], grown));
    };
  }

  /** A function that takes a step of training on a batch; λ (`decay`) times weights is L2. */
  function stepper(network, { rule = "Adam", rate, decay = 0 }, uniform) {
    const { weights, gradient } = network;
    const move = mover(rule, weights.length);
    return (batch) => {
      network.differentiate(batch, uniform);
      const moves = move(gradient.map((slope, at) => slope + decay * weights[at]));
      moves.forEach((by, at) => (weights[at] -= rate * by));
      if (network.batchNorm) network.follow(batch.y.length);
    };
  }

  /** How many of the As are Bs in the scene with a number, whose binary digits say which are. */
  const countBoth = (scene) => (scene ? (scene & 1) + countBoth(scene >> 1) : 0);

  /**
   * Scenes of so many As as numbers: for each 1 if it is B; or, as networks of the project have
   * it, a number for each of its four zones, and at the end one for the quantifier.
   */
  function coded(scenes, objects, isPlain = true) {
    const inputs = isPlain ? objects : 4 * objects + 1;
    const x = new Float64Array(scenes.length * inputs);
    for (let at = 0; at < scenes.length * objects; at += 1) {
      const [row, place] = [Math.floor(at / objects), at % objects];
      const isB = (scenes[row] >> (objects - 1 - place)) & 1;
      if (isPlain) x[at] = isB;
      else x[row * inputs + 4 * place + 1 - isB] = x[(row + 1) * inputs - 1] = 1;
    }
    return x;
  }

  /**
   * A button that starts and stops work, and a bar: `begin` is a generator of shares of the work,
   * between which the page lives; then comes `end`. Meanwhile no knob can be turned.
   */
  function runner(text, begin, end) {
    const progress = make("progress", { value: 0, "aria-label": "Share of the training" });
    const turn = (own) => {
      work = own;
      press.textContent = own ? "Stop" : text;
      const fields = press.closest(".action").querySelectorAll("select, input");
      for (const one of fields) one.disabled = own !== null;
      if (own) setTimeout(slice, 0, own);
      else end();
    };
    const slice = (own) => {
      for (const until = performance.now() + SLICE; own === work; ) {
        const { done, value } = work.next();
        progress.value = done ? 1 : value;
        if (done) return turn(null);
        if (performance.now() > until) return setTimeout(slice, 0, own);
      }
    };
    let work = null;
    const press = button(text, () => turn(work ? null : begin()));
    return [press, progress];
  }

  quantlearn.course.training = { Network, RULES, coded, countBoth, mover, runner, stepper };
})();

/*
 * Trained networks in a browser: what each says of a scene, object by object, and what is true.
 *
 * The counterpart of scripts/quantlearn/networks/architectures/ for one network in evaluation. All
 * numbers have 64 bits, so networks that were trained with 32 answer as there but for rounding.
 *
 *   const network = new quantlearn.Network(settings, weights);
 *   const { probabilities, units } = network.read([0, 0, 1], { code: [1, 0] });
 *   network.units[0][3] = 0; // unit 3 of the first layer is off
 *
 * A scene is an array of zone codes, one for each object: 0 for A∩B, 1 for A∖B, 2 for B∖A, 3 for
 * neither. An experiment's networks.js calls quantlearn.networks, which fills .experiments.
 */
"use strict";

globalThis.quantlearn = globalThis.quantlearn || {};

(function () {
  const ZONES = 4;
  const EPSILON = 1e-5;
  const STOP = 4; // tokens of texts: the words for objects of each zone come first, then these
  const COLON = 5;

  /** The logistic function 1 / (1 + exp(−x)). */
  const sigmoid = (x) => 0.5 * Math.tanh(0.5 * x) + 0.5;

  /** The error function, by a series without cancellation (Abramowitz & Stegun 1964, 7.1.6). */
  function erf(x) {
    if (Math.abs(x) > 6) return Math.sign(x);
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n += 1) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }

  const ACTIVATIONS = {
    sigmoid,
    tanh: Math.tanh,
    relu: (x) => Math.max(x, 0),
    leaky_relu: (x) => (x > 0 ? x : 0.01 * x),
    softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    elu: (x) => (x > 0 ? x : Math.expm1(x)),
    gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  };

  /** Add x M to a vector, M the rows of a matrix from firstRow on, as many as x has numbers. */
  function addProduct(sums, x, matrix, firstRow = 0) {
    const { data, shape } = matrix;
    for (let row = 0; row < x.length; row += 1) {
      const start = (firstRow + row) * shape[1];
      const value = x[row];
      for (let column = 0; value !== 0 && column < shape[1]; column += 1) {
        sums[column] += value * data[start + column];
      }
    }
    return sums;
  }

  /** x W + b: `{name}.kernel`, `{name}.bias`. */
  function affine(x, weights, name) {
    return addProduct(weights[`${name}.bias`].data.slice(), x, weights[`${name}.kernel`]);
  }

  /** (x − mean) / √(variance + 1e-5) · scale + shift: `{name}.scale`, `{name}.shift`. */
  function standardise(x, mean, variance, weights, name) {
    const [scale, shift] = ["scale", "shift"].map((part) => weights[`${name}.${part}`].data);
    const normed = (value, unit) => (value - mean(unit)) / Math.sqrt(variance(unit) + EPSILON);
    return x.map((value, unit) => normed(value, unit) * scale[unit] + shift[unit]);
  }

  /** x standardised by the mean and variance of its own numbers. */
  function layerNorm(x, weights, name) {
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    return standardise(x, () => mean, () => variance, weights, name);
  }

  /** x standardised by the running mean and variance that training has left. */
  function batchNorm(x, weights, name) {
    const mean = weights[`${name}.running_mean`].data;
    const variance = weights[`${name}.running_variance`].data;
    return standardise(x, (unit) => mean[unit], (unit) => variance[unit], weights, name);
  }

  /** The sum of two vectors. */
  const plus = (x, y) => x.map((value, place) => value + y[place]);

  // What a network reads --------------------------------------------------------------------------

  /** A vector of zeros with a 1 in one place, or none. */
  const oneHot = (length, place = -1) => new Float64Array(length).map((_, at) => +(at === place));

  /**
   * The input vectors of a scene: of its objects, of what is read before and after, and of padding.
   *
   * A scene to be verified is a row of objects, each told with the quantifier. A text is a full
   * stop, a word for each object, a colon, and the words of a sentence.
   */
  function inputsOf(scene, quantifier, settings) {
    if (settings.words) {
      const word = (token) => oneHot(settings.words, token);
      const after = [COLON, ...quantifier.sentence].map(word);
      return { before: [word(STOP)], objects: scene.map(word), after, padding: word(-1) };
    }
    const told = (zone) => Float64Array.from([...oneHot(ZONES, zone), ...quantifier.code]);
    return { before: [], objects: scene.map(told), after: [], padding: told(-1) };
  }

  // Recurrent networks ----------------------------------------------------------------------------

  /**
   * A step of each kind of layer: its next state from an input x and the state before.
   *
   * A state is { h }, of an LSTM { h, c }. The kernel has the rows of the inputs, then those of the
   * hidden state; its columns are gates: i, f, g, o of an LSTM, r, z, n of a GRU.
   */
  const STEPS = {
    rnn(x, { h }, weights, name, { activation }) {
      const sums = affine([...x, ...h], weights, name);
      return { h: sums.map(ACTIVATIONS[activation]) };
    },
    gru(x, { h }, weights, name) {
      const units = h.length;
      const driven = affine(x, weights, name);
      const recurring = new Float64Array(3 * units);
      addProduct(recurring, h, weights[`${name}.kernel`], x.length);
      const start = weights[`${name}.reset_bias`].data;
      return {
        h: h.map((old, unit) => {
          const [r, z, n] = [unit, units + unit, 2 * units + unit];
          const reset = sigmoid(driven[r] + recurring[r]);
          const kept = sigmoid(driven[z] + recurring[z]);
          const candidate = Math.tanh(driven[n] + reset * (start[unit] + recurring[n]));
          return candidate + kept * (old - candidate);
        }),
      };
    },
    lstm(x, { h, c }, weights, name) {
      const sums = affine([...x, ...h], weights, name);
      const gate = (number, unit) => sums[number * h.length + unit];
      const added = (unit) => sigmoid(gate(0, unit)) * Math.tanh(gate(2, unit));
      const cells = c.map((old, unit) => sigmoid(gate(1, unit)) * old + added(unit));
      return { h: cells.map((cell, unit) => sigmoid(gate(3, unit)) * Math.tanh(cell)), c: cells };
    },
  };

  /** Read a scene object by object, and read out after each. */
  function readRecurrent(network, scene, quantifier) {
    const { settings, weights } = network;
    const inputs = inputsOf(scene, quantifier, settings);

    /** The states of all layers after one more input. */
    function step(states, input) {
      let x = input;
      return states.map((state, layer) => {
        const next = STEPS[settings.architecture](x, state, weights, `layer${layer}`, settings);
        x = next.h = next.h.map((value, unit) => value * network.units[layer][unit]);
        return next;
      });
    }

    /** What is read after so many objects, before the network is asked. */
    function rest(objects) {
      const length = inputs.before.length + objects + inputs.after.length;
      const padding = settings.padding === "read" ? settings.positions - length : 0;
      return [...inputs.after, ...Array(padding).fill(inputs.padding)];
    }

    const zeros = (units) => ({ h: units.map(() => 0), c: units.map(() => 0) });
    let states = inputs.before.reduce(step, network.units.map(zeros));
    return inputs.objects.map((input, place) => {
      states = step(states, input);
      const { h } = rest(place + 1).reduce(step, states).at(-1);
      const units = states.map((state) => state.h);
      const cells = settings.architecture === "lstm" ? states.map((state) => state.c) : null;
      return { logits: affine(h, weights, "readout"), units, cells };
    });
  }

  // Networks that see the scene at once -----------------------------------------------------------

  /** Logits and units of a feed-forward network that is shown a whole scene. */
  function askFeedforward(network, scene, quantifier) {
    const { settings, weights } = network;
    const inputs = weights["layer0.kernel"].shape[0];
    const width = settings.objects === "binary" ? 1 : ZONES; // A∩B or not; else all zones
    let x = new Float64Array(inputs);
    scene.forEach((zone, place) => x.set(oneHot(width, zone), place * width));
    const codes = width * settings.positions;
    if (inputs > codes) x.set(quantifier.code, codes);
    const units = network.units.map((kept, layer) => {
      let sums = affine(x, weights, `layer${layer}`);
      if (settings.batch_norm) sums = batchNorm(sums, weights, `layer${layer}.norm`);
      x = sums.map(ACTIVATIONS[settings.activation]).map((value, unit) => value * kept[unit]);
      return x;
    });
    return { logits: affine(x, weights, "readout"), units, cells: null };
  }

  /** An object's vector with its position (sines and cosines: Vaswani et al. 2017, section 3.5). */
  function placed(x, position, { settings, weights }) {
    if (settings.position === "none") return x;
    return x.map((value, place) => {
      if (settings.position === "learned") {
        return value + weights.position.data[position * x.length + place];
      }
      const angle = position * 10000 ** (-(place - (place % 2)) / x.length);
      return value + (place % 2 ? Math.cos(angle) : Math.sin(angle));
    });
  }

  /** What the first `asked` vectors find in all of them. */
  function attention(vectors, asked, weights, name, heads) {
    const all = vectors.map((vector) => affine(vector, weights, `${name}.inputs`));
    const width = vectors[0].length;
    const size = width / heads;
    return all.slice(0, asked).map((own) => {
      const found = new Float64Array(width);
      for (let start = 0; start < width; start += size) {
        const query = own.subarray(start, start + size);
        const scores = all.map((other) => {
          const match = query.reduce((sum, one, k) => sum + one * other[width + start + k], 0);
          return match / Math.sqrt(size);
        });
        const highest = Math.max(...scores);
        const powers = scores.map((score) => Math.exp(score - highest));
        const total = powers.reduce((sum, power) => sum + power, 0);
        all.forEach((other, place) => {
          const share = powers[place] / total;
          query.forEach((_, k) => (found[start + k] += share * other[2 * width + start + k]));
        });
      }
      return affine(found, weights, `${name}.outputs`);
    });
  }

  /** Logits of a transformer that is shown a whole scene, and the units at its read-out token. */
  function askTransformer(network, scene, quantifier) {
    const { settings, weights } = network;
    const { objects, padding } = inputsOf(scene, quantifier, settings);
    const unread = settings.padding === "read" ? settings.positions - scene.length : 0;
    const embed = (vector) => affine(vector, weights, "embedding");
    const read = [...objects, ...Array(unread).fill(padding)].map((vector) => [...vector, 0]);
    const placedAll = read.map((vector, position) => placed(embed(vector), position, network));
    let vectors = [embed([...oneHot(ZONES), ...quantifier.code, 1]), ...placedAll];
    const units = network.units.map((kept, layer) => {
      const asked = layer === settings.layers - 1 ? 1 : vectors.length;
      let part = `layer${layer}.attention`;
      const normed = vectors.map((vector) => layerNorm(vector, weights, `${part}.norm`));
      const found = attention(normed, asked, weights, part, settings.heads);
      part = `layer${layer}.feedforward`;
      const middle = found.map((vector, place) => plus(vectors[place], vector));
      const active = middle.map((x) =>
        affine(layerNorm(x, weights, `${part}.norm`), weights, `${part}.hidden`)
          .map(ACTIVATIONS[settings.activation])
          .map((value, unit) => value * kept[unit]),
      );
      vectors = middle.map((x, at) => plus(x, affine(active[at], weights, `${part}.outputs`)));
      return active[0];
    });
    const top = layerNorm(vectors[0], weights, "readout.norm");
    return { logits: affine(top, weights, "readout"), units, cells: null };
  }

  /** Read each beginning of a scene as a scene of its own. */
  const beginnings = (ask) => (network, scene, quantifier) =>
    scene.map((_, place) => ask(network, scene.slice(0, place + 1), quantifier));

  const READERS = {
    rnn: readRecurrent,
    gru: readRecurrent,
    lstm: readRecurrent,
    feedforward: beginnings(askFeedforward),
    transformer: beginnings(askTransformer),
  };

  /** One trained network. */
  class Network {
    /**
     * @param {object} settings - those of `network` in the experiment, and positions: how many
     *   objects or words are a full input; where it reads texts, words: how many there are.
     * @param {Object<string, {shape: number[], data: number[]}>} weights - arrays by name, a matrix
     *   row by row, as training writes them.
     */
    constructor(settings, weights) {
      if (!(settings.architecture in READERS)) {
        throw new Error(`architecture ${settings.architecture} says not what is true of scenes`);
      }
      this.settings = settings;
      this.trained = weights;
      this.reset();
    }

    /** Whether it has a state along a scene; others are shown each beginning of it anew. */
    get isRecurrent() {
      return this.settings.architecture in STEPS;
    }

    /** Undo all changes of weights and units. */
    reset() {
      /** Its weights, which may be changed. */
      this.weights = {};
      for (const [name, { shape, data }] of Object.entries(this.trained)) {
        this.weights[name] = { shape, data: Float64Array.from(data) };
      }
      /** For each layer a number by which each unit is multiplied: 1, or 0 where it is off. */
      this.units = Array.from({ length: this.settings.layers }, () =>
        new Float64Array(this.settings.hidden).fill(1),
      );
    }

    /**
     * Read a scene.
     *
     * @param {number[]} scene - zone codes, at most as many as the network has positions for.
     * @param {{code: number[]}|{sentence: number[]}} quantifier - what the network is told of it,
     *   numbers or, where it reads texts, the tokens of a sentence.
     * @returns {{probabilities: number[], units: Float64Array[][], cells: Float64Array[][]|null}}
     *   the probability of `true` after each object; by layer and then object, the units (hidden
     *   states; of transformers those at the read-out token), and of LSTMs the cell states.
     */
    read(scene, quantifier) {
      const steps = READERS[this.settings.architecture](this, scene, quantifier);
      const byLayer = (part) => this.units.map((_, layer) => steps.map((one) => one[part][layer]));
      return {
        probabilities: steps.map(({ logits }) => sigmoid(logits[1] - logits[0])),
        units: byLayer("units"),
        cells: this.settings.architecture === "lstm" ? byLayer("cells") : null,
      };
    }
  }

  // Truth -----------------------------------------------------------------------------------------

  const NAMED = { A: [0, 1], B: [0, 2], M: [0, 1, 2, 3] };

  const ON_SETS = {
    "&": (x, y) => x && y,
    "+": (x, y) => x || y,
    "-": (x, y) => x && !y,
    "^": (x, y) => x !== y,
  };

  const COMPARISONS = {
    "==": (x, y) => x === y,
    "!=": (x, y) => x !== y,
    "<": (x, y) => x < y,
    "<=": (x, y) => x <= y,
    ">": (x, y) => x > y,
    ">=": (x, y) => x >= y,
  };

  /** x // y, rounded down; 0 for y = 0. */
  function quotient(x, y) {
    if (y === 0n) return 0n;
    const towardsZero = x / y;
    return x % y !== 0n && x < 0n !== y < 0n ? towardsZero - 1n : towardsZero;
  }

  const ON_INTEGERS = {
    "+": (x, y) => x + y,
    "-": (x, y) => x - y,
    "*": (x, y) => x * y,
    "//": quotient,
    "%": (x, y) => x - y * quotient(x, y),
  };

  const size = (set) => BigInt(set.filter(Boolean).length);

  /** The objects of a set whose rank in it, from 1, fulfils a condition. */
  function ranked(set, condition) {
    let rank = 0n;
    return set.map((member) => {
      if (member) rank += 1n;
      return member && condition(rank);
    });
  }

  /**
   * What each kind of node is in a scene: a set (for each object whether it is there), an integer
   * (without bound) or a truth. They are those of scripts/quantlearn/semantics/syntax.py.
   */
  const NODES = {
    SetName: (scene, name) => scene.map((zone) => NAMED[name].includes(zone)),
    Complement: (scene, operand) => valueOf(operand, scene).map((member) => !member),
    SetOperation: (scene, operator, left, right) => {
      const other = valueOf(right, scene);
      return valueOf(left, scene).map((member, place) => ON_SETS[operator](member, other[place]));
    },
    First: (scene, count, operand) => {
      const most = valueOf(count, scene);
      return ranked(valueOf(operand, scene), (rank) => rank <= most);
    },
    Last: (scene, count, operand) => {
      const set = valueOf(operand, scene);
      const before = size(set) - valueOf(count, scene);
      return ranked(set, (rank) => rank > before);
    },
    Index: (scene, operand, position) => {
      const wanted = valueOf(position, scene);
      return ranked(valueOf(operand, scene), (rank) => rank === wanted);
    },
    Number: (scene, value) => BigInt(value),
    Cardinality: (scene, operand) => size(valueOf(operand, scene)),
    Negative: (scene, operand) => -valueOf(operand, scene),
    Arithmetic: (scene, operator, left, right) =>
      ON_INTEGERS[operator](valueOf(left, scene), valueOf(right, scene)),
    IntegerComparison: (scene, operator, left, right) =>
      COMPARISONS[operator](valueOf(left, scene), valueOf(right, scene)),
    SetComparison: (scene, operator, left, right) => {
      const [x, y] = [valueOf(left, scene), valueOf(right, scene)];
      const isPart = x.every((member, place) => !member || y[place]);
      const isEqual = x.every((member, place) => member === y[place]);
      return { "==": isEqual, "!=": !isEqual, "<=": isPart, "<": isPart && !isEqual }[operator];
    },
    Not: (scene, operand) => !valueOf(operand, scene),
    Connective: (scene, operator, left, right) =>
      operator === "and"
        ? valueOf(left, scene) && valueOf(right, scene)
        : valueOf(left, scene) || valueOf(right, scene),
  };

  /** The value of a node [kind, …parts] in a scene. */
  function valueOf([kind, ...parts], scene) {
    return NODES[kind](scene, ...parts);
  }

  // Experiments -----------------------------------------------------------------------------------

  /** The numbers of a text in base64: little-endian, of 32 or 64 bits. */
  function decode(text, precision) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const Numbers = precision === "float32" ? Float32Array : Float64Array;
    return new Numbers(bytes.buffer);
  }

  /** The weights of a network by name, from its numbers in the order of the shapes. */
  function unpack(numbers, shapes) {
    const weights = {};
    let end = 0;
    for (const [name, shape] of Object.entries(shapes)) {
      const start = end;
      end += shape.reduce((product, length) => product * length, 1);
      weights[name] = { shape, data: numbers.subarray(start, end) };
    }
    return weights;
  }

  const experiments = {};

  /**
   * Take over the networks of an experiment, by `name`: what its networks.js calls.
   *
   * @param {object} exported - as scripts/quantlearn/networks/export.py writes it. Its `trials`,
   *   lists of the networks of each trial, become instances of Network here.
   */
  function networks(name, exported) {
    const { settings, shapes } = exported;
    const weights = (text) => unpack(decode(text, settings.precision), shapes);
    const trained = (text) => new Network(settings, weights(text));
    const trials = exported.trials.map((trial) => trial.map(trained));
    experiments[name] = { ...exported, trials };
  }

  Object.assign(globalThis.quantlearn, { Network, experiments, networks, isTrue: valueOf });
})();

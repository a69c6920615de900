/* Shapes of x, W and b: which fit, what NumPy says of others, and the biases as a row of W. */
"use strict";

(function () {
  const { action, answer, button, choice, counted, make } = quantlearn.course;
  const { note, number, random, row, table } = quantlearn.course;

  const SIZES = [1, 2, 3, 4, 5];
  const NAMES = { m: "x: rows m", n: "columns n", k: "W: rows", l: "columns l", b: "b: numbers" };

  /** What is wrong with x W + b for x (m × n), W (k × l) and b numbers: NumPy's and plain words. */
  function fault({ m, n, k, l, b }) {
    if (n !== k) {
      const numpy =
        "matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature " +
        `(n?,k),(k,m?)->(n?,m?) (size ${k} is different from ${n})`;
      const [given, read] = [counted(n, "number"), counted(k, "weight")];
      return { numpy, plain: `A row of x has ${given}, a column of W ${read}: they must match.` };
    }
    if (b === l) return null;
    const plain = `Each column of W is a neuron and needs a bias: ${l}, not ${b}.`;
    const silent = `${plain} NumPy is silent: it repeats what is there once.`;
    if (b === 1 || l === 1) return { plain: silent };
    const numpy = `operands could not be broadcast together with shapes (${m},${l}) (${b},)`;
    return { numpy, plain };
  }

  /** x W of matrices as lists of rows. */
  const product = (x, weights) =>
    x.map((one) =>
      weights[0].map((_, unit) => one.reduce((sum, a, at) => sum + a * weights[at][unit], 0)),
    );

  /** x′, W′ and x′ W′, and the largest difference between that and x W + b. */
  function joined(x, weights, b) {
    const [ones, more] = [x.map((one) => [...one, 1]), [...weights, b]];
    const [apart, together] = [product(x, weights), product(ones, more)];
    const gaps = together.flatMap((one, at) =>
      one.map((z, unit) => Math.abs(z - (apart[at][unit] + b[unit]))),
    );
    return { ones, more, together, gap: Math.max(...gaps) };
  }

  /** A matrix with a name for each row and column. */
  function matrix(name, rows, columns, values, digits) {
    const cells = values.map((one) => one.map((value) => number(value, digits)));
    const shown = table([name, ...columns], rows.map((one, at) => [one, ...cells[at]]));
    return make("div", { class: "matrix", tabindex: 0 }, shown);
  }

  action("batches", { fault, joined }, (root, sizes) => {
    const [message, said, shown] = [make("code", {}), answer(), row()];
    const uniform = random(1);
    const chance = () => Math.round(40 * uniform() - 20) / 10;
    const look = () => {
      const [{ m, n, l }, found] = [sizes, fault(sizes)];
      message.textContent = found?.numpy ? `ValueError: ${found.numpy}` : "";
      said.textContent = found?.plain ?? `It fits: x W + b is ${m} × ${l}, a row for each example.`;
      shown.replaceChildren();
      if (found) return;
      const [x, weights, [b]] = [[m, n], [n, l], [1, l]].map(([rows, columns]) =>
        Array.from({ length: rows }, () => Array.from({ length: columns }, chance)),
      );
      const { ones, more, together, gap } = joined(x, weights, b);
      const named = (name, count) => SIZES.slice(0, count).map((size) => `${name}${size}`);
      const [examples, inputs, units] = [named("example ", m), named("x", n), named("neuron ", l)];
      shown.append(
        matrix("x′", examples, [...inputs, "1"], ones, 1),
        matrix("W′", [...inputs, "b"], units, more, 1),
        matrix("x′ W′", examples, units, together, 2),
        note(`Numbers by chance. x′ W′ and x W + b differ nowhere by more than ${gap}.`),
      );
    };
    const choices = Object.entries(NAMES).map(([size, name]) =>
      choice(name, SIZES, (value) => look((sizes[size] = Number(value))), sizes[size]),
    );
    root.append(row(...choices, button("Other numbers", look)), message, said, shown);
    look();
  });
})();

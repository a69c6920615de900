/* The leaderboard over the tasks that a reader ticks. */
"use strict";

(function () {
  const { action, answer, counted, make, row, sum, table, tick, written } = quantlearn.course;

  /** Architectures by their mean rank over some tasks, the best first; equal ones as they stood. */
  function order(board, tasks) {
    const mean = (ranks) => sum(tasks.map((task) => ranks[task])) / tasks.length;
    const means = board.map(({ name, ranks }) => ({ name, mean: mean(ranks) }));
    return means.sort((one, other) => one.mean - other.mean);
  }

  action("leaderboard", { order }, (root, { tasks, board }) => {
    const all = Object.keys(tasks);
    let chosen = all;
    const [places, said] = [make("div", {}), answer()];
    const show = () => {
      const now = chosen.length ? order(board, chosen) : [];
      const rows = now.map(({ name, mean }, place) => {
        const moved = order(board, all).findIndex((one) => one.name === name) - place;
        const arrow = moved > 0 ? "↑" : "↓";
        return [`${place + 1}`, name, written(mean), moved ? `${arrow} ${Math.abs(moved)}` : ""];
      });
      const first = now.filter(({ mean }) => mean === now[0].mean).map(({ name }) => name);
      said.textContent = now.length
        ? `First over ${counted(chosen.length, "task")}: ${first.join(" and ")}.`
        : "Tick a task.";
      places.replaceChildren(table(["Place", "Architecture", "Mean rank", "Moved"], rows));
    };
    const box = (task) =>
      tick(tasks[task], true, (isTicked) => {
        chosen = all.filter((one) => (one === task ? isTicked : chosen.includes(one)));
        show();
      });
    root.append(row(...all.map(box)), said, places);
    show();
  });
})();

/* A reader's own automaton for a quantifier, checked on all scenes at once. */
"use strict";

(function () {
  const { ZONES, action, answer, button, choice, counted, filled } = quantlearn.course;
  const { inWords, note, row, slider, folded, table, tick } = quantlearn.course;
  const { diagram, run } = quantlearn.course.automaton;

  /**
   * A shortest scene on which two automata differ, or null where there is none.
   *
   * Breadth first through the pairs of states that they reach together: where no pair differs, no
   * scene does (Hopcroft & Karp 1971).
   */
  function difference(own, right) {
    const found = new Map([["0,0", []]]);
    for (const [pair, scene] of found) {
      const [x, y] = pair.split(",");
      if (own.accepting[x] !== right.accepting[y]) return scene;
      own.transitions[x].forEach((next, zone) => {
        const reached = `${next},${right.transitions[y][zone]}`;
        if (!found.has(reached)) found.set(reached, [...scene, zone]);
      });
    }
    return null;
  }

  /** Two scenes that end in one state; `most` is false of the first and true of the second. */
  function fooled(own) {
    const states = run(own, own.accepting.map(() => 0));
    const n = states.findIndex((state, place) => states.indexOf(state) < place);
    const m = states.indexOf(states[n]);
    return [m, n].map((k) => [...Array(k).fill(0), ...Array(m).fill(1)]);
  }

  /** What is said of an automaton that is to be that of a quantifier. */
  function verdict(own, { words, automaton }) {
    const end = (of, scene) => run(of, scene).at(-1);
    const says = (scene, state = end(own, scene)) => `in state ${state}: ${own.accepting[state]}`;
    if (!automaton) {
      const [few, many] = fooled(own);
      return (
        `No: ${inWords(few)} and ${inWords(many)} both end ${says(few)}. But “${words}” is false ` +
        "of the first and true of the second."
      );
    }
    const scene = difference(own, automaton);
    const [states, least] = [own, automaton].map(({ accepting }) => accepting.length);
    return scene
      ? `No: ${inWords(scene)} ends ${says(scene)}. But “${words}” is ` +
          `${automaton.accepting[end(automaton, scene)]} of it. All shorter scenes are right.`
      : `Right, on every scene of any size. It has ${counted(states, "state")}; ` +
          `${states > least ? `${least} would do` : "none has fewer"}.`;
  }

  action("draw_automaton", { difference, fooled }, (root, { quantifiers, most, proof }) => {
    const own = { transitions: [], accepting: [] };
    const [cells, drawn, right, said] = [row(), row(), row(), answer()];
    let asked = quantifiers[0];
    const show = () => {
      drawn.replaceChildren(diagram(own));
      right.replaceChildren(asked.automaton ? diagram(asked.automaton) : proof);
      said.textContent = "";
    };
    const goTo = (state, zone) => {
      const nexts = own.transitions[state];
      const states = own.accepting.map((_, to) => [to, `to ${to}`]);
      const made = choice("", states, (to) => (nexts[zone] = Number(to)), nexts[zone]);
      filled(made.lastChild, { "aria-label": `From state ${state} by ${ZONES[zone].name}` });
      return made;
    };
    const says = (state) => {
      const change = (isTicked) => (own.accepting[state] = isTicked);
      return tick("", own.accepting[state], change, { "aria-label": `State ${state} says true` });
    };
    /** So many states; a new one says false and is not left. */
    const resize = (count) => {
      const states = [...Array(count).keys()];
      const before = states.map((state) => own.transitions[state] ?? [state, state]);
      own.transitions = before.map((nexts) => nexts.map((to) => Math.min(to, count - 1)));
      own.accepting = states.map((state) => own.accepting[state] ?? false);
      const rows = states.map((state) => [`${state}`, says(state), goTo(state, 0), goTo(state, 1)]);
      cells.replaceChildren(table(["State", "True", "After A∩B", "After A∖B"], rows));
      show();
    };
    root.addEventListener("change", show);
    const names = quantifiers.map(({ words }, place) => [place, words]);
    const target = choice("An automaton for", names, (place) => (asked = quantifiers[place]));
    const remark =
      "It begins in state 0, and says of a scene what the state says in which it ends.";
    const check = button("Check", () => (said.textContent = verdict(own, asked)));
    root.append(row(target, slider("States", 2, [1, most, 1], resize)), cells, note(remark));
    root.append(drawn, row(check), said, folded(right));
    resize(2);
  });
})();

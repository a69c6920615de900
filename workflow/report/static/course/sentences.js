/* Strings that networks wrote about scenes, sorted by the reader: no sentence, false, true. */
"use strict";

(function () {
  const { action, answer, button, folded, inWords, make, note, row } = quantlearn.course;

  /** What is said of a reader's answer: none, false or true. */
  function verdict({ scene, text, kind, near }, given) {
    const [both, only] = [0, 1].map((zone) => scene.filter((one) => one === zone).length);
    const why =
      kind === "none"
        ? `no sentence of the language, and “${near}” the nearest`
        : `a sentence, and ${kind} of a scene with ${both} in A∩B and ${only} in A∖B`;
    return `${given === kind ? "Right" : "No"}: “${text}” is ${why}.`;
  }

  action("sentences", { verdict }, (root, { strings, language }) => {
    const [asked, said] = [make("div", {}), answer()];
    let [place, right] = [0, 0];
    const show = () => {
      const { scene, text } = strings[place];
      const head = `${place + 1} of ${strings.length}, about the scene ${inWords(scene)}:`;
      asked.replaceChildren(note(head), make("p", {}, `“${text}”`));
    };
    const sort = (kind) => {
      right += Number(kind === strings[place].kind);
      place += 1;
      said.textContent = `${verdict(strings[place - 1], kind)} ${right} of ${place} so far.`;
      if (place === strings.length) [place, right] = [0, 0];
      show();
    };
    const kinds = Object.entries({ none: "no sentence", false: "false", true: "true" });
    const buttons = kinds.map(([kind, words]) => button(words, () => sort(kind)));
    root.append(asked, row("It is", ...buttons), said);
    root.append(folded(language, "All sentences of the language"));
    show();
  });
})();

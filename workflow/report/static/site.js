"use strict";

/** What each page of the report does: values of figures under the pointer. */
(function () {
  const box = document.createElement("div");
  box.className = "value";
  box.hidden = true;

  /** Show the title of the drawn thing under the pointer, at once. */
  function showValue(event) {
    const titled = event.target.closest ? event.target.closest(".drawing svg :has(> title)") : null;
    box.hidden = !titled;
    if (titled) {
      box.textContent = titled.querySelector(":scope > title").textContent;
      box.style.left = `${Math.min(event.clientX + 12, window.innerWidth - 220)}px`;
      box.style.top = `${event.clientY + 14}px`;
    }
  }

  /** Make the cells of a heat map of counts open scenes of their kind. */
  function openScene(event) {
    const cell = event.target.closest ? event.target.closest(".drawing [id*='-cell-']") : null;
    const found = cell && cell.id.match(/-cell-(.+)-both-(\d+)-a_only-(\d+)$/);
    if (found && document.querySelector(".ask")) {
      box.hidden = true;
      window.location.hash = `ask?quantifier=${found[1]}&both=${found[2]}&a_only=${found[3]}`;
    }
  }

  document.body.append(box);
  document.addEventListener("pointermove", showValue);
  document.addEventListener("click", openScene);
})();

/* Elements of a page, and numbers in words, for all that readers do on the site. */
"use strict";

globalThis.quantlearn = globalThis.quantlearn || {};

(function () {
  const ZONES = [
    { key: "both", name: "A∩B", word: "AB" },
    { key: "a_only", name: "A∖B", word: "A-" },
    { key: "b_only", name: "B∖A", word: "-B" },
    { key: "neither", name: "neither", word: "--" },
  ];
  const SVG = "http://www.w3.org/2000/svg";

  /** An element with attributes (functions are listeners) and children. */
  const make = (tag, attributes, ...children) =>
    filled(document.createElement(tag), attributes, children);

  /** The same for SVG. */
  const draw = (tag, attributes, ...children) =>
    filled(document.createElementNS(SVG, tag), attributes, children);

  function filled(element, attributes, children = []) {
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  const option = (value, text) => make("option", { value }, text);
  const label = (name) => name.replaceAll("_", " ");
  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const number = (value, digits = 2) => value.toFixed(digits).replace("-", "−");

  quantlearn.elements = { ZONES, make, draw, filled, option, counted, label, number };
})();

// What figures share that the reader turns: a guess that comes before the answer, and bars that say their numbers.

const TURN_CSS = (scope) => `
${scope} p { margin: .5em 0 .3em; }
${scope} .predict { border-left: 4px solid var(--uddm-accent); padding: .1em 0 .1em .8em; margin: .6em 0; }
${scope} .predict input { font: inherit; color: inherit; background: transparent; border: 1px solid currentColor;
  border-radius: 5px; min-height: 2.4em; max-width: 100%; padding: 0 .5em; box-sizing: border-box; }
${scope} .predict input[type=number] { width: 6.5em; }
${scope} .bars { display: grid; grid-template-columns: minmax(4em, max-content) minmax(4em, 18em) max-content; gap: .25em .6em;
  align-items: center; margin: .3em 0 .6em; }
${scope} .bars > .name { overflow-wrap: anywhere; }
${scope} .bars > .track { position: relative; height: 1.1em; border-bottom: 1px solid var(--uddm-frame); }
${scope} .bars .bar { position: absolute; inset: 0 auto 0 0; background: var(--uddm-accent); outline: 1px solid currentColor; }
${scope} .bars .tick { position: absolute; top: -2px; bottom: -2px; width: 0; border-left: 3px solid currentColor; }
${scope} .bars > .value { font-variant-numeric: tabular-nums; }
@media screen { ${scope}[data-asking] .answer { display: none; } }
@media print { ${scope} { break-inside: avoid; }
  ${scope} .line :is(button, input), ${scope} .predict, ${scope} .line:has(> .only-screen) { display: none; } }`;

// Ask before the figure answers: what has the class "answer" is hidden until a guess is entered.
// ask: { question, name, min, max, step, unit }; `answer(guess)` says in words what the guess is compared with.
function predict(root, ask, answer) {
  const box = element("div", root, "", { class: "predict" });
  const id = "uddm-" + Math.random().toString(36).slice(2);
  element("label", box, ask.question, { for: id });
  const line = element("div", box, "", { class: "line" });
  const input = element("input", line, "", { type: "number", id, min: ask.min, max: ask.max, step: ask.step, inputmode: "decimal" });
  if (ask.unit) element("span", line, ask.unit);
  const told = element("p", box, "", { class: "told", "aria-live": "polite" });
  root.setAttribute("data-asking", "");
  const check = () => {
    const guess = input.value.trim() === "" ? NaN : Number(input.value);
    if (!(guess >= ask.min && guess <= ask.max)) {
      told.textContent = `Enter a number from ${ask.min} to ${ask.max} first.`;
      return input.focus();
    }
    root.removeAttribute("data-asking");
    told.textContent = `You said ${guess}${ask.unit ? " " + ask.unit : ""}. ${answer(guess)}`;
  };
  button(line, "That is my guess", check);
  input.addEventListener("keydown", (e) => { if (e.key === "Enter") check(); });
}

// A number on the page, and all its digits for whoever asks.
function put(cell, value, digits) {
  cell.textContent = value.toFixed(digits);
  cell.setAttribute("data-value", value);
}

// Bars, drawn anew by every call with rows { name, value, color, tick, note }; `tick` marks a second value, `top` ends the bar.
function bars(parent, label) {
  const box = element("div", parent, "", { class: "bars", role: "group", "aria-label": label });
  return (rows, { top = 1, digits = 3 } = {}) => {
    box.replaceChildren();
    const share = (v) => `${100 * Math.max(0, Math.min(1, v / top))}%`;
    for (const row of rows) {
      element("span", box, row.name, { class: "name" });
      const track = element("span", box, "", { class: "track", "aria-hidden": "true" });
      const bar = element("span", track, "", { class: "bar" });
      bar.style.width = share(row.value);
      if (row.color) bar.style.background = `var(--uddm-${row.color})`;
      if (row.tick !== undefined) element("span", track, "", { class: "tick" }).style.left = share(row.tick);
      const value = element("span", box, "", { class: "value" });
      put(element("span", value), row.value, digits);
      if (row.note) element("span", value, ` ${row.note}`);
    }
  };
}

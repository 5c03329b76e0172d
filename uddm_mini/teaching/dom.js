// What all live pieces share: elements, buttons, a stepper, and the way a piece comes to life.

const BASE_CSS = (scope) => `
${scope} { border: 1px solid var(--uddm-frame); border-radius: 6px; padding: .6em .9em; margin: .6em 0; max-width: 46em; }
${scope} .line { display: flex; flex-wrap: wrap; align-items: center; gap: .4em .6em; margin: .4em 0; }
${scope} .line label, ${scope} .line .name { flex: 1 1 100%; font-weight: bold; margin: 0; }
${scope} input[type=range] { flex: 1 1 8em; min-width: 6em; height: 2.2em; margin: 0; accent-color: var(--uddm-accent); }
${scope} .line button { font: inherit; color: inherit; background: transparent; border: 1px solid currentColor;
  border-radius: 5px; min-width: 2.6em; min-height: 2.4em; padding: 0 .7em; cursor: pointer; }
${scope} button:disabled { opacity: .45; cursor: default; }
${scope} :focus-visible { outline: 3px solid var(--uddm-focus); outline-offset: 2px; position: relative; z-index: 1; }`;

// Let `build(root, data)` fill every <div data-uddm-KIND="{json}"> that is not yet alive.
function bringToLife(kind, css, build) {
  document.querySelectorAll(`[data-uddm-${kind}]:not([data-ready])`).forEach((root) => {
    const data = JSON.parse(root.getAttribute(`data-uddm-${kind}`));
    root.setAttribute("data-ready", "");
    root.className = `uddm-live uddm-${kind}`;
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", data.label);
    root.replaceChildren();
    element("style", root, BASE_CSS(`.uddm-${kind}`) + css + data.css);
    build(root, data);
  });
}

function element(tag, parent, text, attributes) {
  const svg = ["svg", "path", "circle", "text"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  if (text) made.textContent = text;
  for (const name in attributes || {}) made.setAttribute(name, attributes[name]);
  parent.appendChild(made);
  return made;
}

function button(parent, name, act, more) {
  const made = element("button", parent, name, { type: "button", ...more });
  made.addEventListener("click", act);
  return made;
}

// A labeled slider over `axis.values` with buttons; `axis.play`: milliseconds for each value, 0 for no Play button.
// `moved(k)` is called with every new position, and has to draw; what comes back draws the stepper itself.
function stepper(root, axis, start, moved) {
  const last = axis.values.length - 1;
  const line = element("div", root, "", { class: "line" });
  const id = "uddm-" + Math.random().toString(36).slice(2);
  const label = element("label", line, axis.name + ": ", { for: id });
  const value = element("span", label);
  let at = start, timer = 0;
  const less = button(line, "−", () => { stop(); move(at - 1); }, { "aria-label": axis.name + ": previous" });
  const slider = element("input", line, "", { type: "range", id, min: 0, max: last, step: 1 });
  slider.addEventListener("input", () => { stop(); move(Number(slider.value)); });
  const more = button(line, "+", () => { stop(); move(at + 1); }, { "aria-label": axis.name + ": next" });
  const play = axis.play ? button(line, "Play", run) : null;

  function move(to) {
    at = Math.max(0, Math.min(last, to));
    moved(at);
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    if (play) play.textContent = "Play";
  }
  function run() {
    if (timer) return stop();
    if (at === last) move(0);
    play.textContent = "Stop";
    timer = setInterval(() => {
      if (!root.isConnected) return stop();
      move(at + 1);
      if (at === last) stop();
    }, axis.play);
  }
  return () => {
    slider.value = at;
    slider.setAttribute("aria-valuetext", axis.values[at]);
    value.textContent = axis.values[at];
    // a button that has the focus stays enabled, or the keyboard would lose its place
    less.disabled = at === 0 && document.activeElement !== less;
    more.disabled = at === last && document.activeElement !== more;
  };
}

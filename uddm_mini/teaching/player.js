// Turns every <div data-uddm-player="{json}"> that is not yet alive into a stepper: one labeled slider per axis, with
// buttons. The frames are finished HTML; without this script the page shows the first and the last of them.
(function () {
  "use strict";
  const CSS = `
.uddm-player { border: 1px solid rgba(128,128,128,.55); border-radius: 6px; padding: .6em .9em; margin: .6em 0; max-width: 46em; }
.uddm-player .uddm-axis { display: flex; flex-wrap: wrap; align-items: center; gap: .3em .7em; margin: .2em 0; }
.uddm-player .uddm-axis label { flex: 1 1 100%; font-weight: bold; margin: 0; }
.uddm-player input[type=range] { flex: 1 1 8em; min-width: 6em; height: 2.2em; margin: 0; accent-color: #0072B2; }
.uddm-player button { font: inherit; color: inherit; background: transparent; border: 1px solid currentColor;
  border-radius: 5px; min-width: 2.6em; min-height: 2.4em; padding: 0 .7em; cursor: pointer; }
.uddm-player button:disabled { opacity: .45; cursor: default; }
.uddm-player :focus-visible { outline: 3px solid #56B4E9; outline-offset: 2px; }
.uddm-player .uddm-caption { margin: .5em 0 .2em; }
.uddm-player .uddm-frame { overflow-wrap: anywhere; }`;

  function element(tag, parent, text, attributes) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    for (const name in attributes || {}) made.setAttribute(name, attributes[name]);
    parent.appendChild(made);
    return made;
  }

  function mount(root) {
    const data = JSON.parse(root.getAttribute("data-uddm-player"));
    const at = data.start.slice();
    root.setAttribute("data-ready", "");
    root.className = "uddm-player";
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", data.label);
    root.replaceChildren();
    element("style", root, CSS + data.css);
    const draws = data.axes.map((axis, k) => addAxis(axis, k));
    const caption = element("p", root, "", { class: "uddm-caption", "aria-live": "polite" });
    const frame = element("div", root, "", { class: "uddm-frame" });
    const key = element("div", root);
    key.innerHTML = data.key;
    let tallest = 0;

    function addAxis(axis, k) {
      const line = element("div", root, "", { class: "uddm-axis" });
      const id = "uddm-" + Math.random().toString(36).slice(2);
      const label = element("label", line, axis.name + ": ", { for: id });
      const value = element("span", label);
      const last = axis.values.length - 1;
      const less = element("button", line, "−", { type: "button", "aria-label": axis.name + ": previous" });
      const slider = element("input", line, "", { type: "range", id: id, min: 0, max: last, step: 1 });
      const more = element("button", line, "+", { type: "button", "aria-label": axis.name + ": next" });
      const move = (to) => {
        at[k] = Math.max(0, Math.min(last, to));
        draw();
      };
      less.addEventListener("click", () => { stop(); move(at[k] - 1); });
      more.addEventListener("click", () => { stop(); move(at[k] + 1); });
      slider.addEventListener("input", () => { stop(); move(Number(slider.value)); });
      let timer = 0;
      let play = null;
      const stop = () => {
        clearInterval(timer);
        timer = 0;
        if (play) play.textContent = "Play";
      };
      if (axis.play) {
        play = element("button", line, "Play", { type: "button" });
        play.addEventListener("click", () => {
          if (timer) return stop();
          if (at[k] === last) move(0);
          play.textContent = "Stop";
          timer = setInterval(() => {
            if (!root.isConnected) return stop();
            move(at[k] + 1);
            if (at[k] === last) stop();
          }, axis.play);
        });
      }
      return () => {
        slider.value = at[k];
        slider.setAttribute("aria-valuetext", axis.values[at[k]]);
        value.textContent = axis.values[at[k]];
        // a button that has the focus stays enabled, or the keyboard would lose its place
        less.disabled = at[k] === 0 && document.activeElement !== less;
        more.disabled = at[k] === last && document.activeElement !== more;
      };
    }

    function draw() {
      const index = data.axes.reduce((sum, axis, k) => sum * axis.values.length + at[k], 0);
      draws.forEach((f) => f());
      if (caption.textContent !== data.captions[index]) caption.textContent = data.captions[index];
      frame.innerHTML = data.frames[index];
      tallest = Math.max(tallest, frame.offsetHeight); // keep what follows from jumping
      frame.style.minHeight = tallest + "px";
    }
    draw();
  }

  document.querySelectorAll("[data-uddm-player]:not([data-ready])").forEach(mount);
})();

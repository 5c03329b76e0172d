// A picture made of pixels with its energy curve, and a film of such pictures to step through.

const LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz"; // a pixel is one character, from "0" (off) to "z" (on)
const PIXELS_CSS = (scope) => `
${scope} .views { display: flex; flex-wrap: wrap; gap: .8em 1.6em; align-items: center; }
${scope} .grid { display: grid; gap: 1px; padding: 1px; background: var(--uddm-lattice); flex: 0 1 20em; width: min(20em, 100%); }
${scope} .grid > * { aspect-ratio: 1; min-width: 0; padding: 0; margin: 0; border: 0; border-radius: 0; display: grid; place-items: center; }
${scope} .grid > button { cursor: pointer; touch-action: manipulation; }
${scope} .grid .off-target::after { content: ""; width: 38%; height: 38%; border-radius: 50%;
  background: var(--uddm-miss); border: 1px solid var(--uddm-miss-edge); }
${scope} svg.curve { flex: 1 1 15em; min-width: 0; max-width: 24em; height: auto; }
${scope} .curve .fall { fill: none; stroke: var(--uddm-curve); stroke-width: 2.5; }
${scope} .curve .lift { fill: none; stroke: var(--uddm-lift); stroke-width: 2.5; stroke-dasharray: 4 3; }
${scope} .curve .here { fill: var(--uddm-curve); stroke: currentColor; }
${scope} .words { margin: .5em 0 .2em; min-height: 3.2em; color: inherit; }`;

function addGrid(parent, data, tag, describe) {
  const grid = element("div", parent, "", { class: "grid", ...describe });
  grid.style.gridTemplateColumns = `repeat(${data.width}, 1fr)`;
  const n = (data.frames ? data.frames[0] : data.start).length;
  const cells = Array.from({ length: n }, () => element(tag, grid, ""));
  const show = (frame) =>
    cells.forEach((cell, i) => {
      cell.style.background = data.shades[LEVELS.indexOf(frame[i])];
      cell.className = data.target && (frame[i] >= "i") !== (data.target[i] >= "i") ? "off-target" : "";
    });
  return { grid, cells, show };
}

function addCurve(parent, name, axis) {
  const svg = element("svg", parent, "", { class: "curve", viewBox: "0 0 320 210", role: "img", "aria-label": name });
  const ink = { stroke: "currentColor", "stroke-opacity": 0.6 };
  element("path", svg, "", { d: "M46 14V176H312", fill: "none", ...ink });
  const say = (t, x, y, anchor) => element("text", svg, t, { x, y, fill: "currentColor", "font-size": 13, "text-anchor": anchor });
  say(name, 52, 16, "start");
  say(axis, 180, 203, "middle");
  const [high, low] = [say("", 42, 34, "end"), say("", 42, 172, "end")];
  const [first, last] = [say("", 50, 193, "start"), say("", 310, 193, "end")];
  const lift = element("path", svg, "", { class: "lift" });
  const line = element("path", svg, "", { class: "fall" });
  const dot = element("circle", svg, "", { class: "here", r: 5.5 });
  // values: numbers; at: position of the dot; lifted: steps made by the reader, drawn dashed
  return (values, at, lifted, steps) => {
    const top = Math.max(...values), bottom = Math.min(...values);
    const places = values.map((_, k) => (steps ? Number(steps[k]) : k)); // steps that are no numbers stand evenly
    if (places.some((p, k) => !(k === 0 || p > places[k - 1]))) places.forEach((_, k) => (places[k] = k));
    const width = Math.max(places[places.length - 1] - places[0], 1e-12);
    const x = (k) => 50 + (258 * (places[k] - places[0])) / width;
    const y = (v) => (top - bottom < 1e-12 ? 100 : 30 + (138 * (top - v)) / (top - bottom));
    const piece = (k) => `M${x(k - 1).toFixed(1)} ${y(values[k - 1]).toFixed(1)}L${x(k).toFixed(1)} ${y(values[k]).toFixed(1)}`;
    const parts = (own) => values.map((_, k) => (k && Boolean(lifted && lifted[k]) === own ? piece(k) : "")).join("");
    line.setAttribute("d", parts(false));
    lift.setAttribute("d", parts(true));
    dot.setAttribute("cx", x(at));
    dot.setAttribute("cy", y(values[at]));
    high.textContent = top.toFixed(1);
    low.textContent = top - bottom < 1e-12 ? "" : bottom.toFixed(1);
    first.textContent = steps ? steps[0] : "0";
    last.textContent = steps ? steps[steps.length - 1] : String(values.length - 1);
  };
}

// A film: frames computed beforehand.
function film(root, data) {
  let at = 0;
  const axis = { name: data.axis, values: data.steps, play: data.play };
  const step = stepper(root, axis, at, (to) => { at = to; draw(); });
  const views = element("div", root, "", { class: "views" });
  const grid = addGrid(views, data, "div", { role: "img" });
  const curve = data.values ? addCurve(views, data.quantity, data.axis) : null;
  const caption = element("p", root, "", { class: "words", "aria-live": "polite" });
  function draw() {
    step();
    grid.show(data.frames[at]);
    grid.grid.setAttribute("aria-label", `Picture at ${data.axis} ${data.steps[at]}`);
    if (curve) curve(data.values, at, null, data.steps);
    if (caption.textContent !== data.captions[at]) caption.textContent = data.captions[at];
  }
  draw();
}

bringToLife("pixels", PIXELS_CSS(".uddm-pixels"), film);

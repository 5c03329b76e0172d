// A picture made of pixels with its energy curve: a film to step through (data.frames), or a pad (data.network) on which
// the reader flips pixels and the network's asynchronous dynamics at temperature 0 run in the page.

const LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz"; // a pixel is one character, from "0" (off) to "z" (on)
const PIXELS_CSS = `
.uddm-pixels .views { display: flex; flex-wrap: wrap; gap: .8em 1.6em; align-items: center; }
.uddm-pixels .grid { display: grid; gap: 1px; padding: 1px; background: var(--uddm-lattice); flex: 0 1 20em; width: min(20em, 100%); }
.uddm-pixels .grid > * { aspect-ratio: 1; min-width: 0; padding: 0; margin: 0; border: 0; border-radius: 0; display: grid; place-items: center; }
.uddm-pixels .grid > button { cursor: pointer; touch-action: manipulation; }
.uddm-pixels .grid .off-target::after { content: ""; width: 38%; height: 38%; border-radius: 50%;
  background: var(--uddm-miss); border: 1px solid var(--uddm-miss-edge); }
.uddm-pixels svg.curve { flex: 1 1 15em; min-width: 0; max-width: 24em; height: auto; }
.uddm-pixels .curve .fall { fill: none; stroke: var(--uddm-curve); stroke-width: 2.5; }
.uddm-pixels .curve .lift { fill: none; stroke: var(--uddm-lift); stroke-width: 2.5; stroke-dasharray: 4 3; }
.uddm-pixels .curve .here { fill: var(--uddm-curve); stroke: currentColor; }
.uddm-pixels .words { margin: .5em 0 .2em; min-height: 3.2em; color: inherit; }`;

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

// A pad: the reader flips pixels, the network answers.
function pad(root, data) {
  const net = network(data.network), random = randomly(data.seed), patterns = data.patterns.map(spins);
  const calm = window.matchMedia && window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let x = spins(data.start), values = [net.energy(x)], lifted = [false], timer = 0, focus = 0, paint = 0;

  const starts = element("div", root, "", { class: "line" });
  element("span", starts, "Start from", { class: "name" });
  data.names.forEach((name, k) => button(starts, name, () => begin(patterns[k], `“${name}”, as it was stored.`)));
  button(starts, "noise", () => begin(x.map(() => (random() < 0.5 ? -1 : 1)), "Every pixel drawn at random."));
  const acts = element("div", root, "", { class: "line" });
  element("span", acts, "Then", { class: "name" });
  button(acts, `flip ${data.flips} pixels`, () => { stop(); damage(); });
  const run = button(acts, "let it roll", () => (timer ? stop() : roll()));
  const views = element("div", root, "", { class: "views" });
  const help = "Pixels. Arrow keys move, space or a click flips.";
  const grid = addGrid(views, data, "button", { role: "group", "aria-label": help });
  const curve = addCurve(views, "energy", "flips");
  const caption = element("p", root, "", { class: "words", "aria-live": "polite" });

  grid.cells.forEach((cell, i) => {
    cell.type = "button";
    cell.setAttribute("aria-label", `row ${Math.floor(i / data.width) + 1}, column ${(i % data.width) + 1}`);
    // a mouse that is dragged paints; a click, a tap or the space bar flips
    const drag = (e) => { if (e.buttons === 1 && e.pointerType === "mouse" && x[i] === -paint) touch(i); };
    cell.addEventListener("pointerdown", () => { paint = -x[i]; });
    cell.addEventListener("pointerenter", drag);
    cell.addEventListener("pointerleave", drag);
    cell.addEventListener("click", (e) => { if (e.detail === 0 || x[i] === -paint) touch(i); paint = 0; });
    cell.addEventListener("keydown", (e) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -data.width, ArrowDown: data.width }[e.key];
      if (step === undefined || !grid.cells[i + step]) return;
      if (Math.abs(step) === 1 && Math.floor(i / data.width) !== Math.floor((i + step) / data.width)) return;
      e.preventDefault();
      attend(i + step);
      grid.cells[i + step].focus();
    });
  });

  function attend(i) { // one pixel at a time is reached by the tab key
    grid.cells[focus].tabIndex = -1;
    grid.cells[(focus = i)].tabIndex = 0;
  }
  function stop() { clearInterval(timer); timer = 0; run.textContent = "let it roll"; }
  function begin(state, words) {
    stop();
    [x, values, lifted] = [state.slice(), [net.energy(state)], [false]];
    say(words);
    draw();
  }
  function change(i, byReader) {
    x = x.map((s, j) => (j === i ? -s : s));
    values.push(net.energy(x));
    lifted.push(byReader);
  }
  function touch(i) { stop(); attend(i); change(i, true); say(rise("Your flip")); draw(); }
  function damage() {
    const before = values[values.length - 1];
    shuffled(x.length, random).slice(0, data.flips).forEach((i) => change(i, true));
    say(`${data.flips} pixels flipped at random: the energy went from ${before.toFixed(2)} to ${values[values.length - 1].toFixed(2)}.`);
    draw();
  }
  function rise(who) {
    const change = values[values.length - 1] - values[values.length - 2];
    return `${who} ${change > TIE ? "raised" : change < -TIE ? "lowered" : "did not change"} the energy${Math.abs(change) > TIE ? " by " + Math.abs(change).toFixed(2) : ""}.`;
  }
  function roll() {
    const path = descend(net, x, shuffled(x.length, random), 1000);
    const flips = path.slice(1).map((state, k) => state.findIndex((s, i) => s !== path[k][i]));
    const count = flips.length === 1 ? "1 flip, downhill. " : flips.length ? `${flips.length} flips, each downhill. ` : "";
    const settle = () => {
      stop();
      say(`${count}No pixel wants to change: a fixed point. ${verdict(x, patterns, data.names)}`);
    };
    if (calm) flips.splice(0).forEach((i) => change(i, false));
    if (flips.length) {
      run.textContent = "stop";
      say("Rolling downhill ...");
      timer = setInterval(() => {
        if (!root.isConnected) return stop();
        change(flips.shift(), false);
        if (!flips.length) settle();
        draw();
      }, 90);
    } else {
      settle();
      draw();
    }
  }
  function say(words) { caption.textContent = words; }
  function draw() {
    grid.show(text(x));
    grid.cells.forEach((cell, i) => {
      cell.setAttribute("aria-pressed", x[i] > 0);
      if (!cell.hasAttribute("tabindex")) cell.tabIndex = i === focus ? 0 : -1;
    });
    curve(values, values.length - 1, lifted);
  }
  say("Click a pixel to flip it, or let the network roll downhill.");
  draw();
}

bringToLife("pixels", PIXELS_CSS, (root, data) => (data.frames ? film : pad)(root, data));

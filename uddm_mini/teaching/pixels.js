// Turns every <div data-uddm-pixels="{json}"> that is not yet alive into a picture made of pixels with its energy curve:
// a film to step through (data.frames), or a pad (data.network) on which the reader flips pixels and the network's
// asynchronous zero-temperature dynamics run in the page. Without this script the first and the last picture show.
(function () {
  "use strict";
  const LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz"; // a pixel is one character, from "0" (off) to "z" (on)
  const TIE = 1e-9; // as in dynamics.py: differences below this move no unit
  const CSS = `
.uddm-pixels { border: 1px solid rgba(128,128,128,.55); border-radius: 6px; padding: .6em .9em; margin: .6em 0; max-width: 46em; }
.uddm-pixels .line { display: flex; flex-wrap: wrap; align-items: center; gap: .4em .6em; margin: .4em 0; }
.uddm-pixels .line label, .uddm-pixels .line .name { flex: 1 1 100%; font-weight: bold; margin: 0; }
.uddm-pixels .views { display: flex; flex-wrap: wrap; gap: .8em 1.6em; align-items: center; }
.uddm-pixels .grid { display: grid; gap: 1px; padding: 1px; background: #A9A595; flex: 0 1 20em; width: min(20em, 100%); }
.uddm-pixels .grid > * { aspect-ratio: 1; min-width: 0; padding: 0; margin: 0; border: 0; border-radius: 0; display: grid; place-items: center; }
.uddm-pixels .grid > button { cursor: pointer; touch-action: manipulation; }
.uddm-pixels .grid .off-target::after { content: ""; width: 38%; height: 38%; border-radius: 50%; background: #E69F00; border: 1px solid #16324F; }
.uddm-pixels svg.curve { flex: 1 1 15em; min-width: 0; max-width: 24em; height: auto; }
.uddm-pixels input[type=range] { flex: 1 1 8em; min-width: 6em; height: 2.2em; margin: 0; accent-color: #0072B2; }
.uddm-pixels .line button { font: inherit; color: inherit; background: transparent; border: 1px solid currentColor;
  border-radius: 5px; min-width: 2.6em; min-height: 2.4em; padding: 0 .7em; cursor: pointer; }
.uddm-pixels button:disabled { opacity: .45; cursor: default; }
.uddm-pixels :focus-visible { outline: 3px solid #56B4E9; outline-offset: 2px; position: relative; z-index: 1; }
.uddm-pixels .words { margin: .5em 0 .2em; min-height: 3.2em; color: inherit; }`;

  // ---- networks of spins: energy(x), and gain(x, i) = energy with spin i down minus energy with it up

  function withCouplings(spec) {
    const n = spec.n;
    const J = new Float64Array(n * n);
    const raw = atob(spec.upper);
    const bytes = new DataView(Uint8Array.from(raw, (c) => c.charCodeAt(0)).buffer);
    let k = 0;
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++, k++) J[i * n + j] = J[j * n + i] = bytes.getFloat64(8 * k, true);
    const field = (x, i) => {
      let h = 0;
      for (let j = 0; j < n; j++) h += J[i * n + j] * x[j];
      return h;
    };
    return { n, energy: (x) => -0.5 * x.reduce((sum, xi, i) => sum + xi * field(x, i), 0), gain: (x, i) => 2 * field(x, i) };
  }

  function withSeparation(spec) {
    const memories = spec.memories.map(spins);
    const n = memories[0].length;
    const agreeing = (x) => memories.map((m) => m.reduce((sum, mi, i) => sum + (mi === x[i] ? 1 : 0), 0));
    const total = (counts) => {
      if (spec.beta === undefined) // -N/k sum (o/N)^k with the overlap o = 2 m - N
        return (-n / spec.degree) * counts.reduce((sum, m) => sum + ((2 * m - n) / n) ** spec.degree, 0);
      const top = Math.max(...counts); // -1/beta log sum exp(beta m)
      return -top - Math.log(counts.reduce((sum, m) => sum + Math.exp(spec.beta * (m - top)), 0)) / spec.beta;
    };
    const gain = (x, i) => {
      const others = agreeing(x).map((m, k) => m - (memories[k][i] === x[i] ? 1 : 0));
      const put = (s) => total(others.map((m, k) => m + (memories[k][i] === s ? 1 : 0)));
      return put(-1) - put(1);
    };
    return { n, energy: (x) => total(agreeing(x)), gain };
  }

  const network = (spec) => (spec.upper === undefined ? withSeparation(spec) : withCouplings(spec));
  const spins = (text) => Array.from(text, (c) => (c === "z" ? 1 : -1));
  const text = (x) => x.map((s) => (s > 0 ? "z" : "0")).join("");

  // The spin that unit i takes.
  function choice(net, x, i) {
    const gain = net.gain(x, i);
    return Math.abs(gain) <= TIE ? x[i] : Math.sign(gain);
  }

  // Visit units in the given order again and again until a whole round changes nothing; return all states on the way.
  function descend(net, start, order, rounds) {
    const path = [start.slice()];
    for (let round = 0; round < rounds; round++) {
      const before = path.length;
      for (const i of order) {
        const now = path[path.length - 1];
        const spin = choice(net, now, i);
        if (spin !== now[i]) path.push(now.map((s, j) => (j === i ? spin : s)));
      }
      if (path.length === before) break;
    }
    return path;
  }

  // A small generator of random numbers (mulberry32), so that a page behaves the same on every machine.
  function randomly(seed) {
    let a = seed >>> 0;
    return () => {
      a = (a + 0x6d2b79f5) >>> 0;
      let t = Math.imul(a ^ (a >>> 15), 1 | a);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  function shuffled(n, random) {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  // What a settled state is: a stored pattern, its negative, or neither.
  function verdict(x, patterns, names) {
    const overlaps = patterns.map((p) => p.reduce((sum, pi, i) => sum + pi * x[i], 0) / x.length);
    const best = overlaps.reduce((b, o, k) => (Math.abs(o) > Math.abs(overlaps[b]) ? k : b), 0);
    if (overlaps[best] === 1) return `It is the stored picture “${names[best]}”.`;
    if (overlaps[best] === -1) return `It is the negative of “${names[best]}”, a twin that has the same energy.`;
    const near = overlaps[best] < 0 ? "the negative of " : "";
    return `It was never stored: a spurious state. Nearest: ${near}“${names[best]}”, overlap ${Math.abs(overlaps[best]).toFixed(2)}.`;
  }

  // ---- drawing

  function element(tag, parent, text, attributes) {
    const svg = ["svg", "path", "circle", "text", "line"].includes(tag);
    const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    if (text) made.textContent = text;
    for (const name in attributes || {}) made.setAttribute(name, attributes[name]);
    if (parent) parent.appendChild(made);
    return made;
  }

  function button(parent, name, act, more) {
    const made = element("button", parent, name, { type: "button", ...more });
    made.addEventListener("click", act);
    return made;
  }

  function color(level) {
    const [paper, ink] = [[247, 245, 238], [22, 50, 79]];
    return `rgb(${paper.map((p, k) => Math.round(p + (ink[k] - p) * level)).join(",")})`;
  }

  function addGrid(parent, data, tag, describe) {
    const grid = element("div", parent, "", { class: "grid", ...describe });
    grid.style.gridTemplateColumns = `repeat(${data.width}, 1fr)`;
    const n = (data.frames ? data.frames[0] : data.start).length;
    const cells = Array.from({ length: n }, () => element(tag, grid, ""));
    const show = (frame) =>
      cells.forEach((cell, i) => {
        cell.style.background = color(LEVELS.indexOf(frame[i]) / 35);
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
    const lift = element("path", svg, "", { fill: "none", stroke: "#D8741A", "stroke-width": 2.5, "stroke-dasharray": "4 3" });
    const line = element("path", svg, "", { fill: "none", stroke: "#2C87C7", "stroke-width": 2.5 });
    const dot = element("circle", svg, "", { r: 5.5, fill: "#2C87C7", stroke: "currentColor" });
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

  // ---- a film: frames computed beforehand

  function film(root, data) {
    let at = 0, timer = 0;
    const end = data.frames.length - 1;
    const line = element("div", root, "", { class: "line" });
    const id = "uddm-" + Math.random().toString(36).slice(2);
    const label = element("label", line, data.axis + ": ", { for: id });
    const value = element("span", label);
    const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; };
    const move = (to) => { at = Math.max(0, Math.min(end, to)); draw(); };
    const less = button(line, "−", () => { stop(); move(at - 1); }, { "aria-label": data.axis + ": previous" });
    const slider = element("input", line, "", { type: "range", id, min: 0, max: end, step: 1 });
    slider.addEventListener("input", () => { stop(); move(Number(slider.value)); });
    const more = button(line, "+", () => { stop(); move(at + 1); }, { "aria-label": data.axis + ": next" });
    const play = button(line, "Play", () => {
      if (timer) return stop();
      if (at === end) move(0);
      play.textContent = "Stop";
      timer = setInterval(() => {
        if (!root.isConnected) return stop();
        move(at + 1);
        if (at === end) stop();
      }, data.play);
    });
    const views = element("div", root, "", { class: "views" });
    const grid = addGrid(views, data, "div", { role: "img" });
    const curve = data.values ? addCurve(views, data.quantity, data.axis) : null;
    const caption = element("p", root, "", { class: "words", "aria-live": "polite" });
    function draw() {
      slider.value = at;
      slider.setAttribute("aria-valuetext", data.steps[at]);
      value.textContent = data.steps[at];
      // a button that has the focus stays enabled, or the keyboard would lose its place
      less.disabled = at === 0 && document.activeElement !== less;
      more.disabled = at === end && document.activeElement !== more;
      grid.show(data.frames[at]);
      grid.grid.setAttribute("aria-label", `Picture at ${data.axis} ${data.steps[at]}`);
      if (curve) curve(data.values, at, null, data.steps);
      if (caption.textContent !== data.captions[at]) caption.textContent = data.captions[at];
    }
    draw();
  }

  // ---- a pad: the reader flips pixels, the network answers

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

  function mount(root) {
    const data = JSON.parse(root.getAttribute("data-uddm-pixels"));
    root.setAttribute("data-ready", "");
    root.className = "uddm-pixels";
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", data.label);
    root.replaceChildren();
    element("style", root, CSS);
    (data.frames ? film : pad)(root, data);
  }

  if (typeof document !== "undefined") document.querySelectorAll("[data-uddm-pixels]:not([data-ready])").forEach(mount);
  else if (typeof module !== "undefined") module.exports = { network, spins, text, choice, descend, verdict, shuffled, randomly };
})();

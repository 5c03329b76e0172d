// A pad of pixels: the reader chooses what is stored and how, flips pixels, and the network's asynchronous dynamics at
// temperature 0 run in the page.

const PAD_CSS = TURN_CSS(".uddm-pad") + PIXELS_CSS(".uddm-pad");
const TRIALS = 100;

// `count` patterns of coin flips
const drawn = (count, n, random) => Array.from({ length: count }, () => Array.from({ length: n }, () => (random() < 0.5 ? -1 : 1)));

function flipped(state, count, random) {
  const some = new Set(shuffled(state.length, random).slice(0, count));
  return state.map((s, i) => (some.has(i) ? -s : s));
}

// How many of TRIALS damaged patterns, one pattern after the other, come back exactly.
function comeBack(net, patterns, count, random) {
  let back = 0;
  for (let k = 0; k < TRIALS; k++) {
    const wanted = patterns[k % patterns.length];
    const path = descend(net, flipped(wanted, count, random), shuffled(net.n, random), 50);
    back += path[path.length - 1].every((s, i) => s === wanted[i]) ? 1 : 0;
  }
  return back;
}

bringToLife("pad", PAD_CSS, (root, data) => {
  const pictures = data.patterns.map(spins), N = pictures[0].length, random = randomly(data.seed);
  const strangers = drawn(Math.max(...data.besides), N, randomly(data.seed + 1));
  const calm = window.matchMedia && window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const at = { ...data.begin };
  let net, x = spins(data.start), values, lifted, timer = 0, focus = 0, paint = 0;

  predict(root, data.ask, () => {
    Object.assign(at, data.begin); // what was asked about
    store();
    const back = comeBack(net, kept(), data.flips[at.flips], random);
    say(told(back));
    draw();
    return `Here: ${back} of ${TRIALS}.`;
  });
  const axis = (name, values) => ({ name, values, play: 0 });
  const steppers = [
    ["stored", axis("pictures stored", data.names.map((_, k) => String(k + 1)))],
    ["besides", axis("random patterns stored besides", data.besides.map(String))],
    ["energy", axis(data.energyName, data.energies.map((e) => e.name))],
    ["flips", axis("pixels to flip", data.flips.map(String))],
  ].filter(([, { values }]) => values.length > 1).map(([key, what]) =>
    [key, stepper(root, what, at[key], (to) => { stop(); at[key] = to; if (key !== "flips") { store(); say("The network is another one now: its energies are other ones, too."); } draw(); })]);
  const load = element("p", root, "", { class: "load" });
  const starts = element("div", root, "", { class: "line" });
  element("span", starts, "Start from", { class: "name" });
  const names = data.names.map((name, k) => button(starts, name, () => begin(pictures[k], `“${name}”, as it was stored.`)));
  button(starts, "noise", () => begin(x.map(() => (random() < 0.5 ? -1 : 1)), "Every pixel drawn at random."));
  const acts = element("div", root, "", { class: "line" });
  element("span", acts, "Then", { class: "name" });
  const hit = button(acts, "", () => { stop(); damage(); });
  const run = button(acts, "let it roll", () => (timer ? stop() : roll()));
  button(acts, `try ${TRIALS} times`, () => { stop(); say(told(comeBack(net, kept(), data.flips[at.flips], random))); }, { class: "answer" });
  const views = element("div", root, "", { class: "views" });
  const grid = addGrid(views, data, "button", { role: "group", "aria-label": "Pixels. Arrow keys move, space or a click flips." });
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

  function kept() { return pictures.slice(0, at.stored + 1); }
  function all() { return [...kept(), ...strangers.slice(0, data.besides[at.besides])]; }
  function called() { return [...data.names.slice(0, at.stored + 1), ...strangers.map((_, k) => `random pattern ${k + 1}`)]; }
  function store() {
    net = network(all(), data.energies[at.energy].spec);
    [values, lifted] = [[net.energy(x)], [false]];
  }
  function told(back) {
    return `${TRIALS} trials: one of the ${at.stored + 1} pictures, ${data.flips[at.flips]} of its ${N} pixels flipped at random. ${back} come back exactly.`;
  }
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
    const before = values[values.length - 1], count = data.flips[at.flips];
    shuffled(N, random).slice(0, count).forEach((i) => change(i, true));
    say(`${count} pixels flipped at random: the energy went from ${before.toFixed(2)} to ${values[values.length - 1].toFixed(2)}.`);
    draw();
  }
  function rise(who) {
    const change = values[values.length - 1] - values[values.length - 2];
    return `${who} ${change > TIE ? "raised" : change < -TIE ? "lowered" : "did not change"} the energy${Math.abs(change) > TIE ? " by " + Math.abs(change).toFixed(2) : ""}.`;
  }
  function roll() {
    const path = descend(net, x, shuffled(N, random), 1000);
    const flips = path.slice(1).map((state, k) => state.findIndex((s, i) => s !== path[k][i]));
    const count = flips.length === 1 ? "1 flip, downhill. " : flips.length ? `${flips.length} flips, each downhill. ` : "";
    const settle = () => {
      stop();
      say(`${count}No pixel wants to change: a fixed point. ${verdict(x, all(), called())}`);
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
    steppers.forEach(([key, step]) => step(at[key]));
    names.forEach((name, k) => { name.hidden = k > at.stored; });
    hit.textContent = `flip ${data.flips[at.flips]} pixels`;
    const P = at.stored + 1 + data.besides[at.besides];
    load.replaceChildren(`P = ${P} patterns, load P/N = ${(P / N).toFixed(2)}. Energy of this picture: `);
    put(element("strong", load), values[values.length - 1], 2);
    grid.show(text(x));
    grid.cells.forEach((cell, i) => {
      cell.setAttribute("aria-pressed", x[i] > 0);
      if (!cell.hasAttribute("tabindex")) cell.tabIndex = i === focus ? 0 : -1;
    });
    curve(values, values.length - 1, lifted);
  }
  store();
  say("Click a pixel to flip it, or let the network roll downhill.");
  draw();
});

// A network that learns to predict each unit from the others, trained in the page on as many patterns as the reader wants.

const EXAMPLES_CSS = TURN_CSS(".uddm-examples") + `
.uddm-examples .views { display: flex; flex-wrap: wrap; gap: .8em 1.6em; align-items: flex-start; }
.uddm-examples figure { margin: 0; }
.uddm-examples figcaption { font-size: .92em; margin: 0 0 .3em; padding: 0; text-align: left; }
.uddm-examples canvas { width: min(19em, 100%); aspect-ratio: 1; height: auto; image-rendering: pixelated; display: block;
  outline: 1px solid var(--uddm-frame); }
.uddm-examples .matrix { flex: 0 1 19em; min-width: min(14em, 100%); }
.uddm-examples .patterns { display: flex; gap: 1em; align-items: flex-end; }
.uddm-examples .patterns figure { max-width: 6.5em; }
.uddm-examples .grid { display: grid; gap: 1px; padding: 1px; background: var(--uddm-lattice); width: 5em; }
.uddm-examples .grid > * { aspect-ratio: 1; display: grid; place-items: center; }
.uddm-examples .grid .off::after { content: ""; width: 46%; height: 46%; border-radius: 50%;
  background: var(--uddm-miss); border: 1px solid var(--uddm-miss-edge); }
.uddm-examples svg.curve { width: 100%; max-width: 26em; height: auto; }
.uddm-examples .curve path { fill: none; stroke: currentColor; stroke-opacity: .6; }
.uddm-examples .curve .line { stroke-width: 2.5; stroke-opacity: 1; }
.uddm-examples .words { min-height: 4.5em; }`;

bringToLife("examples", EXAMPLES_CSS, (root, data) => {
  const read = (rows) => rows.map((row) => Float64Array.from(spins(row)));
  const [trained, unseen] = [read(data.trained), read(data.unseen)];
  const damaged = { trained: read(data.damaged.trained), unseen: read(data.damaged.unseen) };
  const sign = spins(data.signs), N = sign.length, found = new Map();
  let at = data.start, shown = 0, guessed = null;

  // Training and recall for the k-th size, computed once.
  function results(k) {
    if (!found.has(k)) {
      const n = data.sizes[k], patterns = trained.slice(0, n), { J } = trainCouplings(patterns, data.l2);
      const same = (x, y) => x.every((s, i) => s === y[i]);
      const back = (starts, wanted) => wanted.filter((x, i) => same(recall(J, starts[i]), x)).length / wanted.length;
      found.set(k, { n, J, kinds: byKind(J), trained: back(damaged.trained, patterns), unseen: back(damaged.unseen, unseen) });
    }
    return found.get(k);
  }
  // Mean coupling between copies of one hidden spin, and typical size of all others, signs of the copies taken out.
  function byKind(J) {
    let own = 0, owns = 0, other = 0, others = 0;
    for (let i = 0; i < N; i++)
      for (let j = 0; j < N; j++) {
        const value = J[i * N + j] * sign[i] * sign[j];
        if (i === j) continue;
        if (Math.floor(i / data.copies) === Math.floor(j / data.copies)) [own, owns] = [own + value, owns + 1];
        else [other, others] = [other + value * value, others + 1];
      }
    return { own: own / owns, other: Math.sqrt(other / others) };
  }

  predict(root, data.ask, (guess) => {
    const half = data.sizes.findIndex((_, k) => results(k).unseen >= 0.5);
    guessed = guess;
    const nearest = data.sizes.reduce((best, n, k) => (Math.abs(Math.log(n / guess)) < Math.abs(Math.log(data.sizes[best] / guess)) ? k : best), 0);
    const slider = root.querySelector("input[type=range]");
    slider.value = nearest; // the slider goes there as if the reader had moved it
    slider.dispatchEvent(new Event("input"));
    const here = results(at);
    const first = half < 0 ? "Half of them do not come back at any n here." : `Half of them do from n = ${data.sizes[half]} on, among the sizes below.`;
    return `With n = ${here.n}, ${percent(here.unseen)} of the held-out patterns come back. ${first}`;
  });
  const step = stepper(root, { name: "training patterns n", values: data.sizes, play: 0 }, at, (to) => { at = to; show(); });
  const views = element("div", root, "", { class: "views" });
  const matrix = element("figure", views, "", { class: "matrix" });
  element("figcaption", matrix, `Couplings: row i is what unit i hears. Red: agrees. Blue: contradicts. Units stand in groups of ${data.copies}.`);
  const canvas = element("canvas", matrix, "", { width: N, height: N, role: "img" });
  const answer = element("div", views, "", { class: "answer" });
  const patterns = element("div", answer, "", { class: "patterns" });
  const grids = ["a held-out pattern", `${data.flips} units flipped`, "where it ends"].map((name) => picture(patterns, name));
  const acts = element("div", answer, "", { class: "line" });
  button(acts, "another held-out pattern", () => { shown = (shown + 1) % unseen.length; show(); });
  const below = element("div", root, "", { class: "answer" });
  const shares = bars(below, "Share of patterns that come back whole");
  const curve = addShares(below);
  const caption = element("p", root, "", { class: "words", "aria-live": "polite" });

  function picture(parent, name) {
    const figure = element("figure", parent);
    element("figcaption", figure, name);
    const grid = element("div", figure, "", { class: "grid", role: "img" });
    grid.style.gridTemplateColumns = `repeat(${data.copies}, 1fr)`;
    const cells = Array.from({ length: N }, () => element("div", grid));
    return (x, wanted) => {
      const off = cells.filter((cell, i) => {
        cell.style.background = x[i] * sign[i] > 0 ? data.ink : data.paper;
        cell.className = x[i] !== wanted[i] ? "off" : "";
        return x[i] !== wanted[i];
      }).length;
      grid.setAttribute("aria-label", `${name}: ${off} of ${N} units differ from the pattern`);
      return off;
    };
  }

  function show() {
    const { n, J, kinds, trained: seen, unseen: fresh } = results(at);
    step(at);
    paint(canvas, J, sign, data.tints);
    canvas.setAttribute("aria-label", `${N} by ${N} couplings after ${n} patterns: ${kinds.own.toFixed(2)} between copies of one hidden spin, ` +
      `others about ${kinds.other.toFixed(2)} in size`);
    const end = recall(J, damaged.unseen[shown]);
    const [, , off] = [unseen[shown], damaged.unseen[shown], end].map((x, k) => grids[k](x, unseen[shown]));
    shares([
      { name: "training", value: seen, color: "train", note: `of ${n}` },
      { name: "held-out", value: fresh, color: "held-out", note: `of ${unseen.length}` },
    ], { digits: 2 });
    curve([...found].sort((a, b) => a[0] - b[0]).map(([, one]) => one), n, guessed, data.sizes);
    caption.replaceChildren("A unit listens to each fellow copy with ");
    put(element("span", caption, "", { class: "own" }), kinds.own, 2);
    caption.append(", and to units that copy something else with about ");
    put(element("span", caption, "", { class: "other" }), kinds.other, 2);
    caption.append(` (plus or minus). That is ${percent(kinds.other / kinds.own)} of it.`);
    element("span", caption, ` The held-out pattern shown ${off ? `does not come back: ${off} units are wrong at the end.` : "comes back whole."}`, { class: "answer" });
  }
  show();
});

function percent(share) { return `${Math.round(100 * share)} %`; }

// The matrix with the signs of the copies taken out, red above 0 and blue below, on its own scale.
function paint(canvas, J, sign, [minus, zero, plus]) {
  const N = sign.length, pen = canvas.getContext("2d"), image = pen.createImageData(N, N);
  const top = J.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
  for (let k = 0; k < N * N; k++) {
    const value = (J[k] * sign[Math.floor(k / N)] * sign[k % N]) / top, to = value > 0 ? plus : minus;
    for (let c = 0; c < 3; c++) image.data[4 * k + c] = zero[c] + (to[c] - zero[c]) * Math.abs(value);
    image.data[4 * k + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
}

// Shares at the sizes that were tried, against n; an upright line marks the guess.
function addShares(parent) {
  const svg = element("svg", parent, "", { class: "curve", viewBox: "0 0 340 190", role: "img" });
  const say = (text, x, y, anchor = "middle") => element("text", svg, text, { x, y, fill: "currentColor", "font-size": 13, "text-anchor": anchor });
  element("path", svg, "", { d: "M40 22V150H330" });
  say("share that comes back", 44, 14, "start");
  say("1", 34, 34, "end");
  say("0", 34, 154, "end");
  say("training patterns n", 185, 186);
  const guess = element("path", svg, "", { "stroke-dasharray": "2 4" }), guessed = say("", 0, 0, "start");
  const lines = ["train", "held-out"].map((name, k) => {
    const line = element("path", svg, "", { class: "line", ...(k ? { "stroke-dasharray": "7 4" } : {}) });
    line.style.stroke = `var(--uddm-${name})`;
    return line;
  });
  const marks = [];
  let drawn = false;
  return (rows, here, guessAt, sizes) => {
    const last = Math.log(sizes[sizes.length - 1] / sizes[0]);
    const x = (n) => 46 + (276 * Math.log(n / sizes[0])) / last, y = (share) => 146 - 116 * share;
    if (!drawn) sizes.filter((n) => Number.isInteger(Math.log2(n))).forEach((n) => say(n, x(n), 168));
    drawn = true;
    marks.splice(0).forEach((mark) => mark.remove());
    ["trained", "unseen"].forEach((name, k) => {
      lines[k].setAttribute("d", rows.map((row, i) => `${i ? "L" : "M"}${x(row.n).toFixed(1)} ${y(row[name]).toFixed(1)}`).join(""));
      rows.forEach((row) => {
        const r = row.n === here ? 6.5 : 3.5, [a, b] = [x(row.n).toFixed(1), y(row[name]).toFixed(1)];
        const mark = element("path", svg, "", { d: k ? `M${a} ${b - r}l${r} ${r}l-${r} ${r}l-${r} -${r}z` : `M${a - r} ${b - r}h${2 * r}v${2 * r}h-${2 * r}z` });
        mark.style.cssText = `fill: var(--uddm-${k ? "held-out" : "train"}); stroke: none`;
        marks.push(mark);
      });
    });
    const known = guessAt === null ? 0 : Math.max(40, Math.min(330, x(guessAt)));
    guess.setAttribute("d", known ? `M${known} 22V150` : "");
    guessed.textContent = known ? "your guess" : "";
    guessed.setAttribute("x", known > 250 ? known - 4 : known + 4);
    guessed.setAttribute("text-anchor", known > 250 ? "end" : "start");
    guessed.setAttribute("y", 92);
    const told = rows.map((row) => `${row.n}: training ${percent(row.trained)}, held-out ${percent(row.unseen)}`);
    svg.setAttribute("aria-label", `Share of patterns that come back at the sizes tried so far. ${told.join("; ")}`);
  };
}

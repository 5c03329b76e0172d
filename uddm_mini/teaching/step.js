// One reverse step for the first word of two, from t back to s: what is kept, what is guessed, what is noise; chapter 9.

const STEP_CSS = TURN_CSS(".uddm-step") + `
.uddm-step .line label.word { flex: 0 0 4em; }
.uddm-step .share + .value { min-width: 3.4em; font-variant-numeric: tabular-nums; }`;

// What the noise left at t of this word (seen) and of the other one, and what one step back to s makes of it.
function reverseStep(data, t, s, seen, other) {
  const V = data.words.length, signal = (level) => 1 - (1 - data.epsilon) * level;
  const [a, b] = [signal(s), signal(t)], survives = b / a; // alpha_s, alpha_t, alpha_t|s
  const q = (alpha, to, from) => (to === from ? alpha : 0) + (1 - alpha) / V;
  const normalised = (p) => p.map((x) => x / p.reduce((sum, y) => sum + y, 0));
  const cavity = normalised(data.joint.map((row) => row.reduce((sum, p, w) => sum + p * q(b, other, w), 0)));
  const full = normalised(cavity.map((c, v) => c * q(b, seen, v)));
  const plugged = (p0) => normalised(p0.map((p, x) => q(survives, seen, x) * (a * p + (1 - a) / V)));
  // the average of the steps whose clean word v is known: plug in certainty, and weigh with the full posterior
  const known = data.words.map((_, v) => plugged(data.words.map((__, x) => (x === v ? 1 : 0))));
  const truth = data.words.map((_, x) => full.reduce((sum, f, v) => sum + f * known[v][x], 0));
  // the word stood at s already; it was redrawn since, and at s stood the clean word, by p0; or a draw of the noise
  function parts(p0) {
    const kept = survives * (a * p0[seen] + (1 - a) / V), guessed = ((1 - survives) / V) * a, noise = ((1 - survives) / V) * (1 - a);
    const all = kept + guessed + noise;
    return { kept: kept / all, guessed: guessed / all, noise: noise / all };
  }
  return { cavity, full, plugged, truth, parts, survives, alphas: [a, b] };
}

bringToLife("step", STEP_CSS, (root, data, still) => {
  const { words, times } = data, begin = { t: data.t, s: data.s, seen: data.read[0], other: data.read[1], form: "cavity" }, at = { ...begin };
  let own = words.map(() => 1 / words.length);
  const here = () => reverseStep(data, times[at.t], times[at.s], at.seen, at.other);
  const plug = (now) => ({ cavity: now.cavity, full: now.full, own })[at.form];

  predict(root, data.ask, () => {
    Object.assign(at, begin); // what was asked about
    show();
    const now = here(), stays = (p0) => now.plugged(p0)[at.seen].toFixed(3);
    return `It stays with ${now.truth[at.seen].toFixed(3)}. The cavity posterior plugged in says ${stays(now.cavity)}, the full posterior ${stays(now.full)}.`;
  });
  const answer = element("div", root, "", { class: "answer" });
  const axis = (name, values) => ({ name, values, play: 0 });
  const levels = times.map((t) => t.toFixed(2));
  const steppers = [
    ["t", axis("noise level t", levels)],
    ["s", axis("back to s", levels)],
    ["seen", axis("the word the noise left here, b", words)],
    ["other", axis("the other word, as the noise left it", words)],
  ].map(([key, what]) => stepper(answer, what, at[key], (to) => move(key, to)));
  const form = choice(answer, "Plug in as p₀", { cavity: "the cavity posterior", full: "the full posterior", own: "my own" }, (to) => { at.form = to; show(); });
  const sliders = words.map((word, a) => {
    const line = element("div", answer, "", { class: "line" }), id = "uddm-" + Math.random().toString(36).slice(2);
    element("label", line, word, { for: id, class: "word" });
    const slider = element("input", line, "", { type: "range", id, min: 0, max: 1, step: 0.001, class: "share" });
    const value = element("span", line, "", { class: "value" });
    slider.addEventListener("input", () => { mine(a, Number(slider.value)); show(); });
    return (p) => { slider.value = p[a]; put(value, p[a], 3); };
  });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const draw = bars(answer, "The word at s");
  element("p", answer, "How it came there:");
  const split = bars(answer, "Kept, guessed, noise");
  onPaper(root, still);

  function move(key, to) { // s lies before t
    at[key] = to;
    if (key === "t") at.s = Math.min(at.s, (at.t = Math.max(1, to)) - 1);
    if (key === "s") at.t = Math.max(at.t, (at.s = Math.min(times.length - 2, to)) + 1);
    show();
  }
  function mine(a, x) { // the others make room
    const p = plug(here()), rest = 1 - p[a];
    own = p.map((y, k) => (k === a ? x : rest > 1e-12 ? (y * (1 - x)) / rest : (1 - x) / (words.length - 1)));
    at.form = "own";
  }
  function show() {
    const now = here(), p0 = plug(now), step = now.plugged(p0), { kept, guessed, noise } = now.parts(p0);
    [at.t, at.s, at.seen, at.other].forEach((value, k) => steppers[k](value));
    form(at.form);
    sliders.forEach((slider) => slider(p0));
    const off = step.reduce((sum, p, a) => sum + Math.abs(p - now.truth[a]), 0) / 2, [a, b] = now.alphas;
    caption.textContent = `αₛ = ${a.toFixed(3)}, αₜ = ${b.toFixed(3)}. Bars: this step. Upright lines: the truth. Total variation distance ${off.toFixed(3)}.`;
    draw(words.map((name, v) => ({ name, value: step[v], tick: now.truth[v], color: at.form === "full" ? "posterior" : "cavity", note: v === at.seen ? "stays" : "" })));
    split([
      { name: "kept: it stood there at s", value: kept, color: "accent" },
      { name: "guessed: clean at s, by p₀", value: guessed, color: "cavity" },
      { name: "noise: drawn by chance", value: noise, color: "noise" },
    ]);
  }
  show();
});

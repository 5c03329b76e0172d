// The joint law of two words, set by hand: what the noise tells of the first one with and without looking at it, and what two
// losses learn.

const ANSWERS_CSS = TURN_CSS(".uddm-answers") + `
.uddm-answers table { border-collapse: collapse; margin: .4em 0; display: table; width: auto; font-size: .95em; }
.uddm-answers :is(th, td) { text-align: left; padding: .1em .5em; font-variant-numeric: tabular-nums; border: 0; vertical-align: middle; }
.uddm-answers td input[type=range] { width: 5.5em; min-width: 3em; vertical-align: middle; }
@media (max-width: 600px) { .uddm-answers table { font-size: .82em; } .uddm-answers :is(th, td) { padding: .1em .2em; }
  .uddm-answers td input[type=range] { width: 4.2em; } }
.uddm-answers td span { display: inline-block; min-width: 2.8em; }
.uddm-answers svg.curves { width: 100%; max-width: 30em; height: auto; }
.uddm-answers .curves path { fill: none; stroke: currentColor; stroke-opacity: .6; }
.uddm-answers .curves .cavity { stroke: var(--uddm-curve); stroke-width: 3; stroke-opacity: 1; }
.uddm-answers .curves .full { stroke: var(--uddm-lift); stroke-width: 3; stroke-opacity: 1; stroke-dasharray: 7 4; }
@media print { .uddm-answers td input { display: none; } }`;

// What the noise makes of a joint law at t, with the schedule alpha = 1 - (1 - epsilon) t.
function noisy(joint, t, epsilon) {
  const V = joint.length, alpha = 1 - (1 - epsilon) * t, sum = (xs) => xs.reduce((a, b) => a + b, 0);
  const q = (b, v) => (b === v ? alpha : 0) + (1 - alpha) / V, normalised = (p) => p.map((x) => x / sum(p));
  const cavity = (other) => normalised(joint.map((row) => sum(row.map((p, w) => p * q(other, w)))));
  const full = (b, other) => normalised(cavity(other).map((c, v) => c * q(b, v)));
  const entropy = (p) => -sum(p.map((x) => (x > 0 ? x * Math.log(x) : 0)));
  // the mean over what the noise leaves of both words
  const entropies = () => {
    let both = [0, 0];
    for (let b = 0; b < V; b++) for (let other = 0; other < V; other++) {
      const weight = sum(joint.map((row, v) => q(b, v) * sum(row.map((p, w) => p * q(other, w)))));
      [cavity(other), full(b, other)].forEach((p, k) => { both[k] += weight * entropy(p); });
    }
    return both;
  };
  return { alpha, cavity, full, entropies };
}

// The slope of the mean price in each probability, where the clean word is drawn from `full`.
function slopes(loss, p, { alpha, seen, full }) {
  const V = p.length, u = p.map((x) => alpha * V * x + 1 - alpha);
  if (loss === "entropy") return p.map((x, a) => -full[a] / x);
  const sure = (v, a) => (a === v ? alpha * V : 0) + 1 - alpha;
  const rate = p.map((_, a) => full.reduce((sum, f, v) => sum + (f * sure(v, a)) / sure(v, seen), 0)); // the mean of r*
  const others = p.map((_, a) => a).filter((a) => a !== seen);
  const scale = 1 / u[seen]; // -alpha' / (alpha V) times alpha V, up to the schedule's slope
  return p.map((_, a) => a === seen
    ? scale * others.reduce((sum, k) => sum + rate[k] - u[k] / u[seen], 0)
    : scale * (1 - rate[a] / (u[a] / u[seen])));
}

// Logits from zero by Adam; the law after every `every` steps.
function descend(loss, here, { steps, every, rate }) {
  const V = here.full.length, zero = () => Array(V).fill(0), laws = [];
  const softmax = (z) => { const e = z.map((x) => Math.exp(x - Math.max(...z))), all = e.reduce((a, b) => a + b, 0); return e.map((x) => x / all); };
  let z = zero(), m = zero(), s = zero();
  for (let k = 0; k <= steps; k++) {
    const p = softmax(z);
    if (k % every === 0) laws.push(p);
    const slope = slopes(loss, p, here), mean = p.reduce((sum, x, a) => sum + x * slope[a], 0);
    const step = rate * Math.min(1, (2 * (steps - k)) / steps); // it falls in the second half
    z = z.map((x, a) => {
      const g = p[a] * (slope[a] - mean);
      m[a] = 0.9 * m[a] + 0.1 * g;
      s[a] = 0.99 * s[a] + 0.01 * g * g;
      return x - (step * (m[a] / (1 - 0.9 ** (k + 1)))) / (Math.sqrt(s[a] / (1 - 0.99 ** (k + 1))) + 1e-12);
    });
  }
  return laws;
}

bringToLife("answers", ANSWERS_CSS, (root, data) => {
  const { words, times } = data, names = Object.keys(data.languages), last = data.descent.steps / data.descent.every;
  const start = { t: data.start, seen: data.read[0], other: data.read[1], learned: 0 }, at = { ...start };
  let named = names[0], weights, laws;
  const joint = () => { const all = weights.flat().reduce((a, b) => a + b, 0); return weights.map((row) => row.map((x) => x / all)); };
  const take = (name) => { named = name; weights = data.languages[name].map((row) => row.slice()); };
  take(named);

  predict(root, data.ask, () => {
    Object.assign(at, start); // what was asked about
    take(names[0]);
    moved();
    const here = noisy(joint(), times[at.t], data.epsilon);
    return `Bayes' rule gives ${here.full(at.seen, at.other)[at.seen].toFixed(3)}. Now let both losses learn, and set the language by hand.`;
  });
  const picks = choice(root, "language", Object.fromEntries(names.map((name) => [name, name])), (name) => { take(name); moved(); });
  element("p", root, "How probable each sentence is; first word in rows. Set it by hand:");
  const table = element("table", root), head = element("tr", element("thead", table));
  ["", ...words.map((word) => `… ${word}`)].forEach((name) => element(name ? "th" : "td", head, name, name ? { scope: "col" } : {}));
  const body = element("tbody", table), cells = [];
  words.forEach((word, v) => {
    const row = element("tr", body);
    element("th", row, `${word} …`, { scope: "row" });
    words.forEach((next, w) => {
      const cell = element("td", row);
      const slider = element("input", cell, "", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": `weight of ${word} ${next}` });
      const value = element("span", cell);
      slider.addEventListener("input", () => {
        weights[v][w] = Number(slider.value);
        if (weights.flat().every((x) => x === 0)) weights = weights.map((row) => row.map(() => 0.5)); // some sentence must be possible
        named = "";
        moved();
      });
      cells.push(() => { slider.value = weights[v][w]; put(value, joint()[v][w], 2); });
    });
  });
  const axis = (name, values, play = 0) => ({ name, values, play });
  const steppers = [
    ["t", axis("noise level t", times.map(String))],
    ["seen", axis("the word the noise left here, b", words)],
    ["other", axis("the other word, as the noise left it", words)],
  ].map(([key, what]) => [key, stepper(root, what, at[key], (to) => { at[key] = to; moved(); })]);
  const answer = element("div", root, "", { class: "answer" });
  const counts = Array.from({ length: last + 1 }, (_, k) => String(k * data.descent.every));
  const learn = stepper(answer, axis("steps of learning, from 1/3 each".replace("3", words.length), counts, 120), 0, (to) => { at.learned = to; show(); });
  element("p", answer, "Learned with the NELBO. The mark is the cavity posterior:");
  const nelbo = bars(answer, "Learned with the NELBO");
  element("p", answer, "Learned with cross-entropy. The mark is the full posterior:");
  const entropy = bars(answer, "Learned with cross-entropy");
  const told = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const curves = addEntropies(answer);

  function moved() {
    const now = noisy(joint(), times[at.t], data.epsilon);
    const here = { alpha: now.alpha, seen: at.seen, full: now.full(at.seen, at.other), cavity: now.cavity(at.other) };
    laws = { nelbo: descend("nelbo", here, data.descent), entropy: descend("entropy", here, data.descent), ...here };
    show();
  }
  function show() {
    picks(named);
    cells.forEach((cell) => cell());
    steppers.forEach(([key, step]) => step(at[key]));
    learn(at.learned);
    const rows = (learned, exact, color) => words.map((name, a) => ({ name, value: learned[at.learned][a], tick: exact[a], note: `exact ${exact[a].toFixed(3)}`, color }));
    nelbo(rows(laws.nelbo, laws.cavity, "cavity"));
    entropy(rows(laws.entropy, laws.full, "posterior"));
    const along = times.map((t) => noisy(joint(), t, data.epsilon).entropies());
    told.replaceChildren(`How unsure, at t = ${times[at.t]}, on average over what the noise leaves? Cavity `);
    put(element("strong", told, "", { class: "cavity" }), along[at.t][0], 3);
    told.append(" nats, full ");
    put(element("strong", told, "", { class: "full" }), along[at.t][1], 3);
    told.append(" nats.");
    curves(times, along, at.t, Math.log(words.length));
  }
  moved();
});

// Mean entropies of both posteriors against t.
function addEntropies(parent) {
  const label = "Mean entropy of the two posteriors against the noise level. The full posterior's goes to zero as the noise does; the cavity's goes to what the other word leaves open.";
  const svg = element("svg", parent, "", { class: "curves", viewBox: "0 0 340 196", role: "img", "aria-label": label });
  const say = (text, x, y, anchor = "start") => element("text", svg, text, { x, y, fill: "currentColor", "font-size": 13, "text-anchor": anchor });
  say("entropy in nats, from 0 to ln V", 8, 14);
  element("path", svg, "", { d: "M20 24V150H330" });
  say("t = 0", 20, 166, "middle");
  say("1", 330, 166, "middle");
  const lines = ["cavity", "full"].map((name) => element("path", svg, "", { class: name }));
  say("— cavity", 100, 188, "middle").style.fill = "var(--uddm-curve)";
  say("- - full", 230, 188, "middle").style.fill = "var(--uddm-lift)";
  const dots = lines.map(() => element("circle", svg, "", { r: 5, fill: "currentColor" }));
  return (times, along, now, top) => {
    const x = (t) => 20 + 310 * t, y = (h) => 150 - (120 * h) / top;
    lines.forEach((path, k) => {
      path.setAttribute("d", times.map((t, i) => `${i ? "L" : "M"}${x(t).toFixed(1)} ${y(along[i][k]).toFixed(1)}`).join(""));
      dots[k].setAttribute("cx", x(times[now]));
      dots[k].setAttribute("cy", y(along[now][k]));
    });
  };
}

// Up to which noise level a perfect memory knows which of its sentences it is looking at: counted, and predicted by ln n.

const THREAD_CSS = TURN_CSS(".uddm-thread") + `
.uddm-thread svg.curves { width: 100%; max-width: 30em; height: auto; }
.uddm-thread .curves path { fill: none; stroke: currentColor; stroke-opacity: .6; }
.uddm-thread .curves .weight { stroke: var(--uddm-memorizer); stroke-width: 3; stroke-opacity: 1; }
.uddm-thread .curves .predicted { stroke: var(--uddm-population); stroke-width: 3; stroke-opacity: 1; stroke-dasharray: 7 4; }
.uddm-thread .sentence { line-height: 2; overflow-wrap: anywhere; }`;

// log p(x_t), with x_0 drawn from the language: the forward recursion with q(x_t | word) on the arrows.
function logEvidence(language, xt, same, different) {
  let log = 0, forward = Float64Array.of(1);
  language.forEach(({ src, dst, word, prob, states }, l) => {
    const next = new Float64Array(states);
    src.forEach((from, i) => { next[dst[i]] += forward[from] * prob[i] * (word[i] === xt[l] ? same : different); });
    const total = next.reduce((sum, m) => sum + m, 0);
    log += Math.log(total);
    forward = next.map((m) => m / total);
  });
  return log;
}

// Where falling values pass a level, between the times; the first or last time where they never do.
function passes(times, values, level) {
  const k = values.findIndex((v) => v < level);
  if (k <= 0) return k ? times.at(-1) : times[0];
  return times[k - 1] + ((times[k] - times[k - 1]) * (values[k - 1] - level)) / (values[k - 1] - values[k]);
}

bringToLife("thread", THREAD_CSS, (root, data, still) => {
  const { words, sizes, times, trials, language } = data, V = words.length, L = language.length;
  const noise = engine.uniformNoise(V, "linear", data.epsilon), all = engine.sentencesOf(data.memory, L);
  const begin = { size: data.size, t: data.start, which: 0 }, at = { ...begin };
  let seed = data.seed, draws = drawn(), found = {};

  function drawn() { // for each trial and word: is it kept, and what is drawn if not
    const random = engine.randomNumbers(seed);
    return Array.from({ length: trials }, () => Array.from({ length: L }, () => ({ luck: random(), fresh: Math.floor(random() * V) })));
  }
  // one corruption of the memory number i: the weight of the right one, and the information that is left, in nats
  function trial(i, t) {
    const n = sizes[at.size], own = all[i % n], alpha = noise.alpha(t), beta = noise.ownLogOdds(t);
    const xt = own.map((word, l) => (draws[i][l].luck < alpha ? word : draws[i][l].fresh));
    const overlap = (y) => y.reduce((sum, word, l) => sum + (word === xt[l] ? 1 : 0), 0), mine = overlap(own);
    let total = 0;
    for (let j = 0; j < n; j++) total += Math.exp(beta * (overlap(all[j]) - mine));
    const different = (1 - alpha) / V, same = alpha + different;
    const information = mine * Math.log(same) + (L - mine) * Math.log(different) - logEvidence(language, xt, same, different);
    return { own, xt, weight: 1 / total, information };
  }
  function measured() { // means over the trials, at every level
    if (found[at.size]) return found[at.size];
    const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
    const rows = times.map((t) => Array.from({ length: trials }, (_, i) => trial(i, t)));
    const weight = rows.map((row) => mean(row.map((one) => one.weight))), information = rows.map((row) => mean(row.map((one) => one.information)));
    const level = passes(times, weight, 0.5), predicted = passes(times, information, Math.log(sizes[at.size]));
    return (found[at.size] = { weight, information, level, predicted });
  }

  predict(root, data.ask, () => {
    Object.assign(at, begin); // what was asked about
    show();
    const { level, predicted } = measured();
    return `Counted here: t = ${level.toFixed(2)}. Predicted, where xₜ carries ln n nats about x₀: ${predicted.toFixed(2)}.`;
  });
  const answer = element("div", root, "", { class: "answer" });
  const axis = (name, values) => ({ name, values, play: 0 });
  const steppers = [
    ["size", axis("sentences in the memory, n", sizes.map((n) => n.toLocaleString("en")))],
    ["t", axis("noise level t", times.map((t) => t.toFixed(2)))],
    ["which", axis("one of them, number", Array.from({ length: trials }, (_, i) => String(i + 1)))],
  ].map(([key, what]) => [key, stepper(answer, what, at[key], (to) => { at[key] = to; show(); })]);
  const acts = element("div", answer, "", { class: "line" });
  button(acts, `draw ${trials} corruptions again`, () => { seed++; draws = drawn(); found = {}; show(); });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const svg = addCollapse(answer, times);
  const one = element("div", answer);
  onPaper(root, still);

  function sentence(name, x, truth) {
    const line = element("p", one, "", { class: "sentence" });
    element("strong", line, `${name}: `);
    x.forEach((v, l) => { element(v === truth[l] ? "span" : "mark", line, words[v]); line.append(" "); });
  }
  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const { weight, information, level, predicted } = measured(), n = sizes[at.size], t = times[at.t];
    caption.replaceChildren(`t = ${t.toFixed(2)}, mean over ${trials} corruptions: the right sentence has the weight `);
    put(element("strong", caption, "", { class: "mean" }), weight[at.t], 3);
    caption.append("; xₜ carries ");
    put(element("strong", caption, "", { class: "information" }), information[at.t], 2);
    caption.append(` nats about x₀, and ln n = ${Math.log(n).toFixed(2)}. The weight falls through one half at t = `);
    put(element("strong", caption, "", { class: "level" }), level, 2);
    caption.append("; predicted: ");
    put(element("strong", caption, "", { class: "foreseen" }), predicted, 2);
    svg(weight, at.t, level, predicted);
    one.replaceChildren();
    const { own, xt, weight: mine, information: nats } = trial(at.which, t);
    sentence("stored", own, own);
    sentence("corrupted", xt, own);
    const line = element("p", one, "The right one gets the weight ", { class: "words" });
    put(element("span", line, "", { class: "mine" }), mine, 3);
    line.append("; this text carries ");
    put(element("span", line, "", { class: "nats" }), nats, 2);
    line.append(" nats.");
  }
  show();
});

// The mean weight of the right sentence against the noise level, and the level that is predicted.
function addCollapse(parent, times) {
  const svg = element("svg", parent, "", { class: "curves", viewBox: "0 0 340 205", role: "img" });
  const say = (text, x, y, anchor = "start") => element("text", svg, text, { x, y, fill: "currentColor", "font-size": 13, "text-anchor": anchor });
  const x = (t) => 34 + 296 * t, y = (p) => 158 - 132 * p;
  say("mean weight of the right sentence", 8, 14);
  element("path", svg, "", { d: "M34 22V158H334" });
  element("path", svg, "", { d: `M34 ${y(0.5)}H334`, "stroke-dasharray": "2 4" });
  [[0, "0"], [0.5, "½"], [1, "1"]].forEach(([p, name]) => say(name, 28, y(p) + 5, "end"));
  [0, 0.5, 1].forEach((t) => say(String(t), x(t), 176, t === 1 ? "end" : "middle"));
  say("— counted", 40, 200).style.fill = "var(--uddm-memorizer)";
  say("- - predicted level", 130, 200).style.fill = "var(--uddm-population)";
  say("t", 334, 200, "end");
  const line = element("path", svg, "", { class: "weight" }), foreseen = element("path", svg, "", { class: "predicted" });
  const dot = element("circle", svg, "", { r: 5, fill: "currentColor" });
  return (weight, at, level, predicted) => {
    line.setAttribute("d", weight.map((w, k) => `${k ? "L" : "M"}${x(times[k]).toFixed(1)} ${y(w).toFixed(1)}`).join(""));
    foreseen.setAttribute("d", `M${x(predicted).toFixed(1)} 24V158`);
    dot.setAttribute("cx", x(times[at]));
    dot.setAttribute("cy", y(weight[at]));
    svg.setAttribute("aria-label", `The mean weight of the right sentence falls through one half at t = ${level.toFixed(2)}; predicted is ${predicted.toFixed(2)}.`);
  };
}

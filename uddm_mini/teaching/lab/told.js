// One damaged sentence, and a network that is told other noise levels than its own; beside it the exact answer.

const TOLD_CSS = TURN_CSS(".uddm-told") + `
.uddm-told svg.curves { width: 100%; max-width: 30em; height: auto; }
.uddm-told .curves path { fill: none; stroke: currentColor; stroke-opacity: .6; }
.uddm-told .curves .network { stroke: var(--uddm-curve); stroke-width: 3; stroke-opacity: 1; }
.uddm-told .curves .exact { stroke: var(--uddm-population); stroke-width: 3; stroke-opacity: 1; stroke-dasharray: 7 4; }`;
const TOLD_TOP = 4; // words of each that have a bar
const toldLevel = (t) => (t < 0.1 ? t.toPrecision(2) : t.toFixed(3));
const logit = (t) => Math.log(t / (1 - t));

bringToLife("told", WORDS_CSS(".uddm-told") + TOLD_CSS, (root, data, still) => {
  const model = engine.loadModel(engine.bytesOf(data.model)), { words, length, noise } = model, V = words.length;
  const exact = engine.population(data.language, noise), truth = data.truth, random = engine.randomNumbers(1);
  const begin = { place: data.place, t: data.start, form: "posterior" }, at = { ...begin };
  let now = data.damaged.slice(), along = null;

  predict(root, data.ask, () => {
    Object.assign(at, begin); // what was asked about
    now = data.damaged.slice();
    show();
    const [mine, right] = [0, 1].map((k) => crossing(curve().map((pair) => pair[k])));
    const where = (t) => (t === null ? "at no level of the slider" : `at t = ${toldLevel(t)}`);
    return `The network lets go ${where(mine)}; who knows the language exactly, ${where(right)}.`;
  });
  const answer = element("div", root, "", { class: "answer" });
  const editor = sentenceEditor(answer, words, length, {
    toggled: (l) => put([l, [now[l] === truth[l] ? other(truth[l]) : truth[l]]], l),
    typed: (l, ids) => put([l, ids], l),
    chosen: (l) => { if (l !== at.place) { at.place = l; show(); } },
  });
  const form = choice(answer, "Who is asked", { posterior: "all words, itself too", cavity: "all other words" }, (to) => { at.form = to; show(); });
  const step = stepper(answer, { name: "noise level t that both are told", values: data.times.map(toldLevel), play: 0 }, at.t, (to) => { at.t = to; show(); });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const draw = bars(answer, "What stands there");
  const svg = addLevels(answer, data.times);
  onPaper(root, still);

  function other(word) {
    return (word + 1 + Math.floor(random() * (V - 1))) % V;
  }
  function put([from, ids], place) {
    now = now.map((word, l) => ids[l - from] ?? word);
    at.place = place;
    show();
  }
  const asked = (denoiser, t) => Array.from(engine.ask(denoiser, now, t, at.form)[at.place], (v) => Math.exp(v));
  // what the network and the language give the word that stands there, at every level
  function curve() {
    const key = [now, at.place, at.form].join();
    if (!along || along.key !== key)
      along = { key, values: data.times.map((t) => [model, exact].map((one) => asked(one, t)[now[at.place]])) };
    return along.values;
  }
  function crossing(values) { // the level at which they fall through one half, on the axis of the curve
    const k = values.findIndex((v, i) => i > 0 && values[i - 1] >= 0.5 && v < 0.5);
    if (k < 0) return null;
    const [low, high] = [k - 1, k].map((i) => logit(data.times[i])), share = (values[k - 1] - 0.5) / (values[k - 1] - values[k]);
    return 1 / (1 + Math.exp(-low - share * (high - low)));
  }
  function show() {
    step(at.t);
    form(at.form);
    editor(truth, now, at.place);
    const t = data.times[at.t], mine = asked(model, t), right = asked(exact, t), stands = now[at.place];
    const top = (p) => p.map((_, v) => v).sort((a, b) => p[b] - p[a]).slice(0, TOLD_TOP);
    const shown = [...new Set([...top(mine), ...top(right).filter((v) => right[v] > 0), stands, truth[at.place]])];
    const note = (v) => [v === stands && "stands there", v === truth[at.place] && "★ clean"].filter(Boolean).join(", ");
    caption.textContent = `Place ${at.place + 1}, told t = ${toldLevel(t)}. Bars: the network. Upright lines: the exact answer.`;
    draw(shown.sort((a, b) => mine[b] - mine[a]).map((v) => ({ name: words[v], value: mine[v], tick: right[v], color: "accent", note: note(v) })));
    svg(curve(), at.t, words[stands]);
  }
  show();
});

// What is given to the word that stands there, against the level that is told; the axis is wide near 0 and near 1.
function addLevels(parent, times) {
  const svg = element("svg", parent, "", { class: "curves", viewBox: "0 0 340 205", role: "img" });
  const say = (text, x, y, anchor = "start") => element("text", svg, text, { x, y, fill: "currentColor", "font-size": 13, "text-anchor": anchor });
  const end = logit(times.at(-1)), x = (t) => 34 + 148 * (1 + logit(t) / end), y = (p) => 158 - 132 * p;
  const title = say("", 8, 14);
  element("path", svg, "", { d: "M34 22V158H334" });
  element("path", svg, "", { d: `M34 ${y(0.5)}H334`, "stroke-dasharray": "2 4" });
  [[0, "0"], [0.5, "½"], [1, "1"]].forEach(([p, name]) => say(name, 28, y(p) + 5, "end"));
  [0.001, 0.01, 0.1, 0.5, 0.9, 0.99].forEach((t) => say(String(t), x(t), 176, "middle"));
  say("— network", 60, 200).style.fill = "var(--uddm-curve)";
  say("- - exact", 150, 200).style.fill = "var(--uddm-population)";
  say("level told", 334, 200, "end");
  const lines = ["network", "exact"].map((name) => element("path", svg, "", { class: name }));
  const dots = lines.map(() => element("circle", svg, "", { r: 5, fill: "currentColor" }));
  return (rows, at, word) => {
    title.textContent = `share of “${word}”, the word that stands there`;
    lines.forEach((line, i) => {
      line.setAttribute("d", rows.map((row, k) => `${k ? "L" : "M"}${x(times[k]).toFixed(1)} ${y(row[i]).toFixed(1)}`).join(""));
      const look = { cx: x(times[at]), cy: y(rows[at][i]), "data-value": rows[at][i] };
      for (const name in look) dots[i].setAttribute(name, look[name]);
    });
    svg.setAttribute("aria-label", `What “${word}” gets at level ${toldLevel(times[at])}: ${rows[at][0].toFixed(3)} from the network, ${rows[at][1].toFixed(3)} exactly.`);
  };
}

// A damaged sentence under a perfect memory: overlaps become weights, the noise level is the temperature; beside it the language.

const RECALL_CSS = TURN_CSS(".uddm-recall");
const RECALL_TOP = { memories: 7, words: 4 }; // with a bar of their own

// softmax(beta overlap) over the memories; with a place, this place has no say
function memoryWeights(memory, x, beta, without) {
  const overlap = memory.map((y) => y.reduce((sum, word, l) => sum + (word === x[l] && l !== without ? 1 : 0), 0));
  const log = engine.logSoftmax(overlap.map((m) => beta * m));
  return { overlap, weight: Array.from(log, (v) => Math.exp(v)) };
}

bringToLife("recall", WORDS_CSS(".uddm-recall") + RECALL_CSS, (root, data, still) => {
  const { words, sizes, times } = data, V = words.length, L = data.language.length, random = engine.randomNumbers(1);
  const noise = engine.uniformNoise(V, "linear", data.epsilon), exact = engine.population(data.language, noise);
  const all = engine.sentencesOf(data.memory, L), truth = all[0];
  const begin = { size: data.size, t: data.start, place: 0, form: "posterior" }, at = { ...begin };
  let now = data.damaged.slice();
  const beta = () => noise.ownLogOdds(times[at.t]);
  const memory = () => all.slice(0, sizes[at.size]);
  const weights = () => memoryWeights(memory(), now, beta(), at.form === "cavity" ? at.place : -1);

  predict(root, data.ask, () => {
    Object.assign(at, begin); // what was asked about
    now = data.damaged.slice();
    show();
    return `The weight of the right one is ${weights().weight[0].toFixed(3)}, for β = ${beta().toFixed(2)}.`;
  });
  const answer = element("div", root, "", { class: "answer" });
  const axis = (name, values) => ({ name, values, play: 0 });
  const steppers = [
    ["t", axis("noise level t that is told", times.map((t) => t.toFixed(2)))],
    ["size", axis("sentences in the memory", sizes.map(String))],
  ].map(([key, what]) => [key, stepper(answer, what, at[key], (to) => { at[key] = to; show(); })]);
  const editor = sentenceEditor(answer, words, L, {
    toggled: (l) => set([l, [now[l] === truth[l] ? other(truth[l]) : truth[l]]], l),
    typed: (l, ids) => set([l, ids], l),
    chosen: (l) => { if (l !== at.place) { at.place = l; show(); } },
  });
  const form = choice(answer, "Count the agreements of", { posterior: "all words", cavity: "all but the chosen word" }, (to) => { at.form = to; show(); });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const weigh = bars(answer, "Weights of the memories");
  const nearest = element("p", answer, "", { class: "words" });
  const question = element("p", answer, "", { class: "words" });
  const say = bars(answer, "The chosen word");
  onPaper(root, still);

  function other(word) {
    return (word + 1 + Math.floor(random() * (V - 1))) % V;
  }
  function set([from, ids], place) {
    now = now.map((word, l) => ids[l - from] ?? word);
    at.place = place;
    show();
  }
  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    form(at.form);
    editor(truth, now, at.place);
    const { overlap, weight } = weights(), order = weight.map((_, i) => i).sort((a, b) => weight[b] - weight[a] || a - b);
    const top = order.slice(0, RECALL_TOP.memories), rest = order.slice(RECALL_TOP.memories);
    caption.textContent = `t = ${times[at.t].toFixed(2)}, β = ${beta().toFixed(2)}: one more agreement multiplies a weight by ${Math.exp(beta()).toPrecision(3)}. Weights of the ${sizes[at.size]} memories (★ the right one):`;
    const rows = top.map((i) => ({ name: `no. ${i + 1}`, value: weight[i], color: "memorizer", note: `${overlap[i]} agree${i ? "" : " ★"}` }));
    if (rest.length) rows.push({ name: `${rest.length} others`, value: rest.reduce((sum, i) => sum + weight[i], 0), color: "chance" });
    weigh(rows);
    nearest.textContent = `No. ${order[0] + 1} says “${memory()[order[0]].map((v) => words[v]).join(" ")}”.`;
    const said = new Float64Array(V), right = engine.ask(exact, now, times[at.t], at.form)[at.place].map((v) => Math.exp(v));
    memory().forEach((y, i) => { said[y[at.place]] += weight[i]; });
    const best = (p) => Array.from(p.keys()).sort((a, b) => p[b] - p[a]).slice(0, RECALL_TOP.words).filter((v) => p[v] > 0);
    const shown = [...new Set([...best(said), ...best(right), truth[at.place]])].sort((a, b) => said[b] - said[a] || right[b] - right[a]);
    question.textContent = `What stood in place ${at.place + 1}, where “${words[now[at.place]]}” is read? Bars: the memory. Upright lines: the language.`;
    say(shown.map((v) => ({ name: words[v], value: said[v], tick: right[v], color: "memorizer", note: v === truth[at.place] ? "★ clean" : "" })));
  }
  show();
});

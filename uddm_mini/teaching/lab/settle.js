// A sentence is dropped beside itself, k words changed, and a stored model is asked again and again: where does it end?

const SETTLE_CSS = TURN_CSS(".uddm-settle") + SHARES_CSS(".uddm-settle");
const SETTLE_LIMIT = 32; // applications of the map, as in probes/basins.py
const SETTLE_SHOWN = 5; // of these in words

bringToLife("settle", SETTLE_CSS, (root, data, still) => {
  const sizes = data.sizes, loaded = new Map(), random = engine.randomNumbers(data.seed);
  const { words, length: L, noise } = model(sizes[0]), V = words.length;
  const train = engine.sentencesOf(data.train, L), fresh = engine.sentencesOf(data.fresh, L);
  const at = { ...data.begin }, ks = Array.from({ length: L }, (_, k) => k + 1), tallies = {};
  const subject = () => (at.kind === 0 ? train : fresh)[at.which];
  let last = null;

  function model(n) {
    if (!loaded.has(n)) loaded.set(n, engine.loadModel(engine.bytesOf(data.models[n])));
    return loaded.get(n);
  }
  const same = (x, y) => x.every((v, l) => v === y[l]);
  const apart = (x, y) => x.filter((v, l) => v !== y[l]).length;
  // x and what becomes of it, until nothing moves: the most probable word of the full posterior at every place, at once
  function settled(x, n, k) {
    const t = noise.levelOf(k / L), path = [x];
    while (path.length <= SETTLE_LIMIT) {
      const next = engine.ask(model(n), path.at(-1), t, "posterior").map(engine.best);
      if (same(next, path.at(-1))) break;
      path.push(next);
    }
    return path;
  }
  function tally(size = at.size) { // of this model and sentence, for each k: [runs, runs that came back]
    const key = `${size} ${at.kind} ${at.which}`;
    return (tallies[key] = tallies[key] || ks.map(() => [0, 0]));
  }
  function drop(times) {
    const x = subject(), counts = tally()[at.k];
    let back = 0;
    for (let i = 0; i < times; i++) {
      last = settled(changed(x, ks[at.k], V, random), sizes[at.size], ks[at.k]);
      back += same(last.at(-1), x) ? 1 : 0;
    }
    counts[0] += times;
    counts[1] += back;
    return back;
  }
  function nearest() {
    const x = subject(), others = train.slice(0, sizes[at.size]).filter((y) => !same(x, y));
    return others.reduce((best, y) => (apart(x, y) < apart(x, best) ? y : best));
  }
  function fate(end) {
    if (same(end, subject())) return "It came back.";
    if (same(end, nearest())) return "The nearest training sentence captured it.";
    const stored = train.slice(0, sizes[at.size]).some((y) => same(end, y));
    return stored ? "Another training sentence captured it." : "It ended at a sentence that the model was not trained on.";
  }

  predict(root, data.ask, () => {
    Object.assign(at, data.begin); // what was asked about
    const back = drop(data.runs);
    show();
    return `Here: ${back} of ${data.runs}.`;
  });
  const answer = element("div", root, "", { class: "answer" });
  const axis = (name, values) => ({ name, values, play: 0 });
  const steppers = [
    ["size", axis("training sentences of the model", sizes.map((n) => n.toLocaleString("en")))],
    ["kind", axis("the sentence", ["one that all were trained on", "one that is new to all"])],
    ["which", axis("number of the sentence", fresh.map((_, i) => String(i + 1)))],
    ["k", axis("changed words k", ks.map(String))],
  ].map(([key, what]) => [key, stepper(answer, what, at[key], (to) => { at[key] = to; last = null; show(); })]);
  const acts = element("div", answer, "", { class: "line" });
  button(acts, "drop once", () => { drop(1); show(); });
  button(acts, `drop ${data.runs} times`, () => { drop(data.runs); show(); });
  button(acts, `drop ${data.few} times at every k`, () => { const k = at.k; ks.forEach((_, j) => { at.k = j; drop(data.few); }); at.k = k; last = null; show(); });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const svg = addShares(answer, L);
  const run = element("div", answer);
  onPaper(root, still);

  function sentence(name, x, truth, before) {
    const line = element("p", run, "", { class: "sentence" });
    element("strong", line, `${name}: `);
    x.forEach((v, l) => {
      const state = v === truth[l] ? (before && before[l] !== truth[l] ? "b" : "span") : before ? "s" : "mark";
      element(state, line, words[v]);
      line.append(" ");
    });
  }
  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const [runs, back] = tally()[at.k], x = subject(), rival = nearest();
    caption.textContent = runs ? `k = ${ks[at.k]}: ${back} of ${runs} runs came back. ` : `k = ${ks[at.k]}: no run yet. `;
    if (last) caption.append(`The last one: ${fate(last.at(-1))}`);
    const shares = (size) => tally(size).map(([n, b]) => (n ? b / n : null));
    const others = sizes.map((n, size) => ({ name: n.toLocaleString("en"), shares: shares(size) })).filter((_, size) => size !== at.size);
    svg(shares(at.size), at.k, others);
    run.replaceChildren();
    sentence("the sentence", x, x);
    sentence(`the nearest other sentence of training, ${apart(x, rival)} words away`, rival, x);
    if (!last) return;
    sentence("changed", last[0], x);
    const moves = last.slice(1);
    moves.slice(0, SETTLE_SHOWN).forEach((y, i) => sentence(`asked ${i + 1}×`, y, x, last[0]));
    if (moves.length > SETTLE_SHOWN) sentence(`asked ${moves.length}×`, moves.at(-1), x, last[0]);
    const end = moves.length < SETTLE_LIMIT ? `Asked once more, nothing moves.` : `After ${SETTLE_LIMIT} times it still moves; we stop.`;
    element("p", run, end, { class: "words" });
  }
  show();
});

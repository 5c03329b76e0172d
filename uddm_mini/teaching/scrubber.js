// One slider over the number of training sentences moves the two curves' marker, two damaged sentences and all entropies.

const SCRUBBER_CSS = WORDS_CSS(".uddm-scrubber") + TURN_CSS(".uddm-scrubber") + CHART_CSS(".uddm-scrubber") + `
.uddm-scrubber .panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(15.5em, 1fr)); gap: .6em; }
.uddm-scrubber .panel { border: 1px solid var(--uddm-frame); border-radius: 6px; padding: .4em .7em; min-width: 0; }
.uddm-scrubber .panel p { margin: .2em 0; }
.uddm-scrubber .panel .damaged { line-height: 2; overflow-wrap: anywhere; }`;
const SPLITS = { train: { name: "training text", color: "curve" }, "held-out": { name: "held-out text", color: "lift" } };
const KINDS = Object.keys(SPLITS);

bringToLife("scrubber", SCRUBBER_CSS, (root, data, still) => {
  const { sizes, levels } = data, at = { ...data.begin }, loaded = {}, random = engine.randomNumbers(data.seed);
  const modelOf = (n) => {
    if (data.models[n] && !loaded[n]) loaded[n] = engine.loadModel(engine.bytesOf(data.models[n]));
    return loaded[n];
  };
  const stored = Object.keys(data.models).map(Number).sort((a, b) => a - b);
  const { words, length, noise } = modelOf(stored[0]);
  const pools = { train: engine.sentencesOf(data.train, length), "held-out": engine.sentencesOf(data.held, length) };
  let which = 0, draws = data.draws;

  const apart = (k, i) => mean(data.recovered.train[i][k]) - mean(data.recovered["held-out"][i][k]);
  predict(root, data.ask, () => {
    Object.assign(at, { level: data.begin.level }); // what was asked about
    const near = sizes.map((_, k) => apart(k, at.level) < data.near);
    const first = near.lastIndexOf(false) + 1; // from here on all are near
    at.size = Math.min(first, sizes.length - 1);
    show();
    if (first === sizes.length) return `Not within these sizes: at the last one they are ${apart(first - 1, at.level).toFixed(3)} apart.`;
    const before = first ? `; with ${thousands(sizes[first - 1])} it was ${apart(first - 1, at.level).toFixed(3)}` : "";
    return `Here: from ${thousands(sizes[first])} on. There they are ${apart(first, at.level).toFixed(3)} apart${before}.`;
  });
  const slider = (key, axis) => [key, stepper(root, axis, at[key], (to) => { at[key] = to; show(); })];
  const steppers = [slider("size", { name: "training sentences", values: sizes.map(thousands), play: 1100 })];
  const answer = element("div", root, "", { class: "answer" });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const charts = element("div", answer, "", { class: "charts" }), recovery = chart(charts, 150), unsure = chart(charts, 150);
  chartKey(answer, KINDS.map((kind) => ({ ...SPLITS[kind], dashed: kind === "held-out" })));
  const cards = element("div", root, "", { class: "panels" });
  const shown = KINDS.map((kind) => addCard(cards, kind));
  steppers.push(slider("level", { name: "noise level t", values: levels.map(String), play: 0 }));
  const acts = element("div", root, "", { class: "line" });
  button(acts, "lose other words", () => { draws = Object.fromEntries(KINDS.map((kind) => [kind, drawn()])); show(); });
  button(acts, "two other sentences", () => { which = (which + 1) % pools.train.length; show(); });

  function drawn() { // for each place: how lucky it is, and what stands there if it is not
    return Array.from({ length }, () => [random(), Math.floor(random() * words.length)]);
  }
  function addCard(parent, kind) {
    const title = kind === "train" ? "A training sentence" : "A held-out sentence";
    const card = element("section", parent, "", { class: "panel", "aria-label": title });
    element("p", card).append(element("strong", card, `${title}, as the noise leaves it`));
    const damaged = element("p", card, "", { class: "damaged" });
    const head = element("p", card);
    const mendedBy = mendedSentence(card, words, length, `${title}, mended`);
    const list = card.lastChild, score = element("p", card, "", { class: "score words" });
    return (model, t) => {
      const x0 = pools[kind][which], xt = x0.map((word, l) => (draws[kind][l][0] < noise.alpha(t) ? word : draws[kind][l][1]));
      damaged.replaceChildren();
      xt.forEach((word, l) => { element(word === x0[l] ? "span" : "mark", damaged, words[word]); damaged.append(" "); });
      list.style.display = model ? "" : "none";
      head.replaceChildren();
      if (!model) {
        score.textContent = `No model of ${thousands(sizes[at.size])} sentences is stored; there are those of ${stored.map(thousands).join(", ")}.`;
        return;
      }
      element("strong", head, `Mended by the model of ${thousands(model.nTrain)}, with the entropy of every word`);
      const { cavity, posterior } = engine.forms(model, xt, t);
      const found = mendedBy(x0, xt, posterior, cavity);
      tell(score, `${scored(found)}; mean entropy `, [meanEntropy(cavity), 2], " nats");
    };
  }

  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const n = sizes[at.size], t = levels[at.level], model = modelOf(n);
    shown.forEach((draw) => draw(model, t));
    const [own, fresh] = KINDS.map((kind) => data.recovered[kind][at.level][at.size]);
    const [sure, open] = KINDS.map((kind) => mean(data.entropy[kind][at.size]));
    tell(caption, `${thousands(n)} sentences, t = ${t}, ${own.length} seeds. Recovered: training text `, [mean(own), 3], ", held-out text ",
      [mean(fresh), 3], ", ", [mean(own) - mean(fresh), 3], " apart. Entropy at t → 0: ", [sure, 2], " and ", [open, 2], " nats a word.");
    const x = { name: "training sentences", low: sizes[0], high: sizes[sizes.length - 1], log: true, ticks: data.ticks };
    const curves = (pen, runs) => {
      KINDS.forEach((kind) => pen.runs(sizes, runs[kind], SPLITS[kind].color, kind === "held-out"));
      pen.upright(n);
      KINDS.forEach((kind) => pen.dot(n, mean(runs[kind][at.size]), SPLITS[kind].color));
    };
    const told = (what, [a, b]) => `${what} against training sentences; at ${thousands(n)}: training text ${a.toFixed(2)}, held-out text ${b.toFixed(2)}`;
    const runs = Object.fromEntries(KINDS.map((kind) => [kind, data.recovered[kind][at.level]]));
    recovery({ x, y: { name: "changed words recovered", low: 0, high: 1, ticks: [0, 0.5, 1] }, label: told("Recovery", [mean(own), mean(fresh)]) }, (pen) => curves(pen, runs));
    unsure({ x, y: { name: "entropy (nats a word)", low: 0, high: data.most, ticks: [0, 0.2, 0.4, 0.6].filter((v) => v <= data.most) }, label: told("Entropy", [sure, open]) }, (pen) => curves(pen, data.entropy));
  }
  onPaper(root, still);
  show();
});

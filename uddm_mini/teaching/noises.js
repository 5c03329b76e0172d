// One sentence under two noises, hit at the same places, and the exact denoiser's best guess for each; counted over many draws.

const NOISES_CSS = TURN_CSS(".uddm-noises") + PLOT_CSS(".uddm-noises") + `
.uddm-noises .sentence { line-height: 2; overflow-wrap: anywhere; }`;
const DRAWS = 100;

// Absorbing noise asks the same forward-backward: a mask, the id V, says nothing of its word, and a kept word is certain.
function absorbing(language, V) {
  const denoiser = engine.population(language, { vocabSize: V + 1, alpha: () => 1 });
  return (xt) => {
    const log = denoiser.answer(xt, 0);
    return xt.map((word, l) => (word < V ? word : engine.best(log[l])));
  };
}

function uniform(language, noise) {
  const denoiser = engine.population(language, noise);
  return (xt, t) => engine.ask(denoiser, xt, t, "posterior").map((row) => engine.best(row));
}

bringToLife("noises", NOISES_CSS, (root, data) => {
  const { words, language, levels } = data, V = words.length;
  const sentences = engine.sentencesOf(data.sentences, language.length);
  const noise = engine.uniformNoise(V, "linear", data.epsilon), random = randomly(data.seed);
  const mend = { uniform: uniform(language, noise), absorbing: absorbing(language, V) };
  const kinds = Object.keys(mend), at = { which: 0, level: levels.indexOf(data.asked) };
  const counts = levels.map(() => Object.fromEntries(kinds.map((kind) => [kind, { back: 0, changed: 0 }])));
  let now = null;

  // the same places and the same luck for both; a word that uniform noise draws again as itself is left alone by it
  function hit(x, t) {
    const places = x.map(() => random() >= noise.alpha(t)), fresh = x.map(() => Math.floor(random() * V));
    return { uniform: x.map((v, l) => (places[l] ? fresh[l] : v)), absorbing: x.map((v, l) => (places[l] ? V : v)) };
  }
  function mended(x, t) {
    const seen = hit(x, t);
    return Object.fromEntries(kinds.map((kind) => {
      const out = mend[kind](seen[kind], t), changed = x.map((v, l) => v !== seen[kind][l]);
      return [kind, { seen: seen[kind], out, changed, back: changed.filter((c, l) => c && out[l] === x[l]).length }];
    }));
  }
  function count(k, times) {
    for (let i = 0; i < times; i++) {
      const run = mended(sentences[Math.floor(random() * sentences.length)], levels[k]);
      kinds.forEach((kind) => {
        counts[k][kind].back += run[kind].back;
        counts[k][kind].changed += run[kind].changed.filter(Boolean).length;
      });
    }
  }
  const share = (k, kind) => (counts[k][kind].changed ? counts[k][kind].back / counts[k][kind].changed : null);

  predict(root, data.ask, () => {
    at.level = levels.indexOf(data.asked); // what was asked about
    count(at.level, DRAWS);
    show();
    const [u, a] = kinds.map((kind) => share(at.level, kind));
    return `Counted here, in ${DRAWS} draws: ${(100 * a).toFixed(0)} with a mask, ${(100 * u).toFixed(0)} with a random word. ${data.ask.answer}`;
  });
  const steppers = [
    ["which", "sentence", sentences.map((_, k) => String(k + 1))],
    ["level", "noise level t", levels.map((t) => t.toFixed(2))],
  ].map(([key, name, values]) => [key, stepper(root, { name, values, play: 0 }, at[key], (to) => { at[key] = to; now = null; show(); })]);
  const run = element("div", root);
  button(element("div", root, "", { class: "line" }), "hit other places", () => { now = null; show(); });
  const answer = element("div", root, "", { class: "answer" });
  const acts = element("div", answer, "", { class: "line" });
  button(acts, `${DRAWS} more draws at this t`, () => { count(at.level, DRAWS); show(); });
  button(acts, "at every t", () => { levels.forEach((_, k) => count(k, DRAWS)); show(); });
  const told = element("p", answer, "", { class: "words", "aria-live": "polite" });
  key(answer, [["curve", "a mask, absorbing noise"], ["lift", "a random word, uniform noise"]]);
  const curve = plotted(answer, 220);

  function sentence(name, x, truth, before) {
    const line = element("p", run, "", { class: "sentence" });
    element("strong", line, `${name}: `);
    x.forEach((v, l) => {
      const right = v === truth[l], was = before ? before[l] === truth[l] : true;
      element(right ? (was ? "span" : "b") : before ? "s" : "mark", line, v === V ? "___" : words[v]);
      line.append(" ");
    });
  }
  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const x = sentences[at.which], t = levels[at.level];
    now = now || mended(x, t);
    run.replaceChildren();
    sentence("the sentence", x, x);
    [["absorbing", "a mask"], ["uniform", "a random word"]].forEach(([kind, name]) => {
      const one = now[kind];
      sentence(name, one.seen, x);
      sentence(`best guess, ${one.back} of ${one.changed.filter(Boolean).length} back`, one.out, x, one.seen);
    });
    const here = counts[at.level];
    told.textContent = `t = ${t.toFixed(2)}: ` + [["absorbing", "masked"], ["uniform", "changed"]].map(([kind, name]) =>
      here[kind].changed ? `${here[kind].back.toLocaleString("en")} of ${here[kind].changed.toLocaleString("en")} ${name} words come back (${share(at.level, kind).toFixed(3)})` : `no ${name} word counted yet`).join("; ") + ".";
    const line = (kind) => levels.map((l, k) => [l, share(k, kind)]).filter(([, s]) => s !== null);
    curve(`Share that comes back at t = ${t}: ${kinds.map((kind) => `${kind} ${share(at.level, kind) === null ? "not counted" : share(at.level, kind).toFixed(2)}`).join(", ")}`,
      { x: { low: 0, high: 1, name: "noise level t", ticks: [[0, "0"], [0.5, "½"], [1, "1"]] }, y: { low: 0, high: 1, name: "share that comes back", ticks: [[0, "0"], [0.5, "½"], [1, "1"]] } },
      [["absorbing", "curve"], ["uniform", "lift"]].flatMap(([kind, color]) => [{ line: line(kind), color, width: 3, dash: kind === "uniform" ? "7 4" : undefined },
        ...line(kind).map((point) => ({ dot: point, color, r: 4, value: point[1] }))]));
  }
  show();
});

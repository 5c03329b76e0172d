// Two walks from the same noise with the same random numbers: one plugs in the cavity posterior, one the full posterior.

const WALKS_CSS = TURN_CSS(".uddm-walks") + `
.uddm-walks .panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(15.5em, 1fr)); gap: .6em; }
.uddm-walks .panel { border: 1px solid var(--uddm-frame); border-radius: 6px; padding: .2em .7em; min-width: 0; }
.uddm-walks .panel p { margin: .3em 0; }
.uddm-walks .sentence { line-height: 2; overflow-wrap: anywhere; min-height: 6em; }`;
const WALKS_FORMS = { cavity: "The cavity posterior plugged in", posterior: "The full posterior in its place" };

bringToLife("walks", WALKS_CSS, (root, data, still) => {
  const { words, counts } = data, V = words.length, L = data.language.length, forms = Object.keys(WALKS_FORMS);
  const noise = engine.uniformNoise(V, "linear", data.epsilon), exact = engine.population(data.language, noise);
  const begin = { k: data.start, seed: 0, i: 0 }, at = { ...begin };
  const tallies = counts.map(() => ({ runs: 0, cavity: 0, posterior: 0 }));
  let paths = null, fresh = 1000; // seeds of the walks that are only counted

  // every text of a walk of K equal steps; a seed decides the start and one random number for each word of each step
  function walk(form, K, seed) {
    const random = engine.randomNumbers(seed), texts = [Array.from({ length: L }, () => Math.floor(random() * V))];
    for (let i = 0; i < K; i++) {
      const t = 1 - i / K, s = 1 - (i + 1) / K, x = texts[i];
      texts.push(noise.reverse(engine.ask(exact, x, t, form), x, s, t).map((row) => engine.draw(row, random)));
    }
    return texts;
  }
  const grammatical = (x) => Number.isFinite(exact.logProb(x));
  function count(times) {
    const tally = tallies[at.k];
    for (let n = 0; n < times; n++, fresh++)
      for (const form of forms) tally[form] += grammatical(walk(form, counts[at.k], fresh).at(-1)) ? 1 : 0;
    tally.runs += times;
  }

  predict(root, data.ask, () => {
    Object.assign(at, begin); // what was asked about
    begun();
    count(data.runs);
    const { runs, cavity, posterior } = tallies[at.k], share = (n) => Math.round((100 * n) / runs);
    show();
    return `Counted here, of ${runs} walks of each: ${share(posterior)} of 100 with the full posterior in its place, ${share(cavity)} of 100 with the cavity posterior.`;
  });
  const answer = element("div", root, "", { class: "answer" });
  const axis = (name, values) => ({ name, values, play: 0 });
  const steppers = [
    ["k", axis("steps K", counts.map(String))],
    ["seed", axis("seed of both walks", Array.from({ length: data.seeds }, (_, k) => String(k)))],
  ].map(([key, what]) => [key, stepper(answer, what, at[key], (to) => { at[key] = to; begun(); show(); })]);
  let along = null, turn = null;
  const line = element("div", answer);
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const panels = element("div", answer, "", { class: "panels" });
  const cards = forms.map((form) => {
    const card = element("section", panels, "", { class: `panel ${form}`, "aria-label": WALKS_FORMS[form] });
    element("strong", element("p", card), WALKS_FORMS[form]);
    return { text: element("p", card, "", { class: "sentence" }), end: element("p", card, "", { class: "words" }) };
  });
  const acts = element("div", answer, "", { class: "line" });
  button(acts, `${data.runs} more walks of each`, () => { count(data.runs); show(); });
  const counted = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const draw = bars(answer, "Walks that end at a grammatical sentence");
  onPaper(root, still);

  function begun() { // another walk, from its start, and a slider as long as the walk
    const K = counts[at.k];
    paths = forms.map((form) => walk(form, K, at.seed));
    at.i = 0;
    line.replaceChildren();
    const times = Array.from({ length: K + 1 }, (_, i) => `${i}, t = ${(1 - i / K).toFixed(2)}`);
    const mine = (turn = {}); // a walk that is no longer shown may still be playing
    const axis = { name: "steps taken", values: times, play: Math.min(600, Math.max(60, 3200 / K)) };
    along = stepper(line, axis, 0, (to) => { if (turn === mine) { at.i = to; show(); } });
  }
  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    along(at.i);
    const K = counts[at.k], [one, other] = paths.map((path) => path[at.i]);
    const apart = one.filter((word, l) => word !== other[l]).length;
    caption.textContent = `${at.i} of ${K} steps taken. The two texts differ in ${apart} of ${L} words. Marked: words that still change.`;
    cards.forEach(({ text, end }, k) => {
      const x = paths[k][at.i], last = paths[k][K], log = exact.logProb(x);
      text.replaceChildren();
      x.forEach((word, l) => { element(word === last[l] ? "span" : "mark", text, words[word]); text.append(" "); });
      end.textContent = at.i < K ? "" : Number.isFinite(log) ? `The end. The language says it: ln p = ${log.toFixed(2)}.` : "The end. The language cannot say it.";
      end.setAttribute("data-value", at.i < K ? "" : Math.max(log, -1e6));
    });
    const tally = tallies[at.k];
    counted.textContent = tally.runs ? `Of ${tally.runs} pairs of walks of ${K} steps, grammatical at the end:` : `No walks of ${K} steps counted yet.`;
    draw(tally.runs ? forms.map((form) => ({ name: form === "cavity" ? "cavity" : "full, misused", value: tally[form] / tally.runs, color: form, note: `(${tally[form]})` })) : []);
  }
  begun();
  show();
});

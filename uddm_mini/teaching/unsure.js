// How unsure two models are of each word of a sentence that the reader changes: cavity posterior and full posterior at any t.

const UNSURE_CSS = WORDS_CSS(".uddm-unsure") + TURN_CSS(".uddm-unsure") + `
.uddm-unsure .panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(17em, 1fr)); gap: .6em; }
.uddm-unsure .panel { border: 1px solid var(--uddm-frame); border-radius: 6px; padding: .3em .7em; min-width: 0; }
.uddm-unsure .panel p { margin: .2em 0; }
.uddm-unsure .panel .bars { grid-template-columns: minmax(3.5em, max-content) minmax(3em, 1fr) max-content; gap: .05em .5em; }
.uddm-unsure .noisy { line-height: 2; overflow-wrap: anywhere; }`;

bringToLife("unsure", UNSURE_CSS, (root, data, still) => {
  const stored = Object.keys(data.models).map(Number).sort((a, b) => a - b), loaded = {}, random = engine.randomNumbers(data.seed);
  const modelOf = (n) => (loaded[n] = loaded[n] || engine.loadModel(engine.bytesOf(data.models[n])));
  const { words, length, noise } = modelOf(stored[0]), language = engine.population(data.language, noise);
  const pool = engine.sentencesOf(data.sentences, length), at = { ...data.begin };
  const draws = Array.from({ length }, () => [random(), Math.floor(random() * words.length)]);
  let x0 = pool[0].slice();

  const name = (k) => (k < stored.length ? `the model of ${thousands(stored[k])}` : "the language itself");
  const denoiser = (k) => (k < stored.length ? modelOf(stored[k]) : language);
  const level = () => data.levels[at.t];
  const noisy = () => x0.map((word, l) => (level() <= data.clean || draws[l][0] < noise.alpha(level()) ? word : draws[l][1]));
  const open = (logP) => Math.max(0, engine.entropy(logP)); // rounding may leave −0
  function nats(k, xt) { // of every word, by both posteriors
    const { cavity, posterior } = engine.forms(denoiser(k), xt, level());
    return { cavity: cavity.map(open), full: posterior.map(open) };
  }

  predict(root, data.ask, (guess, word) => {
    Object.assign(at, data.begin); // what was asked about
    x0 = pool[0].slice();
    const before = nats(data.asked, x0).cavity;
    x0[data.change.place] = data.change.word;
    const rise = nats(data.asked, x0).cavity.map((now, l) => now - before[l]);
    const most = rise.indexOf(Math.max(...rise)), own = rise[data.change.place], here = pool[0].findIndex((w) => words[w] === word);
    show();
    const moved = (v) => (Math.abs(v) < 0.005 ? "less than 0.01" : v.toFixed(2)); // never −0.00
    const yours = words[x0[most]] === word ? "" : ` “${word}” moves by ${moved(rise[here])}.`;
    return `Most unsure becomes “${words[x0[most]]}”, by ${rise[most].toFixed(2)} nats.${yours} “${words[data.change.word]}” itself moves by ${moved(own)}: ` +
      "its cavity does not look at it.";
  });
  const axis = (title, values) => ({ name: title, values, play: 0 });
  const names = [...stored, 0].map((_, k) => name(k));
  const steppers = [
    ["sentence", axis("sentence", pool.map((_, k) => (k < data.seen ? `${k + 1}, of training` : `${k + 1 - data.seen}, held out`))), (to) => { x0 = pool[to].slice(); }],
    ["left", axis("first", names)],
    ["right", axis("second", names)],
    ["t", axis("noise level t", data.levels.map(String))],
  ].map(([key, what, more]) => [key, stepper(root, what, at[key], (to) => { at[key] = to; if (more) more(to); show(); })]);
  const answer = element("div", root, "", { class: "answer" });
  element("p", answer, "Press a word to change it, or type another one:");
  const editor = sentenceEditor(answer, words, length, {
    toggled: (l) => { x0[l] = x0[l] === pool[at.sentence][l] ? (x0[l] + 1 + Math.floor(random() * (words.length - 1))) % words.length : pool[at.sentence][l]; show(); },
    typed: (l, ids) => { x0.splice(l, ids.length, ...ids); show(); },
    chosen: () => {},
  });
  const left = element("p", answer, "", { class: "noisy" });
  const cards = element("div", answer, "", { class: "panels" });
  const shown = ["left", "right"].map((side) => {
    const card = element("section", cards, "", { class: "panel" });
    const title = element("p", card), told = element("p", card, "", { class: "words" });
    const draw = bars(card, `Entropy of every word, ${side === "left" ? "first" : "second"}`);
    return (xt) => {
      const { cavity, full } = nats(at[side], xt);
      title.replaceChildren();
      element("strong", title, name(at[side]));
      tell(told, "cavity ", [mean(cavity), 3], ", full posterior ", [mean(full), 3], " nats a word");
      draw(xt.map((word, l) => ({ name: words[word], value: cavity[l], tick: full[l] < 0.005 ? undefined : full[l], color: "curve", note: `(${full[l].toFixed(2)})` })), { top: data.top, digits: 2 });
    };
  });
  element("p", answer, "Bars: cavity posterior. Upright lines, and numbers in brackets: full posterior. In nats.");
  onPaper(root, still);

  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    editor(pool[at.sentence], x0);
    const xt = noisy(), lost = xt.filter((word, l) => word !== x0[l]).length;
    left.replaceChildren();
    left.hidden = !lost;
    element("strong", left, `As noise at t = ${level()} leaves it: `);
    xt.forEach((word, l) => { element(word === x0[l] ? "span" : "mark", left, words[word]); left.append(" "); });
    shown.forEach((draw) => draw(xt));
  }
  show();
});

// The lab: a stored model, a memorizer and the language itself mend one sentence; bars of a word; the walk back; a link.

const LAB_STEPS = 32; // of the walk back
const LAB_LEVELS = 20; // noise levels, from 1 / 20 to 1
const LAB_SEEDS = 20;
const LAB_BARS = 5; // most probable words that are shown
const LAB_CSS = `
.uddm-lab h3 { font-size: 1.1em; margin: 1em 0 .2em; padding: 0; }
.uddm-lab section:first-of-type h3 { margin-top: .2em; }
.uddm-lab .knobs { display: grid; grid-template-columns: repeat(auto-fit, minmax(15em, 1fr)); gap: 0 1.6em; }
.uddm-lab .panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(12.4em, 1fr)); gap: .6em; }
.uddm-lab .panel { border: 1px solid var(--uddm-frame); border-top-width: 4px; border-radius: 6px; padding: .4em .6em; min-width: 0; }
.uddm-lab .panel.memorizer { border-top-color: var(--uddm-memorizer); }
.uddm-lab .panel.population { border-top-color: var(--uddm-population); }
.uddm-lab .panel.network { border-top-color: var(--uddm-accent); }
.uddm-lab .panel p { margin: 0; }
.uddm-lab .panel .title, .uddm-lab .panel .score { font-weight: bold; }
.uddm-lab .bars { display: grid; grid-template-columns: auto 1fr auto; gap: .1em .5em; align-items: center; margin: 0; padding: 0; list-style: none; }
.uddm-lab .bars li { display: contents; }
.uddm-lab .bars .bar { height: .7em; border: 1px solid var(--uddm-frame); border-radius: 2px; overflow: hidden; }
.uddm-lab .bars .bar i { display: block; height: 100%; background: var(--uddm-curve); }
.uddm-lab .bars .number { font-variant-numeric: tabular-nums; font-size: .9em; }
.uddm-lab .bars .true { font-weight: bold; text-decoration: underline; }
.uddm-lab .written { line-height: 1.8; margin: .3em 0; min-height: 3.6em; }
.uddm-lab .written mark { background: var(--uddm-tint); color: inherit; border-radius: 3px; padding: 0 .15em; border-bottom: 2px solid currentColor; }
.uddm-lab .verdict { margin: .3em 0; min-height: 3em; }
.uddm-lab .fine { font-size: .9em; margin: .4em 0; }
.uddm-lab .share input { font: inherit; color: inherit; background: transparent; border: 1px solid currentColor;
  border-radius: 5px; flex: 1 1 10em; min-width: 0; min-height: 2.2em; padding: 0 .5em; }`;

// What the lab shows, and its text at the end of an address: #lab-n-64-t-5-... Every value is checked on its way back.
const LAB_DEFAULTS = {
  n: "16", t: 5, of: "held", which: 0, seed: 0, form: "cavity", place: 4, by: "network", from: "noise", step: 0, text: "",
};

function labAddress(state) {
  const said = Object.entries(state).filter(([key, value]) => key === "n" || value !== LAB_DEFAULTS[key]);
  return "#lab-" + said.map(([key, value]) => `${key}-${value}`).join("-");
}

function labState(hash, sizes, length, vocabSize) {
  const parts = hash.replace(/^#lab-/, "").split("-"), state = { ...LAB_DEFAULTS };
  if (!hash.startsWith("#lab-")) return state;
  const whole = (most, least) => (v) => (/^\d+$/.test(v) && Number(v) >= least && Number(v) <= most ? Number(v) : undefined);
  const one = (...known) => (v) => (known.includes(v) ? v : undefined);
  const read = {
    n: one(...sizes), t: whole(LAB_LEVELS, 1), of: one("train", "held"), which: whole(15, 0), seed: whole(LAB_SEEDS - 1, 0),
    form: one("cavity", "posterior"), place: whole(length - 1, 0), by: one("network", "memorizer", "population"),
    from: one("noise", "sentence"), step: whole(LAB_STEPS, 0), text: (v) => (labText(v, length, vocabSize) ? v : undefined),
  };
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const value = Object.hasOwn(read, parts[i]) ? read[parts[i]](parts[i + 1]) : undefined;
    if (value !== undefined) state[parts[i]] = value;
  }
  return state;
}

// A text of one's own as two characters for each word, and back; null if it is none.
const labLetters = (x) => x.map((word) => word.toString(36).padStart(2, "0")).join("");
function labText(letters, length, vocabSize) {
  const x = (letters.match(/../g) || []).map((pair) => parseInt(pair, 36));
  return letters.length === 2 * length && x.every((word) => word >= 0 && word < vocabSize) ? x : null;
}

bringToLife("lab", WORDS_CSS(".uddm-lab") + LAB_CSS, (root, data, still) => {
  const sizes = Object.keys(data.models), loaded = new Map();
  const first = network(sizes[0]), { words, length, noise } = first;
  const train = engine.sentencesOf(data.train, length), held = engine.sentencesOf(data.held, length);
  const language = engine.population(data.language, noise);
  const shared = Boolean(root.closest(".bd-article")); // in a notebook the address is not ours
  let state = labState(shared ? location.hash : "", sizes, length, words.length);
  let truth, now, path, random, waiting = 0;
  const fresh = engine.randomNumbers(11); // which words stand in for lost ones

  function network(n) {
    if (!loaded.has(n)) loaded.set(n, engine.loadModel(engine.bytesOf(data.models[n])));
    return loaded.get(n);
  }
  function memory(n) {
    if (!loaded.has("memory " + n)) loaded.set("memory " + n, engine.memorizer(train.slice(0, n), noise));
    return loaded.get("memory " + n);
  }
  const denoisers = () => ({ network: network(state.n), memorizer: memory(state.n), population: language });
  const level = () => state.t / LAB_LEVELS;
  const said = (n) => Number(n).toLocaleString("en");
  const count = (n) => Array.from({ length: n }, (_, k) => k);
  const names = () => ({
    network: `The network after ${said(state.n)} sentences`,
    memorizer: `The memorizer of these ${said(state.n)}`,
    population: "The language itself",
  });

  // --- the pieces ---
  const [knobs, mended, asked, walked, link] = ["Choose", "Mended", "One word", "The walk back", "Share"].map((title) => {
    const section = element("section", root);
    element("h3", section, title);
    return section;
  });
  const grid = element("div", knobs, "", { class: "knobs" });
  const slider = (name, values, moved, at) => [stepper(grid, { name, values }, 0, moved), at];
  const anew = (changes) => set({ ...changes, text: "" }); // a text of one's own ends where another is chosen
  const levels = count(LAB_LEVELS).map((k) => ((k + 1) / LAB_LEVELS).toFixed(2));
  const sliders = [
    slider("training sentences", sizes.map(said), (k) => set({ n: sizes[k] }), () => sizes.indexOf(state.n)),
    slider("noise level t", levels, (k) => anew({ t: k + 1 }), () => state.t - 1),
    slider("sentence", count(held.length).map((k) => k + 1), (k) => anew({ which: k }), () => state.which),
    slider("seed of the noise and the walk", count(LAB_SEEDS), (k) => anew({ seed: k }), () => state.seed),
  ];
  const kinds = { held: "held out: no model has read it", train: "of training: all models have read it" };
  const ofWhich = choice(knobs, "It is", kinds, (of) => anew({ of }));
  const editor = sentenceEditor(knobs, words, length, {
    toggled: (l) => own(now.map((word, k) => (k !== l ? word : word === truth[l] ? other(word) : truth[l]))),
    typed: (l, ids) => own(now.map((word, k) => ids[k - l] ?? word)),
    chosen: (place) => { if (place !== state.place) set({ place }); },
  });
  const cards = element("div", mended, "", { class: "panels" });
  const rows = Object.keys(names()).map((key) => addCard(cards, key));
  const bars = "Under each word, its entropy in nats (cavity): how unsure the denoiser is of it when it reads the others.";
  element("p", mended, `${bars} Press a word to see what else it could be.`, { class: "fine" });
  const judges = { cavity: "cavity: all other words", posterior: "full posterior: all words, itself too" };
  const form = choice(asked, "Judged by", judges, (f) => set({ form: f }));
  const question = element("p", asked, "", { class: "fine" });
  const tables = addTables(element("div", asked, "", { class: "panels" }));
  const walkers = { network: "the network", memorizer: "the memorizer", population: "the language itself" };
  const by = choice(walked, "Who walks", walkers, (b) => set({ by: b, step: 0 }));
  const starts = { noise: "pure noise, t = 1", sentence: "the sentence above, at its t" };
  const from = choice(walked, "From where", starts, (f) => set({ from: f, step: 0 }));
  const steps = { name: "step", values: count(LAB_STEPS + 1), play: 220 };
  const stepOf = stepper(walked, steps, 0, (k) => set({ step: k }, walkOnly));
  const written = element("p", walked, "", { class: "written" });
  const here = element("p", walked, "", { class: "fine" });
  const verdict = element("p", walked, "", { class: "verdict", role: "status" });
  const status = element("p", root, "", { class: "spoken", role: "status" });
  addLink(link);
  onPaper(root, still);

  function addCard(parent, key) {
    const card = element("div", parent, "", { class: `panel ${key}`, role: "group" });
    const title = element("p", card, "", { class: "title" });
    const show = mendedSentence(card, words, length, "Mended", (place) => set({ place }));
    const score = element("p", card, "", { class: "score" }), mean = element("p", card);
    return (name, { cavity, posterior }) => {
      card.setAttribute("aria-label", (title.textContent = name));
      score.textContent = scored(show(truth, now, posterior, cavity, state.place));
      mean.textContent = `mean entropy ${meanEntropy(cavity).toFixed(2)}`;
      return `${name}: ${score.textContent}`;
    };
  }
  function addTables(parent) {
    const all = Object.keys(names()).map((key) => {
      const card = element("div", parent, "", { class: `panel ${key}` });
      const title = element("p", card, "", { class: "title" }), list = element("ol", card, "", { class: "bars" });
      return { title, list, nats: element("p", card) };
    });
    return (name, answers, k) => {
      const { title, list, nats } = all[k], rowOf = (f) => answers[f][state.place];
      title.textContent = name;
      list.replaceChildren();
      const row = rowOf(state.form), order = [...row.keys()].sort((a, b) => row[b] - row[a]).slice(0, LAB_BARS);
      order.forEach((word) => {
        const item = element("li", list), p = Math.exp(row[word]), right = word === truth[state.place];
        element("span", item, words[word], { class: right ? "true" : "" });
        element("i", element("span", item, "", { class: "bar" })).style.width = `${100 * p}%`;
        element("span", item, `${(100 * p).toFixed(1)} %`, { class: "number" });
      });
      const [cavity, full] = ["cavity", "posterior"].map((f) => engine.entropy(rowOf(f)).toFixed(2));
      nats.textContent = `entropy ${cavity}, full ${full}`;
    };
  }
  function addLink(parent) {
    const line = element("div", parent, "", { class: "line share" });
    const id = "uddm-" + Math.random().toString(36).slice(2);
    element("label", line, "This link shows what you see now:", { for: id });
    const field = element("input", line, "", { type: "text", id, readonly: "" });
    field.addEventListener("focus", () => field.select());
    const copy = button(line, "Copy", () => {
      field.select();
      const done = () => { copy.textContent = "Copied"; setTimeout(() => { copy.textContent = "Copy"; }, 1500); };
      if (navigator.clipboard) navigator.clipboard.writeText(field.value).then(done, () => {});
    });
    link.hidden = !shared;
    link.show = () => { field.value = location.href.replace(/#.*/, "") + labAddress(state); };
  }

  // --- what changes ---
  function other(word) {
    return (word + 1 + Math.floor(fresh() * (words.length - 1))) % words.length;
  }
  function own(x) {
    set({ text: labLetters(x) });
  }
  function set(changes, draw = show) {
    state = { ...state, ...changes };
    draw();
    if (!shared) return;
    clearTimeout(waiting); // browsers count how often an address changes
    waiting = setTimeout(() => { history.replaceState(null, "", labAddress(state)); }, 300);
  }
  function walkTo(k) {
    const start = state.from === "noise" ? 1 : level(), walker = denoisers()[state.by];
    const begun = state.from === "noise" ? "" : [now, start], knows = state.by === "population" ? "" : state.n;
    const key = [state.by, knows, state.seed, begun].join();
    if (!path || path.key !== key) {
      random = engine.randomNumbers(1000 + state.seed);
      path = { key, texts: [state.from === "noise" ? now.map(() => Math.floor(random() * words.length)) : now] };
    }
    const at = (i) => start * (1 - i / LAB_STEPS);
    for (let i = path.texts.length; i <= k; i++)
      path.texts.push(engine.step(walker, path.texts[i - 1], at(i), at(i - 1), random));
    return { texts: path.texts, t: at(k) };
  }
  function walkOnly() {
    const k = state.step, { texts, t } = walkTo(k);
    by(state.by);
    from(state.from);
    stepOf(k);
    written.replaceChildren();
    texts[k].forEach((word, l) => {
      if (l) written.append(" ");
      if (k && texts[k - 1][l] !== word) element("mark", written, words[word]);
      else written.append(words[word]);
    });
    here.textContent = `t = ${t.toFixed(2)}. ${k ? "Underlined: what this step changed." : "Press Play, or + for one step."}`;
    verdict.textContent = k < LAB_STEPS ? "" : judged(texts[k]);
    link.show();
  }
  function judged(x) {
    const n = Number(state.n), equal = train.slice(0, n).map((y) => y.filter((word, l) => word === x[l]).length);
    const nearest = Math.max(...equal), can = Number.isFinite(language.logProb(x));
    if (nearest === length) return `The end: one of the ${said(n)} training sentences, word for word.`;
    const near = `The nearest of the ${said(n)} training sentences has ${nearest} of its ${length} words.`;
    return `The end: ${can ? "a new sentence, and the language can say it" : "nothing that the language can say"}. ${near}`;
  }
  function show() {
    truth = (state.of === "held" ? held : train)[state.which];
    const random = engine.randomNumbers(100 * state.seed + state.which);
    now = labText(state.text, length, words.length) || noise.corrupt(truth, level(), random);
    sliders.forEach(([draw, at]) => draw(at()));
    ofWhich(state.of);
    form(state.form);
    editor(truth, now, state.place);
    const named = Object.values(names());
    const answers = Object.values(denoisers()).map((one) => engine.forms(one, now, level()));
    status.textContent = named.map((name, k) => rows[k](name, answers[k])).join(". ");
    named.forEach((name, k) => tables(name, answers[k], k));
    const [stands, right] = [words[now[state.place]], words[truth[state.place]]];
    const lost = `“${right}” was lost; it is underlined where it is among the five.`;
    question.textContent = `Place ${state.place + 1}: “${stands}” stands there, ${stands === right ? "and it is right." : lost}`;
    walkOnly();
  }
  if (shared)
    window.addEventListener("hashchange", () => {
      if (!location.hash.startsWith("#lab-")) return;
      state = labState(location.hash, sizes, length, words.length);
      show();
    });
  show();
});

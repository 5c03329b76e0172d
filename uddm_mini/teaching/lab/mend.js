// The first screen: the reader loses words of a sentence, and two models mend it side by side.

const MEND_CSS = `
.uddm-mend { padding-top: .3em; }
.uddm-mend .panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(15.5em, 1fr)); gap: .6em; }
.uddm-mend .panel { border: 1px solid var(--uddm-frame); border-radius: 6px; padding: .4em .7em; min-width: 0; }
.uddm-mend .panel p, .uddm-mend .prompt { margin: 0; }
.uddm-mend .panel .title, .uddm-mend .panel .score { font-weight: bold; }
.uddm-mend .panel .score { margin-top: .2em; }
.uddm-mend .fine { font-size: .9em; margin: .5em 0 .1em; }`;

bringToLife("mend", WORDS_CSS(".uddm-mend") + MEND_CSS, (root, data, still) => {
  const models = data.models.map((text) => engine.loadModel(engine.bytesOf(text)));
  const { words, length, noise } = models[0], random = engine.randomNumbers(1);
  const pools = { seen: engine.sentencesOf(data.seen, length), unseen: engine.sentencesOf(data.unseen, length) };
  let kind = "unseen", which = 0, truth = pools.unseen[0], now = data.start.slice();

  const prompt = element("p", root, "", { class: "prompt" });
  element("strong", prompt, "Press a word: another one takes its place. ");
  const said = element("span", prompt);
  const editor = sentenceEditor(root, words, length, {
    toggled: (l) => change(l, now[l] === truth[l] ? other(truth[l]) : truth[l]),
    typed: (l, ids) => { now.splice(l, ids.length, ...ids); draw(); },
    chosen: () => {},
  });
  const acts = element("div", root, "", { class: "line" });
  button(acts, "Lose four", () => { lose(4); draw(); });
  button(acts, "Restore all", () => { now = truth.slice(); draw(); });
  button(acts, "Another sentence", () => begin(kind, which + 1));
  const toggle = button(acts, "", () => begin(kind === "seen" ? "unseen" : "seen", 0));
  const cards = element("div", root, "", { class: "panels" });
  const shown = models.map((model) => addCard(cards, model));
  const most = Math.log(words.length).toFixed(1);
  const bars = "Under each word, its entropy in nats: how unsure the model is of it when it reads the others.";
  element("p", root, `${bars} A full bar, ${most}, knows nothing.`, { class: "fine" });
  const status = element("p", root, "", { class: "spoken", role: "status" });
  onPaper(root, still);

  function addCard(parent, model) {
    const name = `after ${model.nTrain.toLocaleString("en")} sentences`;
    const card = element("section", parent, "", { class: "panel", "aria-label": `The model ${name}` });
    element("p", card, `The model ${name}`, { class: "title" });
    const mended = mendedSentence(card, words, length, `Mended by the model ${name}`);
    const score = element("p", card, "", { class: "score" }), mean = element("p", card);
    return (t) => {
      const { cavity, posterior } = engine.forms(model, now, t);
      score.textContent = scored(mended(truth, now, posterior, cavity));
      mean.textContent = `mean entropy ${meanEntropy(cavity).toFixed(2)} nats`;
      return `${name}, ${score.textContent}`;
    };
  }
  function other(word) {
    const drawn = Math.floor(random() * (words.length - 1));
    return drawn < word ? drawn : drawn + 1;
  }
  function change(l, word) {
    now[l] = word;
    draw();
  }
  function lose(count) {
    now = truth.slice();
    for (let left = count; left; ) {
      const l = Math.floor(random() * length);
      if (now[l] !== truth[l]) continue;
      now[l] = other(truth[l]);
      left--;
    }
  }
  function begin(newKind, k) {
    [kind, which] = [newKind, k % pools[newKind].length];
    truth = pools[kind][which];
    lose(4);
    draw();
  }
  function draw() {
    const lost = now.filter((word, l) => word !== truth[l]).length;
    said.textContent = kind === "seen" ? "Both models have read this sentence." : "Neither model has read this sentence.";
    toggle.textContent = kind === "seen" ? "One that neither has read" : "One that both have read";
    editor(truth, now);
    // the models are told how many words are lost; of none, half a one
    const t = noise.levelOf(Math.max(lost, 0.5) / length);
    status.textContent = shown.map((show) => show(t)).join(". ");
  }
  draw();
  status.textContent = ""; // nothing has changed yet
});

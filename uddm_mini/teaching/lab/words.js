// Sentences: one under the reader's hands, and as models mend it, each word with its entropy. Needs dom.js and engine.js.

const WORDS_CSS = (scope) => `
${scope} .sentence, ${scope} .mended { display: flex; flex-wrap: wrap; gap: .3em .35em; margin: .4em 0; padding: 0; list-style: none; }
${scope} .sentence button { display: inline-flex; flex-direction: column; align-items: center; justify-content: center;
  font: inherit; line-height: 1.15; color: inherit; background: transparent; border: 1.5px solid var(--uddm-frame); border-radius: 6px; padding: .15em .5em;
  min-height: 2.7em; min-width: 2.4em; position: relative; cursor: pointer; touch-action: manipulation; box-shadow: none; font-weight: normal; }
${scope} .sentence button.changed { background: var(--uddm-tint); border: 1.5px dashed currentColor; }
${scope} .sentence small { font-size: .75em; text-decoration: line-through; }
${scope} .line.typing label { flex: 0 1 auto; font-weight: normal; }
${scope} .line.typing input { font: inherit; color: inherit; background: transparent; border: 1px solid currentColor; border-radius: 5px;
  flex: 1 1 5em; min-width: 5em; max-width: 14em; min-height: 2.2em; padding: 0 .5em; }
${scope} .kindly { margin: .3em 0; }
${scope} .kindly:empty { display: none; }
${scope} .mended { margin: .3em 0; gap: .25em .3em; }
${scope} .mended li { display: flex; }
${scope} .mended li > * { display: inline-flex; flex-direction: column; align-items: flex-start; text-align: left; font: inherit;
  color: inherit; line-height: 1.3; background: transparent; border: 0; border-radius: 4px; padding: .1em .15em; }
${scope} .mended li span:first-child { border-bottom: 3px solid transparent; } /* as tall as the words that are marked */
${scope} .mended .fresh { animation: uddm-fresh .35s backwards; }
@keyframes uddm-fresh { from { opacity: .1; } }
${scope} .mended li > button { cursor: pointer; min-height: 2.6em; }
${scope} .mended li > button[aria-current=true] { outline: 2px solid var(--uddm-accent); outline-offset: 1px; }
${scope} .mended .how { display: flex; align-items: center; gap: .3em; font-size: .72em; font-variant-numeric: tabular-nums; }
${scope} .mended .bar { width: 2.4em; height: .55em; border: 1px solid var(--uddm-frame); border-radius: 2px; overflow: hidden; }
${scope} .mended .bar i { display: block; height: 100%; background: var(--uddm-curve); transition: width .25s; }
@media (prefers-reduced-motion: reduce) { ${scope} .mended .bar i { transition: none; } ${scope} .mended .fresh { animation: none; } }
@media (max-width: 600px) { ${scope} { padding: .5em .6em; } ${scope} .sentence { gap: .25em; } ${scope} .sentence button { padding: .15em .4em; } }`;

const STATES = { // the element of each state is that of marked_words.py
  intact: { tag: "span", spoken: "" },
  recovered: { tag: "b", spoken: "came back" },
  wrong: { tag: "s", spoken: "wrong" },
};

// How many letters have to be typed, dropped or changed to turn one word into another.
function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}

// The words of the language that look most like what was typed; of equally near ones, those with its first letter.
function nearWords(typed, words, count = 3) {
  const far = (word) => editDistance(typed, word) - (word[0] === typed[0] ? 0.5 : 0) - (word.startsWith(typed) ? 2 : 0);
  return words.map((word) => [far(word), word]).sort((a, b) => a[0] - b[0]).slice(0, count).map(([, word]) => word);
}

// A row of words. act.toggled(l): a word was pressed; act.typed(l, ids): ids were typed from place l on; act.chosen(l).
// What comes back shows a text: show(truth, now, place).
function sentenceEditor(root, words, length, act) {
  const ids = new Map(words.map((word, id) => [word, id]));
  const help = "The sentence. Press a word to lose it; arrow keys move, letters type.";
  const row = element("div", root, "", { class: "sentence", role: "group", "aria-label": help });
  const cells = Array.from({ length }, (_, l) => wordButton(l));
  const { label, input, say } = typingLine(root, words, (text) => put(text));
  let at = 0;

  function wordButton(l) {
    const cell = button(row, "", () => { choose(l); say(""); act.toggled(l); });
    cell.tabIndex = l ? -1 : 0;
    cell.addEventListener("focus", () => choose(l));
    cell.addEventListener("keydown", (e) => {
      const to = { ArrowLeft: l - 1, ArrowUp: l - 1, ArrowRight: l + 1, ArrowDown: l + 1, Home: 0, End: length - 1 }[e.key];
      if (cells[to]) {
        e.preventDefault();
        cells[to].focus();
      } else if (/^\p{L}$/u.test(e.key) && !e.ctrlKey && !e.metaKey && !e.altKey) {
        input.value = "";
        input.focus(); // the letter goes there
      }
    });
    return cell;
  }
  function choose(l) { // one word at a time is reached by the tab key
    if (l === at) return;
    cells[at].tabIndex = -1;
    cells[(at = l)].tabIndex = 0;
    label.textContent = `Type in place ${at + 1}:`;
    act.chosen(at);
  }
  function put(text) {
    const typed = text.toLowerCase().split(/[^\p{L}]+/u).filter(Boolean);
    const unknown = typed.find((word) => !ids.has(word));
    if (!typed.length) return say("Type a word of the language, or press one of the near words.", nearWords(words[0], words), put);
    if (unknown !== undefined)
      return say(`This small language has ${words.length} words, and “${unknown}” is none of them. Near ones:`, nearWords(unknown, words), put);
    if (at + typed.length > length) return say(`From place ${at + 1} on there is room for ${length - at} words, not for ${typed.length}.`);
    say("");
    input.value = "";
    act.typed(at, typed.map((word) => ids.get(word)));
  }
  label.textContent = "Type in place 1:";
  return (truth, now, place) => {
    if (place !== undefined) choose(place);
    cells.forEach((cell, l) => {
      const lost = now[l] !== truth[l], word = words[now[l]];
      cell.className = lost ? "changed" : "";
      cell.replaceChildren(word);
      element("span", cell, lost ? ` stands in place ${l + 1}, and lost is ` : `, word ${l + 1} of ${length}`, { class: "spoken" });
      if (lost) element("small", cell, words[truth[l]]);
      cell.setAttribute("aria-pressed", lost);
    });
  };
}

// A field for words, and a kind sentence with near words where one is not known.
function typingLine(root, words, put) {
  const id = "uddm-" + Math.random().toString(36).slice(2);
  const line = element("div", root, "", { class: "line typing" });
  const label = element("label", line, "", { for: id });
  const plainly = { autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
  const input = element("input", line, "", { type: "text", id, list: id + "-words", ...plainly });
  const list = element("datalist", line, "", { id: id + "-words" });
  [...words].sort().forEach((word) => element("option", list, "", { value: word }));
  input.addEventListener("keydown", (e) => { if (e.key === "Enter") put(input.value); });
  button(line, "put", () => put(input.value));
  const kindly = element("div", root, "", { class: "line kindly", role: "status" });
  return {
    label,
    input,
    say(text, near, press) {
      kindly.replaceChildren();
      if (!text) return;
      element("span", kindly, text);
      (near || []).forEach((word) => button(kindly, word, () => press(word)));
    },
  };
}

// A sentence as a denoiser mends it. With `chosen`, each word is a button that chooses its place.
// What comes back shows it, and returns what came back and what broke: show(truth, now, posterior, cavity, place).
function mendedSentence(root, words, length, label, chosen) {
  const list = element("ol", root, "", { class: "mended", "aria-label": label });
  const cells = Array.from({ length }, (_, l) => {
    const item = element("li", list);
    const cell = chosen ? button(item, "", () => chosen(l)) : element("span", item);
    element("span", cell);
    const how = element("span", cell, "", { class: "how" });
    const spoken = element("span", how, "", { class: "spoken" });
    const bar = element("i", element("span", how, "", { class: "bar" }));
    return { cell, spoken, bar, number: element("span", how) };
  });
  const most = Math.log(words.length);
  let before = null; // the words that stood there; new ones appear from left to right
  return (truth, now, posterior, cavity, place) => {
    const guess = posterior.map(engine.best);
    cells.forEach(({ cell, spoken, bar, number }, l) => {
      const state = STATES[guess[l] !== truth[l] ? "wrong" : now[l] !== truth[l] ? "recovered" : "intact"];
      const word = element(state.tag, cell, words[guess[l]]);
      cell.replaceChild(word, cell.firstChild);
      if (before && before[l] !== guess[l]) {
        word.classList.add("fresh");
        word.style.animationDelay = `${35 * l}ms`;
      }
      const nats = Math.max(0, engine.entropy(cavity[l]));
      spoken.textContent = `, ${state.spoken && state.spoken + ", "}entropy `;
      number.textContent = nats.toFixed(2);
      bar.style.width = `${(100 * nats) / most}%`;
      if (chosen) cell.setAttribute("aria-current", l === place);
    });
    before = guess;
    return engine.recovery(truth, now, guess);
  };
}

// In words: what came back, and what broke.
function scored({ changed, recovered, broken }) {
  const others = broken === 1 ? "1 other broken" : `${broken || "no"} others broken`;
  return changed ? `${recovered} of ${changed} back, ${others}` : others.replace(" others", " words").replace(" other", " word");
}

const meanEntropy = (cavity) => cavity.reduce((total, row) => total + engine.entropy(row), 0) / cavity.length;

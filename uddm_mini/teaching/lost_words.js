// Words of a sentence that the reader loses or replaces, and the exact probability of every candidate, by forward-backward.

const LOST_CSS = TURN_CSS(".uddm-lost") + `
.uddm-lost .sentence { line-height: 2.3; margin: .4em 0; }
.uddm-lost .sentence > * { font: inherit; color: inherit; background: transparent; border: 1.5px solid transparent; border-radius: 3px;
  padding: 0 .25em; min-height: 1.9em; }
.uddm-lost .sentence > button { cursor: pointer; }
.uddm-lost .sentence > .gap { border: 1.5px dashed currentColor; min-width: 3.2em; display: inline-block; text-align: center; }
.uddm-lost .sentence > [aria-pressed=true] { outline: 3px solid var(--uddm-focus); }`;
const LOST = -1;

// p(what is read), and p(word at each place | the other words that are read), null where those contradict each other.
// read: a word for each place, or LOST. positions: arcs { src, dst, word, prob, next } as in worlds/automaton.py
function candidates(positions, V, read) {
  const fits = (l, word) => read[l] === LOST || read[l] === word;
  const forward = [[1]];
  positions.forEach((arcs, l) => {
    const next = new Array(arcs.next).fill(0);
    arcs.src.forEach((from, k) => { if (fits(l, arcs.word[k])) next[arcs.dst[k]] += forward[l][from] * arcs.prob[k]; });
    forward.push(next);
  });
  const total = forward[positions.length].reduce((a, b) => a + b, 0);
  let backward = forward[positions.length].map(() => 1);
  const cavity = [];
  for (let l = positions.length - 1; l >= 0; l--) {
    const arcs = positions[l], p = new Array(V).fill(0), before = forward[l].map(() => 0);
    arcs.src.forEach((from, k) => {
      const onward = arcs.prob[k] * backward[arcs.dst[k]];
      p[arcs.word[k]] += forward[l][from] * onward;
      if (fits(l, arcs.word[k])) before[from] += onward;
    });
    backward = before;
    const sum = p.reduce((a, b) => a + b, 0);
    cavity.unshift(sum > 0 ? p.map((x) => x / sum) : null);
  }
  return { total, cavity };
}

bringToLife("lost", LOST_CSS, (root, data) => {
  const { words } = data, V = words.length;
  const positions = data.positions.map((arcs) => ({ ...arcs, prob: arcs.prob.map((k) => data.probs[k]) }));
  const anywhere = candidates(positions, V, positions.map(() => LOST)).cavity;
  let round = 0, sentence, lost, at, asking;
  const score = { rounds: 0, you: 0, best: 0 };
  const list = "uddm-" + Math.random().toString(36).slice(2);

  const rounds = { name: "round", values: data.rounds.map((_, k) => String(k + 1)), play: 0 };
  const step = data.rounds.length > 1 ? stepper(root, rounds, 0, (to) => { begin(to); again(question()); show(); }) : null;
  const place = element("p", root, "", { class: "sentence", role: "group", "aria-label": "sentence" });
  begin(0);
  const again = predict(root, question(), reveal);
  const answer = element("div", root, "", { class: "answer" });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const draw = bars(answer, "Candidates");
  const acts = element("div", answer, "", { class: "line" });
  const lose = button(acts, "", () => { lost.has(at) ? lost.delete(at) : lost.add(at); show(); });
  button(acts, "put all words back", () => { begin(round); lost.clear(); asking = false; show(); });
  const typing = element("div", answer, "", { class: "line" });
  element("label", typing, "Write another word there", { for: list + "-word" });
  const typed = element("input", typing, "", { type: "text", id: list + "-word", list, autocomplete: "off" });
  element("datalist", typing, "", { id: list });
  words.forEach((word) => element("option", typing.lastChild, "", { value: word }));
  button(typing, "write it", write);
  typed.addEventListener("keydown", (e) => { if (e.key === "Enter") write(); });
  const said = element("p", typing, "", { class: "words", "aria-live": "polite" });

  function begin(to) {
    round = to;
    sentence = data.rounds[to].sentence.slice();
    at = data.rounds[to].position;
    lost = new Set([at]);
    asking = true;
  }
  const read = () => sentence.map((v, l) => (lost.has(l) ? LOST : v));
  function question() {
    const choices = anywhere[at].map((p, v) => (p > 0 ? words[v] : "")).filter(Boolean);
    return { question: data.question, choices, min: 0, max: 100, step: 1, unit: "% sure" };
  }
  function reveal(guess, word) {
    const p = candidates(positions, V, read()).cavity[at], truth = data.rounds[round].sentence[at];
    const best = p.indexOf(Math.max(...p)), percent = (v) => `${+(100 * p[v]).toFixed(1)} %`;
    if (asking) {
      score.rounds += 1;
      score.you += word === words[truth] ? 1 : 0;
      score.best += best === truth ? 1 : 0;
    }
    asking = false;
    show();
    const tally = step ? ` Right so far: you ${score.you}, the best guesser ${score.best} of ${score.rounds}.` : "";
    const yours = words.indexOf(word) === best ? "That is the best guess" : `The best guess is “${words[best]}”, ${percent(best)}`;
    return `Exactly: “${word}” ${percent(words.indexOf(word))}. ${yours}. It was “${words[truth]}”.${tally}`;
  }
  function write() {
    const v = words.indexOf(typed.value.trim());
    said.textContent = v < 0 ? `“${typed.value}” is no word of this language.` : "";
    if (v < 0) return;
    replace(v);
    typed.value = "";
  }
  function replace(v) {
    sentence[at] = v;
    lost.delete(at);
    show();
  }

  function show() {
    if (step) step();
    const had = place.contains(document.activeElement);
    place.replaceChildren();
    sentence.forEach((v, l) => {
      const text = lost.has(l) ? "____" : words[v];
      const said = lost.has(l) ? `a lost word, number ${l + 1}` : words[v];
      const more = { class: lost.has(l) ? "gap" : "read" };
      if (asking) element("span", place, text, more);
      else {
        const made = button(place, text, () => { at = l; show(); }, { ...more, "aria-pressed": l === at, "aria-label": said });
        if (had && l === at) made.focus();
      }
      place.append(" ");
    });
    if (asking) return;
    const { total, cavity } = candidates(positions, V, read());
    const p = cavity[at], rows = p ? p.map((x, v) => ({ x, v })).filter(({ x }) => x > 0).sort((a, b) => b.x - a.x) : [];
    const entropy = rows.reduce((sum, { x }) => sum - x * Math.log(x), 0);
    const count = sentence.length - lost.size;
    caption.replaceChildren(`Word ${at + 1}, as the ${count - (lost.has(at) ? 0 : 1)} other words that are read tell it: `);
    if (p) {
      put(element("span", caption, "", { class: "entropy" }), entropy, 3);
      caption.append(" nats of uncertainty. ");
    } else caption.append("nothing fits, for they contradict each other. ");
    caption.append(total > 0 ? "Probability of what is read: " : "The language never says what is read here.");
    if (total > 0) element("span", caption, total.toExponential(1), { class: "total", "data-value": total });
    const shown = rows.slice(0, data.top).map(({ x, v }) => ({
      name: words[v], value: x, color: "population", act: () => replace(v),
      note: v === data.rounds[round].sentence[at] ? "★" : "",
    }));
    const rest = rows.slice(data.top).reduce((sum, { x }) => sum + x, 0);
    draw(rest > 0 ? [...shown, { name: `${rows.length - data.top} others`, value: rest, color: "chance" }] : shown);
    lose.textContent = lost.has(at) ? `put word ${at + 1} back` : `lose word ${at + 1}`;
  }
  show();
});

// Many copies of one sentence at a noise level that the reader sets, counted against the rule, and Bayes for a single word.

const COPIES_CSS = TURN_CSS(".uddm-copies") + `
.uddm-copies .copies { margin: .4em 0; padding: 0; list-style: none; }
.uddm-copies .copies li { margin: 0 0 .2em; line-height: 2.1; }
.uddm-copies .copies button { font: inherit; color: inherit; background: transparent; border: 1.5px solid transparent; border-radius: 3px;
  padding: 0 .2em; min-height: 1.8em; cursor: pointer; }
.uddm-copies .copies button[aria-pressed=true] { outline: 3px solid var(--uddm-focus); }`;

// alpha(t) as in noise/schedules.py
function signal(schedule, t) {
  const rest = schedule.epsilon;
  return schedule.name === "cosine" ? rest + (1 - rest) * Math.cos((Math.PI / 2) * t) ** 2 : 1 - (1 - rest) * t;
}

// p(kept | the word seen) and p(clean word | the word seen), for a reader who knows how often each word stands at this place.
function bayes(prior, seen, alpha, V) {
  const noise = (1 - alpha) / V;
  const total = alpha * prior[seen] + noise;
  return { kept: (alpha * prior[seen]) / total, clean: prior.map((p, v) => (p * ((v === seen ? alpha : 0) + noise)) / total) };
}

bringToLife("copies", COPIES_CSS, (root, data) => {
  const at = { world: 0, schedule: 0, t: data.start };
  let seed = data.seed, chosen = null, draws = drawn();

  function drawn() {
    const random = randomly(seed);
    return data.worlds.map(({ words, sentence }) =>
      Array.from({ length: data.copies }, () =>
        sentence.map(() => ({ luck: random(), fresh: Math.floor(random() * words.length) })),
      ),
    );
  }
  const world = () => data.worlds[at.world];
  const alpha = () => signal(data.schedules[at.schedule], data.times[at.t]);
  const state = ({ luck, fresh }, clean) => (luck < alpha() ? "kept" : fresh === clean ? "itself" : "changed");

  function shares() {
    const count = { kept: 0, itself: 0, changed: 0 }, clean = world().sentence;
    draws[at.world].forEach((copy) => copy.forEach((one, l) => count[state(one, clean[l])]++));
    const all = data.copies * clean.length;
    return { kept: count.kept / all, itself: count.itself / all, changed: count.changed / all, all };
  }

  predict(root, data.ask, () => {
    Object.assign(at, { world: 0, schedule: 0, t: data.start }); // what was asked about
    show();
    const found = shares();
    return `Counted here: ${(100 * (found.kept + found.itself)).toFixed(1)} of 100. ${data.ask.answer}`;
  });
  const axis = (name, values) => ({ name, values, play: 0 });
  const steppers = [
    ["world", axis("vocabulary", data.worlds.map((w) => w.name))],
    ["schedule", axis("schedule", data.schedules.map((s) => s.name))],
    ["t", axis("noise level t", data.times.map((t) => t.toFixed(2)))],
  ].map(([key, what]) => [key, stepper(root, what, at[key], (to) => { if (key === "world") chosen = null; at[key] = to; show(); })]);
  const acts = element("div", root, "", { class: "line" });
  button(acts, "draw all copies again", () => { seed++; draws = drawn(); show(); });
  element("p", root, `The first ${data.shown} of ${data.copies} copies. Choose a word to ask where it comes from:`);
  const list = element("ol", root, "", { class: "copies", "aria-label": "copies" });
  const counted = element("div", root, "", { class: "answer" });
  const caption = element("p", counted, "", { class: "words", "aria-live": "polite" });
  const tally = bars(counted, "Shares of the words, counted and by the rule");
  const single = element("div", root, "", { class: "answer single" });
  const told = element("p", single, "", { class: "words", "aria-live": "polite" });
  const origin = bars(single, "Kept or redrawn");
  const before = element("p", single, "Which word stood there? By Bayes' rule:");
  const clean = bars(single, "The clean word");

  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    showCopies();
    const a = alpha(), V = world().words.length, found = shares(), rest = (1 - a) / V;
    caption.textContent = `${found.all.toLocaleString("en")} words at α = ${a.toFixed(3)}, V = ${V}. Bars: counted. Upright lines: the rule.`;
    const row = (name, value, tick, color) => ({ name, value, tick, color, note: `(rule ${tick.toFixed(3)})` });
    tally([
      row("kept", found.kept, a, "accent"),
      row("drew itself", found.itself, rest, "accent"),
      row("another word", found.changed, (1 - a) * (V - 1) / V, "noise"),
      row("clean word seen", found.kept + found.itself, a + rest, "population"),
    ]);
    showSingle();
  }

  function showCopies() {
    const { words, sentence } = world();
    const had = list.contains(document.activeElement);
    list.replaceChildren();
    draws[at.world].slice(0, data.shown).forEach((copy, i) => {
      const line = element("li", list);
      copy.forEach((one, l) => {
        const now = state(one, sentence[l]);
        const word = words[now === "kept" ? sentence[l] : one.fresh];
        const pressed = chosen !== null && chosen[0] === i && chosen[1] === l;
        const made = button(line, word, () => { chosen = [i, l]; show(); }, { "aria-pressed": pressed });
        if (now === "changed") made.classList.add("changed");
        if (pressed && had) made.focus();
        line.append(" ");
      });
    });
  }

  function showSingle() {
    single.hidden = chosen === null;
    if (chosen === null) return;
    const { words, sentence, prior } = world(), [i, l] = chosen, one = draws[at.world][i][l];
    const now = state(one, sentence[l]), seen = now === "kept" ? sentence[l] : one.fresh;
    const chances = words.map((_, v) => prior[l][v] || 0);
    const { kept, clean: p } = bayes(chances, seen, alpha(), words.length);
    const truth = { kept: "It was kept.", itself: "It was redrawn, and drew itself.", changed: `It was redrawn; clean, it was “${words[sentence[l]]}”.` }[now];
    told.textContent = `“${words[seen]}”, word ${l + 1} of copy ${i + 1}, for somebody who knows how often each word stands at this place and reads no other word. ${truth}`;
    origin([{ name: "kept", value: kept, color: "accent" }, { name: "redrawn", value: 1 - kept, color: "noise" }]);
    before.hidden = false;
    const best = p.map((_, v) => v).sort((a, b) => p[b] - p[a]).slice(0, data.top);
    const rest = 1 - best.reduce((sum, v) => sum + p[v], 0);
    const rows = best.filter((v) => p[v] > 0).map((v) => ({ name: words[v], value: p[v], color: "posterior", note: v === sentence[l] ? "★ clean" : "" }));
    clean(rest > 1e-9 ? [...rows, { name: "all others", value: rest, color: "chance" }] : rows);
  }
  show();
});

// A sentence is dropped beside itself, k words changed, and a perfect memory brings it back or not: many times, in the page.

const DROPS_CSS = TURN_CSS(".uddm-drops") + SHARES_CSS(".uddm-drops");
const RUNS = 100;

// The memorizer of `memory` told the noise level at which k of L words are changed: see probes/basins.py.
function recaller(memory, V, k, epsilon) {
  const L = memory[0].length, alpha = Math.max(epsilon, Math.min(1, 1 - (k / L) * (V / (V - 1))));
  const beta = Math.log1p((alpha * V) / (1 - alpha));
  const n = memory.length, all = Int32Array.from(memory.flat()), agreeing = new Int32Array(n);
  const weight = Array.from({ length: L + 1 }, (_, below) => Math.exp(-beta * below)); // by agreements fewer than the best
  const map = (x) => {
    let top = 0;
    for (let i = 0; i < n; i++) {
      let same = 0;
      for (let l = 0; l < L; l++) if (all[i * L + l] === x[l]) same++;
      agreeing[i] = same;
      if (same > top) top = same;
    }
    const mass = Array.from({ length: L }, () => new Float64Array(V));
    for (let i = 0; i < n; i++) {
      const w = weight[top - agreeing[i]];
      if (w > 1e-20) for (let l = 0; l < L; l++) mass[l][all[i * L + l]] += w; // the rest is below a float's last digit
    }
    return mass.map((m) => m.indexOf(m.reduce((a, b) => Math.max(a, b), 0))); // the first of equals
  };
  return (x) => {
    for (let step = 0; step < 32; step++) {
      const next = map(x);
      if (next.every((v, l) => v === x[l])) break;
      x = next;
    }
    return x;
  };
}

bringToLife("drops", DROPS_CSS, (root, data) => {
  const { words, memory, fresh } = data, V = words.length, L = memory[0].length;
  const at = { ...data.begin }, random = randomly(data.seed);
  const ks = Array.from({ length: L }, (_, k) => k + 1), stored = {};
  const kept = () => memory.slice(0, data.sizes[at.size]);
  const subject = () => (at.kind === 0 ? memory[at.which] : fresh[at.which]);
  let last = null;

  predict(root, data.ask, () => {
    Object.assign(at, data.begin); // what was asked about
    const back = drop(RUNS);
    show();
    return `Here: ${back} of ${RUNS}.`;
  });
  const axis = (name, values) => ({ name, values, play: 0 });
  const steppers = [
    ["size", axis("sentences in the memory", data.sizes.map((n) => n.toLocaleString("en")))],
    ["kind", axis("the sentence", ["one that is stored", "one that is not"])],
    ["which", axis("number of the sentence", fresh.map((_, i) => String(i + 1)))],
    ["k", axis("changed words k", ks.map(String))],
  ].map(([key, what]) => [key, stepper(root, what, at[key], (to) => { at[key] = to; last = null; show(); })]);
  const answer = element("div", root, "", { class: "answer" });
  const acts = element("div", answer, "", { class: "line" });
  button(acts, "drop once", () => { drop(1); show(); });
  button(acts, `drop ${RUNS} times`, () => { drop(RUNS); show(); });
  button(acts, `drop ${RUNS} times at every k`, () => { const k = at.k; ks.forEach((_, j) => { at.k = j; drop(RUNS); }); at.k = k; last = null; show(); });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const svg = addShares(answer, L);
  const run = element("div", answer);

  function tally() { // of this memory and sentence, for each k: [runs, runs that came back]
    const key = `${at.size} ${at.kind} ${at.which}`;
    return (stored[key] = stored[key] || ks.map(() => [0, 0]));
  }
  function drop(times) {
    const recall = recaller(kept(), V, ks[at.k], data.epsilon), x = subject(), counts = tally()[at.k];
    let back = 0;
    for (let i = 0; i < times; i++) {
      const start = changed(x, ks[at.k], V, random), end = recall(start);
      back += end.every((v, l) => v === x[l]) ? 1 : 0;
      last = { start, end };
    }
    counts[0] += times;
    counts[1] += back;
    return back;
  }
  function sentence(name, x, truth, before) {
    const line = element("p", run, "", { class: "sentence" });
    element("strong", line, `${name}: `);
    x.forEach((v, l) => {
      const state = v === truth[l] ? (before && before[l] !== truth[l] ? "b" : "span") : before ? "s" : "mark";
      element(state, line, words[v]);
      line.append(" ");
    });
  }
  function fate(end) {
    const same = (x) => x.every((v, l) => v === end[l]);
    if (same(subject())) return "It came back.";
    return kept().some(same) ? "Another stored sentence captured it." : "It ended at a sentence that is not stored.";
  }
  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const counts = tally(), [runs, back] = counts[at.k];
    caption.textContent = runs ? `k = ${ks[at.k]}: ${back} of ${runs} runs came back. ` : `k = ${ks[at.k]}: no run yet. `;
    if (last) caption.append(`The last one: ${fate(last.end)}`);
    svg(counts.map(([n, b]) => (n ? b / n : null)), at.k);
    run.replaceChildren();
    sentence("the sentence", subject(), subject());
    if (!last) return;
    sentence("changed", last.start, subject());
    sentence("ends at", last.end, subject(), last.start);
  }
  show();
});

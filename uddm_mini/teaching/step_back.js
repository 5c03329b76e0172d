// One step back by Bayes' rule, with the truth and with a prediction p0 in its place; its price, and the price of ever smaller steps.

const BACK_CSS = TURN_CSS(".uddm-back") + `
.uddm-back table { border-collapse: collapse; margin: .4em 0; display: table; width: auto; font-size: .95em; }
.uddm-back :is(th, td) { text-align: right; padding: .1em .55em; font-variant-numeric: tabular-nums; border: 0; }
.uddm-back tbody th { text-align: left; }
@media (max-width: 600px) { .uddm-back table { font-size: .82em; } .uddm-back :is(th, td) { padding: .1em .28em; } }
.uddm-back .share { flex-basis: 7em; }
.uddm-back .share + .value { min-width: 3.4em; font-variant-numeric: tabular-nums; }
.uddm-back .line label.word { flex: 0 0 4em; }`;

// One token: the clean word, the seen one, the prediction p; alpha is `now` at t and `before` at s.
function stepBack(p, clean, seen, now, before) {
  const V = p.length, kept = now / before, sum = (xs) => xs.reduce((a, b) => a + b, 0);
  const atS = (law) => law.map((x) => before * x + (1 - before) / V);
  const onward = p.map((_, a) => (a === seen ? kept : 0) + (1 - kept) / V); // q(seen | a)
  const back = (law) => { const w = atS(law).map((x, a) => x * onward[a]); return w.map((x) => x / sum(w)); };
  const sure = p.map((_, a) => (a === clean ? 1 : 0));
  const truth = back(sure), model = back(p);
  const kl = sum(truth.map((q, a) => (q > 0 ? q * Math.log(q / model[a]) : 0)));
  const u = (law) => law.map((x) => now * V * x + 1 - now), ratios = (law) => u(law).map((x) => x / u(law)[seen]);
  const r = ratios(p), star = ratios(sure);
  const brackets = r.map((x, a) => x - star[a] - star[a] * Math.log(x / star[a]));
  return { truth, model, kl, u: u(p), r, star, brackets, limit: sum(brackets) / (now * V) };
}

bringToLife("back", BACK_CSS, (root, data) => {
  const { words } = data, start = { signal: data.signal, part: data.part, clean: data.clean, seen: data.seen };
  const at = { ...start };
  const even = () => words.map(() => 1 / words.length);
  let p = even();
  const now = () => data.signals[at.signal], before = () => now() + (1 - now()) / data.parts[at.part];
  const here = () => stepBack(p, at.clean, at.seen, now(), before());

  predict(root, data.ask, () => {
    Object.assign(at, start); // what was asked about
    p = even();
    show();
    const { truth, model, kl, limit } = here();
    if (data.limit)
      return `It goes to ${limit.toFixed(3)} nats: the sum of the brackets, divided by αV. Make the step smaller, and see.`;
    return `By Bayes' rule it says ${model[at.seen].toFixed(3)}. Who knows the clean word says ${truth[at.seen].toFixed(3)}. ` +
      `For this difference, and for the other words', the step costs ${kl.toFixed(4)} nats.`;
  });
  const axis = (name, values) => ({ name, values, play: 0 });
  const steppers = [
    ["signal", axis("α at t, the later level", data.signals.map((x) => x.toFixed(2)))],
    ["part", axis("one step goes back this part of the way to clean text", data.parts.map((k) => (k === 1 ? "all of it" : `1/${k}`)))],
    ["clean", axis("clean word", words)],
    ["seen", axis("the word the noise shows, b", words)],
  ].map(([key, what]) => [key, stepper(root, what, at[key], (to) => { at[key] = to; show(); })]);

  element("p", root, "The prediction p₀. Move a bar; the others make room:");
  const sliders = words.map((word, a) => {
    const line = element("div", root, "", { class: "line" }), id = "uddm-" + Math.random().toString(36).slice(2);
    element("label", line, word, { for: id, class: "word" });
    const slider = element("input", line, "", { type: "range", id, min: 0, max: 1, step: 0.001, class: "share" });
    const value = element("span", line, "", { class: "value" });
    slider.addEventListener("input", () => { share(a, Number(slider.value)); show(); });
    return () => { slider.value = p[a]; put(value, p[a], 3); };
  });
  const answer = element("div", root, "", { class: "answer" });
  const sets = element("div", answer, "", { class: "line" });
  element("span", sets, "Set p₀ to", { class: "name" });
  const set = (name, make) => button(sets, name, () => { p = make(); show(); });
  set(`1/${words.length} each`, even);
  set("the clean word", () => words.map((_, a) => (a === at.clean ? 1 : 0)));
  set("another word, for sure", () => words.map((_, a) => (a === (at.clean + 1) % words.length ? 1 : 0)));
  const table = data.limit && element("table", answer);
  element("p", answer, "Where was it before the step? The bar is the model's answer, the mark the truth's:");
  const draw = bars(answer, "Before the step");
  const step = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const small = data.limit && element("p", answer, "", { class: "words" });

  function share(a, x) {
    const rest = 1 - p[a];
    p = p.map((y, k) => (k === a ? x : rest > 1e-12 ? (y * (1 - x)) / rest : (1 - x) / (words.length - 1)));
  }
  function fill({ u, r, star, brackets }) {
    table.replaceChildren();
    const head = element("tr", element("thead", table));
    ["word", "p₀", "u", "r", "r*", "bracket"].forEach((name) => element("th", head, name, { scope: "col" }));
    const body = element("tbody", table);
    words.forEach((word, a) => {
      const row = element("tr", body);
      element("th", row, word + (a === at.seen ? " (b)" : ""), { scope: "row" });
      [p[a], u[a], r[a], star[a], brackets[a]].forEach((x) => put(element("td", row), x, 3));
    });
  }
  function say(place, value, name) {
    const cell = element("strong", place, "", { class: name });
    put(cell, value, 4);
    if (!Number.isFinite(value)) cell.textContent = "∞";
  }

  function show() {
    const all = here();
    steppers.forEach(([key, step]) => step(at[key]));
    sliders.forEach((one) => one());
    if (data.limit) fill(all);
    draw(words.map((name, a) => ({ name, value: all.model[a], tick: all.truth[a], note: `truth ${all.truth[a].toFixed(3)}`, color: "cavity" })));
    step.replaceChildren(`One step, α from ${now().toFixed(2)} back to ${before().toFixed(3)}: KL = `);
    say(step, all.kl, "kl");
    step.append(` nats, and divided by ${(before() - now()).toPrecision(3)}, the fall of α, `);
    say(step, all.kl / (before() - now()), "rate");
    step.append(".");
    if (!data.limit) return;
    small.replaceChildren("Ever smaller steps, by the sum of the brackets divided by αV: ");
    say(small, all.limit, "limit");
    small.append(" nats.");
  }
  show();
});

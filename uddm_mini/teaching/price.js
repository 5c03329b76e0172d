// The price of a prediction p0 for one word of two, bracket by bracket, and where it is smallest.

const PRICE_CSS = TURN_CSS(".uddm-price") + `
.uddm-price table { border-collapse: collapse; margin: .4em 0; display: table; width: auto; font-size: .95em; }
.uddm-price :is(th, td) { text-align: right; padding: .1em .55em; font-variant-numeric: tabular-nums; border: 0; }
.uddm-price tbody th { text-align: left; }
@media (max-width: 600px) { .uddm-price table { font-size: .82em; } .uddm-price :is(th, td) { padding: .1em .28em; } }
.uddm-price .share { flex-basis: 7em; }
.uddm-price .share + .value { min-width: 3.4em; font-variant-numeric: tabular-nums; }
.uddm-price .line label.word { flex: 0 0 4em; }
.uddm-price svg.curves { width: 100%; max-width: 30em; height: auto; }
.uddm-price .curves path { fill: none; stroke: currentColor; stroke-opacity: .6; }
.uddm-price .curves .nelbo { stroke: var(--uddm-curve); stroke-width: 3; stroke-opacity: 1; }
.uddm-price .curves .entropy { stroke: var(--uddm-lift); stroke-width: 3; stroke-opacity: 1; stroke-dasharray: 7 4; }`;

// One position of a sentence of two words: what the noise left of it (seen), and of the other word (other).
function situation(data, t, seen, other) {
  const V = data.words.length, alpha = 1 - (1 - data.epsilon) * t, slope = -(1 - data.epsilon);
  const q = (b, v) => (b === v ? alpha : 0) + (1 - alpha) / V;
  const normalised = (p) => p.map((x) => x / p.reduce((a, b) => a + b, 0));
  const cavity = normalised(data.joint.map((row) => row.reduce((sum, p, w) => sum + p * q(other, w), 0)));
  const full = normalised(cavity.map((c, v) => c * q(seen, v)));
  const u = (p) => p.map((x) => alpha * V * x + 1 - alpha);
  const ratios = (p) => u(p).map((x) => x / u(p)[seen]);
  const sure = (v) => data.words.map((_, a) => (a === v ? 1 : 0));
  // clean: the true word, or -1 for what it may be: the average over the full posterior
  const truths = (clean) => (clean < 0 ? full : sure(clean)).map((weight, v) => ({ weight, r: ratios(sure(v)) }));
  const mean = (clean, f) => truths(clean).reduce((sum, { weight, r }) => sum + weight * f(r), 0);
  const bracket = (r, s) => r - s - s * Math.log(r / s);
  const brackets = (p, clean) => ratios(p).map((r, a) => mean(clean, (s) => bracket(r, s[a])));
  const factor = -slope / (alpha * V);
  const price = (p, clean) => factor * brackets(p, clean).reduce((a, b) => a + b, 0);
  const entropy = (p, clean) => -(clean < 0 ? full : sure(clean)).reduce((sum, f, v) => sum + (f ? f * Math.log(p[v]) : 0), 0);
  const odds = 1 + (alpha * V) / (1 - alpha); // e^beta_t
  const counted = (times) => normalised(cavity.map((c, v) => (v === seen ? c * odds ** times : c)));
  const best = (clean) => (clean < 0 ? cavity : sure(clean));
  return { alpha, cavity, full, u, ratios, rate: (clean) => data.words.map((_, a) => mean(clean, (s) => s[a])),
    brackets, factor, price, entropy, counted, best };
}

bringToLife("price", PRICE_CSS, (root, data) => {
  const { words } = data, at = { t: data.start, seen: data.read[0], other: data.read[1], clean: 0, times: -1 }; // times: -1 is off the line
  let p = words.map(() => 1 / words.length);
  const here = () => situation(data, data.times[at.t], at.seen, at.other);
  const clean = () => at.clean - 1;

  predict(root, data.ask, (guess) => {
    Object.assign(at, { t: data.start, seen: data.read[0], other: data.read[1], clean: 0 }); // what was asked about
    p = here().cavity.slice();
    share(at.seen, guess);
    at.times = -1;
    show();
    const now = here(), paid = now.price(p, -1), least = now.price(now.cavity, -1);
    return `With it N_t is ${paid.toFixed(4)} on average, at best ${least.toFixed(4)}: at ${now.cavity[at.seen].toFixed(3)}, ` +
      `the cavity posterior. Cross-entropy would have you say ${now.full[at.seen].toFixed(3)}, the full posterior.`;
  });
  const axis = (name, values) => ({ name, values, play: 0 });
  const steppers = [
    ["t", axis("noise level t", data.times.map((t) => t.toFixed(2)))],
    ["seen", axis("the word the noise left here, b", words)],
    ["other", axis("the other word, as the noise left it", words)],
    ["clean", axis("clean word here", ["not known: on average", ...words])],
  ].map(([key, what]) => [key, stepper(root, what, at[key], (to) => { at[key] = to; at.times = -1; show(); })]);

  element("p", root, "Your prediction p₀. Move a bar; the others make room:");
  const sliders = words.map((word, a) => {
    const line = element("div", root, "", { class: "line" }), id = "uddm-" + Math.random().toString(36).slice(2);
    element("label", line, word, { for: id, class: "word" });
    const slider = element("input", line, "", { type: "range", id, min: 0, max: 1, step: 0.001, class: "share" });
    const value = element("span", line, "", { class: "value" });
    slider.addEventListener("input", () => { share(a, Number(slider.value)); at.times = -1; show(); });
    return () => { slider.value = p[a]; put(value, p[a], 3); };
  });
  const answer = element("div", root, "", { class: "answer" });
  const sets = element("div", answer, "", { class: "line" });
  element("span", sets, "Set p₀ to", { class: "name" });
  const set = (name, times, make) => button(sets, name, () => { at.times = times; p = make(); show(); });
  set("the cavity posterior", 5, () => here().cavity.slice());
  set("the full posterior", 15, () => here().full.slice());
  set(`1/${words.length} each`, -1, () => words.map(() => 1 / words.length));
  const table = element("table", answer);
  element("p", answer, "Bracket r − r* − r* ln(r/r*) of each word:");
  const draw = bars(answer, "Brackets");
  const total = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const along = element("div", answer);
  const curves = addCurves(along);
  const counts = Array.from({ length: 21 }, (_, k) => (k - 5) / 10);
  const line = stepper(along, axis("count the seen word so many times", counts.map((k) => k.toFixed(1))), 5, (to) => {
    at.times = to;
    p = here().counted(counts[to]);
    show();
  });

  function share(a, x) {
    const rest = 1 - p[a];
    p = p.map((y, k) => (k === a ? x : rest > 1e-12 ? (y * (1 - x)) / rest : (1 - x) / (words.length - 1)));
  }

  function show() {
    const now = here();
    steppers.forEach(([key, step]) => step(at[key]));
    sliders.forEach((step) => step());
    const r = now.ratios(p), u = now.u(p), truth = now.rate(clean()), each = now.brackets(p, clean());
    table.replaceChildren();
    const head = element("tr", element("thead", table));
    ["word", "p₀", "u", "r", clean() < 0 ? "mean r*" : "r*", "cavity", "full"].forEach((name) => element("th", head, name, { scope: "col" }));
    const body = element("tbody", table);
    words.forEach((word, a) => {
      const row = element("tr", body);
      element("th", row, word + (a === at.seen ? " (b)" : ""), { scope: "row" });
      [p[a], u[a], r[a], truth[a], now.cavity[a], now.full[a]].forEach((x) => put(element("td", row), x, 3));
    });
    draw(words.map((name, a) => ({ name, value: each[a], color: "cavity" })), { top: Math.max(0.5, ...each), digits: 4 });
    total.replaceChildren(`N_t = ${now.factor.toFixed(3)} · the sum of the brackets = `);
    put(element("strong", total, "", { class: "paid" }), now.price(p, clean()), 4);
    total.append(". The least that any p₀ pays here: ");
    put(element("span", total, "", { class: "least" }), now.price(now.best(clean()), clean()), 4);
    total.append(clean() < 0 ? ", by the cavity posterior." : ", by whoever knows the clean word.");
    along.hidden = clean() >= 0;
    line();
    if (!along.hidden) curves(counts.map((k) => [k, now.price(now.counted(k), -1), now.entropy(now.counted(k), -1)]), at.times);
  }
  show();
});

// Two prices along one line of predictions, each between its own least and most.
function addCurves(parent) {
  const label = "Prices of predictions that count the seen word k times: the NELBO's is least at 0, the cavity posterior; cross-entropy's at 1, the full posterior.";
  const svg = element("svg", parent, "", { class: "curves", viewBox: "0 0 340 190", role: "img", "aria-label": label });
  const say = (text, x, y, anchor = "start") => element("text", svg, text, { x, y, fill: "currentColor", "font-size": 13, "text-anchor": anchor });
  say("price, each from its least to its most", 8, 14);
  element("path", svg, "", { d: "M20 24V150H330" });
  const x = (k) => 20 + (310 * (k + 0.5)) / 2, y = (v, low, high) => 144 - (112 * (v - low)) / (high - low);
  [[0, "0: cavity"], [1, "1: full"]].forEach(([k, name]) => { element("path", svg, "", { d: `M${x(k)} 24V154`, "stroke-dasharray": "2 3" }); say(name, x(k), 168, "middle"); });
  const nelbo = element("path", svg, "", { class: "nelbo" }), entropy = element("path", svg, "", { class: "entropy" });
  say("— N_t", 90, 186, "middle").style.fill = "var(--uddm-curve)";
  say("- - cross-entropy", 230, 186, "middle").style.fill = "var(--uddm-lift)";
  const dots = [1, 2].map(() => element("circle", svg, "", { r: 5, fill: "currentColor" }));
  return (rows, at) => {
    [nelbo, entropy].forEach((path, i) => {
      const values = rows.map((row) => row[i + 1]), low = Math.min(...values), high = Math.max(...values);
      path.setAttribute("d", rows.map((row, k) => `${k ? "L" : "M"}${x(row[0]).toFixed(1)} ${y(values[k], low, high).toFixed(1)}`).join(""));
      dots[i].style.display = at < 0 ? "none" : "";
      if (at < 0) return;
      dots[i].setAttribute("cx", x(rows[at][0]));
      dots[i].setAttribute("cy", y(values[at], low, high));
    });
  };
}

// Scores of two kinds of sentences, and a bar that the reader moves: who passes it, and what a rate of false alarms buys.

const BAR_CSS = TURN_CSS(".uddm-bar") + PLOT_CSS(".uddm-bar");
const STOPS = 100, BINS = 25;

// How often a "yes" scores above a "no", ties half: the area under the ROC curve.
function area(yes, no) {
  let won = 0;
  for (const y of yes) for (const n of no) won += y > n ? 1 : y === n ? 0.5 : 0;
  return won / (yes.length * no.length);
}

// The k-th largest of n scores, k = floor(rate (n + 1)), or null where n is too small for the rate: see probes/roc.py.
function barAt(no, rate) {
  const k = Math.floor(rate * (no.length + 1) + 1e-9);
  return k < 1 ? null : no.slice().sort((a, b) => b - a)[k - 1];
}

const above = (scores, bar) => scores.filter((s) => s > bar).length / scores.length;

bringToLife("bar", BAR_CSS, (root, data) => {
  const { sets, counts, shares, rate } = data, [yesName, noName] = data.names;
  const at = { set: 0, count: counts.length - 1, share: 0, bar: 0 };
  const yes = () => sets[at.set].yes, no = () => sets[at.set].no.slice(0, counts[at.count]);
  const ends = () => { const all = [...sets[at.set].yes, ...sets[at.set].no]; return [Math.min(...all), Math.max(...all)]; };
  const stop = (k) => { const [low, high] = ends(); return low + ((high - low) * k) / STOPS; };
  const percent = (x) => `${Number((100 * x).toPrecision(2))} %`;

  predict(root, data.ask, () => {
    Object.assign(at, { set: 0, count: counts.length - 1 }); // what was asked about
    at.bar = barAt(no(), rate);
    show();
    return `Here: ${(100 * above(yes(), at.bar)).toFixed(0)} of 100. The area is ${area(yes(), no()).toFixed(2)}.`;
  });
  const bar = { name: "the bar", values: new Array(STOPS + 1).fill(""), play: 0 };
  const steppers = [];
  const add = (key, name, values) => {
    if (values.length > 1) steppers.push([key, stepper(root, { name, values, play: 0 }, at[key], (to) => { at[key] = to; if (key === "set") begin(); show(); })]);
  };
  add("set", data.of, sets.map((one) => one.name));
  add("count", `${noName} that you have`, counts.map(String));
  const bars_ = stepper(root, bar, 0, (k) => { at.bar = stop(k); show(); });
  add("share", `${yesName} among all who are asked about`, shares.map((s) => percent(s)));

  const answer = element("div", root, "", { class: "answer" });
  const acts = element("div", answer, "", { class: "line" });
  const promised = button(acts, `set the bar for ${percent(rate)} false alarms`, () => { at.bar = barAt(no(), rate); show(); });
  const told = element("p", answer, "", { class: "words", "aria-live": "polite" });
  key(answer, [["train", yesName], ["held-out", `${noName} (downwards)`]]);
  const spread = plotted(answer, 200);
  const rates = bars(answer, "What the bar does");
  const roc = plotted(answer, 230);

  function begin() {
    at.bar = stop(50);
  }
  function histogram(scores) {
    const [low, high] = ends(), count = new Array(BINS).fill(0);
    scores.forEach((s) => count[Math.min(BINS - 1, Math.floor((BINS * (s - low)) / (high - low)))]++);
    return count.map((n) => n / scores.length);
  }
  function outline(heights, sign) {
    const [low, high] = ends(), x = (k) => low + ((high - low) * k) / BINS;
    return [[low, 0], ...heights.flatMap((h, k) => [[x(k), sign * h], [x(k + 1), sign * h]]), [high, 0]];
  }

  function show() {
    const [low, high] = ends(), k = Math.max(0, Math.min(STOPS, Math.round((STOPS * (at.bar - low)) / (high - low))));
    bar.values.forEach((_, i) => { bar.values[i] = stop(i).toFixed(3); });
    bar.values[k] = at.bar.toFixed(3);
    steppers.forEach(([key, step]) => step(at[key]));
    bars_(k);
    const found = above(yes(), at.bar), wrong = above(no(), at.bar), whole = area(yes(), no());
    const best = barAt(no(), rate), n = no().length, pi = shares[at.share];
    promised.disabled = best === null && document.activeElement !== promised;
    told.replaceChildren("Area under the curve: ");
    put(element("strong", told, "", { class: "area" }), whole, 3);
    if (best === null) {
      told.append(`. A bar that promises at most ${percent(rate)} false alarms takes ${Math.ceil(1 / rate - 1e-9) - 1} ${noName}; you have ${n}. `);
    } else {
      told.append(`. At ${percent(rate)} false alarms (a bar at ${best.toFixed(3)}) a share of `);
      put(element("strong", told, "", { class: "found" }), above(yes(), best), 3);
      told.append(` of the ${yesName} is found. `);
    }
    told.append(`No rate of false alarms below 1/${n} = ${percent(1 / n)} can be seen at all.`);
    const up = histogram(yes()), down = histogram(no()), most = Math.max(...up, ...down);
    const axis = { low, high, name: "score", ticks: [low, (low + high) / 2, high].map((v) => [v, v.toFixed(2)]) };
    spread(`Scores of ${yes().length} ${yesName} and ${n} ${noName}, and a bar at ${at.bar.toFixed(3)}`,
      { x: axis, y: { low: -most, high: most, name: "share of its kind", ticks: [[most, percent(most)], [0, "0"], [-most, percent(most)]] } },
      [{ line: outline(up, 1), color: "train", close: true, opacity: 0.75 }, { line: outline(down, -1), color: "held-out", close: true, opacity: 0.75 },
        { rule: { x: at.bar }, width: 2.5 }]);
    const right = pi * found, accused = right + (1 - pi) * wrong;
    rates([
      { name: `${yesName} above the bar`, value: found, color: "train" },
      { name: `${noName} above it`, value: wrong, color: "held-out" },
      { name: "of all above it, rightly", value: accused ? right / accused : 0, color: "population", note: accused ? "" : "(nobody is above it)" },
    ]);
    const curve = [...new Set([...yes(), ...no()])].sort((a, b) => b - a).map((s) => [above(no(), s), above(yes(), s)]);
    const unit = (name) => ({ low: 0, high: 1, name, ticks: [[0, "0"], [0.5, "½"], [1, "1"]] });
    roc(`ROC curve: with ${(100 * wrong).toFixed(1)} percent false alarms ${(100 * found).toFixed(0)} percent are found; area ${whole.toFixed(2)}`,
      { x: unit("false alarms"), y: unit("found") },
      [{ line: [[0, 0], [1, 1]], dash: "2 4", width: 1.5 }, { line: [...curve, [1, 1]], color: "curve", width: 3 }, { dot: [wrong, found], color: "lift", r: 7 }]);
  }
  begin();
  show();
});

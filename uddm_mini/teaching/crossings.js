// Where curves over the number of sentences fall through a bar that the reader drags: the mean, every seed, and an interval.

const CROSSINGS_CSS = TURN_CSS(".uddm-crossings") + PLOT_CSS(".uddm-crossings");

// Where y over ln(sizes) first falls to `level` times `first`: Infinity if it stays above, 0 if it starts below: see
// experiments/crossing.py.
function passage(sizes, y, level, first) {
  if (!(first > 0)) return NaN;
  const there = sizes.map((n, k) => [Math.log(n), y[k]]).filter(([, v]) => v !== null).map(([x, v]) => [x, v / first]);
  for (let k = 0; k + 1 < there.length; k++) {
    const [[x, left], [next, right]] = [there[k], there[k + 1]];
    if (left > level && right <= level) return Math.exp(x + ((left - level) / (left - right)) * (next - x));
  }
  return there[there.length - 1][1] > level ? Infinity : 0;
}

function meanCurve(runs) {
  return runs[0].map((_, k) => {
    const there = runs.map((run) => run[k]).filter((v) => v !== null);
    return there.length ? there.reduce((a, b) => a + b, 0) / there.length : null;
  });
}

// Mean of numbers, or of their logarithms, with Student's 95 % interval, and the upper end for one more.
function student(values, quantiles, logs) {
  const k = values.length, f = logs ? Math.log : (v) => v, back = logs ? Math.exp : (v) => v, x = values.map(f);
  const middle = x.reduce((a, b) => a + b, 0) / k;
  const sd = Math.sqrt(x.reduce((sum, v) => sum + (v - middle) ** 2, 0) / (k - 1)), q = quantiles[k - 2];
  const half = (q * sd) / Math.sqrt(k);
  return { middle: back(middle), low: back(middle - half), high: back(middle + half), safe: back(middle + q * sd * Math.sqrt(1 + 1 / k)) };
}

bringToLife("crossings", CROSSINGS_CSS, (root, data) => {
  const { grids, levels, absolute, unit, advisers, quantiles } = data;
  const at = { grid: data.asked.grid, level: levels.indexOf(data.asked.level), advisers: 0 };
  const said = (n) => (n === 0 ? `below ${grid().sizes[0].toLocaleString("en", { maximumFractionDigits: 0 })}` : Number.isFinite(n) ? n.toLocaleString("en", { maximumFractionDigits: 0 }) : "not within these sizes");
  const grid = () => grids[at.grid];
  const cross = (one, run, level) => passage(one.sizes, run, level, absolute ? 1 : run[0]);
  const chosen = (one) => (advisers.length ? one.runs.filter((_, k) => advisers[at.advisers].includes(one.seeds[k])) : one.runs);
  const ofMean = (one, level) => cross(one, meanCurve(chosen(one)), level);
  const estimate = (one, level) => {
    if (!absolute) return ofMean(one, level);
    const each = chosen(one).map((run) => cross(one, run, level));
    return each.every((n) => Number.isFinite(n) && n > 0) ? student(each, quantiles, true).middle : NaN;
  };

  predict(root, data.ask, () => {
    Object.assign(at, { grid: data.asked.grid, level: levels.indexOf(data.asked.level), advisers: 0 }); // what was asked about
    show();
    return `Here: ${said(estimate(grid(), data.asked.level))} ${unit}.`;
  });
  const steppers = [];
  const add = (key, name, values) => {
    if (values.length > 1) steppers.push([key, stepper(root, { name, values, play: 0 }, at[key], (to) => { at[key] = to; show(); })]);
  };
  add("grid", data.of, grids.map((one) => one.name));
  add("level", absolute ? "the bar, a gap of" : "the bar, share of the first gap", levels.map((v) => v.toFixed(2)));
  add("advisers", "seeds that advise", advisers.map((seeds) => seeds.join(", ")));

  const answer = element("div", root, "", { class: "answer" });
  const told = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const judged = element("p", answer, "", { class: "words judged" });
  key(answer, [["curve", "mean over seeds"], ["train", advisers.length ? "a seed that advises" : "a seed"], ...(advisers.length ? [["held-out", "a seed that judges", true]] : []),
    ...(data.beside >= 0 ? [[null, grids[data.beside].name, true]] : [])]);
  const curves = plotted(answer, 240);

  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const one = grid(), level = levels[at.level], runs = chosen(one), each = runs.map((run) => cross(one, run, level));
    const whole = each.length > 1 && each.every((n) => Number.isFinite(n) && n > 0);
    const spread = whole ? student(each, quantiles, absolute) : null, n = absolute && spread ? spread.middle : ofMean(one, level);
    told.replaceChildren(`${one.name}: `);
    element("strong", told, said(n), { class: "n", "data-value": n });
    told.append(` ${unit}${absolute ? " (geometric mean of the seeds)" : " (the mean curve)"}. Its seeds: `);
    each.forEach((m, k) => { if (k) told.append(", "); element("span", told, said(m), { class: "each", "data-value": m }); });
    if (spread) {
      told.append(". Student's 95 % interval: ");
      [["low", " to "], ["high", "."]].forEach(([name, then]) => { element("span", told, said(spread[name]), { class: name, "data-value": spread[name] }); told.append(then); });
    } else told.append(each.length > 1 ? ". No interval: not every seed crosses within these sizes." : ". One seed has no interval.");
    if (data.beside >= 0 && data.beside !== at.grid) told.append(` ${grids[data.beside].name}: ${said(ofMean(grids[data.beside], level))}.`);
    const rest = one.runs.filter((run) => !runs.includes(run)), after = rest.map((run) => cross(one, run, level));
    judged.hidden = !advisers.length || !spread;
    if (!judged.hidden) {
      judged.replaceChildren("Safe for one more: ");
      element("strong", judged, String(Math.ceil(spread.safe)), { class: "safe", "data-value": spread.safe });
      const kept = after.filter((m) => m <= spread.safe).length;
      judged.append(` ${unit}. The other seeds fall to the bar at ${after.map(said).join(" and ")}: ${kept} of ${after.length} keep the promise.`);
    }
    const share = (y) => y.map((v) => (v === null ? null : absolute ? v : v / y[0]));
    const line = (sizes, y) => sizes.map((m, k) => [m, share(y)[k]]).filter(([, v]) => v !== null);
    const low = Math.min(...grids.map((g) => g.sizes[0])), high = Math.max(...grids.map((g) => g.sizes[g.sizes.length - 1]));
    const ticks = one.sizes.filter((_, k) => k % Math.ceil(one.sizes.length / 5) === 0).map((m) => [m, m.toLocaleString("en", { notation: "compact", maximumFractionDigits: 1 })]);
    const top = absolute ? Math.max(level, ...one.runs.flat()) : 1;
    const inside = (m) => Number.isFinite(m) && m > 0;
    const marks = [{ rule: { y: level }, dash: "4 4", width: 1.5 }];
    if (spread) marks.push({ line: [[Math.max(low, spread.low), -0.1], [Math.max(low, spread.low), 1.2], [Math.min(high, spread.high), 1.2], [Math.min(high, spread.high), -0.1]], color: "memorizer", close: true, opacity: 0.18 });
    if (data.beside >= 0 && data.beside !== at.grid) marks.push({ line: line(grids[data.beside].sizes, meanCurve(grids[data.beside].runs)), dash: "2 4", width: 1.5 });
    rest.forEach((run) => marks.push({ line: line(one.sizes, run), color: "held-out", width: 1.3, dash: "5 3" }));
    runs.forEach((run, k) => {
      marks.push({ line: line(one.sizes, run), color: "train", width: 1.2, opacity: 0.7 });
      if (inside(each[k])) marks.push({ dot: [each[k], level], color: "train", r: 4 });
    });
    marks.push({ line: line(one.sizes, meanCurve(runs)), color: "curve", width: 3 });
    if (inside(n)) marks.push({ dot: [n, level], color: "lift", r: 6 });
    if (spread && advisers.length) marks.push({ rule: { x: Math.min(high, spread.safe) }, color: "memorizer" });
    curves(`${one.name}: the gap falls to ${level} at ${said(n)} ${unit}`,
      { x: { low, high, log: true, name: data.along, ticks }, y: { low: -0.05 * top, high: 1.05 * top, name: absolute ? "gap in recovery" : "gap, share of its first value", ticks: [[0, "0"], [top / 2, (top / 2).toFixed(2)], [top, top.toFixed(2)]] } }, marks);
  }
  show();
});

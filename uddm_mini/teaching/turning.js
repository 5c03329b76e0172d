// When does a network generalize, and when does it memorize? The reader sets the bar, and the page reads off both times.

const TURNING_CSS = TURN_CSS(".uddm-turning") + CHART_CSS(".uddm-turning");
const MEASURES = { recovered: { name: "recovery", sign: 1, unit: "" }, entropy: { name: "entropy", sign: -1, unit: " nats" } };

// After how many steps: held-out recovery has risen half of its way, and training text is ahead by the bar, in recovery or in
// certainty; as `turning_points` in experiments/course.py. curves[split][step] of one network.
function turningPoints(steps, recovered, ahead, bar) {
  const x = steps.map(Math.log), held = recovered["held-out"];
  const gap = ahead.train.map((v, k) => v - ahead["held-out"][k]);
  return { generalizes: firstPassage(x, held, 0.5, undefined, Math.max(...held)), memorizes: firstPassage(x, gap, 0, -1, bar) };
}

// The slope of the straight line through points (least squares).
function slope(x, y) {
  const [mx, my] = [mean(x), mean(y)];
  return x.reduce((sum, v, k) => sum + (v - mx) * (y[k] - my), 0) / x.reduce((sum, v) => sum + (v - mx) ** 2, 0);
}

// The power of n of every seed, from the sizes that all have reached: times[size][seed]; null with fewer than two such sizes.
function powersOf(sizes, times) {
  const whole = sizes.map((_, i) => i).filter((i) => times[i].every((v) => Number.isFinite(v) && v > 0));
  if (whole.length < 2) return null;
  const x = whole.map((i) => Math.log(sizes[i]));
  return { sizes: whole.length, each: times[0].map((_, s) => slope(x, whole.map((i) => Math.log(times[i][s])))) };
}

bringToLife("turning", TURNING_CSS, (root, data, still) => {
  const { sizes, steps, bars: allBars } = data, at = { ...data.begin }, seeds = data.recovered.train[0].map((_, s) => s);
  const last = steps[steps.length - 1];
  const curve = (column, split, i, s) => data[column][split][i][s].map((v) => MEASURES[column].sign * v);
  const both = (column, i, s) => ({ train: curve(column, "train", i, s), "held-out": curve(column, "held-out", i, s) });
  const timesAt = (bar) => sizes.map((_, i) => seeds.map((s) => turningPoints(steps, both("recovered", i, s), both(at.measure, i, s), bar)));
  const firsts = (times) => times.flat().filter(({ memorizes, generalizes }) => memorizes < generalizes).length;
  const passes = (v, i) => (at.count === "passes" ? (v * data.batch) / sizes[i] : v);

  predict(root, data.ask, () => {
    Object.assign(at, { measure: "recovered", count: "steps" }); // what was asked about
    const wrong = allBars.map((bar) => firsts(timesAt(bar)));
    const k = wrong.map((n) => n > 0).lastIndexOf(true) + 1;
    at.bar = Math.min(k, allBars.length - 1);
    show();
    return k === allBars.length ? "At none of these bars." : `Here: from ${allBars[k].toFixed(2)} on.${k ? ` At ${allBars[k - 1].toFixed(2)} ${wrong[k - 1] === 1 ? "one network memorizes" : `${wrong[k - 1]} networks memorize`} first.` : ""}`;
  });
  const chosen = [
    choice(root, "Training text is ahead in", { recovered: "recovery", entropy: "certainty (entropy)" }, (v) => { at.measure = v; show(); }),
    choice(root, "Time is counted in", { steps: "steps", passes: "passes over the data" }, (v) => { at.count = v; show(); }),
  ];
  const axis = (name, values) => ({ name, values, play: 0 });
  const barStepper = stepper(root, axis("bar", allBars.map((b) => b.toFixed(2))), at.bar, (to) => { at.bar = to; show(); });
  const sizeStepper = stepper(root, axis("the network that is shown, training sentences", sizes.map(thousands)), at.size, (to) => { at.size = to; show(); });
  const answer = element("div", root, "", { class: "answer" });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const charts = element("div", answer, "", { class: "charts" }), gap = chart(charts, 200), growth = chart(charts, 200);
  chartKey(answer, [{ name: "generalizes", color: "population" }, { name: "memorizes", color: "memorizer" }, { name: "in proportion to n", color: "lattice", dashed: true }]);
  onPaper(root, still);

  function show() {
    chosen[0](at.measure);
    chosen[1](at.count);
    barStepper(at.bar);
    sizeStepper(at.size);
    const bar = allBars[at.bar], { unit, name } = MEASURES[at.measure], times = timesAt(bar), first = firsts(times);
    const column = (key) => times.map((row, i) => row.map((time) => passes(time[key], i)));
    const power = powersOf(sizes, column("memorizes"));
    const parts = power ? powerParts(power) : ["fewer than two sizes that every seed has reached, so no power"];
    tell(caption, `Ahead by ${bar.toFixed(2)}${unit}: the time to memorize grows with `, ...parts, `. ${first || "No"} ${first === 1 ? "network memorizes" : "networks memorize"} first.`);
    drawGap(times, bar, name);
    drawGrowth(column);
  }
  function powerParts({ each, sizes: count }) {
    const middle = mean(each), spread = Math.sqrt(each.reduce((sum, v) => sum + (v - middle) ** 2, 0) / (each.length - 1));
    const half = (data.student * spread) / Math.sqrt(each.length);
    return ["power ", [middle, 2], " (", [middle - half, 2], " to ", [middle + half, 2], `), from ${count} sizes`];
  }
  function drawGap(times, bar, name) {
    const i = at.size, runs = steps.map((_, k) => seeds.map((s) => curve(at.measure, "train", i, s)[k] - curve(at.measure, "held-out", i, s)[k]));
    const top = Math.max(...allBars, ...runs.flat()), low = Math.min(0, ...runs.flat());
    const x = { name: "steps of training", low: steps[0], high: last, log: true, ticks: [10, 100, 1000] };
    gap({ x, y: { name: `${thousands(sizes[i])} sentences: ahead in ${name}`, low, high: top, ticks: [0, 0.1, 0.2, 0.3, 0.4].filter((v) => v <= top) },
      label: `How far training text is ahead in ${name}, against steps, with ${thousands(sizes[i])} sentences; the bar is ${bar.toFixed(2)}` }, (pen) => {
      pen.runs(steps, runs, "curve");
      pen.across(bar);
      ["generalizes", "memorizes"].forEach((key) => {
        const logs = times[i].map((time) => Math.log(time[key]));
        if (logs.every(Number.isFinite)) pen.upright(Math.exp(mean(logs)), key === "memorizes" ? "memorizer" : "population");
      });
    });
  }
  function drawGrowth(column) {
    const steps10 = at.count === "steps", high = steps10 ? last * 1.3 : (last * data.batch) / sizes[0];
    const x = { name: "training sentences", low: sizes[0] * 0.9, high: sizes[sizes.length - 1] * 1.1, log: true, ticks: data.ticks };
    const y = { name: steps10 ? "steps of training" : "passes over the data", low: steps10 ? 10 : 1, high, log: true, ticks: [1, 10, 100, 1000, 10000].filter((v) => v >= (steps10 ? 10 : 1) && v <= high) };
    growth({ x, y, label: `Both times in ${at.count} against training sentences` }, (pen) => {
      for (const [key, color] of [["generalizes", "population"], ["memorizes", "memorizer"]]) {
        const rows = column(key), whole = rows.map((row) => row.every((v) => Number.isFinite(v) && v > 0));
        const points = sizes.map((n, i) => [n, Math.exp(mean(rows[i].map(Math.log)))]).filter((_, i) => whole[i]);
        if (points.length > 1) pen.curve(points, color);
        rows.forEach((row, i) => row.forEach((v, s) => {
          const look = { "data-key": key, "data-n": sizes[i], "data-seed": s, "data-value": v };
          if (Number.isFinite(v) && v > 0) pen.dot(sizes[i], v, color, { ...look, "stroke-width": 0.5 });
          else if (v === Infinity) pen.dot(sizes[i], passes(last, i), color, { ...look, fill: "none", stroke: `var(--uddm-${color})`, "stroke-width": 2 });
        }));
        if (key === "memorizes" && points.length && steps10) {
          const [n, v] = points[0], end = Math.min(x.high, (n * y.high) / v); // where the line leaves the chart
          pen.curve([[n, v], [end, (v * end) / n]], "lattice", true);
        }
      }
    });
  }
  show();
});

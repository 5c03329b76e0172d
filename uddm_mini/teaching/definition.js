// Where do models cross? The reader turns the definition: which share of the gap, from which size on, at which noise level.

const DEFINITION_CSS = TURN_CSS(".uddm-definition") + CHART_CSS(".uddm-definition");

// All ways to draw as many seeds as there are, with replacement: how often each is drawn, and the chance of that.
function resamples(seeds) {
  const factorial = (n) => (n < 2 ? 1 : n * factorial(n - 1));
  const counts = (left, places) => (places === 1 ? [[left]] : Array.from({ length: left + 1 }, (_, k) => counts(left - k, places - 1).map((rest) => [k, ...rest])).flat());
  const ways = (count) => count.reduce((w, k) => w / factorial(k), factorial(seeds));
  return counts(seeds, seeds).map((count) => ({ count, chance: ways(count) / seeds ** seeds }));
}

// Of rows { value, chance }: the least value up to which so much of the chance has come together.
function quantile(rows, share) {
  let sum = 0;
  const rising = rows.slice().sort((a, b) => a.value - b.value);
  return (rising.find(({ chance }) => (sum += chance) >= share - 1e-12) || rising[rising.length - 1]).value;
}

// gaps[k][seed] at sizes[k]; `left` is the share of the gap at the first size that is left at the crossing.
function crossingOf(sizes, gaps, left) {
  const x = sizes.map(Math.log), seeds = gaps[0].length;
  const passage = (weights) => firstPassage(x, gaps.map((row) => -row.reduce((sum, g, s) => sum + weights[s] * g, 0)), left, undefined, 0);
  const alone = (s) => passage(gaps[0].map((_, k) => (k === s ? 1 : 0)));
  const drawn = resamples(seeds).map(({ count, chance }) => ({ value: passage(count.map((k) => k / seeds)), chance })).filter(({ value }) => !Number.isNaN(value));
  const all = drawn.reduce((sum, { chance }) => sum + chance, 0);
  const n = passage(gaps[0].map(() => 1 / seeds)), each = gaps[0].map((_, s) => alone(s));
  if (seeds < 2 || !drawn.length) return { n, low: NaN, high: NaN, each };
  return { n, low: quantile(drawn, 0.025 * all), high: quantile(drawn, 0.975 * all), each };
}

bringToLife("definition", DEFINITION_CSS, (root, data, still) => {
  const { sizes, levels, networks } = data, at = { ...data.begin }, starts = sizes.slice(0, -2);
  const shares = data.shares.map((share) => `${Math.round(100 * share)} %`);
  const gapsOf = (network) => network.gaps[at.t].slice(at.start);
  const found = (network) => crossingOf(sizes.slice(at.start), gapsOf(network), data.shares[at.left]);
  const whole = (n) => (Number.isFinite(n) && n > 0 ? thousands(Math.round(n)) : n === Infinity ? "not within these sizes" : "no gap to close");

  predict(root, data.ask, () => {
    const first = crossingOf(sizes, networks[data.begin.network].gaps[data.begin.t], data.shares[data.begin.left]);
    Object.assign(at, data.begin, { start: data.asked }); // what was asked about
    show();
    const now = found(networks[at.network]);
    return `From ${sizes[data.asked]} on it crosses at ${whole(now.n)}, instead of ${whole(first.n)} (${whole(first.low)} to ${whole(first.high)}).`;
  });
  const axis = (name, values) => ({ name, values, play: 0 });
  const steppers = [
    ["network", axis("network", networks.map(({ name }) => name))],
    ["left", axis("share of the gap that is left at the crossing", shares)],
    ["start", axis("smallest size", starts.map(thousands))],
    ["t", axis("noise level t", levels.map(String))],
  ].map(([key, what]) => [key, stepper(root, what, at[key], (to) => { at[key] = to; show(); })]);
  const answer = element("div", root, "", { class: "answer" });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const charts = element("div", answer, "", { class: "charts" }), gaps = chart(charts, 190), ladder = chart(charts, 190);
  element("p", answer, "First the gap of one network, with its band over seeds, and the crossing; then the crossings of all three. Lines are intervals, small dots single seeds.");
  onPaper(root, still);

  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const network = networks[at.network], runs = gapsOf(network), here = found(network), all = networks.map(found);
    const kept = sizes.slice(at.start), level = data.shares[at.left] * mean(runs[0]);
    const there = ({ n }) => Number.isFinite(n) && n > 0;
    tell(caption, `${network.name}: crossing `, ...(there(here) ? [[here.n, 1], ", 95 % interval ", [here.low, 1], " to ", [here.high, 1]] : [whole(here.n)]),
      `. Single seeds: ${here.each.map(whole).join(", ")}.`);
    const x = { name: "training sentences", low: sizes[0], high: sizes[sizes.length - 1], log: true, ticks: data.ticks };
    const most = Math.max(...network.gaps[at.t].flat(), 0.1);
    gaps({ x, y: { name: "gap: recovery of training minus held-out text", low: 0, high: most, ticks: [0, 0.2, 0.4, 0.6].filter((v) => v < most) },
      label: `Gap of the ${network.name} network against training sentences; crossing ${whole(here.n)}` }, (pen) => {
      pen.runs(kept, runs, "curve");
      pen.across(level);
      if (!there(here)) return;
      pen.upright(here.n, "lift");
      pen.dot(here.n, level, "lift", { r: 6 });
    });
    const rows = networks.map(({ name }, k) => [networks.length - k, name]);
    const far = sizes.find((n) => n >= Math.max(256, ...all.filter(there).map((c) => c.high).filter(Number.isFinite))) || x.high;
    const near = { ...x, high: far, ticks: sizes.filter((n) => n <= far && Number.isInteger(Math.log2(n) / (far > 512 ? 2 : 1))) };
    ladder({ x: near, y: { name: "crossings", low: 0.5, high: networks.length + 0.5, ticks: rows }, label: `Crossings: ${all.map((c, k) => `${networks[k].name} ${whole(c.n)}`).join(", ")}` }, (pen) => {
      all.forEach((c, k) => {
        if (!there(c)) return;
        const y = networks.length - k;
        pen.curve([[c.low, y], [c.high, y]], k === at.network ? "lift" : "curve");
        c.each.filter((n) => Number.isFinite(n) && n > 0).forEach((n) => pen.dot(n, y - 0.3, "curve", { r: 2.5, stroke: "none" }));
        pen.dot(c.n, y, k === at.network ? "lift" : "curve", { "data-value": c.n, "data-low": c.low, "data-high": c.high });
      });
    });
  }
  show();
});

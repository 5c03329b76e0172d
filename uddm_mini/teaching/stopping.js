// Early stopping by hand: look by look, without a look ahead, then compared with a rule, with the end and with hindsight.

const STOPPING_CSS = TURN_CSS(".uddm-stopping") + CHART_CSS(".uddm-stopping") + `
.uddm-stopping .verdict:empty { display: none; }`;
const WATCHED = {
  new: { name: "recovery of held-out text", column: "recovered", split: "held-out", color: "lift" },
  own: { name: "recovery of training text", column: "recovered", split: "train", color: "curve" },
  sure: { name: "entropy of held-out text", column: "entropy", split: "held-out", color: "lift" },
};

// What is right after the looks: held-out recovery of one network where its reader stopped, where the mean of the other seeds
// is best (as `stopped_early` in chapters/training_time_numbers.py), at its own best look, and at the end.
function stops(runs, seed, look) {
  const others = runs.filter((_, s) => s !== seed), best = (values) => values.indexOf(Math.max(...values));
  const at = { yours: look, rule: best(runs[seed].map((_, k) => mean(others.map((run) => run[k])))), hindsight: best(runs[seed]), end: runs[seed].length - 1 };
  return Object.fromEntries(Object.entries(at).map(([who, k]) => [who, { look: k, kept: runs[seed][k] }]));
}

bringToLife("stopping", STOPPING_CSS, (root, data, still) => {
  const { sizes, seeds, steps } = data, at = { ...data.begin, watch: "new" }, kept = {};
  let look = 0, stopped = null;
  const name = () => `${thousands(sizes[at.size])} sentences, seed ${seeds[at.seed]}`;
  const runs = () => data.recovered["held-out"][at.size];

  predict(root, data.ask, () => {
    const each = seeds.map((_, s) => { const found = stops(data.recovered["held-out"][data.begin.size], s, 0); return 100 * (found.rule.kept - found.end.kept); });
    return `Here: ${mean(each).toFixed(0)} more, mean over ${seeds.length} seeds, where the other seeds name the moment (${each.map((v) => v.toFixed(0)).join(", ")}). Now stop one yourself.`;
  });
  const axis = (title, values) => ({ name: title, values, play: 0 });
  const steppers = [
    ["size", axis("training sentences", sizes.map(thousands))],
    ["seed", axis("seed", seeds.map(String))],
  ].map(([key, what]) => [key, stepper(root, what, at[key], (to) => { at[key] = to; again(); })]);
  const watch = choice(root, "You watch", Object.fromEntries(Object.entries(WATCHED).map(([key, { name }]) => [key, name])), (v) => { at.watch = v; again(); });
  const answer = element("div", root, "", { class: "answer" });
  const acts = element("div", answer, "", { class: "line" });
  const on = button(acts, "train on", () => { look = Math.min(look + 1, steps.length - 1); show(); });
  const end = button(acts, "stop here", () => { stopped = look; kept[name()] = stops(runs(), at.seed, look); show(); });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const seen = chart(answer, 200);
  const verdict = element("div", answer, "", { class: "verdict" });
  onPaper(root, still);

  function again() {
    [look, stopped] = [0, null];
    show();
  }
  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    watch(at.watch);
    const { column, split, color, name: what } = WATCHED[at.watch], all = data[column][split][at.size][at.seed];
    const ended = stopped !== null, shown = ended ? steps.length : look + 1;
    [on.disabled, end.disabled] = [ended || look === steps.length - 1, ended];
    tell(caption, `${name()}. After ${thousands(steps[look])} steps: ${what} `, [all[look], 3], ended ? ". You stopped here." : ".");
    const x = { name: "steps of training", low: steps[0], high: steps[steps.length - 1], log: true, ticks: [10, 100, 1000] };
    const y = column === "entropy" ? { name: what, low: 0, high: 1.5, ticks: [0, 0.5, 1, 1.5] } : { name: what, low: 0, high: 1, ticks: [0, 0.5, 1] };
    seen({ x, y, label: `${what} up to ${steps[shown - 1]} steps; now ${all[look].toFixed(3)}` }, (pen) => {
      pen.curve(steps.slice(0, shown).map((step, k) => [step, all[k]]), color);
      if (ended && at.watch !== "new") pen.curve(steps.map((step, k) => [step, runs()[at.seed][k]]), "lift", true);
      pen.dot(steps[look], all[look], color);
      if (ended) pen.upright(steps[look]);
    });
    verdict.replaceChildren();
    if (ended) compare();
  }
  function compare() {
    const found = kept[name()], at = (who) => `${thousands(steps[found[who].look])} steps`;
    element("p", verdict, "Recovery of held-out text that is kept:");
    bars(verdict, "Recovery of held-out text")([
      { name: `you, ${at("yours")}`, value: found.yours.kept, color: "lift" },
      { name: `the other seeds' best look, ${at("rule")}`, value: found.rule.kept, color: "curve" },
      { name: `its own best look, seen afterwards, ${at("hindsight")}`, value: found.hindsight.kept, color: "lattice" },
      { name: `the end, ${at("end")}`, value: found.end.kept, color: "lattice" },
    ]);
    const all = Object.values(kept), missed = (who) => mean(all.map((one) => one.hindsight.kept - one[who].kept));
    tell(element("p", verdict, "", { class: "tally" }), `Lost against the best look, mean over ${all.length} network${all.length === 1 ? "" : "s"} that you stopped: you `,
      [missed("yours"), 3], ", the other seeds' look ", [missed("rule"), 3], ", training to the end ", [missed("end"), 3], ".");
  }
  show();
});

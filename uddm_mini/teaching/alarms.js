// A rule that fires, turned: stored looks at fine-tunes, and another margin, number of errors or patience.

const ALARMS_CSS = TURN_CSS(".uddm-alarms") + PLOT_CSS(".uddm-alarms") + `
.uddm-alarms table { border-collapse: collapse; margin: .4em 0; display: table; width: auto; font-size: .95em; }
.uddm-alarms :is(th, td) { text-align: right; padding: .1em .6em; font-variant-numeric: tabular-nums; border: 0; }
.uddm-alarms tbody th { text-align: left; }
@media (max-width: 600px) { .uddm-alarms table { font-size: .85em; } .uddm-alarms :is(th, td) { padding: .1em .3em; } }`;

// The step at which `yes` was so for `length` looks in a row for the first time, or Infinity: see audit/looks.py.
function firstRun(steps, yes, length) {
  let run = 0;
  for (let k = 0; k < steps.length; k++) {
    run = yes[k] ? run + 1 : 0;
    if (run === length) return steps[k];
  }
  return Infinity;
}

function firedAt(run, { margin, errors, patience }) {
  const above = (value, error) => value !== null && error !== null && value - errors * error > margin;
  const yes = run.step.map((_, k) => above(run.gap[k], run.error[k]) || above(run.grown[k], run.grown_error[k]));
  return firstRun(run.step, yes, patience);
}

function median(values) {
  const sorted = values.slice().sort((a, b) => a - b), n = sorted.length, m = n >> 1;
  return n % 2 ? sorted[m] : (sorted[m - 1] + sorted[m]) / 2;
}

bringToLife("alarms", ALARMS_CSS, (root, data) => {
  const { runs, margins, errors, patiences, start, asked } = data;
  const sizes = [...new Set(runs.map((run) => run.n))];
  const at = { ...start, size: 0 }, said = (n) => n.toLocaleString("en");
  const rule = (where) => ({ margin: margins[where.margin], errors: errors[where.errors], patience: patiences[where.patience] });
  const of = (n) => runs.filter((run) => run.n === n);
  const passes = (run) => firstRun(run.step, run.extracted.map((x) => x !== null && x > data.verbatim), 1);
  const fires = (n, where) => of(n).map((run) => firedAt(run, rule(where)));
  const count = (steps) => steps.filter(Number.isFinite).length;

  predict(root, data.ask, () => {
    Object.assign(at, asked.rule, { size: sizes.indexOf(asked.n) }); // what was asked about
    show();
    const steps = fires(asked.n, asked.rule);
    return `Here: in ${count(steps)} of ${steps.length}. With the rule of the text it is ${count(fires(asked.n, start))}.`;
  });
  const steppers = [
    ["size", "new sentences", sizes.map(said)],
    ["margin", "margin", margins.map((m) => m.toFixed(3))],
    ["errors", "standard errors above it", errors.map((e) => e.toFixed(1))],
    ["patience", "patience, looks in a row", patiences.map(String)],
  ].map(([key, name, values]) => [key, stepper(root, { name, values, play: 0 }, at[key], (to) => { at[key] = to; show(); })]);

  const answer = element("div", root, "", { class: "answer" });
  button(element("div", answer, "", { class: "line" }), "the rule of the text", () => { Object.assign(at, start); show(); });
  const told = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const draw = bars(answer, "Fine-tunes in which the rule fires");
  key(answer, [["train", "gap of a fine-tune"], ["memorizer", "● the rule fires, ○ extraction passes 10 %"], [null, "margin", true]]);
  const curves = plotted(answer, 220);
  const table = element("table", answer);

  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const n = sizes[at.size], here = of(n), steps = fires(n, at), late = here.map(passes), last = Math.max(...here[0].step);
    draw(sizes.map((size) => {
      const all = fires(size, at);
      return { name: `on ${said(size)} new sentences`, value: count(all) / all.length, color: "memorizer", note: `(${count(all)} of ${all.length})` };
    }), { digits: 2 });
    const leads = steps.map((step, k) => ({ least: (Number.isFinite(late[k]) ? late[k] : last) - step, most: late[k] - step }));
    const fired = leads.filter((_, k) => Number.isFinite(steps[k]));
    if (fired.length < here.length) {
      told.textContent = `It fires in ${fired.length} of ${here.length} fine-tunes on ${said(n)} sentences` + (fired.length ? ", so that the median lead has no meaning." : ".");
    } else {
      const [least, most] = ["least", "most"].map((name) => median(leads.map((lead) => lead[name])));
      told.replaceChildren(`It fires in all ${here.length}. Median lead before extraction passes 10 %: at least `);
      put(element("strong", told, "", { class: "least" }), least, 0);
      told.append(` steps, ${Number.isFinite(most) ? `at most ${most.toFixed(0)}` : "and nobody saw the end of it"}.`);
    }
    table.replaceChildren();
    const head = element("tr", element("thead", table));
    ["seed", "fires at", "extraction passes 10 % at", "lead"].forEach((name) => element("th", head, name, { scope: "col" }));
    const body = element("tbody", table), step = (x, never) => (Number.isFinite(x) ? said(x) : never);
    here.forEach((run, k) => {
      const row = element("tr", body), { least, most } = leads[k];
      element("th", row, String(run.seed), { scope: "row" });
      element("td", row, step(steps[k], "never"), { "data-value": steps[k] });
      element("td", row, step(late[k], `not by ${last}`), { "data-value": late[k] });
      element("td", row, Number.isFinite(steps[k]) ? (Number.isFinite(most) ? said(most) : `at least ${said(least)}`) : "none");
    });
    const most = Math.max(...runs.flatMap((run) => run.gap)), low = Math.min(0, ...runs.flatMap((run) => run.gap));
    curves(`Gap against steps on ${said(n)} new sentences; the rule fires in ${count(steps)} of ${here.length}`,
      { x: { low: 0, high: last, name: "steps", ticks: [0, last / 3, (2 * last) / 3, last].map((s) => [s, s.toFixed(0)]) },
        y: { low, high: most, name: "gap in recovery", ticks: [0, 0.05, 0.1, 0.15].filter((v) => v <= most).map((v) => [v, v.toFixed(2)]) } },
      [{ rule: { y: margins[at.margin] }, dash: "4 4", width: 1.5 },
        ...here.map((run) => ({ line: run.step.map((s, k) => [s, run.gap[k]]), color: "train", width: 1.5 })),
        ...here.flatMap((run, k) => [[steps[k], false], [late[k], true]].filter(([s]) => Number.isFinite(s))
          .map(([s, hollow]) => ({ dot: [s, run.gap[run.step.indexOf(s)]], color: "memorizer", hollow, r: hollow ? 8 : 5 })))]);
  }
  show();
});

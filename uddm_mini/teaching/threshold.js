// A threshold over the scores of many models: how many memories it finds, how many others it calls so, and the ROC curve.

const THRESHOLD_CSS = TURN_CSS(".uddm-threshold") + CHART_CSS(".uddm-threshold");

// The chance that a memory scores above another model; ties count half. As `auc` in probes/roc.py.
function areaUnder(yes, no) {
  let wins = 0;
  for (const a of yes) for (const b of no) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (yes.length * no.length);
}

// The ROC curve: from "never yes" through every score that occurs, [false alarms, found], as shares.
function rocCurve(yes, no) {
  const share = (scores, limit) => scores.filter((v) => v >= limit).length / scores.length;
  const limits = [...new Set([...yes, ...no])].sort((a, b) => b - a);
  return [[0, 0], ...limits.map((limit) => [share(no, limit), share(yes, limit)])];
}

bringToLife("threshold", THRESHOLD_CSS, (root, data, still) => {
  const { models, cases } = data, at = { score: "plain", network: 0, limit: Math.round(models.length / 2) };
  const scores = { plain: (m) => -m.own, difference: (m) => m.fresh - m.own };
  const chosen = () => models.filter((m) => !at.network || m.case === at.network - 1);
  const sides = () => [true, false].map((memory) => chosen().filter((m) => m.memory === memory).map(scores[at.score]));
  const rising = () => models.map(scores[at.score]).sort((a, b) => a - b);
  const limitAt = (k, all = rising()) => (k < all.length ? all[k] : all[k - 1] + 1e-3); // from every score on, and above all
  const sign = () => (at.score === "plain" ? -1 : 1); // the plain score is minus an entropy, and shows as the entropy

  predict(root, data.ask, () => {
    Object.assign(at, { score: "plain", network: 0 }); // what was asked about
    const [yes, no] = sides(), least = Math.min(...yes), alarms = no.filter((v) => v >= least).length;
    at.limit = rising().indexOf(least);
    show();
    return `Here: ${alarms} of ${no.length}. The least sure memory has ${(-least).toFixed(3)} nats on its own text.`;
  });
  const pick = choice(root, "Score", { plain: "own text alone", difference: "fresh minus own" }, (v) => { at.score = v; show(); });
  const axis = (name, values) => ({ name, values, play: 0 });
  const network = stepper(root, axis("networks", ["all", ...cases]), 0, (to) => { at.network = to; show(); });
  const stops = Array.from({ length: models.length + 1 }, (_, k) => k), limits = axis("threshold", stops);
  const limit = stepper(root, limits, at.limit, (to) => { at.limit = to; show(); });
  const answer = element("div", root, "", { class: "answer" });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const charts = element("div", answer, "", { class: "charts" }), strip = chart(charts, 200), roc = chart(charts, 200);
  chartKey(answer, [{ name: "memories", color: "memorizer" }, { name: "all others", color: "population" }]);
  onPaper(root, still);

  function show() {
    pick(at.score);
    network(at.network);
    const scored = rising();
    limits.values = stops.map((k) => `${(sign() * limitAt(k, scored)).toFixed(3)} nats`);
    limit(at.limit);
    const [yes, no] = sides(), now = limitAt(at.limit), found = yes.filter((v) => v >= now).length, alarms = no.filter((v) => v >= now).length;
    const said = at.score === "plain" ? ["Called a memory: own text at ", [-now, 3], " nats or less"] : ["Called a memory: fresh minus own at ", [now, 3], " nats or more"];
    tell(caption, ...said, `. Found: ${found} of ${yes.length}. False alarms: ${alarms} of ${no.length}, `, [(100 * alarms) / no.length, 1], " %. AUC ",
      [areaUnder(yes, no), 3], ".");
    const ends = [sign() * scored[0], sign() * scored[scored.length - 1]].sort((a, b) => a - b);
    const ticks = [-0.2, 0, 0.2, 0.4, 0.6, 0.8].filter((v) => v >= ends[0] && v <= ends[1]);
    const x = { name: at.score === "plain" ? "entropy of own text (nats a word)" : "fresh minus own (nats a word)", low: ends[0], high: ends[1], ticks };
    strip({ x, y: { name: "every dot a model", low: 0, high: 2, ticks: [[1.5, "memory"], [0.5, "other"]] },
      label: `Scores of ${yes.length} memories and ${no.length} others; the threshold finds ${found} and calls ${alarms} wrongly` }, (pen) => {
      [[yes, 1.5, "memorizer"], [no, 0.5, "population"]].forEach(([side, y, color]) =>
        side.forEach((v, k) => pen.dot(sign() * v, y + 0.3 * (((k * 7) % 11) / 5 - 1), color, { r: 3, "stroke-width": 0.4 })));
      pen.upright(sign() * now);
    });
    const share = (v) => v.toFixed(2);
    roc({ x: { name: "false alarms", low: 0, high: 1, ticks: [0, 0.5, 1] }, y: { name: "memories found", low: 0, high: 1, ticks: [0, 0.5, 1] },
      label: `ROC curve; the threshold lies at ${share(alarms / no.length)} false alarms and ${share(found / yes.length)} found` }, (pen) => {
      pen.curve([[0, 0], [1, 1]], "lattice", true);
      pen.curve(rocCurve(yes, no), "curve");
      pen.dot(alarms / no.length, found / yes.length, "lift", { r: 6 });
    });
  }
  show();
});

// One noise level under three names, t, alpha and sigma; and what a network believes that is told the wrong one.

const LEVELS_CSS = TURN_CSS(".uddm-levels") + PLOT_CSS(".uddm-levels");

bringToLife("levels", LEVELS_CSS, (root, data) => {
  const { times, epsilons } = data, at = { t: times.indexOf(data.asked), epsilon: data.start };
  const alpha = (t) => 1 - (1 - epsilons[at.epsilon]) * t, sigma = (t) => -Math.log(alpha(t));
  const timeOf = (s) => (1 - Math.exp(-s)) / (1 - epsilons[at.epsilon]);

  predict(root, data.ask, () => {
    Object.assign(at, { t: times.indexOf(data.asked), epsilon: data.start }); // what was asked about
    show();
    return `It believes that ${(100 * Math.exp(-data.asked)).toFixed(0)} of 100 are left: exp(−${data.asked}) = ${Math.exp(-data.asked).toFixed(3)}. In truth it is ${(100 * alpha(data.asked)).toFixed(1)}.`;
  });
  const steppers = [
    ["t", "noise level t", times.map((t) => t.toFixed(2))], ["epsilon", "ε, what is left at the end", epsilons.map(String)],
  ].map(([key, name, values]) => [key, stepper(root, { name, values, play: 0 }, at[key], (to) => { at[key] = to; show(); })]);
  const answer = element("div", root, "", { class: "answer" });
  const told = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const draw = bars(answer, "What is left, and what is believed");
  key(answer, [["curve", "σ of t"], ["lift", "what a network is told that gets t itself", true]]);
  const curve = plotted(answer, 230);

  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const t = times[at.t], a = alpha(t), s = sigma(t), top = sigma(1);
    told.replaceChildren("α = 1 − (1 − ε) t = ");
    put(element("strong", told, "", { class: "alpha" }), a, 4);
    told.append(", σ = −ln α = ");
    put(element("strong", told, "", { class: "sigma" }), s, 4);
    told.append(". A network that takes σ and is told t believes in the level ");
    put(element("strong", told, "", { class: "believed" }), timeOf(t), 4);
    told.append(t > 0 && timeOf(t) < t ? ": cleaner than the text is." : ".");
    draw([
      { name: "tokens that are left, α", value: a, color: "curve" },
      { name: "what it believes, told t for σ", value: Math.exp(-t), color: "lift" },
    ]);
    const grid = Array.from({ length: 200 }, (_, k) => k / 199);
    curve(`At t = ${t.toFixed(2)} sigma is ${s.toFixed(2)} and alpha ${a.toFixed(3)}`,
      { x: { low: 0, high: 1, name: "t", ticks: [[0, "0"], [0.5, "½"], [1, "1"]] }, y: { low: 0, high: top, name: "σ", ticks: [0, top / 2, top].map((v) => [v, v.toFixed(1)]) } },
      [{ line: grid.map((x) => [x, sigma(x)]), color: "curve", width: 3 }, { line: [[0, 0], [1, 1]], color: "lift", dash: "6 4" },
        { rule: { x: t }, dash: "2 4", width: 1.5 }, { dot: [t, s], color: "curve", r: 6 }, { dot: [t, t], color: "lift", r: 6 }]);
  }
  show();
});

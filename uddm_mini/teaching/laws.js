// A straight line through points in logarithms, carried on: by least squares, or with the exponent that the reader sets.

const LAWS_CSS = TURN_CSS(".uddm-laws") + PLOT_CSS(".uddm-laws");
const EXPONENTS = Array.from({ length: 121 }, (_, k) => k / 100);

// ln tokens = a_world + b ln weights: least squares with a level for each world, or with a given b: see experiments/law.py.
function lawThrough(points, quantiles, given) {
  const worlds = [...new Set(points.map((point) => point.world))];
  const x = points.map((point) => Math.log(point.weights)), y = points.map((point) => Math.log(point.tokens));
  const means = Object.fromEntries(worlds.map((world) => {
    const own = points.map((point, k) => k).filter((k) => points[k].world === world);
    const mean = (values) => own.reduce((sum, k) => sum + values[k], 0) / own.length;
    return [world, { n: own.length, x: mean(x), y: mean(y) }];
  }));
  const dx = x.map((v, k) => v - means[points[k].world].x), dy = y.map((v, k) => v - means[points[k].world].y);
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const sxx = sum(dx.map((v) => v * v)), b = given === null ? sum(dx.map((v, k) => v * dy[k])) / sxx : given;
  const free = points.length - worlds.length - 1, rest = sum(dy.map((v, k) => (v - b * dx[k]) ** 2));
  const scatter = Math.sqrt(rest / free), q = quantiles[free - 1];
  const tokens = (world, weights) => {
    const { n, x: mx, y: my } = means[world], d = Math.log(weights) - mx, middle = my + b * d;
    const half = q * scatter * Math.sqrt(1 + 1 / n + (d * d) / sxx);
    return { tokens: Math.exp(middle), low: Math.exp(middle - half), high: Math.exp(middle + half) };
  };
  return { b, half: (q * scatter) / Math.sqrt(sxx), scatter, tokens };
}

bringToLife("laws", LAWS_CSS, (root, data) => {
  const { points, fits, beyond, weights, quantiles, asked } = data;
  const at = { fit: asked.fit, weights: asked.weights, b: -1 }; // b: -1 for least squares
  const through = (k) => fits[k].use.map((i) => points[i]);
  const best = () => lawThrough(through(at.fit), quantiles, null);
  const law = () => (at.b < 0 ? best() : lawThrough(through(at.fit), quantiles, EXPONENTS[at.b]));
  const short = (n) => n.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
  const nearest = (b) => Math.max(0, Math.min(EXPONENTS.length - 1, Math.round(b * 100)));

  predict(root, data.ask, () => {
    Object.assign(at, { fit: asked.fit, weights: asked.weights, b: -1 }); // what was asked about
    show();
    const { tokens, low, high } = law().tokens(fits[at.fit].world, weights[at.weights]);
    return `Here: ${short(tokens / data.per)} ${data.ask.unit} (${short(low / data.per)} to ${short(high / data.per)}).`;
  });
  const steppers = [];
  const add = (key, name, values) => steppers.push([key, stepper(root, { name, values, play: 0 }, at[key], (to) => { at[key] = to; show(); })]);
  if (fits.length > 1) add("fit", "a line through", fits.map((fit) => fit.name));
  add("weights", "carried on to, weights", weights.map(short));
  const exponent = { name: "exponent b", values: EXPONENTS.map((b) => b.toFixed(2)), play: 0 };
  const slope = stepper(root, exponent, 0, (to) => { at.b = to; show(); });

  const answer = element("div", root, "", { class: "answer" });
  button(element("div", answer, "", { class: "line" }), "least squares", () => { at.b = -1; show(); });
  const told = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const misses = element("p", answer, "", { class: "words misses" });
  const worlds = [...new Set(points.map((point) => point.world))];
  key(answer, [["curve", "the line of the world that is carried on"], ["memorizer", "95 % prediction interval"], ...(beyond.length ? [["lift", "the paper's points"]] : [])]);
  const curve = plotted(answer, 250);

  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const now = law(), { world } = fits[at.fit], W = weights[at.weights], found = now.tokens(world, W), least = best();
    slope(nearest(now.b));
    told.replaceChildren(at.b < 0 ? "By least squares b = " : "You set b = ");
    put(element("strong", told, "", { class: "b" }), now.b, 2);
    if (at.b < 0) told.append(` (95 %: ${(now.b - now.half).toFixed(2)} to ${(now.b + now.half).toFixed(2)})`);
    told.append(`. The points scatter by a factor of `);
    put(element("span", told, "", { class: "scatter" }), Math.exp(now.scatter), 2);
    if (at.b >= 0) told.append(` (by least squares ${Math.exp(least.scatter).toFixed(2)})`);
    told.append(`. One more network of ${short(W)} weights (${world}) would cross at `);
    element("strong", told, short(found.tokens), { class: "tokens", "data-value": found.tokens });
    told.append(" tokens, ");
    element("span", told, short(found.low), { class: "low", "data-value": found.low });
    told.append(" to ");
    element("span", told, short(found.high), { class: "high", "data-value": found.high });
    told.append(`. That is ${short(W / Math.max(...through(at.fit).map((point) => point.weights)))} times the largest network of the line.`);
    misses.hidden = !beyond.length;
    misses.replaceChildren();
    beyond.forEach((point, k) => {
      const there = now.tokens(world, point.weights), times = point.tokens / there.tokens;
      if (k) misses.append("; ");
      misses.append(`${point.name}, ${short(point.weights)} weights: ${short(point.tokens)} tokens, `);
      element("span", misses, times.toFixed(times < 10 ? 1 : 0), { class: "times", "data-value": times });
      misses.append(` times the line, ${point.tokens < there.low || point.tokens > there.high ? "outside" : "inside"} the interval`);
    });
    misses.append(".");
    const all = [...points, ...beyond], low = Math.min(weights[0], ...all.map((p) => p.weights)) / 1.5, high = Math.max(weights[weights.length - 1], ...all.map((p) => p.weights)) * 1.2;
    const ends = [Math.min(...all.map((p) => p.tokens)) / 4, Math.max(...all.map((p) => p.tokens)) * 6];
    const decades = (a, b, every) => Array.from({ length: 14 }, (_, k) => 10 ** k).filter((v, k) => v >= a && v <= b && k % every === 0).map((v) => [v, short(v)]);
    const grid = Array.from({ length: 40 }, (_, k) => low * (high / low) ** (k / 39));
    const clipped = (v) => Math.max(ends[0] / 10, Math.min(ends[1] * 10, v));
    const band = grid.map((w) => [w, now.tokens(world, w)]);
    curve(`A line in logarithms: ${short(found.tokens)} tokens at ${short(W)} weights, exponent ${now.b.toFixed(2)}`,
      { x: { low, high, log: true, name: "weights", ticks: decades(low, high, 2) }, y: { low: ends[0], high: ends[1], log: true, name: "tokens at the crossing", ticks: decades(...ends, 1) } },
      [{ line: [...band.map(([w, t]) => [w, clipped(t.high)]), ...band.reverse().map(([w, t]) => [w, clipped(t.low)])], color: "memorizer", close: true, opacity: 0.2 },
        ...worlds.filter((one) => through(at.fit).some((p) => p.world === one)).map((one) => ({ line: grid.map((w) => [w, clipped(now.tokens(one, w).tokens)]), color: one === world ? "curve" : undefined, width: one === world ? 3 : 1, dash: one === world ? undefined : "3 4" })),
        ...points.map((p, k) => ({ dot: [p.weights, p.tokens], color: p.world === world ? "curve" : undefined, hollow: !fits[at.fit].use.includes(k), r: 4.5 })),
        ...beyond.map((p) => ({ dot: [p.weights, p.tokens], color: "lift", r: 6 })),
        { rule: { x: W }, dash: "2 4", width: 1.5 }, { dot: [W, clipped(found.tokens)], color: "memorizer", r: 6, hollow: true }]);
  }
  show();
});

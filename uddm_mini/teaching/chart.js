// A chart that every call draws anew: axes, curves with bands over seeds, dots and upright lines, in the colors of the page.

const CHART_CSS = (scope) => `
${scope} .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(17em, 1fr)); gap: 0 .8em; }
${scope} svg.chart { display: block; width: 100%; max-width: 27em; height: auto; margin: .3em 0 0; }
${scope} .chart path { fill: none; stroke: currentColor; stroke-opacity: .55; }
${scope} .chart .curve { stroke-width: 2.5; stroke-opacity: 1; }
${scope} .chart .dashed { stroke-dasharray: 7 4; }
${scope} .chart .band { stroke: none; fill-opacity: .22; }
${scope} .chart .upright { stroke-width: 2; stroke-opacity: 1; stroke-dasharray: 2 4; }
${scope} .key { display: flex; flex-wrap: wrap; gap: .1em 1.1em; margin: 0 0 .5em; font-size: .92em; }
${scope} .key i { display: inline-block; width: 1.8em; margin-right: .4em; vertical-align: middle; border-top: 3px solid; }`;

const WIDE = 340, EDGE = { left: 60, right: 12, top: 24, bottom: 40 };
const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;
const thousands = (n) => n.toLocaleString("en");

// Where a value lies on the way from one end of an axis to the other; what is beyond an end stays there.
function scale({ low, high, log }, from, to) {
  const f = log ? Math.log : (v) => v;
  return (v) => from + (to - from) * Math.max(0, Math.min(1, (f(v) - f(low)) / (f(high) - f(low))));
}

// What comes back draws: a call with { x, y, label } and a function that gets the pens. An axis is { name, low, high, log,
// ticks }, a tick a number or [number, name]; `label` is what a screen reader says of the chart.
function chart(parent, height = 190) {
  const svg = element("svg", parent, "", { class: "chart", viewBox: `0 0 ${WIDE} ${height}`, role: "img" });
  const say = (words, x, y, anchor = "middle") =>
    element("text", svg, words, { x, y, fill: "currentColor", "font-size": 13, "text-anchor": anchor });
  const middle = (EDGE.left + WIDE - EDGE.right) / 2;
  return ({ x, y, label }, draw) => {
    const X = scale(x, EDGE.left, WIDE - EDGE.right), Y = scale(y, height - EDGE.bottom, EDGE.top);
    const way = (points) => points.map(([a, b], k) => `${k ? "L" : "M"}${X(a).toFixed(1)} ${Y(b).toFixed(1)}`).join("");
    const path = (d, kind, style) => element("path", svg, "", { d, class: kind, style });
    const color = (name) => `stroke: var(--uddm-${name})`;
    svg.replaceChildren();
    svg.setAttribute("aria-label", label);
    path(`M${EDGE.left} ${EDGE.top - 4}V${height - EDGE.bottom}H${WIDE - EDGE.right}`, "frame", "");
    say(y.name, 4, 13, "start");
    say(x.name, middle, height - 5);
    const named = (tick) => (Array.isArray(tick) ? tick : [tick, thousands(tick)]);
    x.ticks.map(named).forEach(([v, name]) => say(name, X(v), height - EDGE.bottom + 16));
    y.ticks.map(named).forEach(([v, name]) => say(name, EDGE.left - 5, Y(v) + 5, "end"));
    const curve = (points, name, dashed) => path(way(points), `curve${dashed ? " dashed" : ""}`, color(name));
    const band = (rows, name) => {
      const there = rows.map(([a, low]) => [a, low]), back = rows.map(([a, , high]) => [a, high]).reverse();
      path(`${way([...there, ...back])}Z`, "band", `fill: var(--uddm-${name})`);
    };
    draw({
      curve,
      band,
      runs: (xs, runs, name, dashed) => { // runs[k]: what the seeds have at xs[k]; the band goes from least to most
        band(xs.map((v, k) => [v, Math.min(...runs[k]), Math.max(...runs[k])]), name);
        curve(xs.map((v, k) => [v, mean(runs[k])]), name, dashed);
      },
      dot: (a, b, name, more = {}) =>
        element("circle", svg, "", { cx: X(a), cy: Y(b), r: 4, fill: `var(--uddm-${name})`, stroke: "currentColor", ...more }),
      upright: (a, name) => path(`M${X(a)} ${EDGE.top - 4}V${height - EDGE.bottom}`, "upright", name ? color(name) : ""),
      across: (b, name) => path(`M${EDGE.left} ${Y(b)}H${WIDE - EDGE.right}`, "upright", name ? color(name) : ""),
      say: (words, a, b, anchor) => say(words, X(a), Y(b), anchor),
    });
  };
}

// What the curves are: rows { name, color, dashed }.
function chartKey(parent, rows) {
  const box = element("p", parent, "", { class: "key" });
  for (const { name, color, dashed } of rows) {
    const part = element("span", box);
    const line = element("i", part);
    line.style.borderTopColor = `var(--uddm-${color})`;
    if (dashed) line.style.borderTopStyle = "dashed";
    part.append(name);
  }
}

// A sentence with numbers in it: put(..., digits) keeps all their digits on the page. parts: texts, and [number, digits].
function tell(cell, ...parts) {
  cell.replaceChildren();
  for (const part of parts) Array.isArray(part) ? put(element("span", cell), ...part) : cell.append(part);
}

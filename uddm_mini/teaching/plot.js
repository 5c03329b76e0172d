// Curves and marks over two axes, for figures that the reader turns: in the units of the data, linear or logarithmic.

const PLOT_CSS = (scope) => `
${scope} svg.plot { width: 100%; max-width: 30em; height: auto; display: block; }
${scope} .plot path { fill: none; stroke: currentColor; }
${scope} .plot .axis { stroke-opacity: .6; }`;

// x, y: { name, low, high, log, ticks: [[value, text], ...] }. What comes back draws anew: `label` says it to who cannot see it; marks
// are { line: [[x, y], ...], color, width, dash, opacity, close }, { dot: [x, y], color, hollow, r, value } and { rule: { x or y }, name }.
function plotted(parent, height = 210) {
  const svg = element("svg", parent, "", { class: "plot", viewBox: `0 0 340 ${height}`, role: "img" });
  const left = 48, right = 316, top = 26, bottom = height - 42;
  const scale = ({ low, high, log }, from, to) => {
    const f = log ? Math.log : (v) => v;
    return (v) => from + ((to - from) * (f(v) - f(low))) / (f(high) - f(low));
  };
  const say = (words, x, y, anchor) => element("text", svg, words, { x, y, fill: "currentColor", "font-size": 13, "text-anchor": anchor });

  return (label, { x, y }, marks) => {
    svg.setAttribute("aria-label", label);
    svg.replaceChildren();
    const sx = scale(x, left, right), sy = scale(y, bottom, top);
    say(y.name, 4, 13, "start");
    say(x.name, (left + right) / 2, height - 5, "middle");
    element("path", svg, "", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` });
    y.ticks.forEach(([value, words]) => say(words, left - 5, sy(value) + 4, "end"));
    x.ticks.forEach(([value, words]) => {
      element("path", svg, "", { class: "axis", d: `M${sx(value).toFixed(1)} ${bottom}v4` });
      say(words, sx(value), bottom + 18, "middle");
    });
    const size = { x: left - 8, y: top - 8, width: right - left + 16, height: bottom - top + 16 }; // whole dots at the ends
    const inside = element("svg", svg, "", { ...size, viewBox: `${size.x} ${size.y} ${size.width} ${size.height}` });
    for (const { line, dot, rule, color, width = 2, dash, opacity = 1, close, hollow, r = 5, value } of marks) {
      const ink = color ? `var(--uddm-${color})` : "currentColor";
      const at = ([a, b]) => `${sx(a).toFixed(1)} ${sy(b).toFixed(1)}`;
      const stroke = (d) => {
        const look = close ? `fill:${ink};stroke:none;opacity:${opacity}` : `stroke:${ink};stroke-width:${width};opacity:${opacity}`;
        element("path", inside, "", { d, style: look + (dash ? `;stroke-dasharray:${dash}` : "") });
      };
      if (line && line.length) stroke(`M${line.map(at).join("L")}${close ? "Z" : ""}`);
      if (rule) stroke("x" in rule ? `M${sx(rule.x).toFixed(1)} ${top - 6}V${bottom}` : `M${left} ${sy(rule.y).toFixed(1)}H${right}`);
      if (dot) {
        const [cx, cy] = at(dot).split(" ");
        const look = { cx, cy, r, style: `fill:${hollow ? "none" : ink};stroke:${hollow ? ink : "currentColor"};stroke-width:${hollow ? 2 : 1}` };
        element("circle", inside, "", value === undefined ? look : { ...look, "data-value": value });
      }
    }
  };
}

// A horizontal key: what each color means.
function key(parent, entries) {
  const line = element("p", parent, "", { class: "key" });
  entries.forEach(([color, words, dash]) => {
    const ink = color ? `var(--uddm-${color})` : "currentColor";
    element("span", line, "", { style: `display:inline-block;width:1.6em;border-top:3px ${dash ? "dashed" : "solid"} ${ink};vertical-align:middle;margin-right:.4em` });
    element("span", line, words, { style: "margin-right:1.2em" });
  });
}

// What the figures share that change k words of a sentence, many times: the change, and the share that comes back.

const SHARES_CSS = (scope) => `
${scope} svg.curves { width: 100%; max-width: 30em; height: auto; }
${scope} .curves path { fill: none; stroke: currentColor; stroke-opacity: .6; }
${scope} .curves .back { stroke: var(--uddm-curve); stroke-width: 3; stroke-opacity: 1; }
${scope} .sentence { line-height: 2; overflow-wrap: anywhere; }`;

function changed(x, k, V, random) {
  const places = new Set(shuffled(x.length, random).slice(0, k));
  return x.map((v, l) => (places.has(l) ? (v + 1 + Math.floor(random() * (V - 1))) % V : v)); // always another word
}

// The share that comes back against k; null where nothing was tried. What comes back draws it, with the curves of others,
// { name, shares }, beside it.
function addShares(parent, L) {
  const svg = element("svg", parent, "", { class: "curves", viewBox: "0 0 340 200", role: "img" });
  const say = (text, x, y, anchor) => element("text", svg, text, { x, y, fill: "currentColor", "font-size": 13, "text-anchor": anchor });
  const x = (k) => 40 + (290 * (k + 1)) / (L + 0.5), y = (share) => 160 - 135 * share;
  say("share that comes back", 8, 14, "start");
  element("path", svg, "", { d: "M40 22V160H334" });
  element("path", svg, "", { d: `M40 ${y(0.5)}H334`, "stroke-dasharray": "2 4" });
  [[0, "0"], [0.5, "½"], [1, "1"]].forEach(([share, name]) => say(name, 34, y(share) + 5, "end"));
  for (let k = 0; k < L; k += 1) if (k % 2 || k === 0) say(String(k + 1), x(k), 178, "middle");
  say("changed words, k", 190, 197, "middle");
  let beside = [];
  const line = element("path", svg, "", { class: "back" });
  const dots = Array.from({ length: L }, () => element("circle", svg, ""));
  const tried = (shares) => shares.map((share, k) => [k, share]).filter(([, share]) => share !== null);
  const path = (there) => there.map(([k, share], i) => `${i ? "L" : "M"}${x(k).toFixed(1)} ${y(share).toFixed(1)}`).join("");
  return (shares, at, others = []) => {
    const there = tried(shares);
    line.setAttribute("d", path(there));
    beside.forEach((one) => one.remove());
    beside = [];
    others.forEach((other) => {
      const points = tried(other.shares), [k, share] = points.filter(([, p]) => p >= 0.5).at(-1) || points[0] || [];
      if (k === undefined) return;
      beside.push(element("path", svg, "", { d: path(points), "stroke-dasharray": "6 3" }));
      beside.push(element("text", svg, other.name, { x: x(k) + 7, y: y(share) - 4, fill: "currentColor", "font-size": 12 }));
    });
    dots.forEach((dot, k) => {
      dot.style.display = shares[k] === null ? "none" : "";
      const look = { cx: x(k), cy: y(shares[k] || 0), r: k === at ? 6 : 4, fill: "var(--uddm-curve)", stroke: "currentColor", "data-value": shares[k] };
      for (const name in look) dot.setAttribute(name, look[name]);
    });
    svg.setAttribute("aria-label", `Share that comes back: ${there.map(([k, share]) => `k ${k + 1}: ${share.toFixed(2)}`).join(", ") || "nothing tried yet"}`);
  };
}

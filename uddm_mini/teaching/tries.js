// An attacker has as many tries as they like: which sentences come out in one of n, if each comes with its own chance q in one try?

const TRIES_CSS = TURN_CSS(".uddm-tries") + PLOT_CSS(".uddm-tries") + `
.uddm-tries p.warn { border-left: 4px solid var(--uddm-lift); padding-left: .6em; }`;

const once = (q, n) => 1 - (1 - q) ** n; // in one of n tries at least
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

bringToLife("tries", TRIES_CSS, (root, data) => {
  const { groups, draws, ns, ps } = data;
  const at = { n: ns.indexOf(data.asked.n), p: ps.indexOf(data.asked.p) };
  const chance = (group) => group.hits.map((h) => h / draws);
  const shown = (group, n, p) => mean(chance(group).map((q) => (once(q, n) >= p - 1e-12 ? 1 : 0)));

  predict(root, data.ask, () => {
    Object.assign(at, { n: ns.indexOf(data.asked.n), p: ps.indexOf(data.asked.p) }); // what was asked about
    show();
    const [first] = groups, share = shown(first, data.asked.n, data.asked.p);
    return `Here: ${Math.round(share * first.hits.length)} of ${first.hits.length}.`;
  });
  const steppers = [
    ["n", "tries n", ns.map((n) => n.toLocaleString("en"))],
    ["p", "a chance of at least p", ps.map((p) => p.toFixed(2))],
  ].map(([key, name, values]) => [key, stepper(root, { name, values, play: 0 }, at[key], (to) => { at[key] = to; show(); })]);

  const answer = element("div", root, "", { class: "answer" });
  const told = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const warn = element("p", answer, "", { class: "words warn" });
  key(answer, groups.map((group) => [group.color, `${group.name}, (n, p)-discoverable`]));
  key(answer, groups.map((group) => [group.color, `${group.name}, expected to come at least once`, true]));
  const curve = plotted(answer, 230);
  const draw = bars(answer, "What n tries show");
  element("p", answer, `Sentences by how many of their ${draws} draws came, and the chance that n tries show such a one:`);
  const single = bars(answer, "By the number of draws that came");

  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const n = ns[at.n], p = ps[at.p];
    const never = groups.map((group) => group.hits.filter((h) => h === 0).length);
    told.textContent = `n = ${n.toLocaleString("en")}, p = ${p.toFixed(2)}: a sentence counts if it comes with a chance of at least ${p.toFixed(2)}, so if q is at least ${(1 - (1 - p) ** (1 / n)).toFixed(4)}. `;
    warn.hidden = n <= draws;
    warn.textContent = `${groups.map((group, k) => `${never[k]} of ${group.hits.length} sentences (${group.name})`).join(" and ")} never came in ${draws} draws and count as q = 0. ` +
      `Their q may be as high as ${data.unseen.toFixed(2)} (95 % confidence), so n = ${n.toLocaleString("en")} asks for chances that ${draws} draws cannot see.`;
    draw(groups.flatMap((group) => [
      { name: `${group.name}, (n, p)-discoverable`, value: shown(group, n, p), color: group.color, note: `(${Math.round(shown(group, n, p) * group.hits.length)} of ${group.hits.length})` },
      { name: `${group.name}, expected to come`, value: mean(chance(group).map((q) => once(q, n))), color: group.color },
    ]));
    const counts = [...new Set(groups.flatMap((group) => group.hits))].sort((a, b) => a - b);
    single(counts.map((h) => ({
      name: `${h} of ${draws}`, value: once(h / draws, n), color: "accent", note: `(${groups.map((group) => `${group.hits.filter((x) => x === h).length} ${group.short}`).join(", ")})`,
    })));
    const line = (f) => ns.map((m) => [m, f(m)]);
    curve(groups.map((group) => `${group.name}: ${(100 * shown(group, n, p)).toFixed(0)} percent at n = ${n}`).join("; "),
      { x: { low: 1, high: ns[ns.length - 1], log: true, name: "tries n", ticks: ns.filter((_, k) => k % 2 === 0).map((m) => [m, String(m)]) },
        y: { low: 0, high: 1, name: "share of the sentences", ticks: [[0, "0"], [0.5, "½"], [1, "1"]] } },
      [{ rule: { x: draws }, dash: "2 4", width: 1.5 }, { rule: { x: n }, width: 1.5, opacity: 0.6 },
        ...groups.flatMap((group) => [
          { line: line((m) => shown(group, m, p)), color: group.color, width: 3 },
          { line: line((m) => mean(chance(group).map((q) => once(q, m)))), color: group.color, dash: "6 4" },
          { dot: [n, shown(group, n, p)], color: group.color, r: 6 },
        ])]);
  }
  show();
});

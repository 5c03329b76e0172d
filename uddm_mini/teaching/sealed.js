// Sealed models: their entropies are seen, a verdict is given, then the truth; a frozen rule plays beside, and both scores are kept.

const SEALED_CSS = TURN_CSS(".uddm-sealed") + `
.uddm-sealed table { border-collapse: collapse; margin: .5em 0; display: table; width: auto; }
.uddm-sealed :is(th, td) { text-align: right; padding: .15em .7em; font-variant-numeric: tabular-nums; border: 0; }
.uddm-sealed tbody th { text-align: left; }
.uddm-sealed .truth { border-left: 4px solid var(--uddm-accent); padding: .1em 0 .1em .8em; margin: .6em 0; }
.uddm-sealed .truth:empty { display: none; }
@media (max-width: 600px) { .uddm-sealed :is(th, td) { padding: .1em .35em; font-size: .9em; } }`;
const VERDICTS = ["memorizes", "generalizes", "undecided"];
const SEALED_KEY = "uddm-sealed";

// The frozen rule: as `Side.verdict` in probes/side.py.
function frozenVerdict({ own, fresh, cost, table_entropy, table_cost }, { threshold, surer }) {
  const score = (fresh - own) / table_entropy;
  if (cost < table_cost) return score <= threshold ? "generalizes" : "undecided";
  return score > threshold || own < surer * fresh ? "memorizes" : "undecided";
}

// What is right to say of a model; who can't tell is not wrong, and of one that has learned too little nothing else is right.
const truthOf = (model) => (!model.learned ? "undecided" : model.memory ? "memorizes" : "generalizes");
const judged = (said, model) => (said === truthOf(model) ? "right" : said === "undecided" ? "undecided" : "wrong");

// The verdicts of this reader on this machine; where a page may keep nothing, they last as long as the page.
function memoryOf(key, name) {
  try {
    const kept = JSON.parse(localStorage.getItem(key)) || {};
    return kept.name === name && typeof kept.said === "object" && kept.said ? kept.said : {};
  } catch {
    return {};
  }
}
function remember(key, name, said) {
  try {
    localStorage.setItem(key, JSON.stringify({ name, said }));
  } catch {} // private windows and some files from the disk
}

bringToLife("sealed", SEALED_CSS, (root, data, still) => {
  const { models } = data, read = memoryOf(SEALED_KEY, data.name), said = {};
  for (const k in read) if (models[k] && VERDICTS.includes(read[k])) said[k] = read[k];
  let at = 0, cost = false;

  const line = stepper(root, { name: "sealed model", values: models.map((_, k) => `${k + 1} of ${models.length}`), play: 0 }, 0, (to) => open(to));
  element("p", root, "How unsure is it of each word, given the others? Nats per word:");
  const draw = bars(root, "Entropies of the sealed model");
  const caption = element("p", root, "", { class: "words", "aria-live": "polite" });
  const asked = element("div", root, "", { class: "line" });
  const look = button(asked, "look at its cost, too", () => { cost = true; show(); });
  const give = element("div", root, "", { class: "line", role: "group", "aria-label": "Your verdict" });
  element("span", give, "Your verdict", { class: "name" });
  const given = VERDICTS.map((verdict) => [verdict, button(give, verdict, () => judge(verdict))]);
  const truth = element("div", root, "", { class: "truth", "aria-live": "polite" });
  const table = element("table", root);
  const after = element("div", root, "", { class: "line" });
  button(after, "the next sealed model", () => open(next()));
  button(after, "start over", () => { for (const k in said) delete said[k]; remember(SEALED_KEY, data.name, said); open(0); });
  onPaper(root, still);

  function next() { // the first one after this that has no verdict yet
    for (let k = 1; k <= models.length; k++) if (!((at + k) % models.length in said)) return (at + k) % models.length;
    return (at + 1) % models.length;
  }
  function open(k) {
    [at, cost] = [k, false];
    show();
  }
  function judge(verdict) {
    said[at] = verdict;
    remember(SEALED_KEY, data.name, said);
    show();
  }
  function show() {
    line(at);
    const model = models[at], mine = said[at], seen = cost || mine !== undefined;
    draw([
      { name: "its own text", value: model.own, color: "curve" },
      { name: "fresh text", value: model.fresh, color: "lift" },
      { name: "fresh text, a table of pairs", value: model.table_entropy, color: "lattice" },
    ], { top: Math.max(1.3, model.fresh, model.own, model.table_entropy) });
    tell(caption, "Fresh minus own, over the table's: ", [(model.fresh - model.own) / model.table_entropy, 3], ". ");
    if (seen) tell(caption.appendChild(document.createElement("span")), "It pays ", [model.cost, 2], " nats per word of fresh text, the table ", [model.table_cost, 2], ".");
    look.hidden = seen;
    given.forEach(([verdict, one]) => { one.setAttribute("aria-pressed", verdict === mine); one.disabled = mine !== undefined && verdict !== mine; }); // the truth is out
    truth.replaceChildren();
    if (mine !== undefined) {
      const rule = frozenVerdict(model, data), side = model.memory ? "below" : "above";
      const is = model.learned ? `${model.position.toFixed(2)} times its crossing, so it lies ${side} it` : "it learned too little to be on a side";
      element("p", truth, `You said “${mine}”: ${judged(mine, model)}. The frozen rule says “${rule}”: ${judged(rule, model)}.`);
      element("p", truth, `The truth: ${model.title}, trained on ${thousands(model.n)} sentences; ${is}.`);
    }
    scores();
  }
  function scores() {
    table.replaceChildren();
    const head = element("tr", element("thead", table));
    [`${Object.keys(said).length} opened`, "right", "undecided", "wrong"].forEach((name) => element("th", head, name, { scope: "col" }));
    const body = element("tbody", table);
    const count = (name, verdict) => {
      const row = element("tr", body), all = Object.keys(said).map((k) => judged(verdict(k), models[k]));
      element("th", row, name, { scope: "row" });
      ["right", "undecided", "wrong"].forEach((kind) => put(element("td", row), all.filter((one) => one === kind).length, 0));
    };
    count("you", (k) => said[k]);
    count("the frozen rule", (k) => frozenVerdict(models[k], data));
  }
  show();
});

// Where each head of a network looks from one place, and what the answer there loses with a word, or with a head.

const HEADS_CSS = TURN_CSS(".uddm-heads");
const HEADS_TOP = 6; // words of the answer that have a bar

bringToLife("heads", HEADS_CSS, (root, data, still) => {
  const model = engine.loadModel(engine.bytesOf(data.model)), { words, length } = model;
  const random = engine.randomNumbers(1), truth = data.sentence, heads = Array.from({ length: data.heads }, (_, k) => k);
  const begin = { place: data.place, head: 0, t: data.start }, at = { ...begin };
  let now = truth.slice(), silent = heads.map(() => false);
  const level = () => data.times[at.t], said = (l) => `“${words[now[l]]}”`;

  // shares[head][m]: how the place looks at place m; a head that is silent brings nothing. p: what the network says there.
  function asked(x, mute) {
    const shares = [];
    const log = model.answer(x, level(), (l, head, given) => {
      if (l === at.place) shares[head] = Array.from(given);
      if (mute[head]) given.fill(0);
    });
    return { shares, p: Array.from(log[at.place], (v) => Math.exp(v)) };
  }
  function strongest() {
    const { shares } = asked(now, silent);
    const each = heads.map((head) => ({ head, place: shares[head].indexOf(Math.max(...shares[head])) }));
    return each.map((one) => ({ ...one, share: shares[one.head][one.place] })).sort((a, b) => b.share - a.share)[0];
  }

  predict(root, data.ask, () => {
    Object.assign(at, begin); // what was asked about
    restore();
    const { head, place, share } = strongest();
    at.head = head;
    show();
    return `Head ${head + 1} gives ${share.toFixed(2)} of its attention to ${said(place)}, word ${place + 1}.`;
  });
  const axis = (name, values) => ({ name, values, play: 0 });
  const answer = element("div", root, "", { class: "answer" });
  const steppers = [
    ["place", axis("the place that looks", truth.map((word, l) => `${l + 1}, “${words[word]}”`))],
    ["head", axis("head", heads.map((k) => String(k + 1)))],
    ["t", axis("noise level t that the network is told", data.times.map((t) => t.toFixed(2)))],
  ].map(([key, what]) => [key, stepper(answer, what, at[key], (to) => { at[key] = to; show(); })]);
  const acts = element("div", answer, "", { class: "line" });
  const mute = button(acts, "silence this head", () => { silent[at.head] = !silent[at.head]; show(); });
  button(acts, "restore words and heads", () => { restore(); show(); });
  const caption = element("p", answer, "", { class: "words", "aria-live": "polite" });
  element("p", answer, "Where it looks. Press a word to put another one in its place, once more to restore it:");
  const looks = element("div", answer, "", { class: "looks" });
  const draw = bars(looks, "Shares of attention");
  element("p", answer, "What the network says stands there. Bars: now. Upright lines: all words and heads in place.");
  const says = bars(answer, "Its answer");
  onPaper(root, still);

  function restore() {
    now = truth.slice();
    silent = heads.map(() => false);
  }
  function press(l) {
    const other = (truth[l] + 1 + Math.floor(random() * (words.length - 1))) % words.length;
    now[l] = now[l] === truth[l] ? other : truth[l];
    show();
    looks.querySelectorAll("button")[l].focus(); // the bars were drawn anew
  }
  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const { shares, p } = asked(now, silent), row = shares[at.head], most = row.indexOf(Math.max(...row));
    const intact = asked(truth, heads.map(() => false)).p;
    mute.setAttribute("aria-pressed", silent[at.head]);
    const quiet = silent[at.head] ? " It is silent: what it sees does not arrive." : "";
    caption.textContent = `From place ${at.place + 1}, ${said(at.place)}, head ${at.head + 1} looks most at ${said(most)}, word ${most + 1}: ${row[most].toFixed(2)}.${quiet}`;
    const note = (l) => [l === at.place && "itself", now[l] !== truth[l] && `was “${words[truth[l]]}”`].filter(Boolean).join(", ");
    draw(row.map((value, l) => ({ name: `${l + 1} ${words[now[l]]}`, value, color: "accent", note: note(l), act: () => press(l) })), { digits: 2 });
    const order = p.map((_, v) => v).sort((a, b) => p[b] - p[a]).slice(0, HEADS_TOP), clean = truth[at.place];
    if (!order.includes(clean)) order.push(clean);
    says(order.map((v) => ({ name: words[v], value: p[v], tick: intact[v], color: "cavity", note: v === clean ? "★ clean word" : "" })));
  }
  show();
});

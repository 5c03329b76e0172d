// Where the weights of a diffusion transformer lie, counted anew for every width, depth and vocabulary.

const PARTS_CSS = TURN_CSS(".uddm-parts");

// of Duo's code base: W wide, so many blocks, V words, C numbers that tell a block its noise level
function weightsOf(W, blocks, V, C) {
  const linear = (from, to) => from * to + to;
  const words = V * W + linear(W, V);
  const level = linear(256, C) + linear(C, C) + blocks * linear(C, 6 * W) + linear(C, 2 * W);
  const inBlocks = blocks * (2 * W + 3 * W * W + W * W + linear(W, 4 * W) + linear(4 * W, W)) + W;
  return { words, blocks: inBlocks, level };
}

bringToLife("parts", PARTS_CSS, (root, data) => {
  const { widths, depths, vocabularies, presets, length } = data;
  const find = (one) => ({ width: widths.indexOf(one.width), depth: depths.indexOf(one.blocks), words: vocabularies.indexOf(one.words) });
  const at = find(presets[data.asked]), said = (n) => n.toLocaleString("en");
  const size = (n) => (n < 1e9 ? `${(n / 1e6).toLocaleString("en", { maximumSignificantDigits: 3 })} MB` : `${(n / 1e9).toLocaleString("en", { maximumSignificantDigits: 3 })} GB`);

  predict(root, data.ask, () => {
    Object.assign(at, find(presets[data.asked])); // what was asked about
    show();
    const { words, blocks, level } = counted();
    return `Here: ${((100 * words) / (words + blocks + level)).toFixed(0)} of 100.`;
  });
  const counted = () => weightsOf(widths[at.width], depths[at.depth], vocabularies[at.words], data.level);
  const steppers = [
    ["width", "width", widths], ["depth", "blocks", depths], ["words", "words of the vocabulary", vocabularies],
  ].map(([key, name, values]) => [key, stepper(root, { name, values: values.map(said), play: 0 }, at[key], (to) => { at[key] = to; show(); })]);
  const sets = element("div", root, "", { class: "line" });
  presets.forEach((one) => button(sets, one.name, () => { Object.assign(at, find(one)); show(); }));
  const answer = element("div", root, "", { class: "answer" });
  const told = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const draw = bars(answer, "Share of the weights");

  function show() {
    steppers.forEach(([key, step]) => step(at[key]));
    const parts = counted(), total = parts.words + parts.blocks + parts.level, bytes = 4;
    told.replaceChildren();
    element("strong", told, said(total), { class: "total", "data-value": total });
    told.append(` weights: ${size(bytes * total)} in float32; a checkpoint with averages and optimizer ${size(4 * bytes * total)}; one answer about ${length} tokens ${size(bytes * length * vocabularies[at.words])}.`);
    draw([["words", "two tables of words", "accent"], ["blocks", "blocks", "population"], ["level", "what tells the noise level", "memorizer"]].map(([name, words, color]) =>
      ({ name: words, value: parts[name] / total, color, note: `(${said(parts[name])})` })));
  }
  show();
});

// A sentence of the reader's own, cut into the pieces that a table of subwords has after so many merges.

const PIECES_CSS = TURN_CSS(".uddm-pieces") + `
.uddm-pieces .cut { line-height: 2.3; overflow-wrap: anywhere; }
.uddm-pieces .cut span { border: 1.5px solid currentColor; border-radius: 4px; padding: .05em .3em; margin-right: .15em; }
.uddm-pieces .cut span.word { margin-right: .7em; }
.uddm-pieces .cut span.unknown { border-style: dashed; }
.uddm-pieces input[type=text] { flex: 1 1 14em; }`;
const INSIDE = "##";
const WORDS = /(?:\p{L}\.){2,}|(?:\p{Nd}+(?:[.,]\p{Nd}+)+|[\p{L}\p{N}]+)(?:['-]?[\p{L}\p{N}]+)*/gu; // as in worlds/sentences.py

// Known pieces from the left, the longest first; an empty list if that does not work out: see worlds/subwords.py.
function piecesOf(word, known) {
  const letters = [...word], out = [];
  for (let start = 0; start < letters.length; ) {
    const mark = start ? INSIDE : "";
    let end = letters.length;
    while (end > start && !known.has(mark + letters.slice(start, end).join(""))) end--;
    if (end === start) return [];
    out.push(mark + letters.slice(start, end).join(""));
    start = end;
  }
  return out;
}

bringToLife("pieces", PIECES_CSS, (root, data) => {
  const { pieces, sizes } = data, at = { size: sizes.length - 1, text: data.sentence };
  const wordsOf = (text) => text.normalize("NFC").replace(/’/g, "'").toLowerCase().match(WORDS) || [];
  const cut = (text, size) => { const known = new Set(pieces.slice(0, size)); return wordsOf(text).map((word) => piecesOf(word, known)); };
  const tokens = (text, size) => cut(text, size).reduce((sum, parts) => sum + Math.max(1, parts.length), 0); // an unknown word is one token

  predict(root, data.ask, () => {
    Object.assign(at, { size: sizes.length - 1, text: data.sentence }); // what was asked about
    typed.value = at.text;
    show();
    return `Here: ${tokens(at.text, sizes[at.size])}, of ${wordsOf(at.text).length} words.`;
  });
  const step = stepper(root, { name: "pieces that are known", values: sizes.map((n) => n.toLocaleString("en")), play: 0 }, at.size, (to) => { at.size = to; show(); });
  const typing = element("div", root, "", { class: "line" }), id = "uddm-" + Math.random().toString(36).slice(2);
  element("label", typing, "A sentence of yours", { for: id });
  const typed = element("input", typing, "", { type: "text", id, autocomplete: "off", spellcheck: "false" });
  typed.value = at.text;
  typed.addEventListener("input", () => { at.text = typed.value; show(); });
  const answer = element("div", root, "", { class: "answer" });
  const told = element("p", answer, "", { class: "words", "aria-live": "polite" });
  const shown = element("p", answer, "", { class: "cut", "aria-label": "the sentence in pieces" });
  const draw = bars(answer, "Tokens by the number of pieces");

  function show() {
    step(at.size);
    const size = sizes[at.size], words = wordsOf(at.text), parts = cut(at.text, size), n = tokens(at.text, size);
    told.replaceChildren();
    put(element("strong", told, "", { class: "tokens" }), n, 0);
    told.append(` tokens for ${words.length} words, ${[...words.join("")].length} letters. The last piece that was made: “${pieces[size - 1]}”.`);
    shown.replaceChildren();
    parts.forEach((one, k) => {
      const all = one.length ? one : [words[k]];
      all.forEach((piece, j) => element("span", shown, piece.replace(INSIDE, ""), { class: [j === all.length - 1 ? "word" : "", one.length ? "" : "unknown"].join(" ").trim() }));
    });
    const stops = sizes.filter((_, k) => k % Math.ceil(sizes.length / 6) === 0 || k === sizes.length - 1);
    draw(stops.map((s) => ({ name: `${s.toLocaleString("en")} pieces`, value: tokens(at.text, s), color: s === size ? "lift" : "accent" })), { top: Math.max(1, tokens(at.text, sizes[0])), digits: 0 });
  }
  show();
});

// A stepper through finished frames of HTML: one labeled slider per axis. Without scripts the ends of the first show.

const PLAYER_CSS = `
.uddm-player .uddm-caption { margin: .5em 0 .2em; }
.uddm-player .uddm-frame { overflow-wrap: anywhere; }`;

bringToLife("player", PLAYER_CSS, (root, data) => {
  const at = data.start.slice();
  const steppers = data.axes.map((axis, k) => stepper(root, axis, at[k], (to) => { at[k] = to; draw(); }));
  const caption = element("p", root, "", { class: "uddm-caption", "aria-live": "polite" });
  const frame = element("div", root, "", { class: "uddm-frame" });
  element("div", root).innerHTML = data.key;
  let tallest = 0;

  function draw() {
    const index = data.axes.reduce((sum, axis, k) => sum * axis.values.length + at[k], 0);
    steppers.forEach((show) => show());
    if (caption.textContent !== data.captions[index]) caption.textContent = data.captions[index];
    frame.innerHTML = data.frames[index];
    tallest = Math.max(tallest, frame.offsetHeight); // keep what follows from jumping
    frame.style.minHeight = tallest + "px";
  }
  draw();
});

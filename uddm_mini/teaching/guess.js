// A guess that is asked for where a page begins, and comes back beside the answer, further down the same page.

const GUESS_CSS = TURN_CSS(".uddm-guess") + `
@media screen { .uddm-guess .on-paper { display: none; } }`;

bringToLife("guess", GUESS_CSS, (root, data) => {
  const place = element("div", root);
  element("p", root, data.answer || data.ask.question, { class: "on-paper" });
  if (!data.answer) { // the first piece: it keeps the guess where the second finds it, in the page and nowhere else
    predict(place, data.ask, (guess) => {
      root.setAttribute("data-guess", guess);
      document.dispatchEvent(new CustomEvent("uddm-guess"));
      return "It comes back beside the answer.";
    });
    return;
  }
  const told = element("p", root, "", { class: "words", "aria-live": "polite" });
  const unit = data.ask.unit ? ` ${data.ask.unit}` : "";
  function look() {
    const first = [...document.querySelectorAll("[data-uddm-guess][data-guess]")].find(
      (one) => JSON.parse(one.getAttribute("data-uddm-guess")).ask.question === data.ask.question,
    );
    if (!first) return false;
    place.replaceChildren();
    root.querySelector(".on-paper").hidden = true;
    told.textContent = `You said ${first.getAttribute("data-guess")}${unit}. ${data.answer}`;
    return true;
  }
  document.addEventListener("uddm-guess", look);
  if (!look()) predict(place, data.ask, () => data.answer); // each output of a notebook may be a page of its own
});

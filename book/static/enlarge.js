// A figure opens in a window of its own, large enough to read its smallest number. A click on it or the button does it.
(function () {
  "use strict";

  const FIGURES = ".bd-article :is(.cell_output, figure) img:not(.no-enlarge)";

  function dialogOf() {
    const dialog = document.createElement("dialog");
    dialog.className = "enlarged";
    dialog.setAttribute("aria-label", "The figure, enlarged");
    dialog.innerHTML = '<button type="button" class="close">Close</button><div class="all" tabindex="0"></div>';
    const close = () => dialog.close();
    dialog.querySelector(".close").addEventListener("click", close);
    dialog.addEventListener("click", (event) => event.target === dialog && close());
    document.querySelector(".bd-article").append(dialog);
    return dialog;
  }

  document.addEventListener("DOMContentLoaded", () => {
    let dialog = null;
    document.querySelectorAll(FIGURES).forEach((image) => {
      const frame = document.createElement("span");
      const button = document.createElement("button");
      frame.className = "enlargeable";
      button.type = "button";
      button.title = "Enlarge";
      button.setAttribute("aria-label", "Enlarge the figure");
      button.textContent = "⤢";
      const open = () => {
        dialog = dialog || dialogOf();
        const large = image.cloneNode();
        large.removeAttribute("id");
        dialog.querySelector(".all").replaceChildren(large);
        dialog.showModal();
      };
      button.addEventListener("click", open);
      image.addEventListener("click", open);
      image.replaceWith(frame);
      frame.append(image, button);
    });
  });
})();

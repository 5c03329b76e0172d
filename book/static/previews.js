// What a reference leads to is shown beside it: a source of the literature, or the question that a chapter asks.
// Shown on hover and focus, a source also by a first touch; it stays while one points at it, and Escape closes it.
(function () {
  "use strict";

  const LINKS = ".bd-article a.reference.internal";
  const LATER = 150; // milliseconds in which one gets from the link to what it shows

  // What to show for a link: its own title, or the title of another page, where the link does not say it.
  function shown(link) {
    if (link.dataset.source) return link.dataset.source;
    if (!link.pathname || link.pathname === location.pathname) return null;
    const other = [...document.querySelectorAll(".bd-links a[href]")].find((a) => a.pathname === link.pathname);
    const title = other && other.textContent.trim();
    return title && !title.includes(link.textContent.trim()) ? title : null;
  }

  document.addEventListener("DOMContentLoaded", () => {
    const box = document.createElement("div");
    let current = null;
    let leaving = 0;
    box.id = "preview";
    box.setAttribute("role", "tooltip");
    box.hidden = true;
    document.body.append(box);

    function hide() {
      box.hidden = true;
      if (current) current.removeAttribute("aria-describedby");
      current = null;
    }

    function show(link) {
      clearTimeout(leaving);
      if (current === link) return true;
      const content = shown(link);
      if (!content) return false;
      hide();
      box.textContent = content;
      box.hidden = false;
      current = link;
      link.setAttribute("aria-describedby", box.id);
      const at = link.getClientRects()[0];
      const room = document.documentElement.clientWidth - box.offsetWidth - 8;
      const below = at.bottom + 6 + box.offsetHeight < window.innerHeight;
      box.style.left = `${window.scrollX + Math.max(8, Math.min(at.left, room))}px`;
      box.style.top = `${window.scrollY + (below ? at.bottom + 6 : Math.max(8, at.top - 6 - box.offsetHeight))}px`;
      return true;
    }

    const later = () => {
      clearTimeout(leaving);
      leaving = setTimeout(hide, LATER);
    };

    document.querySelectorAll(LINKS).forEach((link) => {
      let touched = false;
      if (link.title) {
        link.dataset.source = link.title;
        link.removeAttribute("title");
      }
      link.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && show(link));
      link.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && later());
      link.addEventListener("pointerdown", (event) => {
        touched = event.pointerType === "touch" && current !== link;
      });
      link.addEventListener("click", (event) => {
        if (touched && link.dataset.source && show(link)) event.preventDefault();
      });
      link.addEventListener("focus", () => !touched && show(link));
      link.addEventListener("blur", later);
    });
    box.addEventListener("pointerenter", () => clearTimeout(leaving));
    box.addEventListener("pointerleave", later);
    document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
    document.addEventListener("pointerdown", (event) => {
      if (current && !box.contains(event.target) && event.target.closest("a") !== current) hide();
    });
  });
})();

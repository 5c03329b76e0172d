// Small repairs that need the finished page.
(function () {
  "use strict";

  // What is wider than the screen scrolls by keyboard too; what fits is no stop of the Tab key.
  const WIDE = ".bd-article :is(table, pre, .math, .cell_output, .table-wrapper, .scrolls)";

  function reachable() {
    document.querySelectorAll(WIDE).forEach((box) => {
      const style = getComputedStyle(box);
      const across = box.scrollWidth > box.clientWidth + 2 && /auto|scroll/.test(style.overflowX);
      const down = box.scrollHeight > box.clientHeight + 2 && /auto|scroll/.test(style.overflowY);
      const has = box.querySelector("a[href], button, input, [tabindex='0']");
      if ((across || down) && !has) box.setAttribute("tabindex", "0");
      else if (box.getAttribute("tabindex") === "0") box.removeAttribute("tabindex");
    });
  }

  // A search result shows the words around the hit, not the page's buttons and table of contents.
  const NOT_TEXT =
    "#jb-print-docs-body, .bd-header-article, .bd-sidebar-secondary, .prev-next-footer, .bd-footer-content, " +
    "#searchbox, dialog, .uddm-live, [data-uddm-player], [data-uddm-pixels], summary";

  function cleanSnippets() {
    if (typeof Search === "undefined" || !Search.htmlToText) return;
    const original = Search.htmlToText;
    Search.htmlToText = (html, anchor) => {
      const page = new DOMParser().parseFromString(html, "text/html");
      page.querySelectorAll(NOT_TEXT).forEach((part) => part.remove());
      return original(page.documentElement.outerHTML, anchor);
    };
  }

  document.addEventListener("DOMContentLoaded", () => {
    cleanSnippets();
    reachable();
    let waiting = 0;
    const later = () => {
      clearTimeout(waiting);
      waiting = setTimeout(reachable, 150);
    };
    window.addEventListener("resize", later);
    window.addEventListener("load", later);
    document.addEventListener("toggle", later, true);
    const ready = window.MathJax && window.MathJax.startup && window.MathJax.startup.promise;
    if (ready) ready.then(later);
    const article = document.querySelector(".bd-article");
    if (article) new ResizeObserver(later).observe(article);
  });
})();

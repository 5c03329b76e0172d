"""Sphinx extension: what every page gains (a description, a card) and loses (scripts of a live kernel, wrong roles).

The tool chain adds Thebe, which would ask another host for a kernel, and gives the bibliography a role that its list
must not contain. The book has no live kernel. The page at the root, which only points at the first chapter, becomes
one that a search engine and a messenger can show.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes

BOOK = (
    "Corrupt a sentence, let a diffusion language model denoise it, and count which words come back: an executable "
    "book about memory and generalization, small enough for a laptop."
)
CARD = "_static/card.png"
# names and roles in the tool chain's pages that a screen reader stumbles over
REPAIRS = {
    'role="doc-biblioentry"': 'role="listitem"',  # the list of references may hold nothing else
    '<summary aria-label="Toggle hidden content">': "<summary>",  # the words on the bar are its name
}
LONGEST = 160  # characters of a description that search engines show


def setup(app: Any) -> dict[str, bool]:
    """Register the hooks, after all others."""
    app.connect("builder-inited", print_as_page)
    app.connect("doctree-resolved", drop_kernel, priority=950)
    app.connect("html-page-context", finish_page, priority=1000)
    app.connect("build-finished", write_root, priority=1000)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def print_as_page(app: Any) -> None:
    """Let the one page of the printed book have what single pages have: some extensions name only a part for it."""
    handlers = app.registry.translation_handlers
    handlers["singlehtml"] = {**handlers.get("html", {}), **handlers.get("singlehtml", {})}


def drop_kernel(app: Any, doctree: nodes.document, page: str) -> None:
    """Remove the settings of a live kernel from the page."""
    for node in list(doctree.findall(nodes.raw)):
        if "x-thebe-config" in node.astext() or node.astext().startswith("<script>kernelName"):
            node.parent.remove(node)


def finish_page(app: Any, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Give the page its description, and take the scripts of a live kernel from it."""
    context["script_files"] = [script for script in context.get("script_files", []) if not starts_kernel(script)]
    context["css_files"] = [sheet for sheet in context.get("css_files", []) if "sphinx-thebe" not in str(sheet)]
    if context.get("body"):
        for wrong, right in REPAIRS.items():
            context["body"] = context["body"].replace(wrong, right)
    text = BOOK if doctree is None or page == app.config.root_doc else description(doctree)
    title = re.sub("<[^>]*>", "", str(context.get("title") or app.config.html_title))
    context["metatags"] = context.get("metatags", "") + meta_tags(app, title, text, f"{page}.html")


def starts_kernel(script: Any) -> bool:
    """Say whether a script belongs to the live kernel that the book does not have."""
    attributes = getattr(script, "attributes", {})
    return "THEBE_JS_URL" in str(attributes.get("body", "")) or "thebe" in str(getattr(script, "filename", "") or "")


def description(doctree: nodes.document) -> str:
    """Return the first sentences of the page, whole words, at most LONGEST characters."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(re.sub(r"\s+", " ", words(paragraph)).split())
        if len(text) > 40:  # a badge or a label is none
            break
    else:
        return BOOK
    if len(text) <= LONGEST:
        return text
    return text[:LONGEST].rsplit(" ", 1)[0].rstrip(",;: ") + " …"


def words(node: nodes.Element) -> str:
    """Return the text of a paragraph without formulas' backslashes."""
    return re.sub(r"\\[a-z]+|[{}$]", "", node.astext())


def site(config: Any) -> str:
    """Return where the pages are published (GitHub Pages of the public address), or "" before `make address`."""
    found = re.fullmatch(
        r"https://github\.com/([\w.-]+)/([\w.-]+)", config.html_theme_options.get("repository_url", "")
    )
    if not found or "your--org" in found[1]:
        return str(config.html_baseurl or "")
    return str(config.html_baseurl or f"https://{found[1].lower()}.github.io/{found[2]}/")


def meta_tags(app: Any, title: str, text: str, place: str) -> str:
    """Return the tags that describe a page to search engines and to those who share it."""
    base = site(app.config)
    tags = {"og:type": "website", "og:site_name": app.config.html_title, "og:title": title, "og:description": text}
    if base:  # a card needs a whole address
        tags |= {"og:url": base + place, "og:image": base + CARD, "og:image:width": "1200", "og:image:height": "630"}
        tags["og:image:alt"] = "Two curves cross: words of training sentences come back less often, unseen ones more"
    lines = [f'<meta name="description" content="{escape(text)}" />']
    lines += [f'<meta property="{name}" content="{escape(value)}" />' for name, value in tags.items()]
    if base:
        lines.append('<meta name="twitter:card" content="summary_large_image" />')
    return "\n" + "\n".join(lines) + "\n"


def write_root(app: Any, error: Exception | None) -> None:
    """Write the page at the root: it names the book and leads to its first page."""
    if error or app.builder.format != "html" or app.config.root_doc == "index":
        return
    first = app.builder.get_target_uri(app.config.root_doc)
    title = escape(app.config.html_title)
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta http-equiv="refresh" content="0; url={first}" />
<title>{title}</title>
<link rel="icon" href="_static/favicon.svg" />{meta_tags(app, app.config.html_title, BOOK, "")}</head>
<body>
<main>
<h1>{title}</h1>
<p>{escape(BOOK)}</p>
<p><a href="{first}">Open the book</a></p>
</main>
</body>
</html>
"""
    Path(app.outdir, "index.html").write_text(page, "utf-8", newline="\n")

"""Print the whole book into one file: `make pdf`, or python book/_tools/pdf.py FOLDER OUT.pdf.

The folder is what Sphinx's builder "singlehtml" makes. Chromium prints it: a cover, contents that lead to the chapters,
every chapter on a sheet of its own, stills where pages have figures to turn, and an outline for the reader's program.
"""

from __future__ import annotations

import sys
from pathlib import Path

from uddm_mini.files import replacing

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks.page import chromium

PATIENCE = 600_000  # milliseconds: some thousand formulas are set before the first sheet is printed

# a chapter begins on a sheet of its own; in the one page its title is a heading of the second level
STYLE = """
[id^="document-"] + section { break-before: page; }
[id^="document-"] + section > :is(h1, h2):first-child { font-size: 2.2rem; }
.cover { height: 240mm; display: flex; flex-direction: column; justify-content: center; }
.cover p.title { font-size: 34pt; line-height: 1.15; font-weight: 600; }
.cover img { width: 42mm; margin-bottom: 12mm; }
.cover p { font-size: 13pt; }
.printed-contents { break-before: page; break-after: page; }
.printed-contents ul { list-style: none; padding-left: 1.2rem; margin: 0.15rem 0; }
.printed-contents p { font-weight: 600; margin: 0.6rem 0 0.1rem; }
.printed-contents a { text-decoration: none; }
.colab, .headerlink, .toctree-wrapper > p.caption { display: none !important; }
"""

# what the pages hide until one asks for it, and paper can't; the code behind a figure stays hidden
OPENED = """() => {
  document.querySelectorAll('.bd-article details:not(.hide)').forEach((e) => { e.open = true; });
  document.querySelectorAll('img[loading=lazy]').forEach((e) => { e.loading = 'eager'; }); }"""

# a cover and the contents, from the title of the page and the list of chapters in its margin
FRONT = """([title, about, mark]) => {
  const part = (name, parent, text = '') => {
    const made = document.createElement(name);
    made.textContent = text;
    parent.append(made);
    return made; };
  const front = document.createDocumentFragment();
  const cover = part('section', front);
  cover.className = 'cover';
  part('img', cover).src = mark;
  part('p', cover, title).className = 'title';
  part('p', cover, about);
  const contents = part('nav', front);
  contents.className = 'printed-contents';
  part('p', contents, 'Contents');
  // of the lists in the margins, the one that names the chapters
  const named = (p) => !p.closest('.bd-article') && p.nextElementSibling?.querySelector(':scope > li > a');
  const seen = new Set(); // the list stands there twice, for narrow and for wide screens
  [...document.querySelectorAll('p.caption')].filter(named).forEach((caption) => {
    if (seen.has(caption.textContent)) return;
    seen.add(caption.textContent);
    part('p', contents, caption.textContent);
    const list = part('ul', contents);
    caption.nextElementSibling.querySelectorAll(':scope > li > a').forEach((a) => {
      part('a', part('li', list), a.textContent).href = a.hash; }); });
  document.querySelector('.bd-article').prepend(front); }"""

FOOT = """<div style="width: 100%; font-size: 8pt; color: #555; text-align: center; font-family: sans-serif">
<span class="pageNumber"></span></div>"""


def whole_page(folder: Path) -> Path:
    """Return the one page of the book, at the root of its folder: Sphinx writes its links as if it stood there."""
    (page,) = (path for path in folder.glob("book/*.html"))
    place = folder / "printed.html"
    place.write_text(page.read_text("utf-8").replace(f'href="book/{page.name}#', 'href="#'), "utf-8")
    return place


def print_book(page: Path, out: Path) -> None:
    """Print the single page of the book into a PDF; the file takes its name when it is whole."""
    with chromium() as browser:
        sheet = browser.new_page(viewport={"width": 794, "height": 1123}, color_scheme="light")
        sheet.set_default_timeout(PATIENCE)
        sheet.goto(page.resolve().as_uri(), wait_until="load", timeout=PATIENCE)
        sheet.emulate_media(media="print")
        sheet.add_style_tag(content=STYLE)
        sheet.evaluate("() => window.MathJax?.startup?.promise")
        title = sheet.title()
        about = sheet.locator("meta[name=description]").first.get_attribute("content") or ""
        sheet.evaluate(OPENED)
        sheet.evaluate(FRONT, [title, about, "_static/logo.svg"])
        sheet.wait_for_function("() => [...document.images].every((e) => e.complete)", timeout=PATIENCE)
        with replacing(out) as temporary:
            sheet.pdf(
                path=str(temporary),
                format="A4",
                scale=0.8,
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=FOOT,
                margin={"top": "16mm", "bottom": "18mm", "left": "18mm", "right": "18mm"},
                outline=True,
                tagged=True,
            )


if __name__ == "__main__":
    print_book(whole_page(Path(sys.argv[1])), Path(sys.argv[2]))

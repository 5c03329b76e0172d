"""While the public address is the placeholder, no page has a door to it; set, the badge becomes a link."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "book/_tools"))
import public_address as doors

CLONE = "git clone https://github.com/{slug}\ncd {name}\nmake book"


def app(slug):
    options = {
        "repository_url": f"https://github.com/{slug}",
        "launch_buttons": {"colab_url": "https://colab.example"},
        "use_issues_button": True,
        "use_repository_button": True,
    }
    return SimpleNamespace(config=SimpleNamespace(html_theme_options=options))


def page(slug):
    """Make a page with a badge, a link, two blocks of commands and a marked paragraph."""
    document = nodes.document(None, None)
    badge = nodes.reference(refuri=f"https://colab.example/github/{slug}/blob/main/book/x.ipynb")
    badge += nodes.image(uri="https://colab.example/badge.svg", alt="Open in Colab")
    document += nodes.paragraph("", "", badge)
    document += nodes.paragraph("", "", nodes.Text("See "), nodes.reference("", "it", refuri="https://arxiv.example"))
    document += nodes.literal_block("", CLONE.format(slug=slug, name=slug.split("/")[1]))
    document += nodes.paragraph("", "To use only the package:")
    document += nodes.literal_block("", f'pip install "git+https://github.com/{slug}"')
    document += nodes.raw("", doors.ONLY_PUBLISHED, format="html")
    document += nodes.paragraph("", "Press the badge.")
    document += nodes.paragraph("", "The end.")
    return document


def test_without_an_address_every_door_is_gone():
    book, document = app("your--org/uddm-book"), page("your--org/uddm-book")
    doors.close_buttons(book, book.config)
    options = book.config.html_theme_options
    assert not (options["launch_buttons"] or options["use_issues_button"] or options["use_repository_button"])
    doors.open_or_close_doors(book, document, "x")
    assert "your--org" not in document.pformat() and "adge" not in document.pformat()
    assert [node.astext() for node in document] == ["See it", "make book", "The end."]


def test_with_an_address_they_are_there_and_no_picture_is_fetched():
    book, document = app("owner/name"), page("owner/name")
    doors.close_buttons(book, book.config)
    assert book.config.html_theme_options["launch_buttons"] and book.config.html_theme_options["use_issues_button"]
    doors.open_or_close_doors(book, document, "x")
    assert not list(document.findall(nodes.image))
    (badge,) = [node for node in document.findall(nodes.reference) if "owner/name" in node["refuri"]]
    assert badge.astext() == "Open in Colab" and "colab" in badge["classes"]
    assert "Press the badge." in document.astext() and "git clone https://github.com/owner/name" in document.astext()
    assert not list(document.findall(nodes.raw))


@pytest.mark.parametrize(
    ("url", "there"), [("", False), ("https://github.com/your--org/x", False), ("https://github.com/a/b", True)]
)
def test_the_placeholder_is_no_address(url, there):
    assert doors.is_set(SimpleNamespace(html_theme_options={"repository_url": url})) is there

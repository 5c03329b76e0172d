"""Sphinx extension: no page shows a link to the public address while that address is the placeholder.

Set (`make address`), it gives every chapter its Colab link, and the repository and issue buttons their targets. Until
then the buttons, the links, the command lines with the address and every block behind the comment `ONLY_PUBLISHED`
are left out. Notebooks keep them: the first cell says what to do.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes

PLACEHOLDER = "your--org"
ONLY_PUBLISHED = "<!-- with a public address -->"
THEME_OPTIONS = ("use_issues_button", "use_repository_button", "use_edit_page_button", "use_source_button")


def setup(app: Any) -> dict[str, bool]:
    """Register the hooks."""
    app.connect("config-inited", close_buttons)
    app.connect("doctree-resolved", open_or_close_doors, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def address(config: Any) -> str:
    """Return the address of the configuration."""
    return str(config.html_theme_options.get("repository_url", "")).rstrip("/")


def is_set(config: Any) -> bool:
    """Say whether `make address` has set an address."""
    return bool(address(config)) and PLACEHOLDER not in address(config)


def close_buttons(app: Any, config: Any) -> None:
    """Take the buttons that lead to the address from the theme."""
    if not is_set(config):
        config.html_theme_options["launch_buttons"] = {}
        config.html_theme_options.update(dict.fromkeys(THEME_OPTIONS, False))


def open_or_close_doors(app: Any, doctree: nodes.document, page: str) -> None:
    """Turn the badge into a link of the page's own, or leave out everything that needs the address."""
    markers = [node for node in doctree.findall(nodes.raw) if node.astext().strip() == ONLY_PUBLISHED]
    markers += [
        node for node in doctree.findall(nodes.comment) if ONLY_PUBLISHED.strip("<!-> ") == node.astext().strip()
    ]
    slug = address(app.config).removeprefix("https://github.com/") or PLACEHOLDER
    links = [node for node in doctree.findall(nodes.reference) if slug in node.get("refuri", "")]
    if is_set(app.config):
        for link in links:
            draw_badge(link)
    else:
        for marker in markers:
            following = marker.next_node(descend=False, siblings=True)
            if following is not None:
                following.parent.remove(following)
        for node in links:
            remove(node)
        for block in list(doctree.findall(nodes.literal_block)):
            if slug in block.astext():
                drop_lines(block, slug)
    for marker in markers:
        remove(marker)


def draw_badge(link: nodes.reference) -> None:
    """Replace the badge, a picture on another host, by its words."""
    for image in list(link.findall(nodes.image)):
        image.replace_self(nodes.Text(image.get("alt", "Open in Colab")))
        link["classes"].append("colab")


def remove(node: nodes.Node) -> None:
    """Remove a node, and each parent that it leaves empty."""
    parent = node.parent
    if parent is None:
        return
    parent.remove(node)
    if isinstance(parent, nodes.paragraph) and not parent.astext().strip() and not list(parent.findall(nodes.image)):
        remove(parent)


def drop_lines(block: nodes.literal_block, slug: str) -> None:
    """Leave out the lines that need the address, and the line that enters the folder which they make."""
    name = slug.split("/")[-1]
    kept = [line for line in block.astext().splitlines() if slug not in line and line.strip() != f"cd {name}"]
    if any(line.strip() for line in kept):
        text = "\n".join(kept)
        block.replace_self(nodes.literal_block(text, text, **block.attributes))
        return
    above = block.parent.index(block) - 1
    before = block.parent[above] if above >= 0 else None
    if isinstance(before, nodes.paragraph) and before.astext().rstrip().endswith(":"):
        remove(before)  # the sentence that announces the block
    remove(block)

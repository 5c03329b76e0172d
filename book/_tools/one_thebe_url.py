"""Sphinx extension: keep one declaration of THEBE_JS_URL in every page.

Several extensions of the tool chain add the same `let THEBE_JS_URL` script, and the second one raises an error in
the reader's browser. The book has no live kernel, so removing the copies changes nothing else.
"""

from __future__ import annotations

from typing import Any


def setup(app: Any) -> dict[str, bool]:
    """Register the hook, after all others."""
    app.connect("html-page-context", drop_copies, priority=1000)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def drop_copies(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Keep the first script of the page that declares the name."""
    seen = False
    scripts = []
    for script in context.get("script_files", []):
        declares = "THEBE_JS_URL" in str(getattr(script, "attributes", {}).get("body", ""))
        if not (declares and seen):
            scripts.append(script)
        seen = seen or declares
    context["script_files"] = scripts

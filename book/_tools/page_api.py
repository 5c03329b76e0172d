"""Sphinx extension: the page of the package, made from its docstrings, its settings and its command line.

Two directives, for use inside {eval-rst}: `exports` documents the names that it lists (as one writes them after
`uddm_mini.`) by autodoc, and `commands` the options of the commands that it lists. The docstrings are plain text: a
line "name: words" becomes an entry, an indented equation a block, `code` code, and everything else stays as it is.
"""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from importlib import import_module
from typing import Any, get_type_hints

import uddm_mini
from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import stringify_annotation

LINE = re.compile(r"(\w+(?:, \w+)*)((?: [^\s:]+){1,3})?: (?=\S)")  # "name: ", "name int64[B, L]: ", "name, name: "
# code in backticks; a call of a public function; a setting or a value in quotes
CALL = rf"\b(?:{'|'.join(uddm_mini.__all__)})\((?:[^()]|\([^()]*\))*\)"
CODE = re.compile(rf'`([^`]+)`|({CALL}|\b\w+="[\w-]+"|"[a-z_-]+")')
EMPHASIS = re.compile(r"(?<![\w*])\*(\w[\w ]*)\*(?![\w*])")


def setup(app: Any) -> dict[str, bool]:
    """Register the directives and the hooks."""
    app.add_directive("exports", Exports)
    app.add_directive("commands", Commands)
    app.connect("autodoc-process-docstring", readable)
    app.connect("autodoc-process-signature", shorten)
    app.connect("autodoc-process-bases", only_own_bases)
    app.connect("missing-reference", link)
    app.connect("html-page-context", flatten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Exports(SphinxDirective):
    """Document the listed names, each with the methods that it defines itself."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Hand every name to autodoc."""
        lines = []
        for name in " ".join(self.content).split():
            kind = "class" if inspect.isclass(found(name)) else "function"
            lines += [f".. auto{kind}:: uddm_mini.{name}"]
            if kind == "class":
                lines += ["   :members:", "   :special-members: __call__", "   :member-order: bysource"]
                lines += ["   :show-inheritance:"] * any(own(base) for base in found(name).__bases__)
            lines += [""]
        return self.parse_text_to_nodes("\n".join(lines))


class Commands(SphinxDirective):
    """Describe the options of the listed commands, a section each."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Ask the parser of the command line."""
        arguments = import_module("uddm_mini.arguments")
        self.env.note_dependency(arguments.__file__)
        parser = arguments.make_parser(**dict.fromkeys(" ".join(self.content).split(), print))
        (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
        return [section(told.dest, told.help, commands.choices[told.dest]) for told in commands._choices_actions]


def section(name: str, words: str, parser: argparse.ArgumentParser) -> nodes.section:
    """Return what a command does and what can be typed after it."""
    out = nodes.section("", nodes.title("", name), ids=[f"command-{name}"], names=[f"command-{name}"])
    out += nodes.paragraph("", f"{words[0].upper()}{words[1:]}.")
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if action.dest != "help"]
        if actions and group.title not in ("positional arguments", "options"):
            title = ": ".join(filter(None, [group.title.capitalize(), group.description]))
            out += nodes.paragraph("", "", nodes.strong("", title))
        if actions:
            out += nodes.definition_list("", *map(option, actions), classes=["options"])
    return out


def option(action: argparse.Action) -> nodes.definition_list_item:
    """Return one option of a command, as it is typed, and its help."""
    value = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    if action.choices:
        value = f"{{{','.join(map(str, action.choices))}}}"
    typed = [", ".join(action.option_strings)] if action.option_strings else []
    typed += [str(value)] if action.nargs != 0 else []
    term = nodes.term("", "", nodes.literal("", " ".join(typed)))
    words = (action.help or "").replace("%%", "%")
    return nodes.definition_list_item("", term, nodes.definition("", nodes.paragraph("", words)))


def found(name: str) -> Any:
    """Return the object behind a name such as Walk or probes.recovery.Recovery."""
    module, _, last = f"uddm_mini.{name}".rpartition(".")
    return getattr(import_module(module), last)


def own(kind: type) -> bool:
    """Say whether a class is the package's."""
    return kind.__module__.startswith("uddm_mini")


def readable(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Turn a docstring in plain text into reStructuredText."""
    out: list[str] = []
    explained: dict[str, list[str]] = {}
    told = settings_of(obj)
    for block in blocks(lines):
        entries = explanations(block, known_names(obj))
        if entries and told:
            explained |= {entry: words for (entry, _), words in entries.items()}
        elif entries:
            for (entry, shape), words in entries.items():
                out += [f"``{entry}{shape}``", f"   {text(' '.join(words), obj)}"]
            out += [""]
        elif block[0].startswith("    "):
            out += [".. code-block:: none", "", *("   " + line[4:] for line in block), ""]
        else:
            out += [text(" ".join(line.strip() for line in block), obj), ""]
    for field in told:
        term = declared(field, get_type_hints(obj)[field.name])
        out += [f"``{term}``", f"   {text(meaning(field, explained.get(field.name, [])), obj) or chr(92) + ' '}"]
    if what in ("class", "function") and name.count(".") > 1:
        module, _, last = name.rpartition(".")
        out += ["", f"``from {module} import {last}``"]
    lines[:] = out


def blocks(lines: list[str]) -> Iterator[list[str]]:
    """Yield the paragraphs of a docstring."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []


def explanations(block: list[str], known: set[str]) -> dict[tuple[str, str], list[str]]:
    """Return the words of a paragraph of lines "name: words" by name and shape; nothing for another paragraph."""
    out: dict[tuple[str, str], list[str]] = {}
    for line in block:
        start = LINE.match(line)
        if start and known.issuperset(start[1].split(", ")):
            words = out[start[1], start[2] or ""] = [line[start.end() :].strip()]
        elif out:
            words.append(line.strip())
        else:
            return {}
    return out


def known_names(obj: Any) -> set[str]:
    """Return the parameters of a function, or of a class and its fields."""
    try:
        names = set(inspect.signature(obj).parameters)
    except (TypeError, ValueError):
        return set()
    return names.union(*(vars(kind).get("__annotations__", {}) for kind in getattr(obj, "__mro__", ())))


def text(words: str, obj: Any) -> str:
    """Return one paragraph with its code marked and everything else taken literally."""
    out, end = "", 0
    for code in CODE.finditer(words):
        out += plain(words[end : code.start()]) + marked(code[1] or code[2], obj)
        end = code.end()
        if words[end : end + 1].isalnum():
            out += "\\ "
    out += plain(words[end:])
    return out if not out or out[0].isalnum() or out[0] in "`:*" else f"\\{out}" if out[0] != "\\" else out


def plain(words: str) -> str:
    """Return words without anything that reStructuredText would take for markup, but *emphasis*."""
    pieces = EMPHASIS.split(words)
    escaped = [re.sub(r"([\\*_|`])", r"\\\1", piece) for piece in pieces]
    return "".join(f"*{piece}*" if k % 2 else piece for k, piece in enumerate(escaped))


def marked(code: str, obj: Any) -> str:
    """Return code as such, with a link where it is the name of something else on the page."""
    owner, _, part = code.partition(".")
    public = owner in uddm_mini.__all__ and (not part or hasattr(getattr(uddm_mini, owner), part))
    if public and code not in known_names(obj) and code != getattr(obj, "__name__", ""):
        return f":py:obj:`{code} <uddm_mini.{code}>`"
    return f"``{code}``"


def settings_of(obj: Any) -> tuple[Field[Any], ...]:
    """Return the fields of a class of settings; nothing for anything else."""
    if not (inspect.isclass(obj) and is_dataclass(obj)):
        return ()
    explained = any("help" in field.metadata for field in fields(obj))
    return fields(obj) if explained or obj.__name__.endswith("Settings") else ()


def meaning(field: Field[Any], explained: list[str]) -> str:
    """Return what a setting means: its help on the command line, its choices, and what the docstring adds."""
    brief, more = field.metadata.get("help", ""), " ".join(explained)
    if re.sub(r"\W", "", brief) in re.sub(r"\W", "", more):
        brief = ""
    choices = ", ".join(f'"{choice}"' for choice in field.metadata.get("choices") or ())
    inner = f"See `{type(field.default).__name__}`" if is_dataclass(field.default) and not more else ""
    parts = [brief, choices and f"One of {choices}", more, inner]
    return " ".join(part[0].upper() + part[1:].rstrip(".") + "." for part in parts if part)


def declared(field: Field[Any], hint: Any) -> str:
    """Return a field as the class declares it, settings inside settings by what they change."""
    default = field.default if field.default is not MISSING else ...
    kind = "" if field.metadata.get("choices") else f": {re.sub(r'[a-z_]+[.]', '', stringify_annotation(hint))}"
    return f"{field.name}{kind} = {short(default)}"


def short(value: Any) -> str:
    """Return how a value is written, a dataclass without the fields that have their default."""
    if not is_dataclass(value):
        return "..." if value is ... else re.sub("'", '"', repr(value))
    given = [f for f in fields(value) if getattr(value, f.name) != f.default]
    return f"{type(value).__name__}({', '.join(f'{f.name}={short(getattr(value, f.name))}' for f in given)})"


def shorten(app: Any, what: str, name: str, obj: Any, options: Any, args: str | None, returned: str | None) -> Any:
    """Leave the fields of settings to the list below them, and mend what is no Python in other signatures."""
    if what == "class" and settings_of(obj):
        return "", None
    for long, brief in (
        ("(*args, **kwargs)", ""),
        ("<factory>", "..."),
        ("Linear(epsilon=0.001)", "Linear()"),
        ("[[...]", "[..."),
    ):
        args = (args or "").replace(long, brief)
    return args, returned


def only_own_bases(app: Any, name: str, obj: Any, options: Any, bases: list[Any]) -> None:
    """Leave out bases from elsewhere."""
    bases[:] = [base for base in bases if inspect.isclass(base) and own(base)]


def link(app: Any, env: Any, node: Any, content: nodes.Node) -> nodes.Node | None:
    """Lead from a type in a signature, named by the module that defines it, to its place on the page."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not target.startswith("uddm_mini."):
        return None
    last = target.rpartition(".")[2]
    name = next((n for n in (f"uddm_mini.{last}", target) if n in env.domains["py"].objects), None)
    if name is None:
        return None
    place = env.domains["py"].objects[name]
    return make_refnode(app.builder, node["refdoc"], place.docname, place.node_id, content, name)


def flatten(app: Any, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Make of the lists that Sphinx puts into long signatures, definitions without terms, simple lines."""

    def lines(match: re.Match[str]) -> str:
        out = match[0].replace("<dl>", '<span class="sig-lines">').replace(",</dd>\n</dl>", "</dd></dl>")
        out = out.replace("</dl>", "</span>").replace("</dd>", "</span>")
        out = re.sub(r">\*((?:</\w+>)+,)</span>\s*<dd>", r">*\1 ", out)  # the star and what has to be named
        return out.replace("<dd>", '<span class="sig-line">')

    if 'class="sig ' in context.get("body", ""):
        context["body"] = re.sub(r'<dt class="sig .*?</dt>', lines, context["body"], flags=re.DOTALL)

"""The report: a page that asks for nothing, numbers that a reader can check, and no sentence that was not asked for."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
import torch

from uddm_mini import Audit, AuditSettings, ToyLanguage, audit, load
from uddm_mini.audit.finding import Finding, found_before, missing, percent
from uddm_mini.audit.plan import duration
from uddm_mini.audit.settings import SECTIONS
from uddm_mini.cli import main
from uddm_mini.probes.roc import Interval
from uddm_mini.teaching.results import results_path

LANGUAGE = ToyLanguage()
POOL = LANGUAGE.corpus(n_train=8192)
MEMBERS, FRESH = POOL.subset(16, 0), POOL.held_out[:256]
QUICK = AuditSettings(
    **{"progress": False, "sentences": 32, "writing_steps": 8, "times": (0.25, 0.5), "basins": 1, "corruptions": 2},
    **{"extracted": 4, "tries": 2, "candidates": 7},
)
VOID = {"meta", "br", "path", "circle", "rect", "img", "link"}


class Tags(HTMLParser):
    """Every tag is closed in its order; notes attributes that may load something."""

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        self.loads += [value for name, value in attributes if name in ("src", "href", "srcset", "data", "action")]
        assert tag not in ("script", "link", "iframe", "img", "object")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Audit, str, str]:
    """A report with every section, and its two files."""
    folder = tmp_path_factory.mktemp("audit")
    model = load(results_path("models/toy-n16.safetensors"))
    canaries = {**dict.fromkeys(POOL.decode(MEMBERS[:2]), 4), **dict.fromkeys(POOL.decode(FRESH[:2]), 0)}
    found = audit(model, MEMBERS, FRESH, reference=model, canaries=canaries, settings=QUICK, out=folder)
    return found, (folder / "report.json").read_text("utf-8"), (folder / "report.html").read_text("utf-8")


def test_every_section_is_there_and_applies(whole):
    found, told, page = whole
    assert [one.name for one in found.findings] == list(SECTIONS) and all(one.applies for one in found.findings)
    assert json.loads(told) == json.loads(found.to_json())
    scores = {row["score"] for row in found.finding("membership").table}
    assert "calibrated" in scores, "the reference was used"
    exposure = found.finding("exposure").table
    assert [row["copies"] for row in exposure] == [0, 4] and exposure[1]["exposure"] >= exposure[0]["exposure"]
    assert found.finding("extraction").facts["copied"] > 0.5, "it writes its training text"
    for one in found.findings:
        assert found_before(json.loads(json.dumps(one.told()))).told() == one.told()
        assert one.title in page and f'id="{one.name}"' in page


def test_the_page_is_well_formed_and_asks_for_nothing(whole):
    found, _, page = whole
    assert not re.search(r"<h\d|<table|<svg|\bid=", found._repr_html_()), "a card stands inside another page"
    for text in (page, found._repr_html_()):
        tags = Tags()
        tags.feed(text)
        tags.close()
        assert tags.open == [] and tags.loads == []
        assert not re.search(r"https?:|//\w|url\(|@import", text), "a reference to another place"
    assert page.startswith("<!DOCTYPE html>") and 'name="viewport"' in page and "prefers-color-scheme: dark" in page
    assert "What this does not show" in page and "no certificate" in page
    assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", "".join(tags.text).lower())


def test_the_headline_says_what_was_found_how_sure_and_what_to_do(whole):
    found, told, page = whole
    assert found.verdict == "memorizing" and found.leads == json.loads(told)["leads"] == "extraction"
    tags = Tags()
    tags.feed(page)
    text = "".join(tags.text)
    for sentence in found.headline.values():
        assert sentence in text
    assert "memorizing" in found.headline["second"] and "none" in found.finding("probe").facts["error"]
    assert "From nothing" in found.headline["sure"] and "best of 7 scores" in found.headline["sure"]


def test_no_sentence_stands_in_a_report_unless_it_was_asked_for(whole):
    _, told, page = whole
    for sentence in POOL.decode(torch.cat([MEMBERS, FRESH])):
        words = sentence.split()
        for run in (" ".join(words[k : k + 4]) for k in range(len(words) - 3)):
            assert run not in told and run not in page
    model = load(results_path("models/toy-n16.safetensors"))
    shown = audit(model, MEMBERS, FRESH, settings=QUICK, sections=("extraction",), show_text=True)
    lines = shown.finding("extraction").text
    assert lines and set(lines) & set(POOL.decode(MEMBERS)) and all(line in shown.page() for line in lines)


def test_the_report_names_what_it_is_about(whole):
    told = json.loads(whole[1])
    assert told["given"]["members"]["sentences"] == 16 and len(told["given"]["members"]["sha256"]) == 64
    assert told["given"]["model"]["of"] == "weights" and told["given"]["model"]["noise"] == "uniform"
    assert told["settings"]["sentences"] == 32 and told["settings"]["seed"] == 0 and "out" not in told["settings"]
    assert {"torch", "uddm_mini", "python", "numpy"} == set(told["made"]["versions"])


def test_what_a_text_holds_is_escaped():
    bad = Finding("extraction", False, "<script>alert(1)</script>")
    page = Audit((bad,), {}, {}, {"versions": {}, "date": "", "seconds": 0}).page()
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_numbers_are_told_as_people_say_them():
    assert [percent(p) for p in (0, 1, 0.004, 0.123, 0.999)] == ["0 %", "100 %", "0.4 %", "12 %", "99.9 %"]
    assert [duration(s) for s in (0.2, 1, 80, 100, 3000, 9000)] == [
        *("1 second", "1 second", "80 seconds", "2 minutes", "50 minutes", "2 hours"),
    ]
    told = Finding("probe", True, "s", Interval(float("nan"), 0.0, float("inf"))).told()
    assert told["number"] == {"value": None, "low": 0.0, "high": None}


def test_the_command_from_two_text_files_to_a_report(tmp_path, capsys):
    files = {"members": MEMBERS, "strangers": FRESH}
    for name, x in files.items():
        (tmp_path / f"{name}.txt").write_text("\n".join(POOL.decode(x)), "utf-8")
    typed = ["audit", str(results_path("models/toy-n16.safetensors")), "--out", str(tmp_path / "report")]
    typed += [word for name in files for word in (f"--{name}", str(tmp_path / f"{name}.txt"))]
    typed += ["--sentences", "32", "--writing-steps", "8", "--basins", "0", "--extracted", "16", "--tries", "1"]
    assert main(typed) == 0
    out = capsys.readouterr()
    assert "\nTraining text comes out word for word\n" in out.out
    assert "The model recites" in out.out and "membership:" in out.out
    told = json.loads((tmp_path / "report/report.json").read_text("utf-8"))
    assert told["verdict"] == "memorizing" and told["made"]["command"].startswith("python -m uddm_mini audit toy-n16")
    assert "Plan" not in out.err and "audit: " not in out.err, "no bar without a terminal"
    (tmp_path / "members.txt").write_text("foreign words only\n" * 30, "utf-8")
    assert main(typed) == 2
    assert "none of the model's 102" in capsys.readouterr().err


def test_without_the_probe_there_is_no_verdict_and_not_an_undecided_one():
    found = Audit((missing("extraction", "Nothing to look for."),), {}, {}, {})
    assert not found.judged and repr(found).startswith("Audit: no verdict")
    assert found.headline["title"] == "No verdict"

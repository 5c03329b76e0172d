"""What stands first in a report, in every form of it, and the words for somebody who does not know the field."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from uddm_mini import (
    Audit,
    AuditSettings,
    MemorizingDenoiser,
    PopulationDenoiser,
    ToyLanguage,
    UniformNoise,
    audit,
)
from uddm_mini.audit.finding import Finding, missing, plain_number, spread
from uddm_mini.audit.headline import in_order
from uddm_mini.audit.plots import bars, intervals
from uddm_mini.audit.section_probe import _near, _sure_and_wrong
from uddm_mini.audit.section_recovery import _within
from uddm_mini.audit.summary import about, not_to_quote, quote, surer
from uddm_mini.audit.tables import table_of
from uddm_mini.probes.roc import Interval
from uddm_mini.probes.side import THRESHOLD, Side

LANGUAGE = ToyLanguage()
POOL = LANGUAGE.corpus(n_train=8192)
NOISE = UniformNoise(LANGUAGE.vocab_size)
MEMBERS, STRANGERS = POOL.subset(64, 0), POOL.held_out[:128]
QUICK = AuditSettings.quick(
    progress=False,
    sections=("recovery", "texts", "membership", "extraction"),
    basins=0,
    extracted=32,
    times=(0.1, 0.25),
)
PROBE = Finding(
    *("probe", True, "The model is in between: it is.", Interval(0.1, 0.1, 0.2)),
    table=[{"what": what, "asked": "entropy", "nats": 0.5} for what in ("own", "fresh", "table")],
    notes=("Stable.",),
    facts={"verdict": "in between", "error": "Counted."},
)
OUT = Finding(
    "extraction", True, "Half of it comes.", facts={"beyond": True, "came_out": True, "sure": "Above.", "once": []}
)
TOLD = Finding("membership", True, "The AUC is 1.", facts={"beyond": True, "sure": "Chosen."})
NOTHING = replace(OUT, facts={"beyond": False, "came_out": False, "sure": "Above.", "once": []})
SAME = replace(TOLD, facts={"beyond": False, "sure": "Chosen."})


def made_of(*findings: Finding) -> Audit:
    return Audit(findings, {}, {}, {"versions": {}, "date": "", "seconds": 0})


@pytest.fixture(scope="module")
def memory() -> Audit:
    return audit(MemorizingDenoiser(MEMBERS, NOISE), MEMBERS, STRANGERS, settings=QUICK)


@pytest.mark.parametrize(
    ("findings", "lead", "title", "tone"),
    [
        ((PROBE, TOLD, OUT), "extraction", "Training text comes out word for word", "memorizing"),
        ((PROBE, TOLD, NOTHING), "membership", "Its answers give away what it was trained on", "memorizing"),
        ((PROBE, SAME, NOTHING), "probe", "In between", "in-between"),
        ((PROBE,), "probe", "In between", "in-between"),
    ],
)
def test_one_rule_decides_what_stands_first_in_every_form(findings, lead, title, tone):
    found = made_of(*findings)
    assert found.leads == lead and found.headline["title"] == title
    told = json.loads(found.to_json())
    assert told["leads"] == lead and told["headline"]["title"] == title and told["verdict"] == "in between"
    for html in (found.page(), found._repr_html_()):
        assert f"--tone: var(--audit-{tone})" in html and html.index(title) < html.index("How sure is that?")
    assert found.page().count("Counted.") >= 1, "how often the probe is wrong"
    if lead == "probe":
        assert found.headline["found"] == PROBE.sentence and repr(found).startswith("Audit: in between\n")
    else:
        assert repr(found).startswith(f"Audit: {title} (without the training text: in between)")
        assert found.headline["second"].endswith(PROBE.sentence) and "Counted" not in found.headline["sure"]
        assert "Do not conclude" not in found.headline["do"] and "audit again" in found.headline["do"]


def test_what_comes_out_leads_for_a_memory_and_never_for_the_language(memory):
    assert memory.leads == "extraction" and memory.finding("membership").facts["beyond"]
    language = audit(PopulationDenoiser(LANGUAGE, NOISE), MEMBERS, STRANGERS, settings=QUICK)
    assert language.leads == "probe" and not language.finding("extraction").facts["came_out"]


def test_texts_that_differ_without_any_model_are_no_alarm():
    def ends(x, word):
        return x[x[:, 13] == LANGUAGE.words.index(word)][:128]

    texts = ends(POOL.subset(8192, 0), "outdoors"), ends(POOL.held_out, "backstage")
    found = audit(MemorizingDenoiser(texts[0], NOISE), *texts, settings=QUICK)
    assert found.leads == "probe" and found.finding("extraction").facts["unlike"]
    assert "nobody can say how much of it is guessed" in found.finding("extraction").sentence
    assert found.headline["do"].startswith("Some training text came out word for word")


def test_shares_stay_between_0_and_1_and_no_row_has_more_tries_than_were_made(memory):
    for name in ("recovery", "extraction"):
        for row in memory.finding(name).table:
            assert 0 <= row["low"] <= row["high"] <= 1, row
    assert (_within(1.007), _within(-0.1), _within(0.4)) == (1.0, 0.0, 0.4), "a normal interval may go further"
    rows = memory.finding("extraction").table
    assert {row["n"] for row in rows} == {1, QUICK.tries}
    table = table_of(memory.finding("extraction"))
    for words in (
        "which words were given",
        "share of words given",
        "share of tries that brought it",
        "beginning given",
    ):
        assert words in table
    assert 'tabindex="0"' in table and "prefix" not in table and not re.search(r"\d\.\d{3}", table)


def test_a_stranger_reads_what_it_is_what_to_quote_and_what_next(memory):
    size, what, who = about(memory)
    assert "102 words" in size and "64 sentences of training text" in size and "128 sentences of fresh text" in size
    assert "noise level" in what and "comes back" in what and "words of their own choice" in who
    told, given = quote(memory), memory.given
    for name in ("model", "members", "strangers"):
        assert given[name]["sha256"][:12] in told
    for name in ("membership", "texts"):
        assert spread(memory.finding(name).number, plain_number) in told
    assert memory.made["date"] in told and memory.finding("extraction").sentence in told
    assert "certificate" in not_to_quote(memory)[0] and "the verdict" in not_to_quote(memory)[2]
    assert told in json.loads(memory.to_json())["made"]["quote"]
    lines = " ".join(surer(memory))
    for words in ("1,024", "32 of 64", "At most", "2", "reference", "canaries", "seed 0"):
        assert words.lower() in lines.lower()
    more = replace(memory, given={**given, "reference": {"words": 102}, "strangers": {"sentences": 2000}})
    assert "reference" not in " ".join(surer(more)) and "1,024" not in " ".join(surer(more))


def test_the_word_for_word_section_comes_first_where_it_was_asked():
    names = [found.name for found in in_order([PROBE, TOLD, OUT])]
    assert names == ["extraction", "membership", "probe"]
    left = [PROBE, TOLD, missing("extraction", "No members.")]
    assert in_order(left) == left
    page = made_of(OUT).page()
    assert page.index("What this does not show") > page.index("In short")


def test_a_model_that_is_sure_and_wrong_and_one_that_is_nearly_another_are_named():
    side = Side(own=0.16, fresh=0.30, cost=2.17, table_entropy=1.12, table_cost=1.68)
    assert "sure and wrong" in _sure_and_wrong(side)[0] and "2.17 against 1.68" in _sure_and_wrong(side)[0]
    assert not _sure_and_wrong(replace(side, cost=1.5)) and not _sure_and_wrong(replace(side, fresh=1.2))
    assert _near(side, "in between").startswith(" It is nearly memorizing: the entropy of its own text is 0.16")
    assert _near(replace(side, own=0.25), "in between") == "" and _near(side, "undecided") == ""
    own = 1.0 - 0.9 * THRESHOLD
    better = Side(own=own, fresh=1.0, cost=1.0, table_entropy=1.0, table_cost=1.5)
    assert "nearly in between" in _near(better, "generalizing")


def test_color_is_never_the_only_sign_and_no_line_runs_through_a_name():
    rows = [{"what": "a", "value": 0.5, "low": 0.4, "high": 0.6, "kind": kind} for kind in ("members", "strangers")]
    drawn = intervals(rows, "what", "value", (0.0, 1.0, 0.5), "c")
    marks = [tuple(map(float, pair)) for pair in re.findall(r'class="mark" d="M[\d.]+ ([\d.]+)V([\d.]+)"', drawn)]
    texts = [float(y) for y in re.findall(r'<text [^>]*y="([\d.]+)"', drawn)]
    assert len(marks) == len(rows)
    assert not any(top < y and bottom > y - 9 for top, bottom in marks for y in texts), "12 px letters, 9 of them above"
    page = made_of(OUT).page()
    for kind in ("rect.strangers", "path.thick.strangers", "rect.table"):
        assert re.search(rf"{re.escape(kind)} {{[^}}]*stroke-dasharray", page), kind
    assert 'class="strangers"' in bars([{"what": "a", "value": 1.0, "kind": "strangers"}], "what", "value", "c")


def test_the_card_says_where_the_whole_report_lies(memory):
    assert ".save(" in memory._repr_html_()
    assert "<code>a folder/report.html</code>" in replace(memory, folder="a folder")._repr_html_()
    assert "a folder" not in replace(memory, folder="a folder").to_json()


def test_swapped_texts_are_no_all_clear(memory):
    found = audit(MemorizingDenoiser(MEMBERS, NOISE), STRANGERS, MEMBERS, settings=QUICK)
    membership = found.finding("membership")
    assert membership.facts["swapped"] and membership.number.high < 0.5
    assert found.leads == "swapped" and found.headline["title"] == "The two texts seem to be swapped"
    assert "wrong side of guessing" in found.headline["found"] and "other way round" in found.headline["do"]
    assert "wrong side of guessing" in quote(found) and "No score tells" not in found.page()
    assert not memory.finding("membership").facts["swapped"]


def test_chance_is_no_swap():
    both = POOL.held_out[:256]
    found = audit(MemorizingDenoiser(MEMBERS, NOISE), both[:128], both[128:], settings=QUICK, sections=("membership",))
    assert not found.finding("membership").facts["swapped"] and found.leads == "probe"


def test_without_fresh_text_what_came_out_is_not_taken_back():
    found = audit(MemorizingDenoiser(MEMBERS, NOISE), MEMBERS, settings=QUICK)
    assert "What came out, came out" in found.headline["do"] and "Do not conclude anything" not in found.headline["do"]


def test_a_first_look_says_that_it_is_one(memory):
    assert any("less hard than usual" in note for note in memory.finding("extraction").notes)
    assert "less hard than a usual audit" in quote(memory)
    usual = AuditSettings(progress=False, sections=("extraction",), extracted=4, sentences=16)
    found = audit(MemorizingDenoiser(MEMBERS[:16], NOISE), MEMBERS[:16], settings=usual)
    assert not any("less hard" in note for note in found.finding("extraction").notes) and "less hard" not in quote(
        found
    )


def test_few_sentences_show_a_large_difference_only():
    few = audit(
        MemorizingDenoiser(MEMBERS, NOISE), MEMBERS[:20], STRANGERS[:40], settings=QUICK, sections=("texts",)
    ).finding("texts")
    assert "no difference was found" in few.sentence and "would have to be large" in few.sentence

"""All probes by name: each number against the call that it comes from, or against an exact value."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError
from zlib import crc32

import pytest
import torch

from uddm_mini import (
    Corpus,
    MemorizingDenoiser,
    ModelSettings,
    PopulationDenoiser,
    ProbeSettings,
    TransformerDenoiser,
    UniformNoise,
    Walk,
    Wrapped,
    auc,
    conditional_entropy,
    fixed_point_rate,
    mean_nelbo,
    sample,
    token_recovery,
    vanishing_fraction,
)
from uddm_mini.probes.loops import incompatibility
from uddm_mini.probes.novelty import novelty
from uddm_mini.probes.starts import ends_in
from uddm_mini.probes.subject import Subject
from uddm_mini.probes.suite import EXAMINED, JUDGED_NOISE, MEASURED, PROBES, probe

SPLITS = ("train", "held-out")
PROBE = ProbeSettings(times=(0.1, 0.5), sentences=32)
FEW = ProbeSettings(times=(0.25,), sentences=12, writing_steps=8, walk=Walk("reverse", 4))
TINY = ProbeSettings(times=(0.25,), sentences=4, writing_steps=2, walk=Walk("reverse", 2))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def subject(model, corpus, x_train, settings=PROBE, seed=0):
    return Subject(model, corpus, x_train, settings, seed)


def table(rows):
    """Rows as a dictionary (split, quantity, t or None) -> value."""
    found = {(row["split"], row["quantity"], row.get("t")): row["value"] for row in rows}
    assert len(found) == len(rows)
    return found


def measured(model, corpus, x_train, settings=PROBE, seed=0):
    return table(probe(subject(model, corpus, x_train, settings, seed), *MEASURED))


def examined(model, corpus, x_train, settings=FEW, seed=0):
    return table(probe(subject(model, corpus, x_train, settings, seed), *EXAMINED))


def words_by(answer, vocab_size, predicts="cavity"):
    """A denoiser that answers with rows of probabilities, in nats, whatever it sees."""
    return Wrapped(lambda xt, t: answer.expand(len(xt), -1, -1), UniformNoise(vocab_size), predicts)


@pytest.fixture
def memory(corpus):
    return MemorizingDenoiser(corpus.subset(16, seed=0), UniformNoise(corpus.vocab_size))


# --- the table of probes ---------------------------------------------------------------------------------------------


def test_every_probe_is_of_a_sweep_or_of_kept_models_or_asked_for():
    assert list(PROBES) == [*MEASURED, *EXAMINED, "along", "local", "side", "classes"]


def test_what_is_measured_is_the_numbers_of_the_single_probes(corpus):
    x_train = corpus.subset(32, seed=0)
    model = MemorizingDenoiser(x_train, UniformNoise(corpus.vocab_size))
    found, expected = measured(model, corpus, x_train, seed=2), {}
    for split, x0 in (("train", x_train), ("held-out", corpus.held_out)):
        for k, t in enumerate((0.1, 0.5)):
            single = token_recovery(model, x0, t, generator=seeded(2000 + k))
            for name in ("recovered", "unstable", "exact"):
                expected[split, name, t] = getattr(single, name)
            expected[split, "chance", t] = single.chance_from(corpus.train)
    for split, x0 in (("train", x_train), ("held-out", corpus.held_out)):
        expected[split, "entropy", None] = pytest.approx(float(conditional_entropy(model, x0, 1e-3).mean()))
    for split, x0 in (("train", x_train), ("held-out", corpus.held_out)):
        expected[split, "nelbo", None] = mean_nelbo(model, x0, seed=2)
    assert list(found) == list(expected)  # the order of rows, too
    for key, value in expected.items():
        assert found[key] == value, key


def test_what_is_examined_is_the_numbers_of_separate_calls(corpus, memory):
    n, x_train = FEW.sentences, memory.x_train
    draws = {name: seeded(crc32(f"{name} 3".encode())) for name in ("kinds", "loops", "fixed_points", "repair")}
    expected = {}
    written = sample(memory, n, corpus.length, 8, generator=draws["kinds"])
    noise = torch.randint(corpus.vocab_size, (n, corpus.length), generator=draws["kinds"])
    kinds = {"train": x_train[:n], "held-out": corpus.held_out[:n], "generated": written, "random": noise}
    for name, value in novelty(written, x_train, corpus.world.log_prob):
        expected["generated", name, None] = value
    channel = UniformNoise(corpus.vocab_size)
    misheard = torch.full((n,), float(channel.time_of(1 - JUDGED_NOISE)))
    for split in ("generated", "held-out"):
        heard = corpus.world.log_evidence(channel.likelihood(kinds[split], misheard))
        expected[split, "judged", None] = -float(heard.mean()) / corpus.length
    for split, x in kinds.items():
        cavity, full = (conditional_entropy(memory, x, 1e-3, form) for form in ("cavity", "posterior"))
        expected[split, "entropy", None] = float(cavity.mean())
        expected[split, "posterior_entropy", None] = float(full.mean())
        for level in (0.01, 0.1):
            expected[split, f"vanishing_{level}", None] = vanishing_fraction(cavity, threshold=level)
    for split, x in kinds.items():
        by_place = conditional_entropy(memory, x, 1e-3).mean(dim=0).tolist()
        expected |= {(split, f"entropy_at_{place}", None): value for place, value in enumerate(by_place)}
    ends = sample(memory, 4 * n, corpus.length, 8, generator=seeded(crc32(b"starts 3")))
    for split, x in (("train", x_train), ("held-out", corpus.held_out)):
        found = ends_in(ends, x)
        expected |= {(split, "ends", None): found.share, (split, "visited", None): found.visited}
        expected[split, "uneven", None] = found.evenness()
        expected[split, "expected", None] = float(corpus.world.log_prob(x).exp().sum())
    for split in SPLITS:
        work = incompatibility(memory, kinds[split], kinds[split].roll(1, 0), 1e-3, draws["loops"])
        expected[split, "loop", None] = float(work.abs().mean())
    for split, x in kinds.items():
        for name, walk, t in (
            ("iterate", Walk("iterate", 4), 0.1),
            ("cavity", Walk("iterate", 4, "cavity"), 1e-3),
            ("greedy", Walk("greedy", 4), 0.1),
            ("reverse", Walk("reverse", 4), 0.1),
        ):
            expected[split, f"fixed_{name}", None] = fixed_point_rate(
                memory, x, t, walk, generator=draws["fixed_points"]
            ).rate
    scores = [-conditional_entropy(memory, kinds[split], 1e-3).mean(dim=1) for split in SPLITS]
    expected["train", "auc", None] = auc(torch.cat(scores), torch.arange(2 * n) < n).value
    for split in SPLITS:
        single = token_recovery(memory, kinds[split], 0.25, Walk("reverse", 4), generator=draws["repair"])
        for name in ("recovered", "unstable", "exact"):
            expected[split, name, 0.25] = getattr(single, name)
        expected[split, "by_sentence", 0.25] = float(single.by_sentence.nanmean())
        sure = conditional_entropy(memory, single.out, 1e-3)
        for name, value in single.mean_by_outcome(sure).items():
            expected[split, f"entropy_{name}", 0.25] = value
        for name, tokens in single.outcomes.items():
            for level in (0.01, 0.1):
                share = (sure[tokens] < level).double().mean()
                expected[split, f"below_{name}_{level}", 0.25] = float(share)
    found = examined(memory, corpus, x_train, seed=3)
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, nan_ok=True), key


def test_measuring_twice_gives_the_same(corpus, memory):
    reverse = ProbeSettings(times=(0.5,), sentences=32, walk=Walk("reverse", 4))  # the walk draws, too
    for settings in (PROBE, reverse):
        on = subject(memory, corpus, memory.x_train, settings, seed=2)
        assert table(probe(on, *MEASURED)) == table(probe(on, *MEASURED))


def test_a_new_probe_adds_rows_and_changes_no_other_row(corpus, memory, monkeypatch):
    x_train = memory.x_train
    before = {names: probe(subject(memory, corpus, x_train, TINY), *names) for names in (MEASURED, EXAMINED)}

    def length(on):
        yield {"split": "generated", "quantity": "length", "value": float(on.kinds["generated"].shape[1])}

    monkeypatch.setitem(PROBES, "length", length)
    for names, rows in before.items():
        for place in (0, 1, len(names)):
            longer = (*names[:place], "length", *names[place:])
            after = probe(subject(memory, corpus, x_train, TINY), *longer)
            new = [row for row in after if row["quantity"] == "length"]
            assert new == [{"split": "generated", "quantity": "length", "value": 14.0}]
            assert repr([row for row in after if row not in new]) == repr(rows)  # NaN is not equal to itself


def test_a_probe_that_draws_changes_no_row_of_the_others(corpus, memory, monkeypatch):
    def dice(on):
        yield {"split": "random", "quantity": "dice", "value": float(torch.rand(1, generator=on.draws("dice")))}

    monkeypatch.setitem(PROBES, "dice", dice)
    plain, longer = (
        probe(subject(memory, corpus, memory.x_train, TINY), *names) for names in (EXAMINED, ("dice", *EXAMINED))
    )
    assert longer[0]["quantity"] == "dice"
    assert repr(longer[1:]) == repr(plain)


def test_a_probe_is_asked_by_name_and_no_other_one_runs(corpus, memory):
    rows = probe(subject(memory, corpus, memory.x_train), "entropy")
    assert [(row["split"], row["quantity"]) for row in rows] == [("train", "entropy"), ("held-out", "entropy")]
    assert rows == [row for row in probe(subject(memory, corpus, memory.x_train), *MEASURED) if row in rows]
    with pytest.raises(ValueError, match="no probe 'magic'; there are recovery, entropy, nelbo, "):
        probe(subject(memory, corpus, memory.x_train), "recovery", "magic")


# --- the subject -----------------------------------------------------------------------------------------------------


def test_a_subject_has_four_kinds_of_text_drawn_once(corpus, memory):
    on = subject(memory, corpus, memory.x_train, ProbeSettings(sentences=20, writing_steps=8), seed=4)
    kinds, draw = on.kinds, seeded(crc32(b"kinds 4"))
    assert list(kinds) == ["train", "held-out", "generated", "random"]
    assert torch.equal(kinds["train"], memory.x_train)  # 16 sentences, and none of them twice
    assert torch.equal(kinds["held-out"], corpus.held_out[:20])
    assert torch.equal(kinds["generated"], sample(memory, 20, corpus.length, 8, generator=draw))
    assert torch.equal(kinds["random"], torch.randint(corpus.vocab_size, (20, corpus.length), generator=draw))
    assert on.kinds is kinds


def test_a_subject_repeats_a_small_split(corpus, memory):
    on = subject(memory, corpus, memory.x_train, ProbeSettings(sentences=40))
    assert torch.equal(on.text("train"), memory.x_train[torch.arange(40) % 16])
    assert torch.equal(on.text("held-out"), corpus.held_out[torch.arange(40) % 32])
    assert torch.equal(subject(memory, corpus, memory.x_train).text("held-out"), corpus.held_out)


def test_a_subject_s_entropies_are_those_of_the_cavity_at_the_level_of_the_settings(corpus, memory):
    on = subject(memory, corpus, memory.x_train, ProbeSettings(sentences=8, entropy_t=1.0))
    for split in SPLITS:
        expected = conditional_entropy(memory, on.kinds[split], 1.0, "cavity")
        torch.testing.assert_close(on.entropies(split), expected)
        assert float(expected.max()) > 0.01


def test_a_subject_does_not_change(corpus, memory):
    with pytest.raises(FrozenInstanceError):
        subject(memory, corpus, memory.x_train).seed = 1


def test_a_small_training_set_is_measured_several_times_over(corpus):
    noise, x_train, seen = UniformNoise(corpus.vocab_size), corpus.subset(1, seed=0), []
    memory = MemorizingDenoiser(x_train, noise)
    watched = Wrapped(lambda xt, t: seen.append(len(xt)) or memory(xt, t), noise, "posterior")
    found = measured(watched, corpus, x_train)
    assert set(seen) == {32, 4 * 32}
    assert found["train", "recovered", 0.1] == 1.0


@pytest.mark.parametrize("names", [MEASURED, EXAMINED])
def test_an_empty_split_is_named(corpus, memory, names):
    nothing = Corpus("none held out", corpus.train, corpus.held_out[:0], corpus.words)
    for where, x in ((nothing, corpus.train), (corpus, corpus.train[:0])):
        with pytest.raises(ValueError, match="both splits"):
            probe(subject(memory, where, x, FEW), *names)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(times=()), "noise levels"),
        (dict(times=(0.5, 1.5)), "noise levels from 0"),
        (dict(entropy_t=-1.0), "noise levels from 0"),
        (dict(sentences=0), "at least 1"),
        (dict(writing_steps=0), "at least 1"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        ProbeSettings(**changes)


# --- what the numbers say --------------------------------------------------------------------------------------------


def test_the_two_bounds_differ_as_they_must(corpus, english, memory):
    language = PopulationDenoiser(english, memory.noise)
    m, p = (measured(model, corpus, memory.x_train) for model in (memory, language))
    assert m["train", "recovered", 0.1] == 1.0
    assert m["held-out", "recovered", 0.1] < p["held-out", "recovered", 0.1]
    assert m["train", "entropy", None] < 1e-3 < p["train", "entropy", None]
    assert m["train", "nelbo", None] < p["train", "nelbo", None]
    assert m["held-out", "nelbo", None] > p["held-out", "nelbo", None]


def test_the_form_of_the_prediction_does_not_change_what_is_measured(corpus, english):
    exact = PopulationDenoiser(english, UniformNoise(corpus.vocab_size))
    first = measured(exact, corpus, corpus.train)
    second = measured(Wrapped(exact.posterior, exact.noise, "posterior"), corpus, corpus.train)
    assert first == pytest.approx(second, abs=1e-6)


def test_ignored_words_count_nowhere():
    # the model is certain and wrong about padding, certain and right about everything else
    words, x = ("<pad>", "a", "b"), torch.tensor([[1, 2, 0], [1, 0, 0]])
    certain = torch.nn.functional.one_hot(torch.tensor([1, 2, 1]), 3).double().mul(30).log_softmax(dim=1)
    model, settings = words_by(certain, 3), ProbeSettings(times=(0.9,), sentences=64)
    found = measured(model, Corpus("tiny", x, x, words, ignore=(0,)), x, settings)
    for split in SPLITS:
        assert found[split, "recovered", 0.9] == found[split, "exact", 0.9] == 1.0
        assert found[split, "unstable", 0.9] == 0.0
        assert found[split, "nelbo", None] == pytest.approx(0, abs=1e-6)
    whole = measured(model, Corpus("tiny", x, x, words), x, settings)
    assert whole["train", "recovered", 0.9] < 1
    assert whole["train", "nelbo", None] > 1


def test_padding_has_no_part_in_the_mean_entropy_or_the_loss():
    # the model knows the words and doubts the padding
    x = torch.tensor([[1, 2, 0], [2, 0, 0], [0, 0, 0]])
    doubt = torch.tensor([1 / 3] * 3).log()

    def knows(xt, t):
        certain = torch.nn.functional.one_hot(x.repeat(len(xt) // 3, 1), 3).double().mul(40).log_softmax(dim=2)
        return torch.where((x == 0).repeat(len(xt) // 3, 1).unsqueeze(2), doubt.double(), certain)

    model, settings = Wrapped(knows, UniformNoise(3), "cavity"), ProbeSettings(times=(0.9,), sentences=3)
    padded, whole = (
        measured(model, Corpus("tiny", x, x, ("<pad>", "a", "b"), ignore=ignore), x, settings) for ignore in ((0,), ())
    )
    for split in SPLITS:
        assert padded[split, "entropy", None] == pytest.approx(0, abs=1e-6)
        assert padded[split, "nelbo", None] == pytest.approx(0, abs=1e-6)
        assert whole[split, "entropy", None] == pytest.approx(6 / 9 * math.log(3))
        assert whole[split, "nelbo", None] > 0.1


def test_an_ignored_word_is_no_guess_of_chance():
    # padding is the most frequent token at the second place, but no guess; where a word counts there, it is "b"
    x = torch.tensor([[1, 0], [1, 0], [1, 0], [1, 2]])
    corpus = Corpus("tiny", x, x, ("<pad>", "a", "b"), ignore=(0,))
    model = words_by(torch.full((2, 3), -math.log(3)), 3)
    found = measured(model, corpus, x, ProbeSettings(times=(1.0,), sentences=64))
    assert found["train", "chance", 1.0] == 1.0


def test_a_bare_callable_is_measured_when_you_say_what_it_predicts(corpus, memory):
    class WithoutWeights(torch.nn.Module):
        def forward(self, xt, t):
            return memory(xt, t)

    expected = measured(memory, corpus, memory.x_train)
    for bare in (lambda xt, t: memory(xt, t), WithoutWeights()):
        assert measured(Wrapped(bare, memory.noise, "posterior"), corpus, memory.x_train) == expected


def test_a_model_in_half_precision_is_measured_in_full(corpus):
    # many words of nearly the same probability: a mean taken in bfloat16 stops growing
    noise = UniformNoise(corpus.vocab_size)
    model = TransformerDenoiser(noise, corpus.length, ModelSettings(16, 1, 2))
    exact = measured(model, corpus, corpus.train)
    half = measured(Wrapped(lambda xt, t: model(xt, t).bfloat16(), noise, "cavity"), corpus, corpus.train)
    for split in SPLITS:
        # rounding each answer leaves some 5e-4
        assert half[split, "entropy", None] == pytest.approx(exact[split, "entropy", None], abs=2e-3)
        assert half[split, "nelbo", None] == pytest.approx(exact[split, "nelbo", None], rel=0.02)


def test_ignored_tokens_have_no_part_in_any_number():
    # the model knows both words and doubts the padding, which it would rather fill with words
    x = torch.tensor([[1, 2, 0, 0]] * 11 + [[0, 0, 0, 0]])  # the last has no word at all
    row = torch.tensor([[0, 60, 0, 0], [0, 0, 60, 0], [1, 0, 0, 2], [1, 0, 0, 2]]).double().log_softmax(dim=1)
    model, words = words_by(row, 4), ("<pad>", "<unk>", "b", "c")
    found, whole = (examined(model, Corpus("tiny", x, x, words, ignore=ignore), x) for ignore in ((0,), ()))
    doubt = -float((row[2] * row[2].exp()).sum())
    for split in SPLITS:
        assert found[split, "entropy", None] == pytest.approx(0, abs=1e-9)
        assert whole[split, "entropy", None] == pytest.approx(doubt / 2)
        assert found[split, "vanishing_0.1", None] == 1
        assert whole[split, "vanishing_0.1", None] == 0.5
        assert found[split, "fixed_cavity", None] == 1
        assert whole[split, "fixed_cavity", None] == 0
        assert found[split, "recovered", 0.25] == found[split, "exact", 0.25] == 1 > whole[split, "exact", 0.25]
        assert found[split, "entropy_stable", 0.25] == pytest.approx(0, abs=1e-9)
    assert found["train", "auc", None] == 0.5  # all sentences with words are the same
    # of a sentence with one word in place of padding 1 in 3 tokens is new, and not 1 in 4
    assert found["generated", "distance", None] > whole["generated", "distance", None] > 0


def test_only_a_corpus_with_a_known_world_tells_grammar_from_nonsense(corpus, memory):
    real = Corpus("real", corpus.train, corpus.held_out, corpus.words)
    known, unknown = (
        {name for _, name, _ in table(probe(subject(memory, where, memory.x_train, FEW), "written"))}
        for where in (corpus, real)
    )
    assert unknown == {"copied", "distance"}
    assert known == unknown | {"grammatical", "new", "spurious", "log_prob"}


def test_a_memorizer_recites_and_is_sure(corpus):
    x = corpus.subset(4, 0)
    found = examined(MemorizingDenoiser(x, UniformNoise(corpus.vocab_size)), corpus, x)
    for split in ("train", "generated"):
        assert found[split, "entropy", None] < 0.01  # the other 13 words leave one memory
        assert found[split, "vanishing_0.1", None] > 0.99
        assert found[split, "fixed_iterate", None] == found[split, "fixed_cavity", None] == 1
    assert found["generated", "copied", None] == 1
    assert found["generated", "spurious", None] == 0
    assert found["train", "recovered", 0.25] > 0.9 > found["held-out", "recovered", 0.25]
    assert found["held-out", "fixed_cavity", None] == found["random", "fixed_cavity", None] == 0
    assert found["train", "auc", None] > 0.9


def test_the_perfect_denoiser_treats_both_splits_alike(english, corpus):
    exact = PopulationDenoiser(english, UniformNoise(english.vocab_size))
    found = examined(exact, corpus, corpus.train, seed=1)
    expected = float(conditional_entropy(exact, corpus.train[:12], 1e-3).mean())
    assert found["train", "entropy", None] == pytest.approx(expected)
    # an ambiguous word has about 0.8 nats, a word that its partner fixes has 0; about a third are ambiguous
    assert found["held-out", "vanishing_0.01", None] == pytest.approx(9 / 14)
    assert found["held-out", "vanishing_0.1", None] == pytest.approx(9 / 14)
    assert found["train", "posterior_entropy", None] < 0.01 < found["train", "entropy", None]
    assert found["held-out", "fixed_iterate", None] == 1
    assert found["generated", "copied", None] < 0.2
    assert 0.2 < found["train", "auc", None] < 0.8  # 12 against 12 sentences: one sd is 0.12
    failed, recovered = (found["held-out", f"entropy_{name}", 0.25] for name in ("failed", "recovered"))
    assert failed > recovered  # what is ambiguous fails


def test_the_seed_fixes_everything(corpus, memory):
    runs = [examined(memory, corpus, memory.x_train, seed=seed) for seed in (0, 0, 1)]
    assert runs[0] == pytest.approx(runs[1], rel=0, abs=0, nan_ok=True)
    assert runs[0] != pytest.approx(runs[2], nan_ok=True)


def test_a_probe_more_changes_no_number_of_the_others(memory, corpus):
    x_train = corpus.subset(16, seed=0)
    together = examined(memory, corpus, x_train)
    for name in ("repair", "fixed_points", "written"):  # each of them draws
        alone = table(probe(subject(memory, corpus, x_train, FEW), name))
        assert alone == pytest.approx({key: together[key] for key in alone}, nan_ok=True)


def test_every_entropy_is_taken_at_the_level_of_the_settings(corpus):
    model = TransformerDenoiser(UniformNoise(corpus.vocab_size), corpus.length, ModelSettings(16, 1, 2))
    settings = ProbeSettings((0.25,), sentences=8, entropy_t=0.7, writing_steps=2, walk=Walk("reverse", 2))
    on = subject(model, corpus, corpus.subset(8, 0), settings)
    plain, sure, around, after = (table(probe(on, name)) for name in ("entropy", "sureness", "loops", "repair"))
    loops, repair = on.draws("loops"), on.draws("repair")
    for split in SPLITS:
        x = on.kinds[split]
        cavity, full = (float(conditional_entropy(model, x, 0.7, form).mean()) for form in ("cavity", "posterior"))
        assert plain[split, "entropy", None] == sure[split, "entropy", None] == pytest.approx(cavity)
        assert sure[split, "posterior_entropy", None] == pytest.approx(full)
        work = incompatibility(model, x, x.roll(1, 0), 0.7, loops)
        assert around[split, "loop", None] == pytest.approx(float(work.abs().mean()))
        single = token_recovery(model, x, 0.25, settings.walk, generator=repair)
        failed = single.mean_by_outcome(conditional_entropy(model, single.out, 0.7))["failed"]
        assert after[split, "entropy_failed", 0.25] == pytest.approx(failed)


def test_a_small_set_is_repaired_several_times_and_sentences_left_alone_have_no_share(corpus, memory):
    settings = ProbeSettings((0.02,), sentences=40, walk=Walk("reverse", 2))
    on = subject(memory, corpus, memory.x_train, settings)
    found, generator = table(probe(on, "repair")), on.draws("repair")
    for split in SPLITS:
        single = token_recovery(memory, on.text(split), 0.02, settings.walk, generator=generator)
        changed = single.changed.any(dim=1)
        assert 0 < int(changed.sum()) < 40
        assert found[split, "recovered", 0.02] == single.recovered
        assert found[split, "by_sentence", 0.02] == pytest.approx(float(single.by_sentence[changed].mean()))


def test_the_entropy_at_a_place_is_that_of_its_counted_words():
    # the model knows the words and doubts the padding
    x = torch.tensor([[1, 2, 0], [2, 0, 0], [1, 1, 2], [2, 1, 0]])
    answers = torch.stack([torch.zeros(3), torch.tensor([0.0, 60, 0]), torch.tensor([0.0, 0, 60])]).log_softmax(dim=1)
    model, words = Wrapped(lambda xt, t: answers[xt], UniformNoise(3), "cavity"), ("<pad>", "a", "b")
    settings = ProbeSettings(sentences=4, writing_steps=2)
    for ignore, shares in (((0,), (0, 0, 0)), ((), (0, 1 / 4, 3 / 4))):
        on = subject(model, Corpus("tiny", x, x, words, ignore=ignore), x, settings)
        found = table(probe(on, "places"))
        for split in SPLITS:
            at = [found[split, f"entropy_at_{place}", None] for place in range(3)]
            assert at == pytest.approx([share * math.log(3) for share in shares], abs=1e-6)

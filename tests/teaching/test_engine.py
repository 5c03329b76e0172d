"""The models in a page: engine.js in a browser against the package, number by number."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

import pytest
import torch
from chromium import chromium

from uddm_mini import (
    MemorizingDenoiser,
    ModelSettings,
    PopulationDenoiser,
    ToyLanguage,
    TransformerDenoiser,
    UniformNoise,
    load,
    save,
)
from uddm_mini.noise import AbsorbingNoise, Cosine, Exponential, Linear
from uddm_mini.teaching import lab, live
from uddm_mini.teaching.lab.inline import STORED, language_spec, sentences_text, stored_model
from uddm_mini.teaching.results import results_path

ENGINE = Path(lab.__file__).with_name("engine.js").read_text("utf-8")
CLOSE = 1e-4  # nats, and probabilities
LEVELS = (0.001, 0.07, 0.25, 0.5, 0.8, 1.0)
PERFECT = ("memorizer of 16", "memorizer of 8192", "population")
# what a page answers about one text: both forms, the reverse step, entropies, the best guess
ANSWERS = """([name, xt, t, s]) => {
  const model = window.models[name], cavity = engine.ask(model, xt, t, "cavity");
  const posterior = engine.ask(model, xt, t, "posterior");
  const rows = (all) => all.map((row) => Array.from(row, (v) => Math.max(v, -1e6)));
  return { cavity: rows(cavity), posterior: rows(posterior), reverse: rows(model.noise.reverse(cavity, xt, s, t)),
    entropy: cavity.map(engine.entropy), guess: posterior.map(engine.best) }; }"""


@pytest.fixture(scope="module")
def page():
    """Open an empty page with the engine as an ES module, and no denoiser."""
    with chromium("that models in a page answer as in Python was not checked") as browser:
        opened = browser.new_page()
        opened.evaluate(
            """async (source) => { window.models = {};
              window.engine = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" }))); }""",
            ENGINE,
        )
        yield opened


@pytest.fixture(scope="module")
def stored(page):
    """Put the stored models and the perfect denoisers into the page."""
    for n in STORED:
        give(page, f"network of {n}", stored_model(n))
    for n in (16, 8192):
        page.evaluate(
            "([name, text]) => {"
            "  models[name] = engine.memorizer(engine.sentencesOf(text, 14), engine.uniformNoise(102)); }",
            [f"memorizer of {n}", sentences_text(corpus().subset(n, 0))],
        )
    page.evaluate(
        "([arcs]) => { models.population = engine.population(arcs, engine.uniformNoise(102)); }",
        [language_spec(language())],
    )
    return page


def give(page, name, text):
    page.evaluate("([name, text]) => { models[name] = engine.loadModel(engine.bytesOf(text)); }", [name, text])


@cache
def language():
    return ToyLanguage()


@cache
def corpus():
    return language().corpus(n_train=8192)


@cache
def denoiser(name):
    noise, n = UniformNoise(102), name.rpartition(" ")[2]
    if name.startswith("network"):
        return load(results_path(f"models/toy-n{n}.safetensors"))
    return PopulationDenoiser(language(), noise) if n == name else MemorizingDenoiser(corpus().subset(int(n), 0), noise)


def assert_same(page, name, model, xt, t):
    """Compare all that the page says of one text with what the package says."""
    s = t * 0.9
    found = page.evaluate(ANSWERS, [name, xt.tolist(), t, s])
    form = {f: getattr(model, f)(xt[None], t)[0].double().clamp_min(-1e6) for f in ("cavity", "posterior")}
    for f, expected in form.items():
        got = torch.tensor(found[f], dtype=torch.float64)
        torch.testing.assert_close(
            got, expected, atol=CLOSE, rtol=CLOSE
        )  # log-probabilities, down to exp(-60) and less
        assert (got.exp() - expected.exp()).abs().max() < CLOSE
    reverse = model.noise.reverse_step(form["cavity"].exp()[None], xt[None], s, t)[0]
    assert (torch.tensor(found["reverse"], dtype=torch.float64) - reverse).abs().max() < CLOSE
    entropy = torch.special.entr(form["cavity"].exp()).sum(dim=1)
    assert (torch.tensor(found["entropy"], dtype=torch.float64) - entropy).abs().max() < CLOSE
    top = form["posterior"].topk(2, dim=1)
    clear = top.values[:, 0] - top.values[:, 1] > CLOSE
    assert torch.equal(torch.tensor(found["guess"])[clear], top.indices[:, 0][clear])


@pytest.mark.parametrize("t", LEVELS)
@pytest.mark.parametrize("name", [*(f"network of {n}" for n in STORED), *PERFECT])
def test_a_page_answers_as_the_package_does(stored, name, t):
    k = LEVELS.index(t)
    x0 = (corpus().subset(16, 0) if k % 2 else corpus().held_out)[k]
    xt = UniformNoise(102).corrupt(x0[None], t, torch.Generator().manual_seed(k))[0]
    assert_same(stored, name, denoiser(name), xt, t)


SHAPES = {
    "two blocks, neighbors": (ModelSettings(width=12, depth=2, heads=3, neighbors=True), Linear()),
    "convolution, cosine": (ModelSettings(width=8, depth=2, heads=2, mixing="convolution"), Cosine(1e-2)),
    "exponential": (ModelSettings(width=8, heads=1), Exponential(1e-3)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_a_model_of_any_shape_schedule_and_form_is_read(page, tmp_path, shape, t):
    settings, schedule = SHAPES[shape]
    model = TransformerDenoiser(UniformNoise(9, schedule), 7, settings, seed=1)
    with torch.no_grad():
        for p in model.parameters():  # nothing is at its start: biases and norms count, too
            p.add_(0.3 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())))
    model.predicts, model.training_settings = "posterior", {"t_max": 0.6}
    save(model, tmp_path / "model.safetensors")
    give(page, shape, base64.b64encode((tmp_path / "model.safetensors").read_bytes()).decode())
    xt = torch.randint(9, (7,), generator=torch.Generator().manual_seed(2))
    if t:
        assert_same(page, shape, model, xt, t)
    else:
        found = page.evaluate(
            "([name, xt, t]) => models[name].answer(xt, t).map((row) => [...row])", [shape, xt.tolist(), t]
        )
        torch.testing.assert_close(torch.tensor(found), model(xt[None], t)[0], atol=CLOSE, rtol=CLOSE)


def test_levels_follow_the_schedule(page):
    for name, schedule in {"linear": Linear(), "cosine": Cosine(), "exponential": Exponential()}.items():
        noise = UniformNoise(102, schedule)
        found = page.evaluate(
            "(name) => { const n = engine.uniformNoise(102, name);"
            "  return [n.alpha(0.3), n.timeOf(0.4), n.levelOf(0.2), n.ownLogOdds(0.3), n.ownLogOdds(0)]; }",
            name,
        )
        zero = torch.zeros(1, 1, dtype=torch.int64)
        odds = [float(noise.own_log_odds(t, zero)) for t in (0.3, 0.0)]
        right = [float(noise.alpha(0.3)), float(noise.time_of(0.4)), noise.level_of(0.2), *odds]
        assert found == pytest.approx(right, rel=1e-9)


def test_the_noise_and_the_reverse_step_draw_what_they_say(stored):
    xt, s, t, n = corpus().held_out[3].tolist(), 0.3, 0.5, 4000
    words = stored.evaluate(
        "([xt, t, n]) => { const random = engine.randomNumbers(1), noise = models.population.noise;"
        "  return Array.from({ length: n }, () => noise.corrupt(xt, t, random)); }",
        [xt, t, n],
    )
    changed = (torch.tensor(words) != torch.tensor(xt)).double().mean(dim=0)
    right = (1 - float(UniformNoise(102).alpha(t))) * 101 / 102
    assert (changed - right).abs().max() < 5 * (right * (1 - right) / n) ** 0.5
    drawn = stored.evaluate(
        "([xt, s, t, n]) => { const random = engine.randomNumbers(2), model = models['network of 64'];"
        "  return Array.from({ length: n }, () => engine.step(model, xt, s, t, random)); }",
        [xt, s, t, n],
    )
    counts = torch.nn.functional.one_hot(torch.tensor(drawn), 102).double().mean(dim=0)  # [L, V]
    model = denoiser("network of 64")
    p = model.noise.reverse_step(model.cavity(torch.tensor([xt]), t).exp().double(), torch.tensor([xt]), s, t)[0]
    assert ((counts - p).abs() < 5 * (p * (1 - p) / n).sqrt() + 1 / n).all()


def test_the_same_seed_draws_the_same_walk(stored):
    walk = """(seed) => { const random = engine.randomNumbers(seed), model = models["network of 64"];
      let x = model.noise.corrupt(Array(14).fill(0), 1, random);
      for (let k = 8; k > 0; k--) x = engine.step(model, x, (k - 1) / 8, k / 8, random);
      return x; }"""
    first, again, other = (stored.evaluate(walk, seed) for seed in (5, 5, 6))
    assert first == again != other


def test_the_language_knows_what_it_can_say(stored):
    x = torch.cat([corpus().held_out[:3], corpus().held_out[:1].flip(1)])
    found = stored.evaluate(
        "(all) => all.map((x) => models.population.logProb(x)).map((p) => Math.max(p, -1e6))", x.tolist()
    )
    assert found == pytest.approx(language().log_prob(x).clamp_min(-1e6).tolist(), rel=1e-9)


def test_recovery_counts_words_that_came_back_and_words_that_broke(page):
    found = page.evaluate("() => engine.recovery([1, 2, 3, 4, 5], [1, 9, 9, 4, 5], [1, 2, 9, 0, 5])")
    assert found == {"changed": 2, "recovered": 1, "intact": 3, "broken": 1}


@pytest.mark.parametrize(
    "call, words",
    [
        ("models['network of 16'].answer([1, 2], 0.5)", "14 word ids from 0 to 101"),
        ("models['network of 16'].answer(Array(14).fill(102), 0.5)", "14 word ids from 0 to 101"),
        ("engine.uniformNoise(9, 'steep')", "There is no schedule"),
        ("engine.memorizer([], engine.uniformNoise(9))", "at least one sentence"),
        ("models.population.noise.reverse([], [], 0.5, 0.5)", "to an earlier s"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(stored, call, words):
    said = stored.evaluate(f"() => {{ try {{ {call}; }} catch (error) {{ return error.message; }} }}")
    assert words in said


def test_a_foreign_file_and_another_noise_are_refused(page, tmp_path):
    save(TransformerDenoiser(AbsorbingNoise(9), 7, ModelSettings(width=8)), tmp_path / "masked.safetensors")
    text = base64.b64encode((tmp_path / "masked.safetensors").read_bytes()).decode()
    tried = "(text) => { try { engine.loadModel(engine.bytesOf(text)); } catch (error) { return error.message; } }"
    assert "absorbing" in page.evaluate(tried, text)
    empty = base64.b64encode((2).to_bytes(8, "little") + b"{}").decode()
    assert "not written by uddm_mini.save" in page.evaluate(tried, empty)


def test_a_classic_page_has_the_same_engine(page, monkeypatch):
    monkeypatch.setitem(live.SCRIPTS, "trial", ("lab/engine.js",))
    live.script.cache_clear()
    text = live.script("trial").replace('"use strict";', '"use strict"; window.trial = () => engine;', 1)
    page.add_script_tag(content=text)
    names = "(engine) => Object.keys(engine).sort()"
    assert page.evaluate(f"() => ({names})(window.trial())") == page.evaluate(f"() => ({names})(window.engine)")
    assert "\nexport " not in text


def test_what_a_page_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="not of 17"):
        stored_model(17)
    with pytest.raises(ValueError, match="from 0 to 255"):
        sentences_text(torch.tensor([[256]]))

"""The page `nano.py`: it is a page, each of its functions agrees with another way to compute the same, and it runs."""

from __future__ import annotations

import ast
import importlib.util
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from oracles import bayes_step, jump_divergence, one_token

from uddm_mini import UniformNoise

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "nano.py"
TREE = ast.parse(PAGE.read_text("utf-8"))
ROW = re.compile(r" *(\d+)((?: +\d+\.\d\d){4})")
SAID = re.compile(r"  (copied|new|broken): (\w+(?: \w+){13})")


@pytest.fixture
def nano() -> ModuleType:
    """A fresh copy of the page, so that a test may change its constants."""
    spec = importlib.util.spec_from_file_location("nano", PAGE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def predictions(shape: tuple[int, ...], seed: int = 0, spread: float = 3.0) -> torch.Tensor:
    """Random log-probabilities over the last axis, float64."""
    return (spread * torch.randn(shape, generator=seeded(seed), dtype=torch.float64)).log_softmax(dim=-1)


def levels(nano: ModuleType, sentences: int = 64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Clean and noisy sentences at noise levels from 0.001 to 1: x0, xt int64[B, L] and t float64[B]."""
    t = torch.linspace(0.001, 1, sentences, dtype=torch.float64)
    x0 = torch.randint(nano.V, (sentences, nano.L), generator=seeded(1))
    return x0, nano.corrupt(x0, t, seeded(2)), t


def fixed(log_p0: torch.Tensor):
    """A denoiser that gives one answer, whatever it is asked."""
    return lambda xt, t: log_p0.expand(*xt.shape, -1)


# --- a page ----------------------------------------------------------------------------------------------------------


def test_it_fits_on_a_page():
    lines = PAGE.read_text("utf-8").splitlines()
    assert len(lines) <= 100
    assert max(map(len, lines)) <= 78


def test_it_needs_torch_and_a_language_only():
    named = [node for node in ast.walk(TREE) if isinstance(node, (ast.Import, ast.ImportFrom))]
    of_package = [node for node in named if isinstance(node, ast.ImportFrom) and node.module.startswith("uddm_mini")]
    assert [name.name for node in of_package for name in node.names] == ["ToyLanguage"]
    others = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in named}
    assert {name.split(".")[0] for name in others} <= {"math", "torch", "uddm_mini"}


def test_every_function_says_in_one_sentence_what_it_does():
    for function in (node for node in TREE.body if isinstance(node, ast.FunctionDef)):
        said = ast.get_docstring(function)
        assert said and "\n" not in said and said.endswith("."), function.name


def test_importing_it_runs_nothing():
    guard = TREE.body[-1]
    assert ast.unparse(guard) == "if __name__ == '__main__':\n    main()"
    script = (
        "import torch, uddm_mini\n"
        "uddm_mini.ToyLanguage = torch.Generator = torch.set_num_threads = torch.optim = None\n"
        "before = torch.get_rng_state()\n"
        "import nano\n"
        "assert torch.equal(torch.get_rng_state(), before)\n"
    )
    assert run(script) == ""


def test_its_numbers_are_those_of_the_language(nano, english):
    assert english.vocab_size == nano.V
    assert english.length == nano.L
    assert nano.H * nano.D == nano.W


# --- noise -----------------------------------------------------------------------------------------------------------


def test_alpha_is_the_packages(nano):
    t = torch.linspace(0, 1, 11, dtype=torch.float64)
    torch.testing.assert_close(nano.alpha(t), UniformNoise(nano.V).alpha(t))
    assert nano.alpha(0) == 1
    assert nano.alpha(1) == pytest.approx(0.001)


def test_corrupt_keeps_or_redraws(nano):
    t = torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0])
    n = 200_000 // nano.L
    x0 = torch.randint(nano.V, (5, nano.L), generator=seeded(1))
    many = t.repeat_interleave(n)
    xt = nano.corrupt(x0.repeat_interleave(n, dim=0), many, seeded(2)).view(5, n, nano.L)
    assert xt.dtype == torch.int64
    assert torch.equal(xt[0], x0[0].expand(n, -1))  # no noise at t = 0
    for k in range(5):
        truth = one_token(1 - 0.999 * float(t[k]), nano.V)  # q(x_t = b | x_0 = a), [V, V]
        same = (xt[k] == x0[k]).double().mean()
        expected = float(truth[0, 0])
        error = math.sqrt(expected * (1 - expected) / (n * nano.L))
        assert abs(float(same) - expected) <= 5 * error
        if k:
            # where a word moves to does not depend on where it was: all other words are equally likely
            away = (xt[k] - x0[k]).remainder(nano.V)
            counts = torch.bincount(away[away > 0], minlength=nano.V)[1:].double()
            chi2 = float(((counts - counts.mean()) ** 2 / counts.mean()).sum())
            assert abs(chi2 - (nano.V - 2)) < 5 * math.sqrt(2 * (nano.V - 2))


# --- network ---------------------------------------------------------------------------------------------------------


def test_the_network_answers_with_log_probabilities(nano):
    weights = [0.1 * torch.randn(size, generator=seeded(k)) for k, size in enumerate(nano.SIZES)]
    _, xt, t = levels(nano, 8)
    t = t.float()
    log_p0 = nano.denoise(xt, t, *weights)
    assert log_p0.shape == (8, nano.L, nano.V)
    torch.testing.assert_close(log_p0.exp().sum(dim=2), torch.ones(8, nano.L))
    assert not torch.allclose(log_p0, nano.denoise(xt, t / 2, *weights))  # it is told the noise level
    other = xt.clone()
    other[:, 3] = (other[:, 3] + 1) % nano.V
    moved = (nano.denoise(other, t, *weights) - log_p0).abs().amax(dim=2)
    assert (moved > 1e-4).all()  # every position reads every other
    one = nano.denoise(xt[:1], t[:1], *weights)
    torch.testing.assert_close(one, log_p0[:1], rtol=1e-4, atol=1e-4)  # and no sentence reads another


# --- objective -------------------------------------------------------------------------------------------------------


def test_nelbo_is_the_packages(nano):
    x0, xt, t = levels(nano)
    assert (x0 == xt).any() and (x0 != xt).any()
    log_p0 = predictions((len(t), nano.L, nano.V))
    expected = UniformNoise(nano.V).nelbo(log_p0, x0, xt, t)
    torch.testing.assert_close(nano.nelbo(log_p0, x0, xt, t), expected, rtol=1e-5, atol=1e-5)


def test_nelbo_is_the_divergence_of_two_jump_processes(nano):
    nano.V = 5
    log_p0 = predictions((1, 1, 5))
    for t in (0.01, 0.5, 1.0):
        for a, b in ((0, 0), (0, 1), (4, 2)):
            got = nano.nelbo(log_p0, torch.tensor([[a]]), torch.tensor([[b]]), torch.tensor([t], dtype=torch.float64))
            expected = jump_divergence(log_p0[0, 0].exp(), a, b, 1 - 0.999 * t, -0.999)
            assert float(got) == pytest.approx(expected, rel=1e-8)


# --- training --------------------------------------------------------------------------------------------------------


def test_a_short_training_lowers_the_loss(nano, english):
    x = english.sample(64, seed=3)
    x0 = x.repeat(4, 1)
    t = torch.linspace(0.001, 1, len(x0))
    xt = nano.corrupt(x0, t, seeded(5))

    def loss(model) -> float:
        return float(nano.nelbo(model(xt, t), x0, xt, t).mean())

    untrained, trained = (nano.train(x, steps, seeded()) for steps in (1, 40))
    knows_nothing = fixed(torch.full((nano.V,), -math.log(nano.V)))
    assert loss(untrained) < 1.2 * loss(knows_nothing)  # the first logits are small
    assert loss(trained) < 0.75 * loss(untrained)
    assert not trained(xt, t).requires_grad


def test_every_step_starts_without_a_gradient(nano, english):
    denoise, clean = nano.denoise, []

    def spy(xt, t, *weights):
        clean.append(all(w.grad is None or not w.grad.any() for w in weights))
        return denoise(xt, t, *weights)

    nano.denoise = spy
    nano.train(english.sample(8, seed=3), 3, seeded())
    assert clean == [True] * 3


def test_the_generator_decides_the_training(nano, english):
    x = english.sample(8, seed=3)
    torch.manual_seed(0)
    first, again, other = (nano.train(x, 3, seeded(seed)) for seed in (0, 0, 1))
    t = torch.full((len(x),), 0.5)
    assert torch.equal(first(x, t), again(x, t))
    assert not torch.equal(first(x, t), other(x, t))


# --- the way back ----------------------------------------------------------------------------------------------------


def test_samples_are_sentences(nano):
    x = nano.sample(fixed(predictions((nano.V,))), 7, 3, seeded())
    assert x.dtype == torch.int64
    assert x.shape == (7, nano.L)
    assert int(x.min()) >= 0
    assert int(x.max()) < nano.V


def test_a_certain_denoiser_writes_its_sentence(nano, english):
    sentence = english.sample(1, seed=4)
    log_p0 = torch.full((1, nano.L, nano.V), -torch.inf).scatter_(2, sentence[..., None], 0.0)
    written = nano.sample(fixed(log_p0), 20, 5, seeded())
    assert torch.equal(written, sentence.expand(20, -1))


def test_the_walk_takes_the_steps_of_bayes_rule(nano):
    nano.V, nano.L = 3, 1
    # what it predicts depends on the word that it reads, so that every step counts
    p0 = torch.tensor([[0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7]], dtype=torch.float64)
    asked = []

    def model(xt, t):
        asked.append(float(t[0]))
        return p0[xt].log()

    n, steps = 200_000, 6
    written = nano.sample(model, n, steps, seeded())
    assert asked == pytest.approx([1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])
    expected = torch.full((3,), 1 / 3, dtype=torch.float64)
    for k in range(steps, 0, -1):
        s, t = (1 - 0.999 * j / steps for j in (k - 1, k))
        expected = expected @ torch.stack([bayes_step(p0[b], b, s, t) for b in range(3)])
    share = torch.bincount(written.flatten(), minlength=3) / n
    assert float((share - expected).abs().max()) < 5 * math.sqrt(0.25 / n)


# --- probes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("t", [0.05, 0.25, 0.7])
def test_recovery_guesses_with_the_full_posterior(nano, t):
    n = 400
    x0 = torch.randint(nano.V, (n, nano.L), generator=seeded(1))
    # answers that lean to the truth by about as much as a word speaks for itself, so that beta decides
    beta = math.log(1 + (1 - 0.999 * t) * nano.V / (0.999 * t))
    log_p0 = predictions((n, nano.L, nano.V), spread=1.0)
    lean = beta + 2 * torch.randn(n, nano.L, generator=seeded(6), dtype=torch.float64)
    log_p0 = log_p0.scatter_add(2, x0[..., None], lean[..., None]).log_softmax(dim=2)
    got = nano.recovered(lambda xt, t: log_p0, x0, seeded(7), t)

    xt = nano.corrupt(x0, torch.full((n,), t), seeded(7))  # the same draws
    guess = UniformNoise(nano.V).convert(log_p0, xt, t, "cavity", "posterior").argmax(dim=2)
    changed = xt != x0
    assert got == pytest.approx(float((guess == x0)[changed].double().mean()), abs=1e-12)
    assert 0.1 < got < 0.9
    assert float((log_p0.argmax(dim=2) == x0)[changed].double().mean()) > got + 0.02  # the cavity guesses otherwise


def test_recovery_turns_at_beta(nano):
    t = 0.25
    beta = math.log(1 + 0.75025 * 102 / 0.24975)
    x0 = torch.randint(nano.V, (50, nano.L), generator=seeded(1))
    for lean, expected in ((beta - 0.01, 0.0), (beta + 0.01, 1.0)):
        log_p0 = (lean * torch.nn.functional.one_hot(x0, nano.V)).log_softmax(dim=2)
        assert nano.recovered(lambda xt, t, answer=log_p0: answer, x0, seeded(), t) == expected


# --- the run ---------------------------------------------------------------------------------------------------------


def run(script: str) -> str:
    """Run Python in the folder of the page; return what it prints."""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(printed: str) -> dict[int, list[float]]:
    """Return the numbers behind each number of sentences; every row is followed by a sentence."""
    header, *lines = printed.splitlines()
    assert header.split() == ["sentences", "training", "held-out", "entropy", "copied"]
    table = {}
    for row, sentence in zip(lines[::2], lines[1::2], strict=True):
        match = ROW.fullmatch(row)
        assert match and SAID.fullmatch(sentence), (row, sentence)
        table[int(match[1])] = [float(value) for value in match[2].split()]
    return table


def test_it_prints_the_table():
    table = rows(run("import nano; nano.main(sizes=(3, 20), steps=6)"))
    assert list(table) == [3, 20]
    for training, held_out, entropy, copied in table.values():
        assert 0 <= training <= 1 and 0 <= held_out <= 1 and 0 <= copied <= 1
        assert 0 <= entropy <= math.log(102) + 0.01


def test_a_row_does_not_depend_on_the_others(nano, capsys):
    nano.main(sizes=(3, 20), steps=4)
    both = rows(capsys.readouterr().out)
    nano.main(sizes=(20,), steps=4)
    assert rows(capsys.readouterr().out)[20] == both[20]


def test_a_memory_copies_and_says_so(nano, english, capsys):
    """With the exact memorizer in the place of training, everything on the page has a known value."""
    seen, asked = [], []

    def memorize(x, steps, rng):
        seen.append(x)

        def model(xt, t):
            stay = nano.alpha(t.double())[:, None, None]
            match = (xt[:, None] == x).double()  # [B, n, L]
            fits = (match * (1 + stay * nano.V / (1 - stay)).log()).sum(dim=2, keepdim=True)  # [B, n, 1]
            others = fits - match * (1 + stay * nano.V / (1 - stay)).log()  # [B, n, L], without the word itself
            shares = others.softmax(dim=1)
            p0 = torch.zeros(*xt.shape, nano.V, dtype=torch.float64)
            return p0.scatter_add(2, x.T.expand(len(xt), -1, -1), shares.transpose(1, 2)).log()

        return model

    recovered = nano.recovered
    nano.train = memorize
    nano.recovered = lambda model, x0, rng: asked.append(x0) or recovered(model, x0, rng)
    nano.main(sizes=(1, 5), steps=1)
    printed = capsys.readouterr().out
    table = rows(printed)
    assert table[1][0] == 1.0 and table[1][2:] == [0.0, 1.0]
    assert table[5][0] > 0.95 and table[5][2] < 0.01 and table[5][3] > 0.9
    assert table[1][1] < 0.5 and table[5][1] < 0.7
    assert printed.count("  copied: ") >= 1

    (training, held_out), known = asked[2:], {tuple(row) for row in seen[1].tolist()}
    assert len(known) == 5
    assert {tuple(row) for row in training.tolist()} == known
    unseen = {tuple(row) for row in held_out.tolist()}
    assert len(unseen) == len(held_out) == 512
    assert not known & unseen
    assert english.log_prob(held_out).isfinite().all()


@pytest.mark.parametrize("said", ["copied", "new", "broken"])
def test_only_whole_sentences_are_copies(nano, english, capsys, said):
    """Of 64 sentences 16 are copies; the first of them is printed, with what it is."""

    def train(x, steps, rng):
        copy, broken = x[0], x[0].flip(0)
        # as much of the training sentence as possible, in another sentence of the language
        others = english.sample(2000, seed=9)
        others = others[(others != copy).any(dim=1)]
        new = others[(others == copy).sum(dim=1).argmax()]
        first = {"copied": copy, "new": new, "broken": broken}
        rest = [copy] * (15 + (said != "copied")) + [new] * 24 + [broken] * 24
        written.append(torch.stack([first[said], *rest])[:64])
        return fixed(torch.full((nano.V,), -math.log(nano.V)))

    written = []
    nano.train = train
    nano.sample = lambda model, n, steps, rng: written[-1]
    nano.main(sizes=(1,), steps=1)
    printed = capsys.readouterr().out
    assert rows(printed)[1][2:] == [pytest.approx(math.log(nano.V), abs=0.005), 0.25]
    assert printed.splitlines()[-1] == f"  {said}: {english.decode(written[0])[0]}"


def test_there_are_enough_sentences_for_the_largest_training_set(nano):
    """The training sentences of the page's own sizes are distinct, and none of them is held out."""
    sizes, seen, asked, levels_of_entropy = nano.main.__defaults__[0], [], [], []

    def model(xt, t):
        levels_of_entropy.extend(t.unique().tolist())
        return torch.full((*xt.shape, nano.V), -math.log(nano.V))

    nano.train = lambda x, steps, rng: seen.append(x) or model
    nano.sample = lambda model, n, steps, rng: torch.zeros(n, nano.L, dtype=torch.int64)
    nano.recovered = lambda model, x0, rng: asked.append(x0) or 0.0
    nano.main()
    assert [len(x) for x in seen] == list(sizes) == [16, 64, 256, 1024, 4096]
    largest = {tuple(row) for row in seen[-1].tolist()}
    assert len(largest) == 4096
    assert not largest & {tuple(row) for row in asked[-1].tolist()}
    assert levels_of_entropy == pytest.approx([0.001] * 5)


# --- the page of the book --------------------------------------------------------------------------------------------


def test_the_page_of_the_book_is_this_page():
    """Its code cells, joined, are nano.py from the first import to the end of `main`; then it runs `main`."""
    cells = json.loads((ROOT / "book" / "one_page.ipynb").read_text("utf-8"))["cells"]
    setup, *code, run_cell = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert "find_spec" in setup and run_cell == "main()"
    text = PAGE.read_text("utf-8")
    docstring, guard = ast.get_docstring(TREE), 'if __name__ == "__main__":\n    main()'
    assert text == f'"""{docstring}"""\n\n' + "\n\n\n".join([*code, guard]) + "\n"
    functions = [node.name for node in TREE.body if isinstance(node, ast.FunctionDef)]
    assert len(code) == 1 + len(functions)
    for name, source in zip(functions, code[1:], strict=True):
        assert [node.name for node in ast.parse(source).body] == [name]

"""Pictures with captions: the world is what it says, and cells that come back are counted right."""

import matplotlib.pyplot as plt
import pytest
import torch

from uddm_mini import MemorizingDenoiser, UniformNoise
from uddm_mini.chapters import projects_pictures as pictures
from uddm_mini.chapters.projects_pictures import CAPTION, PICTURE, CaptionedPictures

WORLD = CaptionedPictures()
NOISE = UniformNoise(WORLD.vocab_size)
EXACT = MemorizingDenoiser(WORLD.every(), NOISE)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_every_caption_names_its_quarters_and_no_two_pictures_are_alike():
    x = WORLD.every()
    # the colorings of a cycle of four with k colors: (k - 1)^4 + (k - 1)
    assert x.shape == (5**4 + 5, WORLD.length) and WORLD.vocab_size == 12
    assert len(x[:, CAPTION].unique(dim=0)) == len(x[:, PICTURE].unique(dim=0)) == len(x)
    cells = x[:, PICTURE].view(-1, 4, 4)
    for k, corner in enumerate(((0, 0), (0, 3), (3, 0), (3, 3))):
        assert bool((cells[:, corner[0], corner[1]] == x[:, k] - 6).all())
    assert all(len(block.unique()) == 1 for block in cells[7].unfold(0, 2, 2).unfold(1, 2, 2).flatten(0, 1))
    assert WORLD.caption(x[0]) == "blue red red blue"


def test_held_out_pictures_are_the_same_for_every_size_and_never_learned():
    few, unseen = WORLD.split(16)
    many, same = WORLD.split(512)
    assert bool((unseen == same).all()) and bool((many[:16] == few).all())
    assert len(torch.cat([many, unseen]).unique(dim=0)) == 512 + len(unseen) == 630
    assert not bool((WORLD.split(16, seed=1)[0] == few).all())
    for n in (0, 513):
        with pytest.raises(ValueError, match="630 sentences"):
            WORLD.split(n)


def test_captions_stay_as_they_were_given():
    x = WORLD.every()[:50]
    xt = pictures.with_noisy_pictures(EXACT, x, 0.9, x[:, CAPTION], seeded())
    assert bool((xt[:, CAPTION] == x[:, CAPTION]).all()) and bool((xt != x)[:, PICTURE].any())
    assert bool((pictures.with_noisy_pictures(EXACT, x, 0.9, None, seeded()) != x)[:, CAPTION].any())
    other = x.roll(1, 0)[:, CAPTION]
    assert bool((pictures.pictures_back(EXACT, xt, 0.9, other)[:, CAPTION] == other).all())


def test_the_exact_denoiser_follows_a_caption():
    x = WORLD.every()
    own = x[:, CAPTION]
    shares = {}
    for name, said in (("noisy", None), ("own", own), ("other", x.roll(200, 0)[:, CAPTION])):
        xt = pictures.with_noisy_pictures(EXACT, x, 0.75, said, seeded())
        shares[name] = pictures.cells_back(x, xt, pictures.pictures_back(EXACT, xt, 0.75, said))
    assert shares["own"] > shares["noisy"] + 0.2 > shares["other"] + 0.25


def test_only_changed_cells_of_pictures_count():
    x = WORLD.every()[:1]
    xt, out = x.clone(), x.clone()
    xt[0, [0, 5, 6]] = out[0, 0] = out[0, 5] = 11
    assert pictures.cells_back(x, xt, out) == 0.5  # cell 5 stays wrong, cell 6 is right; the word does not count
    assert pictures.cells_back(x, x, x) != pictures.cells_back(x, x, x)  # NaN: nothing changed


def test_pictures_are_drawn_with_crosses_for_words():
    x = WORLD.every()[:2].clone()
    x[1, 4] = 9
    pictures.draw_rows(WORLD, [(x[0], x[1]), (x[0], x[0])], ("true", "seen"))
    axes = plt.gcf().axes
    assert [len(ax.lines) for ax in axes] == [0, 1, 0, 0]
    assert [ax.get_title() for ax in axes] == ["true", "seen", "", ""]
    assert axes[0].get_ylabel() == "blue\nred\nred\nblue" and not axes[1].get_ylabel()
    plt.close("all")

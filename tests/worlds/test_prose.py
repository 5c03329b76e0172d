"""Which sentences of a docstring are prose."""

from hypothesis import given, settings
from hypothesis import strategies as st

from uddm_mini.worlds.prose import english_sentences
from uddm_mini.worlds.sentences import words_of

DOCSTRING = """Return the heights of all the trees in a forest.

    The forest is not changed by this :func:`~woods.measure`. Use ``None`` to count the small ones (if any) too.
    A call such as woods.measure(x) is code, and so is a_name or x = 3 or f(x).

    Title Of A Section Without a Stop
    ---------------------------------
    depth : int
        The number of levels that will be searched.
    width (int): lower case is no sentence of the prose.

    :param depth: The number of levels in the field list.
    :returns: The heights of the trees in the field list.

    - The first point of a list is also a sentence.
    - The second is too, and it goes
      on in the next line.

    .. note:: This line belongs to a directive and is left out.

    .. note::
        The text of a note is kept because it is prose.

    .. code-block:: python

        The code in a block is never a sentence of the text.

    An example of how it is used is this::

        This is in a literal block and it is not a sentence.

    >>> This is a doctest and it is not a sentence.
    This is the output of it and is not a sentence either.

    And this is the end of it, as far as I know.
    """

EXPECTED = [
    "Return the heights of all the trees in a forest.",
    "The forest is not changed by this measure.",
    "Use None to count the small ones too.",
    "The number of levels that will be searched.",
    "The first point of a list is also a sentence.",
    "The second is too, and it goes on in the next line.",
    "The text of a note is kept because it is prose.",
    "And this is the end of it, as far as I know.",
]


def test_only_the_prose_of_a_docstring_is_kept():
    assert list(english_sentences(DOCSTRING)) == EXPECTED
    assert list(english_sentences("Return one of the things in it")) == ["Return one of the things in it."]
    assert list(english_sentences("")) == []


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("Aab .:\n\t`*()->")), max_size=120))
def test_no_docstring_breaks_the_filter(text):
    for sentence in english_sentences(text):
        assert sentence[0].isupper() and sentence[-1] in ".!?" and 3 <= len(words_of(sentence)) <= 40

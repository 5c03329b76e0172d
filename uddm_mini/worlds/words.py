"""The words of a sentence, whole in every script."""

from __future__ import annotations

import re
import unicodedata

# between letters all of these are the apostrophe: quotes, accents and primes that people type for it
APOSTROPHES = "'’‘‛ʼʹ`´′＇"
HYPHENS = "‐‑"  # besides the one on the keyboard, a hyphen and one at which no line breaks
JOINERS = "\u200c\u200d"  # part of a word in Persian, Hindi and others, but not its end
INVISIBLE = "\u00ad\u2060\ufeff\ufe0e\ufe0f"  # soft hyphens and other things inside a word that nobody sees
SPACES = "\u200b"  # between the words of Khmer and Thai
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")  # colors of a terminal
# Inside a word there may be apostrophes and hyphens, the dot of Catalan, and the two marks of Hebrew.
WORD = re.compile(r"(?:[^\W\d_]\.){2,}|(?:\d+(?:[.,٫٬]\d+)+|[^\W_]+)(?:['\-·‧׳״]?[^\W_]+)*")


def words_of(sentence: str) -> list[str]:
    """Return the words in lower case; hyphens and apostrophes inside a word stay, all other punctuation goes.

    Marks that stand on, under or beside a letter belong to its word, as do the joiners of Persian and Indian scripts;
    soft hyphens and marks of direction are dropped. Lower case comes before the normal form (NFC): it may add marks.
    """
    text = ANSI.sub(" ", sentence) if "\x1b" in sentence else sentence
    text = text.lower()
    if text.isascii():
        return WORD.findall(text.replace("`", "'") if "`" in text else text)
    text = unicodedata.normalize("NFC", text)
    marks, plain = set(JOINERS), {}
    for character in set(text):
        if unicodedata.category(character)[0] == "M" and character not in INVISIBLE:
            marks.add(character)
        elif (instead := _instead(character)) != character:
            plain[ord(character)] = instead
    text = text.translate(plain)
    shadow = text.translate(dict.fromkeys(map(ord, marks), "x"))  # of the same length: to a pattern, marks are letters
    own = "".join(marks)
    found = (text[match.start() : match.end()].lstrip(own).rstrip(JOINERS) for match in WORD.finditer(shadow))
    return [word for word in found if word.strip(own)]


def _instead(character: str) -> str:
    """Return what stands for a character that is typed in several ways, or that nobody sees; itself for all others."""
    for alike, instead in ((APOSTROPHES, "'"), (HYPHENS, "-"), (INVISIBLE, ""), (SPACES, " "), (JOINERS, character)):
        if character in alike:
            return instead
    return "" if unicodedata.category(character) == "Cf" else character  # marks of direction


def without_spaces(sentence: str) -> bool:
    """Tell whether a sentence has letters of a script that puts no spaces between words."""
    return any(
        "\u0e00" <= c <= "\u0eff" or "\u1000" <= c <= "\u109f" or "\u1780" <= c <= "\u17ff" or "\u3040" <= c <= "\u9fff"
        for c in sentence
    )

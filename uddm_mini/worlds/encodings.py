"""Which encoding bytes have that are not UTF-8: the one in which they spell the most likely letters."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import NamedTuple

ENOUGH = 1 << 16  # bytes that are looked at
QUOTES = frozenset("“”„‘’‚–—…«»°§©®€£·")


class Encoding(NamedTuple):
    """Its name for iconv and for Python, and the letters beyond ASCII that people write in it (or their script)."""

    iconv: str
    python: str
    letters: str


CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýžäľĺŕô", "áéíóöőúüű", "čćđšž", "ăâîşţ")  # Polish, Czech, Hungarian, ...
# of two that say the same, the first is named
ENCODINGS = (
    Encoding("CP1252", "cp1252", "àâäáãåæçéèêëíìîïñóòôöõøúùûüßœÿšžªº"),
    *(Encoding("CP1250", "cp1250", letters) for letters in CENTRAL),
    *(Encoding("ISO-8859-2", "iso8859-2", letters) for letters in CENTRAL),
    Encoding("CP1254", "cp1254", "çğıöşüâîûi̇"),
    Encoding("CP1257", "cp1257", "āčēģīķļņšūžąęėįųõäöü"),
    Encoding("CP1252", "cp1252", "áðéíóúýþæö"),
    Encoding("CP1255", "cp1255", "HEBREW"),
    Encoding("CP1251", "cp1251", "CYRILLIC"),
    Encoding("KOI8-R", "koi8-r", "CYRILLIC"),
    Encoding("KOI8-U", "koi8-u", "CYRILLIC"),
    Encoding("CP866", "cp866", "CYRILLIC"),
    Encoding("ISO-8859-5", "iso8859-5", "CYRILLIC"),
    Encoding("CP1253", "cp1253", "GREEK"),
    Encoding("ISO-8859-7", "iso8859-7", "GREEK"),
    Encoding("CP1256", "cp1256", "ARABIC"),
    Encoding("TIS-620", "tis-620", "THAI"),
    Encoding("SHIFT_JIS", "cp932", "KANA"),
    Encoding("EUC-JP", "euc_jp", "KANA"),
    Encoding("EUC-KR", "cp949", "HANGUL"),
    Encoding("GB18030", "gb18030", "CJK"),
    Encoding("BIG5", "big5", "CJK"),
    Encoding("MACINTOSH", "mac-roman", "àâäáãåæçéèêëíìîïñóòôöõøúùûüßœÿªº"),
    Encoding("CP850", "cp850", "àâäáãåæçéèêëíìîïñóòôöõøúùûüßÿªº"),
)


def damaged(data: bytes) -> int:
    """Return how many bytes of UTF-8 text are damaged; 0 if it is none, for most beyond ASCII does not fit."""
    text = data.decode("utf-8", "surrogateescape")
    bad = sum("\udc80" <= c <= "\udcff" for c in text)
    good = sum(c > "\x7f" for c in text) - bad
    return bad if good > bad else 0


def with_zeros(data: bytes) -> str:
    """Return which encoding with zero bytes this is, by what it spells; nothing if it is none."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "UTF-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    for name in ("UTF-32LE", "UTF-32BE", "UTF-16LE", "UTF-16BE"):
        text = _decoded(data, name) or "\0"
        if sum(c.isspace() or c.isprintable() for c in text) > 0.99 * len(text) and any(c <= "\x7f" for c in text):
            return name
    return ""


def likeliest(data: bytes, start: int) -> tuple[str, str]:
    """Return the likeliest encoding of bytes that are not UTF-8, and what stands at `start` in it; "" if there is none.

    By the letters that it makes of them, by their case, and by symbols and control characters inside words.
    """
    part = data[max(0, start - ENOUGH // 2) : start + ENOUGH]
    texts = [(each, _decoded(part, each.python)) for each in ENCODINGS]
    scores = [-1.0 if text is None else _score(text, each) for each, text in texts]
    best = max(range(len(scores)), key=lambda k: (scores[k], -k))
    if scores[best] <= 0:
        return "", ""
    each = ENCODINGS[best]
    before = _decoded(data[max(0, start - 40) : start], each.python) or ""
    after = _decoded(data[start : start + 40], each.python) or ""
    near = re.split(r"\s", before)[-1] + (re.split(r"\s", after) or [""])[0]
    return each.iconv, "".join(c for c in near if c.isprintable())[:30]


def _decoded(data: bytes, name: str) -> str | None:
    """Return the text, but for a character that the end cuts; None if these bytes mean nothing in this encoding."""
    try:
        return codecs.getincrementaldecoder(name)().decode(data)
    except UnicodeDecodeError:
        return None


def _score(text: str, encoding: Encoding) -> float:
    """Add up how likely each character beyond ASCII is where it stands."""
    total = 0.0
    for before, c, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if c <= "\x7f":
            continue
        if unicodedata.category(c)[0] in "LM":
            total += _likely(c, encoding) + 0.25 * (not c.isupper()) - (c.isupper() and before.islower())
            if encoding.letters[0].isupper():  # letters of two scripts in one word
                total -= 1.5 * sum(near.isascii() and near.isalpha() for near in (before, after))
            else:  # in Latin script, letters beyond ASCII rarely stand side by side
                total -= 0.5 * (before.isalpha() and not before.isascii())
        elif (
            (c in "’´" and before.isalpha() and after.isalpha())
            or (c in "“‘„«" and before.isspace() and after.isalpha())
            or (c in "”’“»" and not before.isspace() and not after.isalpha())
            or (c in "–—" and before.isspace() and after.isspace())
        ):
            total += 2.0
        elif c in QUOTES or c == "\xa0" or "\u3000" <= c <= "\u303f" or "\uff00" <= c <= "\uff60":
            total += 0.5
        elif unicodedata.category(c)[0] == "C":
            total -= 3
        else:
            total -= 2 if before.isalpha() and after.isalpha() else 0.5
    return total


def _likely(c: str, encoding: Encoding) -> float:
    """Return how likely a letter is in the texts of an encoding: 1 or more for those that are written there."""
    if encoding.letters[0].islower():
        return 1.0 if c.lower() in encoding.letters else -2.0
    name = unicodedata.name(c, "")
    kana, cjk = name.startswith(("HIRAGANA", "KATAKANA")), name.startswith("CJK")
    if encoding.letters == "KANA":
        return 2.5 if kana else 2.0 if cjk else -1.0
    if encoding.letters == "CJK":
        return -1.0 if kana else 2.5 if cjk and _common(c, encoding.python) else -1.0
    if encoding.letters == "HANGUL":
        return 2.5 if name.startswith("HANGUL SYLLABLE") and _common(c, "euc_kr") else -2.0
    return 1.0 if name.startswith(encoding.letters) else -2.0


def _common(c: str, name: str) -> bool:
    """Tell whether a character is one of the few thousand that Chinese or Korean texts are made of."""
    try:
        lead = c.encode("gb2312" if name == "gb18030" else name)[0]
    except UnicodeEncodeError:
        return False
    least, most = {"gb18030": (0xB0, 0xD8), "big5": (0xA4, 0xC9)}.get(name, (0xB0, 0xFF))
    return least <= lead < most

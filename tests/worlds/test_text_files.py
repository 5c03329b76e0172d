"""Files that are no UTF-8 text: what they are is told by their bytes, and the cure in the message works."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented import invented

from uddm_mini import hub_texts, text_corpus
from uddm_mini.worlds.sentences import names_a_file, sentences_in

TEXTS = {
    "french": "L’été dernier, l’élève a reçu une lettre très gentille de sa sœur. Ça lui a plu, bien sûr. ",
    "quotes": "The cat doesn’t watch a “long” letter – it can’t. The student’s dog won’t either. ",
    "german": "Die Straße führt über große Brücken. Schöne Mädchen öffnen ihre Türen. ",
    "polish": "Zażółć gęślą jaźń, powiedział król. Łódka płynęła przez całą noc, aż wstał świt. ",
    "czech": "Příliš žluťoučký kůň úpěl ďábelské ódy. Děti běžely přes dvůr k řece. ",
    "turkish": "Güneş doğdu ve kuşlar şarkı söyledi. Çocuk ağaçta ılık bir elma yedi. Işık söndü. ",
    "russian": "Мальчик долго смотрел на реку. Потом он пошёл домой и написал письмо. Было тихо. ",
    "greek": "Το παιδί κοίταξε τη θάλασσα. Μετά γύρισε σπίτι και έγραψε ένα γράμμα. ",
    "hebrew": "הילד הסתכל על הים. אחר כך הוא הלך הביתה וכתב מכתב. ",
    "arabic": "نظر الولد إلى البحر. ثم عاد إلى البيت وكتب رسالة. ",
    "japanese": "少年は海を見ていました。それから家に帰って手紙を書きました。とても静かでした。",
    "chinese": "男孩看着大海。然后他回家写了一封信。那天晚上非常安静。",
    "traditional": "男孩看著大海。然後他回家寫了一封信。那天晚上非常安靜。",
    "korean": "소년은 바다를 바라보았다. 그리고 집에 돌아가 편지를 썼다. 밤은 아주 조용했다. ",
    "thai": "เด็กชายมองทะเล แล้วเขาก็กลับบ้านไปเขียนจดหมาย ",
}


@pytest.mark.skipif(shutil.which("iconv") is None, reason="no iconv")
@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("french", "cp1252"),
        ("quotes", "cp1252"),
        ("german", "latin-1"),
        ("french", "mac-roman"),
        ("german", "cp850"),
        ("polish", "cp1250"),
        ("polish", "iso8859-2"),
        ("czech", "cp1250"),
        ("turkish", "cp1254"),
        ("russian", "cp1251"),
        ("russian", "koi8-r"),
        ("russian", "cp866"),
        ("russian", "iso8859-5"),
        ("greek", "cp1253"),
        ("greek", "iso8859-7"),
        ("hebrew", "cp1255"),
        ("arabic", "cp1256"),
        ("japanese", "shift_jis"),
        ("japanese", "euc_jp"),
        ("chinese", "gb2312"),
        ("chinese", "gb18030"),
        ("traditional", "big5"),
        ("korean", "euc_kr"),
        ("thai", "tis-620"),
        ("french", "utf-16"),
        ("russian", "utf-16-le"),
        ("french", "utf-16-be"),
        ("french", "utf-32"),
        ("quotes", "utf-32-le"),
    ],
)
def test_the_encoding_is_told_by_its_bytes_and_the_cure_gives_the_text_back(tmp_path, monkeypatch, language, encoding):
    text = TEXTS[language].replace("“", '"').replace("”", '"') if encoding == "cp850" else TEXTS[language]
    text = text.replace("’", "'").replace("œ", "oe") if encoding in ("cp850", "iso8859-2", "mac-roman") else text
    folder = tmp_path / "my texts"
    folder.mkdir()
    (folder / "it's.txt").write_bytes((text * 20).encode(encoding))
    converted(folder / "it's.txt", tmp_path, monkeypatch)
    assert (tmp_path / "converted.txt").read_text("utf-8").removeprefix("\ufeff") == text * 20


def converted(path, folder, monkeypatch):
    """Run the command that the message of a file names, in a folder."""
    with pytest.raises(ValueError) as caught:
        list(sentences_in(path, progress=False))
    message = str(caught.value)
    assert "\n" not in message and str(path) in message
    command = re.split(r"(?:convert it with|leaves out|take it out with): ", message)[-1]
    monkeypatch.chdir(folder)
    subprocess.run(command, shell=True, check=True, cwd=folder)
    return message


@pytest.mark.skipif(shutil.which("iconv") is None, reason="no iconv")
def test_one_bad_byte_in_utf8_is_left_out_and_nothing_else_changes(tmp_path, monkeypatch):
    good = TEXTS["french"] * 30
    data = good.encode()
    (tmp_path / "a.txt").write_bytes(data[:200] + b"\xff" + data[200:])
    path = tmp_path / "a.txt"
    with pytest.raises(ValueError, match="UTF-8 with damaged bytes .* iconv -c -f UTF-8") as caught:
        list(sentences_in(path, progress=False))
    command = str(caught.value).rsplit(": ", 1)[-1]
    subprocess.run(command, shell=True, check=False, cwd=tmp_path)  # iconv -c says by its status that it left out some
    assert (tmp_path / "converted.txt").read_text("utf-8") == good


def test_the_word_is_shown_so_that_a_reader_can_judge(tmp_path):
    (tmp_path / "a.txt").write_bytes("The cat doesn’t watch it.".encode("cp1252"))
    with pytest.raises(ValueError, match=r"offset 13 .* looks like CP1252, which says 'doesn’t' there"):
        list(sentences_in(tmp_path / "a.txt", progress=False))


SENTENCES = invented(40)
PLAIN = "\n".join(SENTENCES) + "\n"


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        info = tarfile.TarInfo("a.txt")
        info.size = len(PLAIN.encode())
        file.addfile(info, io.BytesIO(PLAIN.encode()))
    return out.getvalue()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.txt", PLAIN)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "tool", "what"),
    [
        (gzip.compress(PLAIN.encode()), "gunzip", "gzip"),
        (bz2.compress(PLAIN.encode()), "bunzip2", "bzip2"),
        (lzma.compress(PLAIN.encode()), "xz", "xz"),
        (lzma.compress(PLAIN.encode(), format=lzma.FORMAT_ALONE), "xz", "lzma"),
        (zipped(), "unzip", "zip"),
        (tarred(), "tar", "tar"),
    ],
)
def test_a_compressed_file_is_named_with_what_unpacks_it(tmp_path, monkeypatch, data, tool, what):
    path = tmp_path / "plain.txt"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"{what}.*not plain text; convert it with: {tool}"):
        text_corpus(path)
    if shutil.which(tool):
        converted(path, tmp_path, monkeypatch)
        assert (tmp_path / "converted.txt").read_text("utf-8") == PLAIN


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x28\xb5\x2f\xfd\x00more", r"zstd.*zstd -dc"),
        (b"\x04\x22\x4d\x18\x00more", r"lz4 -dc"),
        (b"7z\xbc\xaf\x27\x1c\x00", r"7z x"),
        (b"Rar!\x1a\x07\x00", r"unrar"),
        (b"%PDF-1.7\n%\xe2\xe3", r"a PDF.*pdftotext"),
        (b"{\\rtf1\\ansi Hello.", r"RTF.*pandoc"),
        (b"PK\x03\x04\x14\x00\x06\x00" + b"\x00" * 22 + b"[Content_Types].xml", r"Word document.*pandoc"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", r"not plain text: it has a NUL byte at offset 8"),
    ],
)
def test_documents_and_data_are_named(tmp_path, data, message):
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        text_corpus(path)


def rows_of_table(delimiter: str, quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting)
    writer.writerow(["id", "text", "lang"])
    writer.writerows([n, s, "en"] for n, s in enumerate(SENTENCES))
    return out.getvalue()


RECORDS = [{"id": str(n), "text": s, "meta": {"n": n}} for n, s in enumerate(SENTENCES)]
MARKED = (
    "<!DOCTYPE html><html><head><title></title><style>p {color: red}</style></head><body>\n"
    + "\n".join(f"<p class='a'>{s}</p>" for s in SENTENCES)
    + "<script>var a = 1 < 2;</script></body></html>"
)
TIMED = "\n".join(f"{n}\n00:00:{n:02},000 --> 00:00:{n + 1:02},500\n{s}\n" for n, s in enumerate(SENTENCES))
DATA = {
    "jsonl": ("\n".join(map(json.dumps, RECORDS)), "JSON, one object on each line with the fields id, text, meta"),
    "jsonl, other name": ("\n".join(json.dumps({"n": 1, "story": s}) for s in SENTENCES), "JSON, one object"),
    "jsonl of strings": ("\n".join(json.dumps([s]) for s in SENTENCES), "JSON, one object"),
    "json": (json.dumps(RECORDS), "JSON"),
    "json, printed": (json.dumps(RECORDS, indent=2), "JSON"),
    "json of strings": (json.dumps(SENTENCES), "JSON"),
    "json, inside": (json.dumps({"version": 1, "data": RECORDS}, indent=1), "JSON"),
    "html": (MARKED, "HTML"),
    "xml": ("<?xml version='1.0'?>\n<a>" + "\n".join(f"<s>{s}</s>" for s in SENTENCES) + "</a>", "XML"),
    "csv": (rows_of_table(","), "CSV"),
    "csv, quoted": (rows_of_table(",", csv.QUOTE_ALL), "CSV"),
    "csv, semicolons": (rows_of_table(";"), "CSV"),
    "tsv": (rows_of_table("\t"), "TSV"),
    "subtitles": (TIMED, "subtitles"),
}


@pytest.mark.skipif(shutil.which("python3") is None, reason="no python3")
@pytest.mark.parametrize(("content", "what"), DATA.values(), ids=DATA.keys())
def test_data_are_recognized_and_the_command_makes_text_of_them(tmp_path, monkeypatch, content, what):
    path = tmp_path / "it's data.txt"
    path.write_text(content, "utf-8")
    message = converted(path, tmp_path, monkeypatch)
    assert f"is {what}" in message or f"({what})" in message
    words = " ".join((tmp_path / "converted.txt").read_text("utf-8").split())
    assert all(" ".join(s.split()) in words for s in SENTENCES)
    list(sentences_in(tmp_path / "converted.txt", progress=False))  # and that can be read


def test_a_list_of_files_is_no_text(tmp_path, monkeypatch):
    for n, s in enumerate(SENTENCES):
        (tmp_path / f"story {n}.txt").write_text(s + "\n", "utf-8")
    (tmp_path / "list.txt").write_text("\n".join(f"story {n}.txt" for n in range(len(SENTENCES))) + "\n", "utf-8")
    message = converted(tmp_path / "list.txt", tmp_path, monkeypatch)
    assert "is a list of files" in message
    assert (tmp_path / "converted.txt").read_text("utf-8") == PLAIN
    (tmp_path / "paths.txt").write_text("data/a.txt\ndata/b.txt\n/data/c.md\ncorpus/deep/d.txt\n", "utf-8")
    with pytest.raises(ValueError, match="is a list of files"):
        text_corpus(tmp_path / "paths.txt")


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "\n".join(f"And so, my dear {s}" for s in SENTENCES),  # one comma on every line
        "\n".join(f"First, {s} then, the rest" for s in SENTENCES),
        "{This} is a sentence in braces.\n[And] one in brackets.\n" * 5,
        "[1] A note about foxes.\n[2] Another note about hens.\n" * 5,
        "He wrote <b>boldly</b> once. " + PLAIN,
        "Is 3 < 4? Yes, and 5 > 4.\n" * 9,
        "Yes.\nNo.\nMaybe so.\nwww.example.org is a site.\n",
        "I saw a.b and c.d once.\n" * 9,
        '"Stop," he said.\n"Go," she said.\n"Why," they said.\n"So," we said.\n"No," I said.\n"Oh," said you.\n',
    ],
)
def test_text_is_not_taken_for_data(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_text(text, "utf-8")
    assert list(sentences_in(path, progress=False))


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_one_sentence(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(data)
    try:
        found = list(sentences_in(path, progress=False))
    except ValueError as error:
        assert "\n" not in str(error) and str(error).isprintable()
    else:
        assert " ".join(found).split() == data.decode().removeprefix("\ufeff").split()


def test_the_home_folder_has_a_short_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "a b").write_text(PLAIN, "utf-8")
    assert names_a_file("~/a b") and list(sentences_in("~/a b", progress=False)) == SENTENCES


def test_a_configuration_of_a_public_data_set_can_be_named(monkeypatch):
    asked = []

    def load_dataset(name, config=None, *, split, streaming):
        asked.append((name, config, split))
        if config is None:
            raise ValueError("Config name is missing.\nPlease pick one among ['raw', 'plain']")
        return iter([{"text": "A text."}])

    monkeypatch.setitem(sys.modules, "datasets", type(sys)("datasets"))
    sys.modules["datasets"].load_dataset = load_dataset
    assert list(hub_texts("hub", config="raw")) == ["A text."] and asked == [("hub", "raw", "train")]
    with pytest.raises(
        ValueError, match=r"\['raw', 'plain'\] Here that is: hub_texts\('hub', config=\.\.\.\)"
    ) as caught:
        next(hub_texts("hub"))
    assert "\n" not in str(caught.value)

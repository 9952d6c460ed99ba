"""Each reader on small files made here: what is kept, what is refused, and by which name."""

import email.message
import gzip
import io
import json
import tarfile
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.gather.extract.outcome import Cause, Context, Extracted, ExtractionFailed, Limits
from headwater.gather.extract.readers import read
from headwater.gather.extract.tidy import clean, iso_date, title_from_name

SMALL = Limits(unpacked_bytes=2_000_000, ratio_free_bytes=500_000)


def take(content: bytes, name: str = "", mime: str = "", limits: Limits = SMALL) -> Extracted:
    return read(content, Context(name, mime, limits))


def cause_of(content: bytes, name: str = "", limits: Limits = SMALL) -> Cause:
    with pytest.raises(ExtractionFailed) as failure:
        take(content, name, limits=limits)
    assert failure.value.message
    assert failure.value.remedy
    return failure.value.cause


def text_or_cause(content: bytes, name: str) -> str:
    """What became of a file; any other exception fails the test."""
    try:
        return take(content, name).text
    except ExtractionFailed as failure:
        return failure.cause


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def docx(body: str, entity: str = "") -> bytes:
    head = f'<?xml version="1.0"?>{entity}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/'
    return zipped(
        {
            "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "word/document.xml": (
                f'{head}main"><w:body><w:p><w:r><w:t>{body}</w:t></w:r></w:p></w:body></w:document>'
            ).encode(),
        }
    )


def test_markdown_gives_its_front_matter_and_outline() -> None:
    page = (
        b"---\ntitle: Leave\nauthor: [A, B]\ndate: 2024-05-01\ntags: [x]\n---\n# One\n\n```\n# no\n```\n\n## Two *x*\n"
    )
    got = take(page, "leave.md")
    assert (got.title, got.author, got.created) == ("Leave", "A, B", "2024-05-01T00:00:00")
    assert got.outline == [(1, "One"), (2, "Two x")]
    assert got.metadata["front_matter"]["tags"] == ["x"]
    assert got.text.startswith("# One")


def test_front_matter_that_cannot_be_read_costs_a_warning_and_no_words() -> None:
    got = take(b"---\ntitle: [\n---\nThe words", "a.md")
    assert got.text == "The words"
    assert "front matter" in got.warnings[0]


def test_aliases_in_front_matter_are_not_unfolded() -> None:
    got = take(b"---\na: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n---\nThe words", "a.md")
    assert got.warnings
    assert got.text == "The words"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_text_in_any_encoding(encoding: str) -> None:
    words = "Die Prüfung der Brücken über den Fluß fällt größer aus als geplant, schätzt das Büro. " * 4
    assert "Prüfung der Brücken über" in take(words.encode(encoding), "a.txt").text


def test_separated_values_keep_cells_and_leave_formulas_inert() -> None:
    got = take(b'name;sum\n"A; B";=cmd()|1\n', "a.csv")
    assert got.text == "name | sum\nA; B | =cmd()|1"


def test_json_gives_keys_and_values_and_survives_depth() -> None:
    assert take(json.dumps({"a": {"b": [1, "two"]}}).encode(), "a.json").text == "b: 1\nb: two"
    assert take(b"[" * 100_000 + b"words" + b"]" * 100_000, "a.json").text


def test_a_page_gives_words_and_facts_and_no_script() -> None:
    page = (
        b"<!doctype html><html lang=fr><head><title>Pont</title><meta name=author content=Ada>"
        b"<meta property='article:published_time' content='2024-01-02T03:04:05Z'></head><body><h1>Le pont</h1>"
        b"<script>alert('steal')</script><p onclick=steal()>On ferme le pont pour la nuit de lundi a mardi.</p>"
        b"<table><tr><th>Jour</th><th>Heure</th></tr><tr><td>lundi</td><td>22</td></tr></table></body></html>"
    )
    got = take(page, "pont.html")
    assert (got.title, got.author, got.language, got.created[:10]) == ("Pont", "Ada", "fr", "2024-01-02")
    assert "On ferme le pont" in got.text
    assert "lundi" in got.text
    assert "steal" not in got.text


def test_a_pages_declared_encoding_is_believed() -> None:
    page = '<html><head><meta charset="koi8-r"></head><body><p>Мост закрыт на ремонт до весны</p></body></html>'
    assert "Мост закрыт" in take(page.encode("koi8-r"), "a.html").text


def test_a_feed_gives_its_entries() -> None:
    feed = (
        b"<rss><channel><title>News</title><item><title>One</title>"
        b"<description>&lt;p&gt;First &lt;script&gt;x()&lt;/script&gt;words&lt;/p&gt;</description>"
        b"</item></channel></rss>"
    )
    got = take(feed, "a.rss")
    assert got.title == "News"
    assert "## One" in got.text
    assert "First" in got.text
    assert "x()" not in got.text


@pytest.mark.parametrize("name", ["a.xml", "a.rss", "a.svg", "a.html", "a.docx"])
def test_entities_read_no_files(name: str) -> None:
    entity = '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    content = docx("before &e; after", entity) if name == "a.docx" else f"{entity}<r>before &e; after</r>".encode()
    assert "root:" not in text_or_cause(content, name)


@pytest.mark.parametrize("root", ["r", "rss", "svg"])
def test_a_billion_laughs_are_not_laughed(root: str) -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY l0 "ha">{levels}]><{root}><title>t &l9;</title></{root}>'
    assert len(text_or_cause(bomb.encode(), "a.xml")) < 100_000


@pytest.mark.parametrize("prefix", ["", "svg:"])
def test_a_picture_gives_its_words_and_none_of_its_code(prefix: str) -> None:
    space = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    picture = (
        f'<?xml-stylesheet href="sheet.css"?><{prefix}svg {space}="http://www.w3.org/2000/svg">'
        f"<{prefix}title>Weir</{prefix}title><{prefix}style>.a {{fill: red}}</{prefix}style>"
        f"<{prefix}script><![CDATA[alert(1)]]></{prefix}script> gate "
        f"<{prefix}text>Level two</{prefix}text></{prefix}svg>"
    )
    assert take(picture.encode(), "a.svg").text.split() == ["Weir", "gate", "Level", "two"]
    assert take(b"<svg><script>alert(1)</script><text>Weir</text></svg>", "a.svg").text == "Weir"
    inside = f"<doc><p>Before</p>{picture.partition('?>')[2]}</doc>"
    assert "alert" not in take(inside.encode(), "a.xml").text


def test_a_script_that_somebody_wrote_stays() -> None:
    assert take(b"<play><script>Enter two engineers.</script></play>", "a.xml").text == "Enter two engineers."


def test_mail_gives_headers_body_and_attachments() -> None:
    mail = email.message.EmailMessage()
    mail["From"], mail["Subject"], mail["Date"] = "Ada <a@x.org>", "Brücke", "Mon, 01 Jan 2024 10:00:00 +0000"
    mail.set_content("The bridge is closed.")
    mail.add_alternative("<p>The <b>bridge</b> is closed.</p>", subtype="html")
    mail.add_attachment(b"Load tables", maintype="text", subtype="plain", filename="tables.txt")
    mail.add_attachment(b"\x00\x01\x02" * 99, maintype="application", subtype="octet-stream", filename="x.bin")
    got = take(mail.as_bytes(), "")
    assert (got.title, got.author, got.created[:10]) == ("Brücke", "Ada <a@x.org>", "2024-01-01")
    assert "The bridge is closed." in got.text
    assert "## tables.txt\n\nLoad tables" in got.text
    assert got.warnings == ["x.bin: No reader for this kind of file: application/octet-stream"]


def test_a_zip_gives_its_members_and_names_those_without_text() -> None:
    got = take(zipped({"a.txt": b"Alpha", "b/c.md": b"# Beta", "noise.bin": bytes(range(256))}), "all.zip")
    assert "## a.txt\n\nAlpha" in got.text
    assert "# Beta" in got.text
    assert [note.partition(":")[0] for note in got.warnings] == ["noise.bin"]
    assert got.title == "All"


def test_tar_and_gzip_give_their_members() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"Alpha"))
        link = tarfile.TarInfo("passwd")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    got = take(buffer.getvalue(), "all.tgz")
    assert "Alpha" in got.text
    assert "root:" not in got.text
    assert "Beta" in take(gzip.compress(b"Beta"), "b.txt.gz").text


@pytest.mark.parametrize(
    ("content", "name", "cause"),
    [
        (b"", "a.txt", Cause.EMPTY),
        (b" \n\x00\n", "a.pdf", Cause.EMPTY),
        (b"... --- !!!", "a.txt", Cause.NO_TEXT),
        (b"%PDF-1.4\n1 0 obj\n<<", "a.pdf", Cause.TRUNCATED),
        (b"%PDF-1.4\nnonsense\n%%EOF", "a.pdf", Cause.DAMAGED),
        (docx("words")[:150], "a.docx", Cause.TRUNCATED),
        (b"PK\x03\x04 this was no zip", "a.docx", Cause.TRUNCATED),
        (b"\x89PNG\r\n\x1a\nbroken", "a.png", Cause.DAMAGED),
        (bytes(range(256)), "a.bin", Cause.UNSUPPORTED),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "a.7z", Cause.UNSUPPORTED),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "a.docx", Cause.ENCRYPTED),
        (gzip.compress(b"words" * 1000)[:-20], "a.gz", Cause.TRUNCATED),
        (gzip.compress(b"\x00" * 3_000_000), "a.gz", Cause.EXPANDS_TOO_MUCH),
        (zipped({"a.txt": b"\x00" * 3_000_000}), "a.zip", Cause.EXPANDS_TOO_MUCH),
        (zipped({"a.txt": b"a" * 1_000_000}), "a.zip", Cause.EXPANDS_TOO_MUCH),
        (zipped({"word/document.xml": b" " * 3_000_000}), "a.docx", Cause.EXPANDS_TOO_MUCH),
        (zipped({"xl/workbook.xml": b" " * 3_000_000}), "a.xlsx", Cause.EXPANDS_TOO_MUCH),
        (zipped({}), "a.zip", Cause.EMPTY),
    ],
    ids=lambda value: "content" if isinstance(value, bytes) else value,
)
def test_each_refusal_has_its_name(content: bytes, name: str, cause: Cause) -> None:
    assert cause_of(content, name) == cause


def test_a_locked_zip_is_called_encrypted() -> None:
    content = bytearray(zipped({"a.txt": b"words"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert cause_of(bytes(content), "a.zip") == Cause.ENCRYPTED


def test_a_file_over_the_limit_is_refused_by_size() -> None:
    assert cause_of(b"a" * 2_000, "a.txt", Limits(file_bytes=1_000)) == Cause.TOO_LARGE


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    head = chunk(b"IHDR", (60_000).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00")
    png = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00" * 100)) + chunk(b"IEND", b"")
    assert cause_of(png, "big.png") == Cause.EXPANDS_TOO_MUCH


def test_files_nested_without_end_end() -> None:
    content = b"deep words"
    for _ in range(8):
        content = zipped({"in.zip" if content[:2] == b"PK" else "in.txt": content})
    assert cause_of(content, "out.zip") == Cause.UNSUPPORTED


def test_a_long_text_is_cut_with_a_warning() -> None:
    got = take(b"word " * 1000, "a.txt", limits=Limits(text_characters=100))
    assert len(got.text) <= 100
    assert "first 100 characters" in got.warnings[0]


@given(st.text())
def test_clean_text_can_be_stored_and_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    once.encode("utf-8")
    assert "\x00" not in once
    assert clean(once) == once


@given(st.binary(max_size=400), st.sampled_from(["", "a.md", "a.csv", "a.json", "a.html", "a.xml", "a.eml", "a.zip"]))
def test_any_bytes_end_as_text_or_as_a_named_failure(content: bytes, name: str) -> None:
    assert text_or_cause(content, name)


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ("D:20240131120000+02'00'", "2024-01-31T12:00:00"),
        ("2024-01-31", "2024-01-31T00:00:00"),
        ("2026-06-23T06:14:53.147505000", "2026-06-23T06:14:53.147505"),
        ("last week", ""),
        ("D:20249999", ""),
        ("", ""),
    ],
)
def test_dates_in_one_form(stated: str, date: str) -> None:
    assert iso_date(stated) == date


def test_names_become_titles() -> None:
    assert title_from_name("a/b/leave-policy_2024.pdf") == "Leave policy 2024"
    assert title_from_name("https://x.org/roads/closures/?p=1") == "Closures"

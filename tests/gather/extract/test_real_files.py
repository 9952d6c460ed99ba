"""Every real file ends as text or as a named failure; where the right text is known, it is found."""

import os
import re
from pathlib import Path

import pytest

from headwater.gather.extract import Cause, Extracted, ExtractionFailed, Job, Pool

DATA = Path(os.environ.get("HEADWATER_DATA") or Path(__file__).parents[4] / "shared" / "data")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data not found: set HEADWATER_DATA")
PICTURES = {".jpg", ".png"}
SCANS = {"MEDRPT-2024-PAT-3847_medical_report_scan.pdf"}
FAILING = {
    "2206.01062_pg3.pdf": Cause.ENCRYPTED,
    "random.bin": Cause.UNSUPPORTED,
    "MEDRPT-2024-PAT-3847_medical_report_scan.md": Cause.EMPTY,
}


def files(folder: str) -> list[Path]:
    found = [path for path in sorted((DATA / folder).rglob("*")) if path.is_file()]
    # Reading pictures takes seconds each; two are read below.
    return [path for path in found if path.suffix not in PICTURES and path.name not in SCANS | {"test_files.zip"}]


def outcomes(paths: list[Path]) -> dict[Path, Extracted | ExtractionFailed]:
    with Pool(2) as pool:
        return dict(zip(paths, pool.extract_many(Job(path, path.name) for path in paths), strict=True))


@needs_data
def test_every_document_and_mail_is_read_but_those_that_cannot_be() -> None:
    failed = {}
    for path, outcome in outcomes(files("extraction") + files("mail")).items():
        if isinstance(outcome, ExtractionFailed):
            failed[path.name] = outcome.cause
        else:
            assert outcome.title
            assert outcome.text
    # Mail whose only words are in a picture may count as words or not.
    assert {name: cause for name, cause in failed.items() if cause != Cause.NO_TEXT} == FAILING
    assert list(failed.values()).count(Cause.NO_TEXT) <= 2


@needs_data
def test_every_feed_file_ends_by_name() -> None:
    got = outcomes(files("feeds"))
    causes = {outcome.cause for outcome in got.values() if isinstance(outcome, ExtractionFailed)}
    assert len(got) > 2_000
    assert causes <= {Cause.NO_TEXT, Cause.DAMAGED, Cause.EMPTY}


@needs_data
@pytest.mark.parametrize(
    ("pdf", "expected"),
    [
        ("test.pdf", "test.md"),
        ("movie-theater-booking-2024.pdf", "movie-theater-booking-2024.md"),
        ("RECEIPT-2024-TXN-98765_retail_purchase.pdf", "RECEIPT-2024-TXN-98765_retail_purchase.md"),
    ],
)
def test_the_words_expected_are_the_words_found(pdf: str, expected: str) -> None:
    folder = DATA / "extraction" / "markitdown"
    wanted = set(re.findall(r"\w{3,}", (folder / "expected_outputs" / expected).read_text()))
    with Pool(1) as pool:
        text = pool.extract(folder / pdf).text
    # The expected text keeps words divided at the end of a line; ours joins them, so a half is found inside a word.
    missing = {word for word in wanted if word not in text}
    assert len(missing) <= 0.02 * len(wanted)


@needs_data
def test_hidden_sheets_stay_hidden_and_speaker_notes_are_heard() -> None:
    folder = DATA / "extraction"
    with Pool(1) as pool:
        book = pool.extract(folder / "docling/xlsx/sources/xlsx_01.xlsx")
        deck = pool.extract(folder / "docling/pptx/sources/powerpoint_sample.pptx")
    assert book.metadata["hidden_sheets"] == 1
    assert "hidden" in book.warnings[0]
    assert "## Speaker notes" in deck.text


@needs_data
def test_a_picture_is_read() -> None:
    with Pool(1) as pool:
        got = pool.extract(DATA / "extraction/markitdown/test_llm.jpg")
    assert got.metadata["read_from_picture"]
    assert len(got.text.split()) > 5

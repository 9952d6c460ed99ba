"""gather_pdf: 200-page born-digital PDFs, joined from real ones, taken as text; and, apart, what scans cost.

No database: pages a second of the readers, as they run for a source (two processes). Pages that are only a picture are
read from the picture; that is another trade and another speed, so it is reported by itself.
"""

import io
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import Figure, at_least, data_folder, plain

if TYPE_CHECKING:
    from headwater.gather.extract import Pool

PAGES, BOOKS = 200, 4
SCAN = "MEDRPT-2024-PAT-3847_medical_report_scan.pdf"


def run() -> Iterator[Figure]:
    """Pages a second of born-digital PDFs; then of scans."""
    from headwater.gather.extract import Extracted, Job, Pool

    with tempfile.TemporaryDirectory(prefix="headwater-pdf-") as folder, Pool(2) as pool:
        books = _books(Path(folder))
        list(pool.extract_many(Job(path) for path in _warm_up(Path(folder))))
        started = time.perf_counter()
        outcomes = list(pool.extract_many(Job(path) for path in books))
        seconds = time.perf_counter() - started
        read = [outcome for outcome in outcomes if isinstance(outcome, Extracted)]
        pages = sum(outcome.metadata["pages"] for outcome in read)
        yield at_least("gather_pdf", pages / seconds, "pages/s", 40)
        yield plain("gather_pdf_words", sum(len(outcome.text.split()) for outcome in read), "words")
        yield plain("gather_pdf_read_from_picture", sum(o.metadata["pages_read_from_picture"] for o in read), "pages")
        yield from _scans(pool)


def _born_digital() -> list[Path]:
    """Real PDFs whose every page has text of its own."""
    import pypdfium2 as pdfium

    found: list[Path] = []
    for path in sorted((data_folder() / "extraction" / "docling" / "pdf").glob("*.pdf")):
        try:
            document = pdfium.PdfDocument(path)
        except pdfium.PdfiumError:
            continue
        if all(len(page.get_textpage().get_text_bounded()) > 200 for page in document):
            found.append(path)
        document.close()
    return found


def _books(folder: Path) -> list[Path]:
    """Books of 200 pages, each joined from the real ones in another order; plain ones where the data are missing."""
    import pypdfium2 as pdfium

    originals = [path.read_bytes() for path in _born_digital()] or [_made_page()]
    books: list[Path] = []
    for number in range(BOOKS):
        book = pdfium.PdfDocument.new()
        turn = number
        while len(book) < PAGES:
            document = pdfium.PdfDocument(originals[turn % len(originals)])
            book.import_pages(document, list(range(min(len(document), PAGES - len(book)))))
            document.close()
            turn += 1
        path = folder / f"book-{number}.pdf"
        book.save(path)
        book.close()
        books.append(path)
    return books


def _warm_up(folder: Path) -> list[Path]:
    """Two small files, so that both readers have loaded what they need."""
    import pypdfium2 as pdfium

    paths = [folder / "warm-1.pdf", folder / "warm-2.pdf"]
    for path in paths:
        document = pdfium.PdfDocument(_made_page())
        document.save(path)
        document.close()
    return paths


def _made_page() -> bytes:
    """A page of text made by hand, in the few objects a PDF needs."""
    lines = "".join(f"(Line {number} of a page that was born digital) Tj T* " for number in range(50))
    stream = f"BT /F 10 Tf 14 TL 50 780 Td {lines}ET".encode()
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = io.BytesIO(b""), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(bodies, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj%s endobj\n" % (number, body))
    start = out.tell()
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    out.write(
        b"xref\n0 6\n0000000000 65535 f \n%strailer<</Root 1 0 R/Size 6>>\nstartxref\n%d\n%%%%EOF" % (rows, start)
    )
    return out.getvalue()


def _scans(pool: "Pool") -> Iterator[Figure]:
    path = data_folder() / "extraction" / "markitdown" / SCAN
    if path.is_file():
        started = time.perf_counter()
        pages = pool.extract(path).metadata["pages_read_from_picture"]
        yield plain("gather_pdf_scans", pages / (time.perf_counter() - started), "pages/s")

"""Makes the binary documents of the demonstration ministry from the texts beside this file.

    python tools/demo/make_documents.py

reads `originals/<path>.md` (pdf, docx, odt, pptx) and `originals/<path>.yaml` (xlsx) and writes
`src/headwater/demo/ministry/documents/<path>`. A second run writes the same bytes. Two names are read apart:
`x.protected.pdf.md` becomes `x.pdf` with a password nobody is told, `x.damaged.docx.md` becomes `x.docx` cut short,
so that the demonstration has documents that cannot be read.
"""

from __future__ import annotations

import sys
from pathlib import Path

import office
import pdf
import slides
import text

ORIGINALS = Path(__file__).parent / "originals"
DOCUMENTS = Path(__file__).parents[2] / "src/headwater/demo/ministry/documents"


def main() -> None:
    """Write every document; print how many and how many bytes."""
    written = [make_document(path) for path in sorted(ORIGINALS.rglob("*.*")) if path.is_file()]
    size = sum(path.stat().st_size for path in written) // 1024
    sys.stdout.write(f"{len(written)} documents, {size} KB in {DOCUMENTS}\n")


def make_document(original: Path) -> Path:
    """The document made from one original; its path."""
    name = original.relative_to(ORIGINALS).with_suffix("")
    target = DOCUMENTS / str(name).replace(".protected", "").replace(".damaged", "")
    target.parent.mkdir(parents=True, exist_ok=True)
    content = _render(original, target.suffix, locked=".protected" in name.name)
    if ".damaged" in name.name:
        content = content[: len(content) * 2 // 3]
    target.write_bytes(content)
    return target


def _render(original: Path, suffix: str, *, locked: bool) -> bytes:
    if suffix == ".xlsx":
        return office.write_xlsx(text.read_workbook(original))
    page = text.read_page(original)
    if suffix == ".pdf":
        return pdf.write_pdf(page, locked=locked)
    if suffix == ".pptx":
        return slides.write_pptx(page)
    return office.write_docx(page) if suffix == ".docx" else office.write_odt(page)


if __name__ == "__main__":
    main()

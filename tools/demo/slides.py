"""Slides with speaker notes. Each title line begins a slide."""

from __future__ import annotations

import datetime
import io

from office import fix_dates
from pptx import Presentation
from text import Block, Page

DATE = datetime.datetime(2020, 1, 1)


def write_pptx(page: Page) -> bytes:
    """The page as PPTX bytes."""
    deck = Presentation()
    properties = deck.core_properties
    properties.title, properties.author = page.title, page.author
    properties.created = properties.modified = DATE
    for title, blocks in _slides(page.blocks):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(block.text for block in blocks if block.kind != "note")
        slide.notes_slide.notes_text_frame.text = "\n".join(block.text for block in blocks if block.kind == "note")
    out = io.BytesIO()
    deck.save(out)
    return fix_dates(out.getvalue())


def _slides(blocks: list[Block]) -> list[tuple[str, list[Block]]]:
    found: list[tuple[str, list[Block]]] = []
    for block in blocks:
        if block.kind == "title":
            found.append((block.text, []))
        else:
            found[-1][1].append(block)
    return found

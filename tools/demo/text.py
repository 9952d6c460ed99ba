"""The originals as read: a head in YAML, then headings, list items, notes and paragraphs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Block:
    """One paragraph. `kind` is title, heading, item, note or body."""

    kind: str
    text: str


@dataclass(frozen=True)
class Page:
    """A text with its head."""

    title: str
    author: str
    language: str
    blocks: list[Block]


@dataclass(frozen=True)
class Workbook:
    """Sheets by name, each a list of rows; None is an empty cell."""

    title: str
    author: str
    sheets: dict[str, list[list[str | int | float | None]]]


def read_page(path: Path) -> Page:
    """Read one Markdown original."""
    _, head, body = path.read_text("utf-8").split("---\n", 2)
    about = yaml.safe_load(head)
    blocks = [_block(line.strip()) for line in body.splitlines() if line.strip()]
    return Page(about["title"], about["author"], about["language"], blocks)


def read_workbook(path: Path) -> Workbook:
    """Read one YAML original."""
    about = yaml.safe_load(path.read_text("utf-8"))
    return Workbook(about["title"], about["author"], about["sheets"])


def _block(line: str) -> Block:
    for mark, kind in (("## ", "heading"), ("# ", "title"), ("- ", "item"), ("> ", "note")):
        if line.startswith(mark):
            return Block(kind, line.removeprefix(mark))
    return Block("item" if line[0].isdigit() and line[1:3] == ". " else "body", line)

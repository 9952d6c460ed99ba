"""Reader for web pages: the main text without menus and scripts, and the facts stated in the head."""

import re
from typing import Any

import trafilatura
from lxml import etree, html

from headwater.gather.extract.outcome import Cause, Context, ExtractionFailed, Reading
from headwater.gather.extract.text import decode

_SILENT = "//script|//style|//noscript|//template|//head|//svg|//iframe|//object|//*[@hidden]|//comment()"
_BLOCKS = {"p", "div", "section", "article", "header", "footer", "main", "nav", "aside", "ul", "ol", "table", "dl"}
_BLOCKS |= {
    "blockquote",
    "pre",
    "figure",
    "figcaption",
    "form",
    "fieldset",
    "details",
    "summary",
    "address",
    "dt",
    "dd",
}
_BLOCKS |= {"br", "hr", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6"}
_DECLARED = re.compile(rb"""<(?:meta[^>]+charset\s*=\s*["']?|\?xml[^>]+encoding\s*=\s*["'])([A-Za-z0-9_.:-]+)""", re.I)
# A page this short has hardly any menu around it, so leaving out is likelier to lose words than to win clarity.
_SHORT_PAGE = 3_000
_KEPT_SHARE = 0.8
_AUTHOR = ("author", "article:author", "dcterms.creator", "dc.creator")
_CREATED = ("article:published_time", "datepublished", "dcterms.issued", "dcterms.created", "dc.date", "date")
_MODIFIED = ("article:modified_time", "datemodified", "dcterms.modified", "last-modified")


def read_page(content: bytes, context: Context) -> Reading:
    """The main text as Markdown. Raises ExtractionFailed(damaged) when no element can be found."""
    tree = parse(decode_page(content))
    facts = _facts(tree)
    main = trafilatura.extract(
        tree, output_format="markdown", favor_recall=True, include_tables=True, include_comments=False, fast=True
    )
    reading = Reading(main or "", markdown=True, metadata={"head": facts})
    whole = text_of(tree)
    if _lost_too_much(reading.text, whole):
        reading.text = whole
    reading.title = facts.get("og:title") or facts.get("title") or ""
    reading.author = _first(facts, _AUTHOR)
    reading.created, reading.modified = _first(facts, _CREATED), _first(facts, _MODIFIED)
    reading.language = facts.get("lang", "")
    return reading


def parse(page: str) -> html.HtmlElement:
    """The tree of a page. The HTML parser of lxml reads no entities from files and fetches nothing."""
    try:
        # Without the declaration lxml refuses text that names its own encoding.
        return html.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", page))
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise ExtractionFailed(Cause.DAMAGED, str(error)) from error


def decode_page(content: bytes) -> str:
    """By byte order mark, then by what the page declares, then by its letters."""
    declared = _DECLARED.search(content[:2_048])
    if declared and not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            return decode(content)
    return decode(content)


def _lost_too_much(main: str, whole: str) -> bool:
    kept, all_words = len(main.split()), len(whole.split())
    return not kept or (len(whole) < _SHORT_PAGE and kept < all_words * _KEPT_SHARE)


def _facts(tree: html.HtmlElement) -> dict[str, str]:
    facts: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or element.get("http-equiv")
        if name and element.get("content") and len(facts) < 60:
            facts.setdefault(name.lower()[:80], element.get("content", "")[:500])
    title = next(iter(tree.xpath("//title[not(ancestor::*[local-name()='svg'])]")), None)
    if title is not None:
        facts["title"] = title.text_content().strip()[:500]
    language = tree.get("lang") or next(iter(tree.xpath("//html/@lang")), "")
    if language:
        facts["lang"] = str(language)
    return facts


def _first(facts: dict[str, str], names: tuple[str, ...]) -> str:
    return next((facts[name] for name in names if facts.get(name)), "")


def text_of(tree: html.HtmlElement) -> str:
    """All visible words as plain Markdown: headings, list marks and one line to a table row. Changes the tree."""
    for element in tree.xpath(_SILENT):
        if element.getparent() is not None:
            _drop(element)
    pieces: list[str] = []
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        _add_piece(pieces, event, element)
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip(" |") for line in lines)).strip()


def _drop(element: Any) -> None:
    if isinstance(element, html.HtmlElement):
        element.drop_tree()
    else:  # comments have no drop_tree; the text after one belongs to the page
        parent, tail = element.getparent(), element.tail or ""
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
        parent.remove(element)


def _add_piece(pieces: list[str], event: str, element: Any) -> None:
    tag = element.tag if isinstance(element.tag, str) else ""
    if event == "end":
        if tag in _BLOCKS:
            pieces.append("\n" if tag in ("tr", "li", "br", "dt") else "\n\n")
        pieces.append((" | " if tag in ("td", "th") else "") + re.sub(r"\s+", " ", element.tail or ""))
        return
    if re.fullmatch(r"h[1-6]", tag):
        pieces.append("\n\n" + "#" * int(tag[1]) + " ")
    elif tag in _BLOCKS:
        pieces.append("\n- " if tag == "li" else "\n")
    pieces.append(re.sub(r"\s+", " ", element.text or ""))

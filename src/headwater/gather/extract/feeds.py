"""Reader for a feed kept as a file, and for other XML: the words, never what its entities point at."""

import re
from typing import Any

import feedparser
from lxml import etree

from headwater.gather.extract.outcome import Cause, Context, ExtractionFailed, Reading
from headwater.gather.extract.pages import parse, text_of
from headwater.gather.extract.text import decode

_ENTRIES = 2_000
_SILENT = ("script", "style")
# In a picture or a page these are code; in other XML a <script> may well be what somebody wrote.
_SPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml")
_SILENT_PART = re.compile(r"<((?:\w+:)?(?:script|style))\b.*?(?:</\1\s*>|\Z)", re.I | re.S)


def read_feed(content: bytes, context: Context) -> Reading:
    """Title of the feed and each entry as a section. A file that is XML but no feed is read as XML."""
    feed = feedparser.parse(content, sanitize_html=True, resolve_relative_uris=False)
    if not feed.entries and not feed.feed.get("title"):
        return read_xml(content, context)
    about = [feed.feed.get("title", ""), plain(feed.feed.get("subtitle", ""))]
    sections = [_entry(entry) for entry in feed.entries[:_ENTRIES]]
    return Reading(
        "\n\n".join(part for part in [about[1], *sections] if part) or about[0],
        title=plain(about[0]),
        author=feed.feed.get("author", ""),
        modified=str(feed.feed.get("updated", "")),
        language=feed.feed.get("language", ""),
        markdown=True,
        headed=False,
        metadata={"entries": len(feed.entries)},
    )


def _entry(entry: Any) -> str:
    body = " ".join(part.get("value", "") for part in entry.get("content", [])) or entry.get("summary", "")
    title = plain(entry.get("title", ""))
    return f"## {title}\n\n{plain(body)}".strip() if title else plain(body)


def plain(fragment: str) -> str:
    """The words of an HTML fragment."""
    if "<" not in fragment and "&" not in fragment:
        return fragment.strip()
    try:
        return text_of(parse(f"<div>{fragment}</div>"))
    except ExtractionFailed:
        return re.sub(r"<[^>]*>", " ", fragment).strip()


def read_xml(content: bytes, context: Context) -> Reading:
    """All text between the tags, without the code of pictures. Entities are neither expanded nor fetched."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        recover=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.LxmlError, ValueError, LookupError) as error:
        raise ExtractionFailed(Cause.DAMAGED, str(error)) from error
    if root is None:
        # Nothing in it is XML after all; its words are still words.
        return Reading(re.sub(r"<[^>]*>", " ", _SILENT_PART.sub(" ", decode(content))))
    _silence(root)
    lines = (" ".join(words.split()) for words in root.itertext())
    return Reading("\n".join(line for line in lines if line))


def _silence(root: Any) -> None:
    """Takes scripts and styles out of a picture or a page, and out of those that stand inside other XML."""
    spaces = ["*"] if etree.QName(root).localname.lower() in ("svg", "html") else _SPACES
    etree.strip_elements(root, *[f"{{{space}}}{tag}" for space in spaces for tag in _SILENT], with_tail=False)

"""What the index holds of an entry, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import tantivy

from headwater.core.apart import apart_if_long
from headwater.search.language.analyzer import surfaces
from headwater.search.language.folding import base_language, facet_key, stems_of
from headwater.search.language.query import FACET_NAMES
from headwater.search.language.searchable import Searchable, facet_keys

# What changes the schema, or which words the analyzer makes of a text, gets the next number: indexes of another number
# are built anew from the database.
SCHEMA_VERSION = 2
# Besides those of the query language: what a page may narrow results by.
NARROWINGS = ("standing",)
_SEPARATED = "whitespace"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Indexed:
    """An entry as it goes into the index: what is searched, and who may find it.

    `tokens` are strings such as "a12" (audience), "o7" (owner), "s3" (steward of a unit); a person who has one of them
    finds the entry if their clearance reaches `classification`. `standing` is "" or verified, due, disputed.
    """

    searchable: Searchable
    tokens: tuple[str, ...]
    classification: int
    copy_of: int | None = None
    standing: str = ""


def microseconds(moment: datetime) -> int:
    """The moment as the index keeps it: whole microseconds since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def build_schema() -> tantivy.Schema:
    """The fields of the index.

    `stems` and `surfaces` hold the title and, as a second value so that no phrase spans both, the text; the fields
    with `title_` the title alone. Stems carry their language ("en:procedur"). `words` keeps language, title and text as
    surfaces, a line each, so that nearness can be verified without the database.
    """
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("entry", indexed=True, fast=True)
    builder.add_unsigned_field("version", fast=True)
    builder.add_unsigned_field("copy_of", fast=True)
    builder.add_integer_field("published", indexed=True, fast=True)
    builder.add_unsigned_field("year", fast=True)
    builder.add_bytes_field("words", stored=True)
    for name in ("stems", "surfaces", "title_stems", "title_surfaces"):
        builder.add_text_field(name, tokenizer_name=_SEPARATED, index_option="position")
    for name in (*FACET_NAMES, *NARROWINGS):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("token", "path"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("classification", indexed=True)
    return builder.build()


def separated() -> tantivy.TextAnalyzer:
    """Our analyzer has cut the words already: tantivy splits them at the spaces.

    (Handing over a token object for each word took three times as long as this for the same postings.)
    """
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


def document(indexed: Indexed) -> tantivy.Document:
    """The entry as a document of the index."""
    version = indexed.searchable
    found = tantivy.Document()
    found.add_unsigned("entry", version.entry_id)
    found.add_unsigned("version", version.version_id)
    found.add_unsigned("copy_of", indexed.copy_of or version.entry_id)
    found.add_integer("published", microseconds(version.published_at))
    found.add_unsigned("year", version.published_at.astimezone(UTC).year)
    found.add_unsigned("classification", indexed.classification)
    for token in indexed.tokens:
        found.add_text("token", token)
    if version.path:
        found.add_text("path", version.path.lstrip("/"))
    for name in FACET_NAMES:
        for key in facet_keys(name, version):
            found.add_text(name, key)
    if indexed.standing:
        found.add_text("standing", facet_key(indexed.standing))
    _add_words(found, version)
    return found


def _forms(text: str, language: str) -> tuple[str, str]:
    """The surfaces of a text, and its stems with their language, with blanks between."""
    words = surfaces(text)
    return " ".join(words), " ".join(f"{language}:{stem}" for stem in stems_of(words, language))


def _add_words(found: tantivy.Document, version: Searchable) -> None:
    language = base_language(version.language)
    kept = [language]
    for name, text in (("title", version.title), ("text", version.text)):
        joined, stems = apart_if_long(len(text), _forms, text, language)
        kept.append(joined)
        found.add_text("stems", stems)
        found.add_text("surfaces", joined)
        if name == "title":
            found.add_text("title_stems", stems)
            found.add_text("title_surfaces", joined)
    found.add_bytes("words", "\n".join(kept).encode())

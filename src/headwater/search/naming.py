"""The names that may stand in a query (`unit:"Water and Drainage"`), and the slugs that are searched and kept.

Names change, slugs do not: what is kept as slugs goes on finding the same when a unit or a source gets another name.
A room above offers the names of what it owns when the application starts (its `apps.py`), so that nothing here knows
of it.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.conf.locale import LANG_INFO
from django.db.models.functions import Lower
from django.utils.translation import get_language, gettext, override

from headwater.core.actions import Actor
from headwater.people.models import Person, Unit
from headwater.search.language.folding import base_language, facet_key
from headwater.search.language.naming import Values, meant, values_of
from headwater.search.language.parser import parse
from headwater.search.language.query import Facet, Query
from headwater.search.language.writing import to_text
from headwater.search.models import Entry, Kind
from headwater.taxonomy.models import Concept

Named = Iterable[tuple[str, Iterable[str]]]
# Field → what gives the slugs and names that an actor may know of.
OFFERED: dict[str, Callable[[Actor], Named]] = {}
# Gives slug → name of every source: whoever reads an entry may know where it is from.
SOURCES_CALLED: list[Callable[[], dict[str, str]]] = []

_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
# Languages that texts are recognised in, and that the framework has no name for.
_MORE_LANGUAGES = {
    "am": "Amharic",
    "an": "Aragonese",
    "as": "Assamese",
    "fo": "Faroese",
    "gu": "Gujarati",
    "ht": "Haitian",
    "jv": "Javanese",
    "ku": "Kurdish",
    "la": "Latin",
    "lo": "Lao",
    "mg": "Malagasy",
    "mt": "Maltese",
    "oc": "Occitan",
    "or": "Odia",
    "ps": "Pashto",
    "qu": "Quechua",
    "rw": "Kinyarwanda",
    "se": "Northern Sami",
    "si": "Sinhala",
    "tl": "Tagalog",
    "vo": "Volapük",
    "wa": "Walloon",
    "xh": "Xhosa",
    "zh": "Chinese",
    "zu": "Zulu",
}


class Names:
    """What one actor's names mean. The database is asked only when a field with values stands in a query."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._values: dict[str, Values] = {}

    def __call__(self, leaf: Facet) -> Query:
        """The leaf with slugs for names. Raises QueryError for what is not there, or not for this actor to know."""
        if leaf.name == "topic" and Concept.objects.filter(slug=leaf.value, merged_into=None).exists():
            return leaf  # a thesaurus is large: its labels are read only when one of them is asked for
        values = self._values_of(leaf.name)
        if facet_key(leaf.value) not in values and self._is_read(leaf):
            return leaf
        return meant(leaf, values)

    def _values_of(self, name: str) -> Values:
        if name not in self._values:
            self._values[name] = _values_of(name, self.actor)
        return self._values[name]

    def _is_read(self, leaf: Facet) -> bool:
        """Whether the actor reads something that has this very value, though nobody gave it a name."""
        entries = Entry.objects.current()
        if isinstance(self.actor, Person):
            entries = entries.readable_by(self.actor)
        if leaf.name == "source":
            return entries.filter(source_slug=leaf.value).exists()
        if leaf.name == "lang" and _TAG.fullmatch(tag := leaf.value.lower()):
            if base_language(tag) in self._values_of("lang"):
                return True
            spoken: Any = entries.annotate(tag=Lower("current_version__language"))
            return bool(spoken.filter(tag__startswith=tag).exists())
        return False


def canonical(text: str, actor: Actor) -> str:
    """The query as it is kept: names of values as slugs, and otherwise as it was typed. Raises QueryError."""
    return as_kept(text, parse(text, Names(actor)))


def as_kept(text: str, query: Query) -> str:
    """The same of a query that was read already, with slugs for names."""
    return text if query == parse(text) else to_text(query)


def source_names() -> dict[str, str]:
    """What the sources are called, by slug, in one query; a slug without a name is missing."""
    return {slug: name for offer in SOURCES_CALLED for slug, name in offer().items()}


def _values_of(name: str, actor: Actor) -> Values:
    if name in ("kind", "lang"):
        return (_kinds if name == "kind" else _languages)(get_language() or "en")
    if name == "unit":
        return values_of((slug, [label]) for slug, label in Unit.objects.values_list("slug", "name"))
    if name == "topic":
        return values_of(_topics())
    return values_of(OFFERED[name](actor) if name in OFFERED else ())


def _topics() -> Named:
    """Topics by their labels and other labels in every language; a topic that was merged is the one it went into."""
    rows = Concept.objects.values_list("slug", "labels", "alternatives", "merged_into__slug")
    for slug, labels, alternatives, into in rows.iterator():
        called = [*labels.values(), *(label for each in alternatives.values() for label in each)]
        yield into or slug, [*called, slug] if into else called


@lru_cache(maxsize=64)
def _kinds(language: str) -> Values:
    with override("en"):
        plain = {kind.value: str(kind.label) for kind in Kind}
    with override(language):
        return values_of((kind.value, [str(kind.label), plain[kind.value]]) for kind in Kind)


@lru_cache(maxsize=64)
def _languages(language: str) -> Values:
    """Languages by tag, by their own name, in English, and in the reader's language."""
    named = {tag: [info["name"], info["name_local"]] for tag, info in LANG_INFO.items() if "name" in info}
    named = {tag: [name] for tag, name in _MORE_LANGUAGES.items()} | named
    with override(language):
        return values_of((tag, [*names, gettext(names[0])]) for tag, names in named.items())

"""Queries and versions for property tests: few words, so that they often meet."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from headwater.search.language.query import (
    And,
    Boost,
    Dated,
    Everything,
    Facet,
    Near,
    Not,
    Or,
    PathGlob,
    Phrase,
    Prefix,
    Query,
    Recent,
    Word,
    all_of,
    any_of,
)
from headwater.search.language.searchable import Searchable

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
VOCABULARY = (
    "rescue",
    "rescues",
    "rescued",
    "space",
    "spaces",
    "confined",
    "line",
    "co-operate",
    "Sécurité",
    "securite",
    "l'eau",
    "eau",
    "eaux",
    "安全",
    "安全管理",
    "水",
    "下水道",
    "OR",
    "x:y",
    "50%",
    "½",
    "⑴b",
    "ﷺ",
    "صلى",
    "وسلم",
    "ͺ",
    "㈠",
    "Straße",
    "İstanbul",
)
PREFIXES = ("re", "res", "spac", "conf", "sec", "Séc", "ea", "安", "安全", "下水", "op", "وس", "㈠", "1b", "x" * 70)
PATHS = ("", "a.md", "docs/a.md", "docs/b.txt", "docs/deep/a.md", "pages/x/y.md")
GLOBS = (
    "?" * 300,
    "a" * 300 + "*",
    "*",
    "*.md",
    "docs/*",
    "docs/",
    "docs/**",
    "/a.md",
    "a.md",
    "**/deep",
    "pages/**/y.*",
    "[!a].txt",
    "?.md",
)
LANGUAGES = ("en", "fr", "zh", "")

words = st.sampled_from(VOCABULARY)
fields = st.sampled_from((None, None, "title"))


def _word_leaf(field: str | None) -> st.SearchStrategy[Word | Prefix | Phrase]:
    return st.one_of(
        st.builds(Word, words, st.just(field)),
        st.builds(Prefix, st.sampled_from(PREFIXES), st.just(field)),
        st.builds(Phrase, st.lists(words, min_size=1, max_size=3).map(tuple), st.just(field)),
    )


word_leaves = fields.flatmap(_word_leaf)
nears = fields.flatmap(
    lambda field: st.builds(
        Near, st.lists(_word_leaf(field), min_size=2, max_size=3).map(tuple), st.integers(min_value=0, max_value=4)
    )
)
facets = st.one_of(
    st.builds(Facet, st.just("kind"), st.sampled_from(("procedure", "lesson", "How-to"))),
    st.builds(Facet, st.just("topic"), st.sampled_from(("site safety", "Site_Safety", "roads"))),
    st.builds(Facet, st.just("unit"), st.sampled_from(("works", "drainage"))),
    st.builds(Facet, st.just("source"), st.sampled_from(("handbook", "feed"))),
    st.builds(Facet, st.just("lang"), st.sampled_from(("en", "en-GB", "fr"))),
)
days = st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 4, 30))
dates = st.one_of(
    st.tuples(days, days).map(lambda pair: Dated(min(pair), max(pair))),
    days.map(lambda day: Dated(day, None)),
    days.map(lambda day: Dated(None, day)),
    st.integers(min_value=1, max_value=90).map(Recent),
)
leaves = st.one_of(
    word_leaves, word_leaves, nears, facets, dates, st.builds(PathGlob, st.sampled_from(GLOBS)), st.just(Everything())
)


def _combined(parts: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    several = st.lists(parts, min_size=2, max_size=3)
    factors = st.sampled_from((0.5, 2.0, 1.25))
    return st.one_of(several.map(all_of), several.map(any_of), st.builds(Not, parts), st.builds(Boost, parts, factors))


queries: st.SearchStrategy[Query] = st.recursive(leaves, _combined, max_leaves=6)

texts = st.lists(words, max_size=12).map(" ".join)


@st.composite
def versions(draw: st.DrawFn, entry_id: int = 1) -> Searchable:
    """A version whose words, values and dates are those that the queries ask for."""
    return Searchable(
        entry_id=entry_id,
        version_id=entry_id * 10,
        title=draw(st.lists(words, max_size=4).map(" ".join)),
        text=draw(texts),
        language=draw(st.sampled_from(("en", "en-GB", "fr", "zh", ""))),
        kind=draw(st.sampled_from(("procedure", "lesson", "how-to"))),
        source=draw(st.sampled_from(("handbook", "feed", ""))),
        topics=draw(st.sampled_from(((), ("site-safety", "Site safety"), ("roads",)))),
        unit=draw(st.sampled_from(((), ("works",), ("works", "drainage")))),
        path=draw(st.sampled_from(PATHS)),
        published_at=NOW - timedelta(hours=draw(st.integers(min_value=0, max_value=24 * 80))),
    )


def is_normal(query: Query) -> bool:
    """Whether no And stands right inside an And, nor an Or inside an Or: the form that `parse` gives."""
    if isinstance(query, And | Or):
        return not any(isinstance(part, type(query)) for part in query.parts) and all(map(is_normal, query.parts))
    return is_normal(query.part) if isinstance(query, Not | Boost) else True

"""Looking back: what a standing query, or learned words, would have brought, and what changing them would do."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _

from headwater.distribute.actions.profiles import said, unkeepable
from headwater.distribute.breadth import Breadth, LearnedBreadth, takes_all
from headwater.distribute.comparing import EXAMPLES, Change, change_of
from headwater.distribute.models import InterestProfile, LearnedInterest, Preference
from headwater.distribute.narrowing import Narrowing, narrowing_words
from headwater.distribute.past import Past, PastItem, day_of, past_item, per_day, per_week
from headwater.distribute.recalling import Brought, Recent, days_brought
from headwater.people.models import Person
from headwater.search.errors import EMPTY_PLACE
from headwater.search.language.errors import QueryError
from headwater.search.language.parser import parse
from headwater.search.language.query import And, Everything, Not, Or, Phrase, Prefix, Query, Word, all_of, any_of
from headwater.search.language.query import leaves as leaves_of
from headwater.search.language.snippet import marker
from headwater.search.language.writing import to_text
from headwater.search.lexical.searching import Hit
from headwater.search.naming import Names

SHOWN = 12
MOST_WORDS = 12
MOST_TAKEN_APART = 40  # words: of more, it is not counted what would not come without each
MOST_OTHERS = 2_000  # words and conditions of the other profiles that are laid beside this one


@dataclass(frozen=True)
class WordCount:
    """One word of a query: how many it finds by itself, and how many would not come without it."""

    word: str
    count: int
    only: int

    @property
    def parts(self) -> list[tuple[str, float]]:
        """As a meter shows it: what would not come without the word, and what would all the same."""
        return [("s5", self.only), ("s3", self.count - self.only)]


@dataclass(frozen=True)
class Preview:
    """What would have come in the last days; or, in `error`, why the query cannot be read (`before` it, `wrong` there).

    Of a `count` beyond past.MOST_HITS, weeks and days are of the newest `counted` alone: then `is_cut`.

    With an error, `breadth` is there when the query can be read and kept, and only looking back would take too long.

    `weeks` are (label, number) pairs, oldest first, `beside` what the reader's `others` other profiles brought besides
    in each. `busiest` is the number on the fullest day and `together` that with the other profiles on their fullest,
    `fullest`; both to hold against the `budget` of pushes a day. `narrowing` is offered where a query goes beyond it.
    """

    count: int = 0
    counted: int = 0
    searched: int = 0
    milliseconds: int = 0
    weeks: list[tuple[str, int]] = field(default_factory=list)
    beside: list[int] = field(default_factory=list)
    others: int = 0
    items: list[PastItem] = field(default_factory=list)
    words: list[WordCount] = field(default_factory=list)
    busiest: int = 0
    together: int = 0
    fullest: date | None = None
    budget: int = 0
    breadth: Breadth | None = None
    narrowing: list[Narrowing] = field(default_factory=list)
    change: Change | None = None
    days: int = 90
    error: str = ""
    before: str = ""
    wrong: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether there are more than weeks and days are counted of."""
        return self.counted < self.count

    @property
    def fits(self) -> bool:
        """Whether even the fullest day stays within the budget."""
        return self.busiest <= self.budget

    @property
    def rolled(self) -> int:
        """How many of the fullest day, all profiles together, would have waited for the digest."""
        return max(0, self.together - self.budget)

    @property
    def most(self) -> int:
        """The largest number that one word brings, at least 1."""
        return max([1, *(word.count for word in self.words)])

    @property
    def a_week(self) -> float:
        """Items a week, on average."""
        return round(7 * self.count / self.days, 1)

    @property
    def heads(self) -> list[str]:
        """What stands over the columns of the chart's table."""
        own = [_("When"), _("This profile")]
        return [*own, _("Others besides")] if any(self.beside) else own

    @property
    def bars(self) -> list[dict[str, object]]:
        """The weeks as a chart takes them: this profile's, and above it what the others brought besides."""
        beside = self.beside or [0] * len(self.weeks)
        return [
            {"label": label, "value": value, "above": above}
            for (label, value), above in zip(self.weeks, beside, strict=True)
        ]


def preview_profile(
    person: Person, query: str, days: int = 90, profile: InterestProfile | None = None, is_own: bool = True
) -> Preview:
    """What this standing query would have brought the person in the last days. Never raises for a bad query.

    With a `profile`, also what putting the query in its place would do. `is_own` False leaves out what only its holder
    wants to know: their other profiles, their budget, and how to stay within it.
    """
    began = time.perf_counter()
    if (unfit := unkeepable(query)) is not None:
        return Preview(error=unfit.said, before=query[: unfit.position], wrong="\ufffd")
    try:
        asked = parse(query, Names(person))
    except QueryError as error:
        return _marked(query, error)
    try:
        preview = _looked_back(person, asked, days, profile, is_own)
    except QueryError as error:
        return replace(_marked(query, error), breadth=Breadth(None, 0, takes_all(asked)))
    return replace(preview, milliseconds=round(1000 * (time.perf_counter() - began)))


def _marked(query: str, error: QueryError) -> Preview:
    """What is wrong with a query, and where."""
    return Preview(error=said(error), before=query[: error.position], wrong=query[error.position :] or EMPTY_PLACE)


def _looked_back(person: Person, asked: Query, days: int, profile: InterestProfile | None, is_own: bool) -> Preview:
    """The figures. Raises QueryError where they would take too long."""
    past = Past.of(person, days)
    found = past.found(asked)
    counted = per_day(found.hits)
    preview = Preview(
        count=found.total,
        counted=len(found.hits),
        searched=past.searched,
        weeks=per_week(counted, days),
        items=past.items(person, asked, found.hits[:SHOWN]),
        words=_words(asked, past, found.total),
        busiest=max(counted.values(), default=0),
        breadth=Breadth(found.total, past.searched, takes_all(asked)),
        days=days,
    )
    if is_own:
        preview = _beside_others(preview, person, asked, past, counted, profile)
        if not preview.fits:
            narrower = narrowing_words(person, asked, past, found.hits, preview.budget)
            preview = replace(preview, narrowing=narrower)
    if profile is not None:
        preview = replace(preview, change=change_of(profile, asked, past, person))
    return preview


def preview_learned(
    person: Person, interest: LearnedInterest, edits: Mapping[str, float] | None = None, days: int = 90
) -> Preview:
    """What the words learned of a person would have brought them in the last days, of the newest texts.

    With `edits`, what these would bring in place of the person's own, and what that would change.
    """
    began = time.perf_counter()
    recent = Recent(person, days)
    kept = recent.brought(interest)
    asked = kept if edits is None else recent.brought(interest, edits)
    counted = Counter(day_of(version.published_at) for version, _query in asked)
    others = _others(person, interest.profile if interest.pk else None)
    ids = {version.entry_id for version, _query in asked}
    found = _brought_by(others, Past.of(person, days))
    preview = Preview(
        count=len(asked),
        counted=len(asked),
        searched=len(recent),
        weeks=per_week(counted, days),
        items=_learned_items(person, asked[:SHOWN]),
        busiest=max(counted.values(), default=0),
        breadth=LearnedBreadth(len(asked), len(recent), is_all=False) if edits is not None else None,
        change=_learned_change(person, kept, asked, days) if edits is not None else None,
        days=days,
    )
    preview = _beside(preview, person, counted, per_day(hit for hit in found if hit.entry_id not in ids), len(others))
    return replace(preview, milliseconds=round(1000 * (time.perf_counter() - began)))


def _learned_change(person: Person, before: Sequence[Brought], after: Sequence[Brought], days: int) -> Change:
    was, would = ({version.pk for version, _query in some} for some in (before, after))
    more = [each for each in after if each[0].pk not in was]
    fewer = [each for each in before if each[0].pk not in would]
    return Change(
        before=len(before),
        after=len(after),
        more=len(more),
        fewer=len(fewer),
        more_items=_learned_items(person, more[:EXAMPLES]),
        fewer_items=_learned_items(person, fewer[:EXAMPLES]),
        days=days,
    )


def _learned_items(person: Person, brought: Sequence[Brought]) -> list[PastItem]:
    return [
        past_item(
            version.entry_id,
            version.title,
            version.text,
            version.published_at,
            marker(query, version.language, (person.reading_language, version.language)),
        )
        for version, query in brought
    ]


def _beside_others(
    preview: Preview, person: Person, asked: Query, past: Past, counted: Counter[date], profile: InterestProfile | None
) -> Preview:
    """With what the person's other profiles and what was learned of them brought besides, and their budget."""
    others = _others(person, profile)
    besides = _brought_by(others, past, but=asked)
    learned = days_brought(person, past.days)
    told = {hit.entry_id for hit in (*past.found(asked).hits, *besides)} if learned else set()
    more = per_day(besides) + Counter(day for entry, day in learned.items() if entry not in told)
    return _beside(preview, person, counted, more, len(others) + bool(learned))


def _brought_by(others: Sequence[Query], past: Past, but: Query | None = None) -> Sequence[Hit]:
    """What other profiles brought; nothing where that is too much to look through: it is not what was asked."""
    try:
        return past.found(all_of([any_of(others), *([Not(but)] if but else [])])).hits if others else ()
    except QueryError:
        return ()


def _beside(preview: Preview, person: Person, counted: Counter[date], more: Counter[date], others: int) -> Preview:
    together = counted + more
    fullest = max(together, key=lambda day: (together[day], day), default=None)
    preference = Preference.objects.filter(person=person).first() or Preference(person=person)
    return replace(
        preview,
        beside=[number for __, number in per_week(more, preview.days)],
        others=others,
        together=together[fullest] if fullest is not None else 0,
        fullest=fullest,
        budget=preference.budget,
    )


def _others(person: Person, profile: InterestProfile | None) -> list[Query]:
    """What the person's other profiles ask for, their groups' included; as many as are looked at in a moment.

    What was learned of a person has no query, and is left out: the index cannot be asked for it (`days_brought` can).
    """
    mine = Q(person=person) | person.within()
    rows = InterestProfile.objects.filter(mine, removed_at=None, is_active=True).exclude(query="").order_by("pk")
    asked: list[Query] = []
    size = 0
    for text in rows.exclude(pk=profile.pk if profile else 0).values_list("query", flat=True):
        try:
            query = parse(text)
        except QueryError:  # it brings nothing
            continue
        size += sum(1 for __ in leaves_of(query))
        if size > MOST_OTHERS:
            break
        asked.append(query)
    return asked


def _words(asked: Query, past: Past, total: int) -> list[WordCount]:
    """What each word, prefix and phrase brings by itself, and what would not come without it.

    The second asks for all the others each time, so that of a query as large as few are it is not said (0).
    """
    wanted = list(dict.fromkeys(_wanted(asked)))
    is_large = len(wanted) > MOST_TAKEN_APART
    return [
        WordCount(to_text(leaf), past.count(leaf), 0 if is_large else total - past.count(_without(asked, leaf)))
        for leaf in wanted[:MOST_WORDS]
    ]


def _wanted(query: Query) -> Iterator[Query]:
    """The words, prefixes and phrases of a query that ask for something (not what NOT leaves out)."""
    if isinstance(query, Word | Prefix | Phrase):
        yield query
    elif isinstance(query, And | Or):
        for part in query.parts:
            yield from _wanted(part)


def _without(query: Query, leaf: Query) -> Query:
    """The query where nothing matches that leaf any more."""
    if query == leaf:
        return Not(Everything())
    if isinstance(query, And | Or):
        join = all_of if isinstance(query, And) else any_of
        return join(_without(part, leaf) for part in query.parts)
    return query

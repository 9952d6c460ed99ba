"""What Today shows: what must be read and in how long, what is for me and why, what I am asked to look after."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, NamedTuple

from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.functional import cached_property

from headwater.core.counting import AT_MOST, SPARE, AtLeast, RowCount, RowCounts, bounded, corrected
from headwater.core.lookups import numbers
from headwater.core.prepared import Given, Prepared, PreparedObjects
from headwater.distribute.ahead import NOTHING_AHEAD, STANDING_FIELDS, Ahead, Shown
from headwater.distribute.because import Because, because
from headwater.distribute.digests import digest_hour
from headwater.distribute.inbox import for_you, signed, to_sign
from headwater.distribute.lines import STEP, reasons_of
from headwater.distribute.messages import minutes_of_letters
from headwater.distribute.models import Acknowledgement, Delivery, InterestProfile, Preference, Reason
from headwater.distribute.taking_in import take_in_broadcasts
from headwater.distribute.waiting import unread_in_all
from headwater.library.difference import compare
from headwater.library.models import Article
from headwater.people.held import still_open
from headwater.people.models import Notice, Person
from headwater.people.reading import GivenReader, Reader, given_of, readable, reader_like
from headwater.search.models import Entry, EntryVersion
from headwater.search.sizes import letters_of

MUST_SHOWN = 10
FOR_YOU_SHOWN = 4
NOTICES_SHOWN, NOTICES_READ = 5, 50


@dataclass(frozen=True)
class Line:
    """One delivery as a line: what it is, one sentence of it, why it came, how long it takes.

    `changes` counts what differs from the version this person acknowledged last; 0 when they acknowledged none.
    """

    delivery: Delivery
    sentence: str
    changes: int
    reasons: list[Because]
    minutes: int

    @property
    def entry(self) -> Entry:
        return self.delivery.version.entry


@dataclass
class Today:
    """Everything on the page; each part reads the database once, when the template asks for it.

    What is `ahead` is counted with the rest; None: open broadcasts are taken in first.
    """

    person: Person
    now: datetime = field(default_factory=timezone.now)
    is_being_made: bool = False
    ahead: Ahead | None = None

    @cached_property
    def preference(self) -> Preference:
        return next(iter(_preference.all(person=self.person.pk)), None) or Preference(person=self.person)

    @cached_property
    def digest_at(self) -> datetime:
        """When the next digest comes, on the person's clock."""
        hour = digest_hour(self.person, self.preference)
        return hour if hour > self.now else hour + timedelta(days=1)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """All that is counted by itself, in one query, open broadcasts included."""
        if self.ahead is None:
            take_in_broadcasts(self.person)
        moments, ahead = _Moments.at(self.now), self.ahead or NOTHING_AHEAD
        (found,) = _counted(reader_like(self.person)).rows(
            unbudgeted=numbers(ahead.becoming_essential), **moments._asdict(), **given_of(self.person)
        )
        return _figures(self.person, moments, ahead, *found)

    @property
    def counts(self) -> dict[str, int]:
        """How many are to be read, late, due today, unread for me, waiting for the digest, done this month.

        Each is bounded (core/counting.py).
        """
        return self._numbers

    @cached_property
    def _waiting(self) -> list[Delivery]:
        """The most pressing must-reads and the newest of the rest, in one query."""
        return _pressing(reader_like(self.person)).all(**given_of(self.person))

    @cached_property
    def _reasons(self) -> dict[int, list[Reason]]:
        return reasons_of(self._waiting)

    @cached_property
    def must_read(self) -> list[Line]:
        """The most pressing must-reads, soonest first; those without a day last."""
        found = [delivery for delivery in self._waiting if delivery.must_acknowledge][:MUST_SHOWN]
        changes = self._changes(found)
        return [_line(delivery, self._reasons[delivery.pk], changes.get(delivery.pk, 0)) for delivery in found]

    @cached_property
    def minutes(self) -> int:
        """Reading time of the must-reads that are shown."""
        return sum(line.minutes for line in self.must_read)

    @cached_property
    def for_you(self) -> list[Line]:
        """The newest unread things that profiles and directives without signature brought."""
        found = [delivery for delivery in self._waiting if not delivery.must_acknowledge]
        return [_line(delivery, self._reasons[delivery.pk], 0) for delivery in found[:FOR_YOU_SHOWN]]

    @property
    def gathered_since_yesterday(self) -> int:
        """New versions the person may read that came in since this time yesterday."""
        return self._numbers["gathered"]

    @property
    def pushes_today(self) -> int:
        """Pushes since the person's midnight that the attention budget counts."""
        return self._numbers["pushes"]

    @cached_property
    def notices(self) -> list[Notice]:
        """What else the person must be told: reviews due, sources that failed; nothing that is closed to them now."""
        return still_open(self.person, _notices.all(person=self.person.pk))[:NOTICES_SHOWN]

    @cached_property
    def has_profiles(self) -> bool:
        """Whether the person, or a group they are in, follows anything."""
        return bool(_following(reader_like(self.person)).rows(**given_of(self.person)))

    def _changes(self, deliveries: list[Delivery]) -> dict[int, int]:
        """{delivery: how many changes since the version of the same entry that this person acknowledged last}."""
        entries = [delivery.version.entry_id for delivery in deliveries if delivery.version.number > 1]
        if not entries:
            return {}
        mine = Acknowledgement.objects.filter(person=self.person, version__entry__in=entries)
        latest = dict(mine.values_list("version__entry").annotate(Max("version__number")))
        wanted = [(delivery.pk, delivery.version) for delivery in deliveries if delivery.version.entry_id in latest]
        return {pk: _count_changes(of.entry_id, latest[of.entry_id], of.number) for pk, of in wanted}


class _Moments(NamedTuple):
    """From when on, and until when, Today counts."""

    now: datetime
    yesterday: datetime
    midnight: datetime
    tomorrow: datetime
    month: datetime

    @classmethod
    def at(cls, now: datetime) -> "_Moments":
        midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
        day = timedelta(days=1)
        return cls(now, now - day, midnight, midnight + day, midnight.replace(day=1))


@lru_cache(256)
def _counted(reader: GivenReader) -> Prepared:
    """What `_figures` are made from, as one row. Pushes of what is to be `unbudgeted` in a moment are left out."""
    overdue = Q(due_at__lt=Given("now"))
    today = Q(due_at__gte=Given("now"), due_at__lt=Given("tomorrow"))
    gathered = EntryVersion.objects.filter(
        gathered_at__gt=Given("yesterday"), is_backfill=False, entry__in=Entry.objects.current().readable_by(reader)
    )
    pushed = Delivery.objects.filter(
        person=reader.pk, must_acknowledge=False, urgent=False, dispatches__created_at__gte=Given("midnight")
    )
    pushed = pushed.exclude(version__among=Given("unbudgeted"))
    counts = (
        RowCounts(to_sign(reader), [Q(), overdue, today, Q(read_at=None)]),
        RowCounts(_done(reader), [Q(), _LATE]),
        *(
            RowCount(rows, is_bounded=True, spare=SPARE)
            for rows in (for_you(reader), for_you(reader).filter(rolled=True))
        ),
        RowCount(gathered.order_by("-gathered_at"), is_bounded=True),
        RowCount(pushed.distinct()),
    )
    return Prepared(lambda: Person.objects.filter(pk=reader.pk).values_list(*counts), keeps_plan=True)


def _done(reader: Reader) -> QuerySet[Delivery]:
    """What the reader acknowledged in a month, the latest first."""
    return signed(reader).filter(acknowledged_at__gte=Given("month"))


_LATE = Q(acknowledged_at__gt=F("due_at"))


@lru_cache(256)
def _done_late(reader: GivenReader) -> Prepared:
    """How many of them late: among more than the bound they are counted by themselves."""
    late = RowCount(_done(reader).filter(_LATE), is_bounded=True)
    return Prepared(lambda: Person.objects.filter(pk=reader.pk).values_list(late), keeps_plan=True)


def _figures(
    person: Person, moments: _Moments, ahead: Ahead, asked: list[int], acknowledged: list[int], *others: int
) -> dict[str, int]:
    """The figures by name, each bounded, with what will be rows in a moment."""
    mine, rolled, gathered, pushes = others
    done, done_late = acknowledged
    if done > AT_MOST:
        ((done_late,),) = _done_late(reader_like(person)).rows(month=moments.month, **given_of(person))
    counts = _must_read(asked, moments, ahead)
    counts |= {"mine": corrected(mine, ahead.on("unread")), "rolled": corrected(rolled, ahead.on("rolled"))}
    counts |= {"done": done, "done_late": done_late + ahead.late_since(moments.month)}
    counts |= {"unread": unread_in_all(person, asked, mine) + ahead.on("all")}
    counts |= {"gathered": gathered, "pushes": pushes}
    return {name: bounded(count) for name, count in counts.items()}


def _must_read(asked: list[int], moments: _Moments, ahead: Ahead) -> dict[str, int]:
    """How many are asked for, late, and due today.

    They come in order of their hour: what is late is met first, then what is due today; where these go up to the bound,
    at least so many are due today.
    """
    must, late, today, _unread = asked
    more_late = ahead.due_before(moments.now)
    late = min(late + more_late, AT_MOST + 1)
    today = max(0, min(today + ahead.due_before(moments.tomorrow) - more_late, AT_MOST + 1 - late))
    return {
        "must": must + ahead.on("must"),
        "late": late,
        "today": AtLeast(today) if late + today > AT_MOST else today,
    }


# Of which lists Today shows how many of the first lines at most, by their names in distribute/ahead.py.
_LISTS: dict[str, tuple[Callable[[Reader], QuerySet[Delivery]], int]] = {
    "must": (to_sign, MUST_SHOWN),
    "urgent must": (lambda reader: to_sign(reader).filter(urgent=True), MUST_SHOWN),
    "unread": (for_you, FOR_YOU_SHOWN),
    "urgent unread": (lambda reader: for_you(reader).filter(urgent=True), FOR_YOU_SHOWN),
}


def first_lines(person: Person) -> list[Shown]:
    """What Today shows of the lists of what waits."""
    reader, given = reader_like(person), given_of(person)

    def row_below(name: str, below: int) -> Delivery | None:
        line = _LISTS[name][1] - 1 - (-below // STEP) * STEP
        return next(iter(_at(reader, name, line).all(**given)), None)

    return [Shown(name, lines, partial(row_below, name)) for name, (_rows, lines) in _LISTS.items()]


@lru_cache(256)
def _at(reader: GivenReader, name: str, line: int) -> PreparedObjects[Delivery]:
    """The delivery on a line of one of these lists, with no more than how it stands there."""
    one = _LISTS[name][0](reader)[line : line + 1]
    return PreparedObjects(lambda: one.only(*STANDING_FIELDS), keeps_plan=True)


@lru_cache(256)
def _pressing(reader: GivenReader) -> PreparedObjects[Delivery]:
    """The most pressing must-reads and the newest of the rest, urgent ones first, with all that their lines say.

    The first of the urgent and the first of all hold what is shown, and each of the four is found in an index, however
    much waits: by version, which the index holds and the row's own number it does not.
    """
    chosen, *others = (rows(reader)[:lines].values("version") for rows, lines in _LISTS.values())
    rows = Delivery.objects.filter(person=reader.pk, version__in=chosen.union(*others, all=True))
    rows = rows.annotate(letters=letters_of("version__text"), beginning=Left("version__text", 400))
    rows = rows.order_by("-urgent", F("due_at").asc(nulls_last=True), "-came_at", "-version_id")
    told = rows.select_related("version__entry__unit").only(*_SAID)
    return PreparedObjects(lambda: told, keeps_plan=True)


_SAID = (
    *("must_acknowledge", "due_at", "useful", "version__title", "version__summary", "version__number"),
    *("version__entry__kind", "version__entry__unit__name"),
)


@lru_cache(10_000)
def _count_changes(entry_id: int, before: int, number: int) -> int:
    """How many changes there are from one version of an entry to a later one.

    Kept, for versions stay as they are: whoever must read a text that changed is told this at every visit.
    """
    if before >= number:
        return 0
    versions = EntryVersion.objects.filter(entry=entry_id, number__in=(before, number))
    texts = dict(versions.values_list("number", "text"))
    return compare(texts.get(before, ""), texts.get(number, "")).count


def _line(delivery: Delivery, reasons: list[Reason], changes: int) -> Line:
    annotated: Any = delivery
    asked = next(
        (reason.directive.sentence for reason in reasons if reason.directive and reason.directive.sentence), ""
    )
    sentence = asked or delivery.version.summary or first_sentence(annotated.beginning, delivery.version.title)
    told = [because(reason) for reason in reasons]
    return Line(delivery, sentence, changes, told, minutes_of_letters(annotated.letters))


def first_sentence(beginning: str, title: str) -> str:
    """The first sentence of a text's beginning that is not its title: at most 180 characters, no Markdown marks."""
    lines = (line.strip().lstrip("#>*-• ").strip() for line in beginning.splitlines())
    text = next((line for line in lines if line and line != title and len(line) > 20), "")
    text = text.replace("**", "").replace("__", "").replace("`", "")
    end = next(
        (at + 1 for at in range(40, len(text)) if text[at] in ".!?" and text[at + 1 : at + 2] in ("", " ")), len(text)
    )
    if end > 180:
        return text[:180].rsplit(" ", 1)[0] + "…"
    return text[:end]


def to_verify(person: Person) -> list[Article]:
    """The articles this person is asked to verify within two weeks, soonest first."""
    soon = timezone.localdate() + timedelta(days=14)
    return _to_verify(reader_like(person)).all(soon=soon, **given_of(person))


@lru_cache(256)
def _following(reader: GivenReader) -> Prepared:
    """One of the profiles that bring them something, their own or a group's."""
    profiles = InterestProfile.objects.filter(Q(person=reader.pk) | reader.within(), is_active=True, removed_at=None)
    return Prepared(lambda: profiles.values_list("pk")[:1], keeps_plan=True)


@lru_cache(256)
def _to_verify(reader: GivenReader) -> PreparedObjects[Article]:
    mine = Article.objects.filter(verifier=reader.pk, verify_due_on__lte=Given("soon"), trashed_at=None)
    mine = mine.filter(readable(reader, "entry__"), published__isnull=False).select_related("entry")
    return PreparedObjects(lambda: mine.order_by("verify_due_on")[:NOTICES_SHOWN], keeps_plan=True)


_preference = PreparedObjects(lambda: Preference.objects.filter(person=Given("person")), keeps_plan=True)
_undone = Notice.objects.filter(person=Given("person"), done_at=None)
_notices = PreparedObjects(
    lambda: _undone.order_by("-urgency", "due_at", "-created_at")[:NOTICES_READ], keeps_plan=True
)

"""What Today shows: what must be read and in how long, what is for me and why, what I am asked to look after."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import F, Max, Q, Window
from django.db.models.functions import Left, Length, RowNumber
from django.utils import timezone
from django.utils.functional import cached_property

from headwater.core.counting import RowCount, RowCounts
from headwater.core.prepared import Given, Prepared, PreparedObjects
from headwater.distribute.because import Because, because, weightiest_first
from headwater.distribute.digests import digest_hour
from headwater.distribute.inbox import take_in_broadcasts, visible_deliveries, with_reasons
from headwater.distribute.messages import minutes_of_letters
from headwater.distribute.models import Acknowledgement, Delivery, InterestProfile, Preference
from headwater.library.difference import compare
from headwater.library.models import Article
from headwater.people.held import still_open
from headwater.people.models import Notice, Person
from headwater.people.reading import GivenReader, given_of, readable, reader_like
from headwater.search.models import Entry, EntryVersion

MUST_SHOWN = 10
FOR_YOU_SHOWN = 4
NOTICES_SHOWN, NOTICES_READ = 5, 50
OPEN = Q(state__in=[Delivery.State.DUE, Delivery.State.OPENED])
COUNTS = ("must", "late", "today", "mine", "unread", "rolled", "done", "done_late")


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
    """Everything on the page; each part reads the database once, when the template asks for it."""

    person: Person
    now: datetime = field(default_factory=timezone.now)
    is_being_made: bool = False

    @cached_property
    def preference(self) -> Preference:
        return Preference.objects.filter(person=self.person).first() or Preference(person=self.person)

    @cached_property
    def digest_at(self) -> datetime:
        """When the next digest comes, on the person's clock."""
        hour = digest_hour(self.person, self.preference)
        return hour if hour > self.now else hour + timedelta(days=1)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """All that is counted by itself, in one query, open broadcasts taken in."""
        take_in_broadcasts(self.person)
        midnight = timezone.localtime(self.now).replace(hour=0, minute=0, second=0, microsecond=0)
        ((waiting, gathered, pushes),) = _counted(reader_like(self.person)).rows(
            now=self.now,
            midnight=midnight,
            tomorrow=midnight + timedelta(days=1),
            month=midnight.replace(day=1),
            yesterday=self.now - timedelta(days=1),
            **given_of(self.person),
        )
        return {**dict(zip(COUNTS, waiting, strict=True)), "gathered": gathered, "pushes": pushes}

    @property
    def counts(self) -> dict[str, int]:
        """How many are to be read, late, due today, unread for me, waiting for the digest, done this month."""
        return self._numbers

    @cached_property
    def _waiting(self) -> list[Delivery]:
        """The most pressing must-reads and the newest of the rest, in one query."""
        return _pressing(reader_like(self.person)).all(**given_of(self.person))

    @cached_property
    def must_read(self) -> list[Line]:
        """The most pressing must-reads, soonest first; those without a day last."""
        found = [delivery for delivery in self._waiting if delivery.must_acknowledge]
        changes = self._changes(found)
        return [_line(delivery, changes.get(delivery.pk, 0)) for delivery in found]

    @cached_property
    def minutes(self) -> int:
        """Reading time of the must-reads that are shown."""
        return sum(line.minutes for line in self.must_read)

    @cached_property
    def for_you(self) -> list[Line]:
        """The newest unread things that profiles and directives without signature brought."""
        return [_line(delivery, 0) for delivery in self._waiting if not delivery.must_acknowledge]

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
        told = self.person.notices.filter(done_at=None).order_by("-urgency", "due_at", "-created_at")
        return still_open(self.person, told[:NOTICES_READ])[:NOTICES_SHOWN]

    @cached_property
    def has_profiles(self) -> bool:
        """Whether the person, or a group they are in, follows anything."""
        own = Q(person=self.person) | self.person.within()
        return InterestProfile.objects.filter(own, is_active=True, removed_at=None).exists()

    def _changes(self, deliveries: list[Delivery]) -> dict[int, int]:
        """{delivery: how many changes since the version of the same entry that this person acknowledged last}."""
        entries = [delivery.version.entry_id for delivery in deliveries if delivery.version.number > 1]
        mine = Acknowledgement.objects.filter(person=self.person, version__entry__in=entries)
        numbers = dict(mine.values_list("version__entry").annotate(Max("version__number")))
        if not numbers:
            return {}
        wanted = [delivery for delivery in deliveries if delivery.version.entry_id in numbers]
        texts = _texts([(each.version.entry_id, each.version.number) for each in wanted] + list(numbers.items()))
        return {each.pk: _count_changes(each, numbers[each.version.entry_id], texts) for each in wanted}


@lru_cache(256)
def _counted(reader: GivenReader) -> Prepared:
    """The counts named in COUNTS, what was gathered since yesterday, and today's pushes, as one row."""
    unread, open_to_sign = OPEN & Q(read_at=None), OPEN & Q(must_acknowledge=True, acknowledged_at=None)
    mine, done = unread & Q(must_acknowledge=False), Q(acknowledged_at__gte=Given("month"))
    tests = {
        "must": open_to_sign,
        "late": open_to_sign & Q(due_at__lt=Given("now")),
        "today": open_to_sign & Q(due_at__gte=Given("now"), due_at__lt=Given("tomorrow")),
        "mine": mine,
        "unread": unread,
        "rolled": mine & Q(rolled=True),
        "done": done,
        "done_late": done & Q(acknowledged_at__gt=F("due_at")),
    }
    gathered = EntryVersion.objects.filter(
        gathered_at__gt=Given("yesterday"), is_backfill=False, entry__in=Entry.objects.current().readable_by(reader)
    )
    pushed = Delivery.objects.filter(
        person=reader.pk, must_acknowledge=False, urgent=False, dispatches__created_at__gte=Given("midnight")
    )
    counts = (
        RowCounts(visible_deliveries(reader), [tests[name] for name in COUNTS]),
        RowCount(gathered),
        RowCount(pushed.distinct()),
    )
    return Prepared(lambda: Person.objects.filter(pk=reader.pk).values_list(*counts), keeps_plan=True)


@lru_cache(256)
def _pressing(reader: GivenReader) -> PreparedObjects[Delivery]:
    """The most pressing must-reads and the newest of the rest, with all that their lines say."""
    ordered = [F("urgent").desc(), F("due_at").asc(nulls_last=True), F("created_at").desc(), F("pk").asc()]
    place = Window(RowNumber(), partition_by="must_acknowledge", order_by=ordered)
    wanted = Q(must_acknowledge=True, acknowledged_at=None) | Q(must_acknowledge=False, read_at=None)
    shown = Q(must_acknowledge=True, place__lte=MUST_SHOWN) | Q(must_acknowledge=False, place__lte=FOR_YOU_SHOWN)
    rows = visible_deliveries(reader).filter(OPEN, wanted).annotate(place=place).filter(shown).order_by("place")
    rows = rows.annotate(letters=Length("version__text"), beginning=Left("version__text", 400))
    told = with_reasons(rows.select_related("version__entry__unit").defer("version__text"))
    return PreparedObjects(lambda: told, keeps_plan=True)


def _texts(versions: list[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """{(entry, number): text}, in one query."""
    wanted = Q(pk__in=[])
    for entry_id, number in versions:
        wanted |= Q(entry=entry_id, number=number)
    rows = EntryVersion.objects.filter(wanted).values_list("entry", "number", "text")
    return {(entry_id, number): text for entry_id, number, text in rows}


def _count_changes(delivery: Delivery, before: int, texts: dict[tuple[int, int], str]) -> int:
    entry_id, number = delivery.version.entry_id, delivery.version.number
    if before >= number:
        return 0
    return len(compare(texts.get((entry_id, before), ""), texts.get((entry_id, number), "")).changes)


def _line(delivery: Delivery, changes: int) -> Line:
    annotated: Any = delivery
    reasons = weightiest_first(delivery.reasons.all())
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
    mine = Article.objects.filter(verifier=person, verify_due_on__lte=soon, trashed_at=None, published__isnull=False)
    mine = mine.filter(readable(person, "entry__"))
    return list(mine.select_related("entry").order_by("verify_due_on")[:NOTICES_SHOWN])

"""Attention in the product: what of a person's day is pushed, decided when it arrives, and how a digest is laid out.

`matcher.attention` decides; here is what it needs to know: what each thing is worth to its person and what it is about,
what they were sent today, and what their days are usually like. Everything stays in the inbox, whatever is decided.
"""

import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Left
from django.utils import timezone

from headwater.core.wall import current_organisation_id
from headwater.distribute.matcher.attention import Candidate, Usual, floor_for, liking_of, pick, strength_of, worth
from headwater.distribute.models import Delivery, Directive, Dispatch, LearnedInterest, Preference, Reason
from headwater.people.models import Person
from headwater.search.language.analyzer import analyze
from headwater.search.models import EntryTopic, EntryVersion

SECOND_LOOK = timedelta(hours=4)
"""For so long what was held back is weighed again whenever something new comes for its person."""
IN_FULL = 12
"""So many things a digest tells in full; the rest is one line."""

_HISTORY = 28  # days
_LIKED_BACK = timedelta(days=180)
_LEAST_DAYS = 3  # of the kind of today, working day or weekend, before anything is held back for what may come
_SHARES = [n / 20 for n in range(21)]
_TYPICAL = 5.0  # a middle score, until a person has had any
_BEGINNING = 600  # letters of a text that say what it is about
_SENT_LIKING = 1.0  # what a person in charge has sent is weighed as if it had always been of use
_MOST_KEPT = 50_000  # people


@dataclass(frozen=True)
class Layout:
    """A digest: what it tells in full, each with the number of its near-copies; and the rest, as one line."""

    told: list[tuple[Delivery, int]]
    rest: list[Delivery]


@dataclass(frozen=True)
class Habits:
    """What a person's days are like: None until enough of them are known; and the middle score of what they get.

    `liking` says, of those who let Headwater learn from them, by profile how often what it brought was of use.
    """

    usual: Usual | None = None
    typical: float = _TYPICAL
    liking: Mapping[int, float] = field(default_factory=dict)


_UNKNOWN = Habits()
_Asked = tuple[date, datetime | None]
_known: dict[tuple[int, int], tuple[_Asked, Habits]] = {}
"""By organisation and person: on which day of theirs, and under which consent to learn, it was read; what was found."""


def choose(deliveries: Sequence[Delivery], preferences: Mapping[int, Preference]) -> list[Delivery]:
    """Which of these new deliveries, and of those held back in the last hours, their people are told of now.

    Must-reads and urgent ones always are. What is decided is kept: `worth`, `rolled` and `folded` of each.
    """
    now = timezone.now()
    people = {delivery.person_id: delivery.person for delivery in deliveries}
    calm = {delivery.person_id for delivery in deliveries if not is_essential(delivery)}
    held = list(_held(calm, now)) if calm else []
    sent = _sent_today({pk: people[pk] for pk in calm}, now)
    habits = habits_of([people[pk] for pk in calm], now)
    so_far = _so_far(calm, people, now)
    things = candidates_of([*deliveries, *held, *(each for rows in sent.values() for each in rows)], habits, now)
    by_person: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in (*deliveries, *held):
        by_person[delivery.person_id].append(delivery)
    picked: set[int] = set()
    folded: set[int] = set()
    for person_id, rows in by_person.items():
        preference = preferences.get(person_id) or Preference(person_id=person_id)
        before = [things[each.pk] for each in sent.get(person_id, ())]
        floor = _floor(habits.get(person_id), preference, before, people[person_id], so_far.get(person_id, 0), now)
        picks = pick([things[each.pk] for each in rows], preference.budget, before, floor)
        picked.update(picks.picked)
        folded.update(picks.folded)
    weighed = [(each, things[each.pk].value) for each in deliveries if not is_essential(each)]
    _keep([*weighed, *((each, each.worth) for each in held)], picked, folded)
    return [each for each in (*deliveries, *held) if is_essential(each) or not each.rolled]


def is_essential(delivery: Delivery) -> bool:
    """Whether it passes whatever the budget: a must-read, or urgent."""
    return delivery.must_acknowledge or delivery.urgent


def lay_out(deliveries: Sequence[Delivery], person: Person) -> Layout:
    """A digest of these deliveries (with `version` at hand): the best in full, varied; near-copies counted under them.

    Copies of what the person was sent today, and all that is past IN_FULL, are the rest.
    """
    now = timezone.now()
    sent = _sent_today({person.pk: person}, now).get(person.pk, [])
    things = candidates_of([*deliveries, *sent], habits_of([person], now), now)
    before = [things[each.pk] for each in sent]
    room = IN_FULL + sum(not each.is_urgent for each in before)
    picks = pick([things[each.pk] for each in deliveries], room, before)
    by_key = {each.pk: each for each in deliveries}
    copies = Counter(picks.folded.values())
    alone = [key for key, over in picks.folded.items() if over not in picks.picked]
    told = [(by_key[key], copies[key]) for key in picks.picked]
    return Layout(told, [by_key[key] for key in (*picks.rest, *alone)])


def candidates_of(deliveries: Iterable[Delivery], habits: Mapping[int, Habits], now: datetime) -> dict[int, Candidate]:
    """{delivery: what attention knows of it}. Three queries, however many there are."""
    rows = list(deliveries)
    about = _about({each.version_id for each in rows})
    reasons: dict[int, list[tuple[int | None, int | None]]] = defaultdict(list)
    known = Reason.objects.filter(delivery__in=[each.pk for each in rows])
    known = known.exclude(directive__state=Directive.State.RECALLED)
    for delivery, profile, directive in known.values_list("delivery", "profile", "directive"):
        reasons[delivery].append((profile, directive))
    found = {}
    for each in rows:
        value = _worth(each, reasons[each.pk], habits.get(each.person_id, _UNKNOWN), now)
        words, topics, source, fingerprint = about[each.version_id]
        found[each.pk] = Candidate(each.pk, value, words, topics, source, fingerprint, is_essential(each))
    return found


def _worth(
    delivery: Delivery, reasons: Sequence[tuple[int | None, int | None]], habits: Habits, now: datetime
) -> float:
    """By whole hours since it came: of what came together the first goes first."""
    age = (now - delivery.created_at) // timedelta(hours=1)
    if any(directive is not None for _profile, directive in reasons):
        return worth(1.0, _SENT_LIKING, age)
    liking = [
        habits.liking[profile] for profile, _directive in reasons if profile is not None and profile in habits.liking
    ]
    return worth(strength_of(delivery.score, habits.typical), max(liking, default=0.5), age)


def habits_of(people: Iterable[Person], now: datetime) -> dict[int, Habits]:
    """What the days of each were like so far, of the kind that today is for them.

    Kept in memory for the day, and for as long as their consent to learn is what it was: that is asked each time, so
    that what somebody takes back counts no more from then on, in whatever process.
    """
    organisation = current_organisation_id()
    found = {person.pk: person for person in people}
    consents = _consents(found)
    asked: dict[int, _Asked] = {pk: (_local(now, person).date(), consents.get(pk)) for pk, person in found.items()}
    wanted = [pk for pk in asked if _known.get((organisation, pk), (None,))[0] != asked[pk]]
    if wanted:
        if len(_known) > _MOST_KEPT:
            _known.clear()
            wanted = list(asked)
        read = _read_habits(wanted, consents, now)
        _known.update({(organisation, pk): (asked[pk], read.get(pk, _UNKNOWN)) for pk in wanted})
    return {pk: _known[organisation, pk][1] for pk in asked}


def _consents(people: Iterable[int]) -> dict[int, datetime | None]:
    """Since when each lets Headwater learn from what they do; who does not is left out."""
    learning = LearnedInterest.objects.filter(person__in=list(people), follows_use=True)
    return dict(learning.values_list("person", "consented_at"))


def forget_habits() -> None:
    """Drop what this process remembers of people's days."""
    _known.clear()


_LOCAL = "d.created_at AT TIME ZONE p.timezone"
_TODAY = "%(now)s::timestamptz AT TIME ZONE p.timezone"
_HOURS = ", ".join(f"count(*) FILTER (WHERE extract(hour FROM {_LOCAL}) = {hour})" for hour in range(24))
_HABITS = f"""
    SELECT d.person_id, min({_LOCAL})::date, ({_TODAY})::date,
           percentile_disc(%(shares)s::float8[]) WITHIN GROUP (ORDER BY d.worth),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY d.score) FILTER (WHERE d.score > 0), {_HOURS}
    FROM distribute_delivery d JOIN people_person p ON p.id = d.person_id
    WHERE d.person_id = ANY(%(people)s) AND d.worth IS NOT NULL AND d.created_at >= %(since)s
      AND ({_LOCAL})::date < ({_TODAY})::date
      AND (extract(isodow FROM {_LOCAL}) > 5) = (extract(isodow FROM {_TODAY}) > 5)
    GROUP BY d.person_id, p.timezone
"""


def _read_habits(people: Sequence[int], learning: Container[int], now: datetime) -> dict[int, Habits]:
    values: dict[str, Any] = {
        "people": list(people),
        "now": now,
        "since": now - timedelta(days=_HISTORY),
        "shares": _SHARES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HABITS, values)
        rows = cursor.fetchall()
    likings = _likings([pk for pk in people if pk in learning], now)
    found = {pk: Habits(liking=liking) for pk, liking in likings.items()}
    for person_id, first, today, worths, typical, *hours in rows:
        days = _days_like(first, today)
        usual = Usual([count / days for count in hours], worths) if days >= _LEAST_DAYS else None
        found[person_id] = Habits(usual, typical or _TYPICAL, likings.get(person_id, {}))
    return found


def _likings(people: Sequence[int], now: datetime) -> dict[int, dict[int, float]]:
    """{person: {profile: how often what it brought was of use}}, of these who switched learning on."""
    if not people:
        return {}
    brought: Any = Reason.objects.filter(
        delivery__person__in=people,
        profile__isnull=False,
        delivery__created_at__range=(now - _LIKED_BACK, now - timedelta(days=1)),
    ).exclude(delivery__state=Delivery.State.WITHDRAWN)
    counted = brought.values_list("delivery__person", "profile").annotate(
        n_useful=Count("pk", filter=Q(delivery__useful=True)),
        n_opened=Count("pk", filter=Q(delivery__useful=None, delivery__seen_at__isnull=False)),
        n_all=Count("pk"),
    )
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for person_id, profile_id, useful, opened, count in counted:
        found[person_id][profile_id] = liking_of(useful, opened, count - useful - opened)
    return found


def _days_like(first: date, today: date) -> int:
    """How many days from the first one to yesterday are of the kind of today: working days, or not."""
    days = (first + timedelta(days=n) for n in range((today - first).days))
    return sum((day.weekday() > 4) == (today.weekday() > 4) for day in days)


def _so_far(people: Iterable[int], by_id: Mapping[int, Person], now: datetime) -> dict[int, int]:
    """How many things that attention weighs have come for each since their midnight."""
    found: dict[int, int] = defaultdict(int)
    recent = Delivery.objects.filter(person__in=list(people), push="at_once", created_at__gt=now - timedelta(hours=25))
    calm = recent.filter(must_acknowledge=False, urgent=False, worth__isnull=False)
    for person_id, at in calm.values_list("person", "created_at"):
        found[person_id] += _is_today(at, by_id[person_id], now)
    return found


def _floor(
    habits: Habits | None, preference: Preference, sent: Sequence[Candidate], person: Person, so_far: int, now: datetime
) -> float:
    usual = habits.usual if habits else None
    here = _local(now, person)
    to_come = usual.to_come(here.hour + here.minute / 60, so_far) if usual else 0.0
    return floor_for(usual, preference.budget - sum(not each.is_urgent for each in sent), to_come)


def _held(people: Iterable[int], now: datetime) -> QuerySet[Delivery]:
    """What was held back in the last hours and nothing has been made of since."""
    return Delivery.objects.filter(
        person__in=list(people),
        push="at_once",
        rolled=True,
        state=Delivery.State.DUE,
        sent_at=None,
        read_at=None,
        dispatches=None,
        digest_line=None,
        created_at__gt=now - SECOND_LOOK,
    ).select_related("person")


def _sent_today(people: Mapping[int, Person], now: datetime) -> dict[int, list[Delivery]]:
    """What each was pushed since their own midnight, reminders and what went by a digest not counted."""
    recent = now - timedelta(hours=25)
    first = Dispatch.objects.filter(purpose__in=Dispatch.FIRST, created_at__gt=recent)
    pushed = first.filter(delivery__person__in=list(people))
    found: dict[int, dict[int, Delivery]] = defaultdict(dict)
    for each in pushed.select_related("delivery"):
        if each.delivery is not None and _is_today(each.created_at, people[each.delivery.person_id], now):
            found[each.delivery.person_id][each.delivery.pk] = each.delivery
    return {person_id: list(rows.values()) for person_id, rows in found.items()}


def _keep(weighed: Iterable[tuple[Delivery, float | None]], picked: Container[int], folded: Container[int]) -> None:
    """Write down what was decided of each, and what it is worth, where it is new.

    Only where it is new: a row that is written is announced and planned again, and for who has no channel for ever.
    What was folded stays so until it is pushed: what it lies under may have waited for longer than SECOND_LOOK, and is
    not at hand any more.
    """
    rows = []
    for each, value in weighed:
        is_rolled = each.pk not in picked
        decided = value, is_rolled, is_rolled and (each.folded or each.pk in folded)
        if (each.worth, each.rolled, each.folded) != decided:
            each.worth, each.rolled, each.folded = decided
            rows.append((each.pk, *decided))
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [list(each) for each in zip(*rows, strict=True)])


_KEEP = """
    UPDATE distribute_delivery d SET worth = t.worth, rolled = t.rolled, folded = t.folded
    FROM unnest(%s::bigint[], %s::float8[], %s::boolean[], %s::boolean[]) AS t(id, worth, rolled, folded)
    WHERE d.id = t.id
"""
_About = tuple[frozenset[str], frozenset[str], str, int | None]


def _about(version_ids: Iterable[int]) -> dict[int, _About]:
    """{version: words that tell what it is about, its topics, its source, the fingerprint of its text}."""
    versions = EntryVersion.objects.filter(pk__in=list(version_ids)).annotate(beginning=Left("text", _BEGINNING))
    rows = list(
        versions.values_list("pk", "entry", "title", "beginning", "language", "entry__source_slug", "fingerprint")
    )
    topics: dict[int, set[str]] = defaultdict(set)
    links = EntryTopic.objects.filter(entry__in=[row[1] for row in rows], proposed=False)
    for entry_id, concept_id in links.values_list("entry", "concept"):
        topics[entry_id].add(str(concept_id))
    return {
        pk: (_stems(f"{title} {beginning}", language), frozenset(topics[entry_id]), source, fingerprint)
        for pk, entry_id, title, beginning, language, source, fingerprint in rows
    }


def _stems(text: str, language: str) -> frozenset[str]:
    return frozenset(stem for stem in analyze(text, language).stems if len(stem) > 2 or not stem.isascii())


def _local(moment: datetime, person: Person) -> datetime:
    return moment.astimezone(zoneinfo.ZoneInfo(person.timezone))


def _is_today(moment: datetime, person: Person, now: datetime) -> bool:
    return _local(moment, person).date() == _local(now, person).date()

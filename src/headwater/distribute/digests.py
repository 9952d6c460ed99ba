"""Digests: what waited for the person's hour, once a day, and once a week for what they want weekly.

A delivery is in one digest at the most (the database says so), and a digest is made once for a person and day, so this
may run any number of times.
"""

import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from headwater.core.following import locked_cursor
from headwater.core.wall import organisation_context
from headwater.distribute.models import Delivery, Digest, DigestLine, DigestNotice, Preference
from headwater.distribute.sending import queue_digest
from headwater.people.models import Notice, Person

PEOPLE_AT_ONCE = 200


@dataclass(frozen=True)
class Hour:
    """The hour of today's digest where somebody lives, and whether it takes what they want weekly too."""

    at: datetime
    is_weekly: bool

    @property
    def key(self) -> str:
        """What the digest of that day is called: one for each person."""
        return f"daily:{self.at.date()}"


def make_digests(organisation_id: int) -> bool:
    """Make and queue the digests whose hour has come. True when there may be more."""
    with organisation_context(organisation_id):
        if locked_cursor("make digests") is None:
            return False
        due = list(islice(_due(), PEOPLE_AT_ONCE + 1))
        for person, hour in due[:PEOPLE_AT_ONCE]:
            _make(person, hour)
        return len(due) > PEOPLE_AT_ONCE


def digest_hour(person: Person, preference: Preference) -> datetime:
    """When the person's digest is made today, on their own clock."""
    # somebody who never chose has an unsaved preference, whose default is still a word
    return _strikes(person.timezone, Preference._meta.get_field("digest_at").to_python(preference.digest_at))


def _strikes(zone: str, hour: time) -> datetime:
    here = timezone.now().astimezone(zoneinfo.ZoneInfo(zone))
    return datetime.combine(here.date(), hour, tzinfo=here.tzinfo)


def _due() -> Iterator[tuple[Person, Hour]]:
    """Whose hour has come and who has something for it; asked once for all who live by the same clock."""
    unchosen = Preference()
    default = Preference._meta.get_field("digest_at").to_python(unchosen.digest_at)
    people = Person.objects.active()
    clocks = people.values_list("timezone", "preference__digest_at", "preference__weekly_on").distinct()
    for zone, digest_at, weekly_on in list(clocks.order_by()):
        at = _strikes(zone, digest_at or default)
        if at > timezone.now():
            continue
        hour = Hour(at, at.weekday() == (unchosen.weekly_on if weekly_on is None else weekly_on))
        same = people.filter(timezone=zone, preference__digest_at=digest_at, preference__weekly_on=weekly_on)
        for person in _with_something(same, hour):
            yield person, hour


def _with_something(people: QuerySet[Person], hour: Hour) -> QuerySet[Person]:
    """Those of the people who have no digest of that hour yet, and something that waits for it."""
    lines = _waiting(hour).filter(person=OuterRef("pk"))
    notices = _notices(hour).filter(person=OuterRef("pk"))
    made = Digest.objects.filter(person=OuterRef("pk"), key=hour.key)
    return people.filter(~Exists(made), Exists(lines) | Exists(notices)).order_by("pk")


def _waiting(hour: Hour) -> QuerySet[Delivery]:
    waiting = Delivery.objects.filter(
        Q(rolled=True) | ~Q(push="at_once"),
        created_at__lt=hour.at,
        state=Delivery.State.DUE,
        must_acknowledge=False,
        urgent=False,
        read_at=None,
        digest_line=None,
    )
    return waiting if hour.is_weekly else waiting.exclude(push="weekly")


def _notices(hour: Hour) -> QuerySet[Notice]:
    waiting = Notice.objects.filter(done_at=None, digest_line=None, urgency=Notice.Urgency.NORMAL)
    return waiting.filter(created_at__lt=hour.at)


def _make(person: Person, hour: Hour) -> None:
    """Make the person's digest of today, of what came before its hour."""
    lines = _waiting(hour).filter(person=person).order_by("-score", "-created_at")
    notices = _notices(hour).filter(person=person)
    digest = Digest.objects.create(person=person, key=hour.key)
    DigestLine.objects.bulk_create(DigestLine(digest=digest, delivery=delivery) for delivery in lines.only("pk"))
    DigestNotice.objects.bulk_create(DigestNotice(digest=digest, notice=notice) for notice in notices.only("pk"))
    queue_digest(digest)

"""Digests: what waited for the person's hour, once a day, and once a week for what they want weekly.

A delivery is in one digest at the most (the database says so), and a digest is made once for a person and day, so this
may run any number of times.
"""

import zoneinfo
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from headwater.core.following import locked_cursor
from headwater.core.wall import organisation_context
from headwater.distribute.models import Delivery, Digest, DigestLine, DigestNotice, Preference
from headwater.distribute.sending import queue_digest
from headwater.people.models import Notice, Person

PEOPLE_AT_ONCE = 200


def make_digests(organisation_id: int) -> bool:
    """Make and queue the digests whose hour has come. True when there may be more."""
    with organisation_context(organisation_id):
        if locked_cursor("make digests") is None:
            return False
        people = list(_people_waiting())
        preferences = {each.person_id: each for each in Preference.objects.filter(person__in=people)}
        recent = Digest.objects.filter(person__in=people, created_at__gt=timezone.now() - timedelta(days=2))
        made = set(recent.values_list("person", "key"))
        due = []
        for person in people:
            preference = preferences.get(person.pk) or Preference(person=person)
            hour = digest_hour(person, preference)
            if hour <= timezone.now() and (person.pk, _key(hour)) not in made:
                due.append((person, preference, hour))
        for person, preference, hour in due[:PEOPLE_AT_ONCE]:
            _make(person, preference, hour)
        return len(due) > PEOPLE_AT_ONCE


def digest_hour(person: Person, preference: Preference) -> datetime:
    """When the person's digest is made today, on their own clock."""
    here = timezone.now().astimezone(zoneinfo.ZoneInfo(person.timezone))
    # somebody who never chose has an unsaved preference, whose default is still a word
    hour = Preference._meta.get_field("digest_at").to_python(preference.digest_at)
    return datetime.combine(here.date(), hour, tzinfo=here.tzinfo)


def _waiting() -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        Q(rolled=True) | ~Q(push="at_once"),
        state=Delivery.State.DUE,
        must_acknowledge=False,
        urgent=False,
        read_at=None,
        digest_line=None,
    )


def _notices() -> QuerySet[Notice]:
    return Notice.objects.filter(done_at=None, digest_line=None, urgency=Notice.Urgency.NORMAL)


def _people_waiting() -> Iterable[Person]:
    with_things = Q(pk__in=_waiting().values("person")) | Q(pk__in=_notices().values("person"))
    return Person.objects.active().filter(with_things).order_by("pk")


def _key(hour: datetime) -> str:
    return f"daily:{hour.date()}"


def _make(person: Person, preference: Preference, hour: datetime) -> None:
    """Make the person's digest of today, of what came before its hour; nothing when there was nothing."""
    lines = _waiting().filter(person=person, created_at__lt=hour)
    if hour.weekday() != preference.weekly_on:
        lines = lines.exclude(push="weekly")
    deliveries = list(lines.order_by("-score", "-created_at").values_list("pk", flat=True))
    notices = list(_notices().filter(person=person, created_at__lt=hour).values_list("pk", flat=True))
    if not deliveries and not notices:
        return
    digest = Digest.objects.create(person=person, key=_key(hour))
    DigestLine.objects.bulk_create(DigestLine(digest=digest, delivery_id=pk) for pk in deliveries)
    DigestNotice.objects.bulk_create(DigestNotice(digest=digest, notice_id=pk) for pk in notices)
    queue_digest(digest)

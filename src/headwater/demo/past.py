"""What the clock of the demonstration cannot date: the one place where rows are given the time of their story.

Most of the past is made by actions inside `clock.moment`. What remains is set here, directly: times that the
database's own clock writes, times at which people came into audiences, and how people read what no action of theirs
is about.
"""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from headwater.demo.cast import Cast
from headwater.demo.clock import moment
from headwater.distribute.deadlines import due_for, set_dues
from headwater.distribute.models import Broadcast, Channel, Delivery, Digest, DigestLine, Directive, Dispatch
from headwater.distribute.sending import channels_of, plan
from headwater.library.models import Article
from headwater.library.standing import refresh_standing
from headwater.people.models import Audience, AudienceMember, Notice, Person
from headwater.search.actions import await_answer
from headwater.search.models import EntryTopic, EntryVersion, SearchGap

DAYS_OF_HISTORY = 90
DIGEST_HOUR = 16


def date_members() -> None:
    """Everybody has been in their audiences since they joined the ministry."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_audiencemember m SET since = p.joined_on FROM people_person p WHERE p.id = m.person_id"
        )


def date_member(audience: Audience, person: Person, since: datetime) -> None:
    """One person came into an audience later."""
    AudienceMember.objects.filter(audience=audience, person=person).update(since=since)


def date_directive(directive: Directive) -> None:
    """A directive's deliveries were made, and sent, when it was issued; or when their person came into its audience."""
    issued_at = timezone.now()
    fresh = Delivery.objects.filter(reasons__directive=directive)
    fresh.update(created_at=issued_at, came_at=issued_at)
    for delivery in fresh.filter(eligible_at__gt=issued_at):
        Delivery.objects.filter(pk=delivery.pk).update(created_at=delivery.eligible_at, came_at=delivery.eligible_at)
    plan(list(fresh.filter(eligible_at__lte=issued_at).select_related("person")))
    settle_dispatches(issued_at)


def settle_dispatches(at: datetime, among: QuerySet[Dispatch] | None = None) -> None:
    """What was queued at that moment was sent within the minute."""
    queued = (Dispatch.objects.all() if among is None else among).filter(state=Dispatch.State.QUEUED)
    sent_at = at + timedelta(seconds=40)
    Delivery.objects.filter(dispatches__in=queued, sent_at=None).update(sent_at=sent_at)
    Delivery.objects.filter(digest_line__digest__dispatches__in=queued, sent_at=None).update(sent_at=sent_at)
    queued.update(state=Dispatch.State.SENT, sent_at=sent_at, claimed_at=at, next_at=at, created_at=at)


def date_versions(now: datetime) -> None:
    """What is older than the history we tell fills the library and no inbox, as the first run of a source does."""
    old = EntryVersion.objects.filter(published_at__lt=now - timedelta(days=DAYS_OF_HISTORY))
    old.update(is_backfill=True, gathered_at=F("published_at") + timedelta(seconds=1))
    EntryVersion.objects.exclude(pk__in=old).update(is_backfill=False)
    # Sources were visited less often in the loader than in the story.
    late = EntryVersion.objects.filter(gathered_at__gt=F("published_at") + timedelta(hours=1))
    late.update(gathered_at=F("published_at") + timedelta(minutes=11))


def refresh_all_standing() -> None:
    """Whether an article can be relied on is asked anew today, as the daily job does."""
    for article in Article.objects.select_related("entry"):
        refresh_standing(article.entry)


def point_to_origins(cast: Cast) -> None:
    """The articles that came from a gathered document say so."""
    for written in cast.ministry.articles:
        origins = [cast.documents[path] for path in written.head.get("based_on", ()) if path in cast.documents]
        if origins:
            entry = cast.articles[written.reference]
            Article.objects.filter(entry=entry).update(captured_from=origins[0].current_version)


def mark_topics(cast: Cast) -> None:
    """What the documents are about, as their stewards accepted it one by one."""
    EntryTopic.objects.bulk_create(
        EntryTopic(entry=cast.documents[f"{source}/{name}"], concept=cast.topics[topic])
        for source, documents in cast.ministry.documents.items()
        for name, fate in documents.items()
        if f"{source}/{name}" in cast.documents
        for topic in fate.get("topics", ())
    )


def date_matches() -> None:
    """What profiles and standing directives brought came when it was gathered, and to nobody who asked only later."""
    with connection.cursor() as cursor:
        cursor.execute(_BROADCASTS_BEFORE_THEIR_DIRECTIVE)
        cursor.execute(_BROADCASTS)
        cursor.execute(_REASONS_BEFORE_THEY_WERE_ASKED)
        cursor.execute(_DELIVERIES_WITHOUT_REASON)
        cursor.execute(_DELIVERIES)
    standing = Broadcast.objects.exclude(directive__query="").select_related("directive")
    for broadcast in standing:
        broadcast.due_at = due_for(broadcast.directive, broadcast.opened_at)
        broadcast.save()
    set_dues(Delivery.objects.filter(version__in=standing.values("version")))


_BROADCASTS_BEFORE_THEIR_DIRECTIVE = """
    DELETE FROM distribute_broadcast b USING distribute_directive r, search_entryversion v
    WHERE r.id = b.directive_id AND v.id = b.version_id AND r.query <> '' AND v.gathered_at < r.issued_at
"""
_BROADCASTS = """
    UPDATE distribute_broadcast b SET opened_at = v.gathered_at
    FROM distribute_directive r, search_entryversion v
    WHERE r.id = b.directive_id AND v.id = b.version_id AND r.query <> ''
"""
_REASONS_BEFORE_THEY_WERE_ASKED = """
    DELETE FROM distribute_reason x USING distribute_delivery d, search_entryversion v
    WHERE d.id = x.delivery_id AND v.id = d.version_id AND (
        EXISTS (SELECT FROM distribute_interestprofile f WHERE f.id = x.profile_id AND f.created_at > v.gathered_at)
        OR EXISTS (SELECT FROM distribute_directive r
                   WHERE r.id = x.directive_id AND r.query <> '' AND r.issued_at > v.gathered_at))
"""
_DELIVERIES_WITHOUT_REASON = """
    DELETE FROM distribute_delivery d WHERE NOT EXISTS (SELECT FROM distribute_reason x WHERE x.delivery_id = d.id)
"""
# A delivery that a directive about one entry made keeps the date it has; see date_directive.
_DELIVERIES = """
    UPDATE distribute_delivery d
    SET created_at = greatest(d.eligible_at, v.gathered_at),
        must_acknowledge = EXISTS (SELECT FROM distribute_reason x WHERE x.delivery_id = d.id AND x.directive_id > 0)
    FROM search_entryversion v
    WHERE v.id = d.version_id AND NOT EXISTS (
        SELECT FROM distribute_reason x JOIN distribute_directive r ON r.id = x.directive_id
        WHERE x.delivery_id = d.id AND r.query = '')
"""


def suspend_mailbox(cast: Cast) -> None:
    """One mailbox has refused mail for nine days."""
    person, since = cast.people["isak.boatlund"], cast.ministry.calendar.ago(days=9)
    trouble = f"The mail came back on {since:%d %B}: mailbox full."
    found, _made = Channel.objects.get_or_create(person=person, kind=Channel.Kind.MAIL, address=person.email)
    Channel.objects.filter(pk=found.pk).update(state=Channel.State.SUSPENDED, trouble=trouble, failures=3)


def send_what_was_matched(now: datetime) -> None:
    """Pushes went out as they came, within each person's budget; the rest in the digest of the day."""
    waiting = Delivery.objects.filter(dispatches=None, sent_at=None).select_related("person").order_by("created_at")
    of_day: dict[datetime, list[Delivery]] = defaultdict(list)
    for delivery in waiting.filter(Q(push="at_once") | Q(must_acknowledge=True)):
        of_day[delivery.created_at].append(delivery)
    for deliveries in of_day.values():
        with moment(deliveries[-1].created_at + timedelta(seconds=5)):
            plan(deliveries)
            settle_dispatches(timezone.now())
    _make_digests(now)


def _make_digests(now: datetime) -> None:
    waiting = Delivery.objects.filter(Q(rolled=True) | ~Q(push="at_once"), must_acknowledge=False, digest_line=None)
    bundles: dict[tuple[Person, datetime], list[Delivery]] = defaultdict(list)
    for delivery in waiting.select_related("person").order_by("created_at"):
        hour = _next_digest(delivery)
        if hour <= now:
            bundles[delivery.person, hour].append(delivery)
    mail = {person: channels_of([person]).get(person.pk, [])[:1] for person, _hour in bundles}
    digests = Digest.objects.bulk_create(
        Digest(person=person, key=f"daily:{hour.date()}", created_at=hour) for person, hour in bundles
    )
    DigestLine.objects.bulk_create(
        DigestLine(digest=digest, delivery=each)
        for digest, deliveries in zip(digests, bundles.values(), strict=True)
        for each in deliveries
    )
    Dispatch.objects.bulk_create(
        Dispatch(channel=channel, digest=digest, key=uuid4().hex, created_at=digest.created_at)
        for digest in digests
        for channel in mail[digest.person]
    )
    for hour in {hour for _person, hour in bundles}:
        settle_dispatches(hour, Dispatch.objects.filter(created_at=hour))


def _next_digest(delivery: Delivery) -> datetime:
    hour = delivery.created_at.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    hour += timedelta(days=1) if hour < delivery.created_at else timedelta()
    while delivery.push == "weekly" and hour.weekday() != 0:
        hour += timedelta(days=1)
    return hour


def read_inboxes(cast: Cast) -> None:
    """People open what came to them as their unit does (reading.yaml), and say of some whether it was useful."""
    habits = cast.ministry.habits
    now = cast.ministry.calendar.now
    unopened = Delivery.objects.filter(opened_at=None, must_acknowledge=False, person__user__isnull=False)
    opened = []
    for delivery in unopened.select_related("person__unit").order_by("person", "created_at"):
        habit = habits[delivery.person.unit.slug if delivery.person.unit else "office"]
        dice = random.Random(f"{delivery.person.name} {delivery.created_at:%j %H}")
        older = 1 + (now - delivery.created_at) / timedelta(days=45)  # the ministry is learning
        wait = timedelta(hours=habit["half_within_hours"] * older * dice.expovariate(0.69))
        at = (delivery.sent_at or delivery.created_at) + wait
        if dice.random() < habit["opens"] and at < now:
            delivery.opened_at = delivery.read_at = at
            delivery.state = Delivery.State.OPENED if delivery.state == Delivery.State.DUE else delivery.state
            delivery.useful = dice.choices([None, True, False], [70, 26, 4])[0]
            opened.append(delivery)
    Delivery.objects.bulk_update(opened, ["opened_at", "read_at", "state", "useful"])


def record_gaps(cast: Cast) -> None:
    """Searches that found nothing, and who wants to hear when there is an answer."""
    for row in cast.ministry.rows("searches"):
        at = cast.ministry.calendar.ago(days=row["days_ago"])
        with moment(at):
            first_at = at - timedelta(days=3 * row["times"])
            gap = SearchGap.objects.create(query=row["query"], language="en", times=row["times"], first_at=first_at)
            for key in row["tell"]:
                await_answer(cast.people[key], gap, gap.query)


def settle_old_notices(now: datetime) -> None:
    """What people were told more than ten days ago they have dealt with."""
    old = Notice.objects.filter(created_at__lt=now - timedelta(days=10), done_at=None)
    old.update(done_at=F("created_at") + timedelta(days=1))

"""Taking back: what was withdrawn, what a person may no longer read, and directives that no longer concern them.

Every page asks the access filter itself, so nothing is shown for a moment longer; this keeps the records in step. What
comes back (a restored entry, access given again) is brought back in the state it had.
"""

from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from headwater.core.following import locked_cursor, move_cursor
from headwater.core.jobs import safe_tx
from headwater.core.wall import organisation_context
from headwater.distribute.asking import ASKS_NOTHING, BELONGS, HOLDING, ease, take_back_telling
from headwater.distribute.broadcasts import open_broadcasts
from headwater.distribute.delivering import deliver_broadcasts
from headwater.distribute.following import one_deliverer_at_a_time
from headwater.distribute.models import Broadcast, Delivery, Directive, InterestProfile
from headwater.distribute.recipients import READABLE, readable_values
from headwater.people.leaving import left_people
from headwater.people.models import AudienceMember
from headwater.search.models import Entry

ENTRIES_AT_ONCE = 1_000

# What a delivery is when nothing takes it back; a delivery of an earlier version stays replaced.
_BEFORE = """CASE WHEN d.acknowledged_at IS NOT NULL THEN 'acknowledged'
    WHEN EXISTS (SELECT FROM search_entryversion n JOIN distribute_delivery x ON x.version_id = n.id
                 WHERE n.entry_id = v.entry_id AND n.number > v.number AND x.person_id = d.person_id
                   AND x.state <> 'withdrawn') THEN 'expired'
    WHEN d.opened_at IS NOT NULL THEN 'opened' ELSE 'due' END"""

_TAKE_BACK = f"""
    UPDATE distribute_delivery d
    SET state = 'withdrawn', withdrawn_at = now(),
        withdrawn_because = CASE WHEN e.withdrawn_at IS NOT NULL THEN 'gone'
            WHEN p.left_on <= %(today)s OR p.erased_at IS NOT NULL THEN 'left' ELSE 'access' END
    FROM search_entryversion v, search_entry e, people_person p
    WHERE v.id = d.version_id AND e.id = v.entry_id AND p.id = d.person_id
      AND d.state IN ('due', 'opened') AND {{chosen}} AND NOT ({READABLE})
"""

_BRING_BACK = f"""
    UPDATE distribute_delivery d SET state = {_BEFORE}, withdrawn_at = NULL, withdrawn_because = ''
    FROM search_entryversion v, search_entry e, people_person p
    WHERE v.id = d.version_id AND e.id = v.entry_id AND p.id = d.person_id
      AND d.state = 'withdrawn' AND d.withdrawn_because IN ('gone', 'access', 'left') AND {{chosen}} AND {READABLE}
      AND EXISTS (SELECT {HOLDING})
    RETURNING d.id, d.must_acknowledge OR d.urgent
        OR EXISTS (SELECT FROM distribute_reason x WHERE x.delivery_id = d.id AND x.directive_id IS NOT NULL)
"""


def follow_entries(organisation_id: int) -> bool:
    """Take back, or bring back, deliveries of entries that changed. True when there are more."""
    with organisation_context(organisation_id):
        cursor = locked_cursor("withdraw")
        if cursor is None:
            return False
        upper = safe_tx()
        changed = Entry.objects.filter(tx__gte=cursor.tx, tx__lt=upper).order_by("tx")
        edge = changed.values_list("tx", flat=True)[ENTRIES_AT_ONCE : ENTRIES_AT_ONCE + 1].first()
        if edge is not None:
            upper = edge + 1
        entries = list(changed.filter(tx__lt=upper).values_list("pk", flat=True))
        if entries:
            settle_entries(_sent(entries))
            move_cursor(cursor, upper)
        return edge is not None


def _sent(entry_ids: list[int]) -> list[int]:
    """Those of the entries of which anything was sent: for a new one, the first time, there is nothing to do."""
    delivered = Delivery.objects.filter(version__entry__in=entry_ids).values_list("version__entry", flat=True)
    broadcast = Broadcast.objects.filter(version__entry__in=entry_ids).values_list("version__entry", flat=True)
    return list({*delivered.distinct(), *broadcast.distinct()})


def settle_entries(entry_ids: list[int]) -> int:
    """Bring the deliveries of these entries in step with who may read them; returns how many changed."""
    if not entry_ids:
        return 0
    changed = _settle("e.id = ANY(%(entries)s)", {"entries": entry_ids})
    return changed + _deliver_missing(open_broadcasts().filter(version__entry__in=entry_ids))


def follow_members(organisation_id: int) -> bool:
    """Whoever has come into an audience gets what its directives ask for, and what they may read by it."""
    with organisation_context(organisation_id):
        cursor = locked_cursor("joined audiences")
        if cursor is None:
            return False
        upper = safe_tx()
        joined = AudienceMember.objects.filter(tx__gte=cursor.tx, tx__lt=upper)
        audiences = list(joined.values_list("audience", flat=True).distinct())
        if audiences:
            people = list(joined.values_list("person", flat=True).distinct())
            settle_people(people)
            concerned = Q(directive__audience__in=audiences) | Q(version__entry__audience__in=audiences)
            _deliver_missing(open_broadcasts().filter(concerned))
            move_cursor(cursor, upper)
        return False


def release_leavers(organisation_id: int) -> bool:
    """Whoever is no longer in an audience is no longer asked by its must-reads.

    What only such a must-read asked for is withdrawn. What came for another reason as well loses the one that no longer
    holds, and stays as the others ask for it. Nobody announces who left, so this looks for what has lapsed.
    """
    with organisation_context(organisation_id):
        with connection.cursor() as cursor:
            cursor.execute(_LAPSED)
            lapsed = [pk for (pk,) in cursor.fetchall()]
        if lapsed:
            _release(lapsed)
        return False


def _release(reason_ids: list[int]) -> None:
    one_deliverer_at_a_time()
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, {"reasons": reason_ids})
        take_back_telling([pk for (pk,) in cursor.fetchall()])
        cursor.execute(_DROP, {"reasons": reason_ids})
        ease([pk for (pk,) in cursor.fetchall()])


def hand_over(organisation_id: int) -> bool:
    """Close the open deliveries of everybody who has left, and stop their profiles."""
    with organisation_context(organisation_id):
        left = list(left_people().values_list("pk", flat=True))
        settle_people(left)
        for profile in InterestProfile.objects.filter(person__in=left, is_active=True):
            profile.is_active = False
            profile.save()
        return False


def settle_people(person_ids: list[int]) -> int:
    """Bring the deliveries of these people in step with what they may read; returns how many changed."""
    return _settle("p.id = ANY(%(people)s)", {"people": person_ids})


def settle_everything(organisation_id: int) -> None:
    """Bring every delivery in step with who may read it and whom directives concern; nobody announces who left."""
    with organisation_context(organisation_id):
        _settle("true", {})
        release_leavers(organisation_id)
        _deliver_missing(open_broadcasts())


def _deliver_missing(broadcasts: QuerySet[Broadcast]) -> int:
    """Rows for those whom broadcasts that were spread before concern by now."""
    return deliver_broadcasts(list(broadcasts.filter(spread_at__isnull=False).values_list("pk", flat=True)))


def _settle(chosen: str, values: dict[str, Any]) -> int:
    filled = {**values, **readable_values()}
    one_deliverer_at_a_time()
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK.format(chosen=chosen), filled)
        changed = cursor.rowcount
        cursor.execute(_BRING_BACK.format(chosen=chosen), filled)
        back = cursor.fetchall()
    # Meanwhile a directive may have been recalled, or its audience left: what profiles alone brought asks nothing.
    ease([pk for pk, may_ask in back if may_ask])
    return changed + len(back)


def take_back_directive(directive: Directive) -> int:
    """Withdraw what only this directive asked for; what something else asks for too stays, as that asks for it."""
    one_deliverer_at_a_time()
    now = timezone.now()
    Broadcast.objects.filter(directive=directive, closed_at=None).update(closed_at=now)
    with connection.cursor() as cursor:
        cursor.execute(_RECALL, {"directive": directive.pk})
        recalled = [pk for (pk,) in cursor.fetchall()]
    take_back_telling(recalled)
    # What was withdrawn for another reason is not to ask for it either when it comes back.
    asked = directive.reasons.exclude(delivery__withdrawn_because="recalled")
    ease(list(asked.filter(delivery__state__in=_MAY_ASK).values_list("delivery", flat=True)))
    return len(recalled)


_MAY_ASK = (Delivery.State.DUE, Delivery.State.OPENED, Delivery.State.WITHDRAWN)
_RECALL = f"""
    UPDATE distribute_delivery d
    SET state = 'withdrawn', withdrawn_at = now(), withdrawn_because = 'recalled', {ASKS_NOTHING}
    FROM distribute_reason own
    WHERE own.delivery_id = d.id AND own.directive_id = %(directive)s AND d.state IN ('due', 'opened')
      AND NOT EXISTS (SELECT {HOLDING})
    RETURNING d.id
"""
# What open must-reads ask of people who are no longer in their audience.
_LAPSED = f"""
    SELECT x.id FROM distribute_reason x
    JOIN distribute_directive r ON r.id = x.directive_id AND r.acknowledge AND r.state IN ('issued', 'ended')
    JOIN distribute_delivery d ON d.id = x.delivery_id AND d.state IN ('due', 'opened') AND d.must_acknowledge
    WHERE NOT {BELONGS}
"""
_RELEASE = f"""
    UPDATE distribute_delivery d
    SET state = 'withdrawn', withdrawn_at = now(), withdrawn_because = 'left', {ASKS_NOTHING}
    FROM distribute_reason own
    WHERE own.id = ANY(%(reasons)s) AND own.delivery_id = d.id AND d.state IN ('due', 'opened')
      AND NOT EXISTS (SELECT {HOLDING})
    RETURNING d.id
"""
# The reason of what was withdrawn stays with it: it says why it once came.
_DROP = """
    DELETE FROM distribute_reason x USING distribute_delivery d
    WHERE x.id = ANY(%(reasons)s) AND d.id = x.delivery_id AND d.state IN ('due', 'opened')
    RETURNING d.id
"""

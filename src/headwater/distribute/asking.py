"""What a delivery asks of its person: what the reasons that still hold ask, and nothing of those that were taken back.

A reason stays with its delivery as history. Whoever takes reasons away, or brings a delivery back, calls this for what
may have changed; and where what somebody was told holds no more, the telling is taken back too, so that they are told
once more as soon as they are asked again.
"""

from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.models import Q

from headwater.distribute.deadlines import set_dues
from headwater.distribute.models import Delivery

BELONGS = """EXISTS (
    SELECT FROM people_audiencemember m WHERE m.audience_id = r.audience_id AND m.person_id = d.person_id)"""
# A reason still holds: the profile is there, or what the directive asked stays and the person belongs to whom it asks.
# Who leaves is released from what is to be signed (see withdrawing.release_leavers); what was only sent, was sent.
HOLDS = f"""(f.id IS NOT NULL AND f.removed_at IS NULL)
    OR (r.state IN ('issued', 'ended') AND (NOT r.acknowledge OR {BELONGS}))"""
HOLDING = f"""
    FROM distribute_reason x
    LEFT JOIN distribute_directive r ON r.id = x.directive_id
    LEFT JOIN distribute_interestprofile f ON f.id = x.profile_id
    WHERE x.delivery_id = d.id AND ({HOLDS})
"""
ASKS_NOTHING = "must_acknowledge = false, urgent = false, due_at = NULL"

# What was acknowledged is a record, and stays as it was asked. Where nothing holds, how it came is left as it was.
# Row by row, not joined: where the planner knows nothing of the tables yet, it would compare each with each.
_EASE = f"""
    UPDATE distribute_delivery d
    SET (must_acknowledge, urgent, push, score) = (
        SELECT coalesce(bool_or(r.acknowledge), false), coalesce(bool_or(r.urgent), false),
               coalesce(min(coalesce(f.when, 'at_once')), d.push), coalesce(max(x.score), d.score) {HOLDING})
    WHERE d.id = ANY(%(deliveries)s) AND d.acknowledged_at IS NULL
    RETURNING d.id, d.must_acknowledge, d.urgent
"""
# What has not gone out yet does not go out any more; what is being sent at this moment may arrive.
_UNTELL = """
    UPDATE distribute_dispatch x SET taken_back = true,
        state = CASE WHEN x.state IN ('queued', 'failed') THEN 'cancelled' ELSE x.state END
    WHERE x.delivery_id = ANY(%(deliveries)s) AND x.asked >= %(asked)s AND NOT x.taken_back
"""
_UNREMIND = """
    UPDATE distribute_reminder SET taken_back = true WHERE delivery_id = ANY(%(deliveries)s) AND NOT taken_back
"""
# What they were told counts for what still stands of it: where it is urgent no more, as what is to be acknowledged.
_LOWER = """
    UPDATE distribute_dispatch x SET asked = 1
    FROM distribute_delivery d
    WHERE d.id = x.delivery_id AND d.id = ANY(%(deliveries)s) AND d.must_acknowledge AND NOT d.urgent
      AND x.asked > 1 AND NOT x.taken_back
"""
# It came while it was withdrawn. Of what its person never saw, only what they were told since then counts as sent.
_BACK = """
    UPDATE distribute_delivery d SET withdrawn_at = NULL,
        sent_at = CASE WHEN d.opened_at IS NULL AND EXISTS (
            SELECT FROM distribute_dispatch x WHERE x.delivery_id = d.id AND x.taken_back) THEN NULL ELSE d.sent_at END
    WHERE d.id = ANY(%(deliveries)s)
"""


def ease(delivery_ids: Collection[int]) -> None:
    """Make these deliveries ask, press and be due as their reasons that still hold want it.

    Where they ask nothing any more, or are due at another time than their people may have been told, these count as not
    told of it. Where they ask less, nobody is told again.
    """
    if not delivery_ids:
        return
    asking = Delivery.objects.filter(pk__in=delivery_ids).filter(Q(must_acknowledge=True) | Q(urgent=True))
    before = set(asking.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_EASE, {"deliveries": list(delivery_ids)})
        now = {pk: must or urgent for pk, must, urgent in cursor.fetchall()}
        moved = set_dues(Delivery.objects.filter(pk__in=now))
        take_back_telling({pk for pk in before & now.keys() if not now[pk]} | moved, asked=1)
        cursor.execute(_LOWER, {"deliveries": list(now)})


def take_back_telling(delivery_ids: Collection[int], asked: int = 0) -> None:
    """What was sent of these deliveries counts no more, nor their reminders; of sendings, those that asked so much."""
    if not delivery_ids:
        return
    values: dict[str, Any] = {"deliveries": list(delivery_ids), "asked": asked}
    with connection.cursor() as cursor:
        cursor.execute(_UNTELL, values)
        cursor.execute(_UNREMIND, values)


def settle_returned(delivery_ids: Collection[int]) -> None:
    """Something brings these deliveries anew that were withdrawn: they ask what holds by now, and are news again."""
    if not delivery_ids:
        return
    ease(delivery_ids)
    with connection.cursor() as cursor:
        cursor.execute(_BACK, {"deliveries": list(delivery_ids)})

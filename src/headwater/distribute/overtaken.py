"""Overtaken: what is delivered of a version after the same person got a later one of the same entry.

Shards go at their own pace, and late queries are run over versions that are long matched, so an earlier version may
arrive after a later one. What becomes of it is what would have become of it in order: of a nearly identical version
nothing but its reasons is kept, and they go with the later one; any other is there as replaced.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import F

from headwater.search.language.fingerprint import NEAR_BITS
from headwater.search.models import EntryVersion

# What this transaction has delivered of these versions, and the latest version of the entry that its person has.
_OVERTAKEN = f"""
    SELECT DISTINCT ON (d.id) d.id, x.id,
        d.created_at = now() AND bit_count((o.fingerprint # n.fingerprint)::bit(64)) <= {NEAR_BITS}
    FROM distribute_delivery d
    JOIN search_entryversion o ON o.id = d.version_id
    JOIN search_entryversion n ON n.entry_id = o.entry_id AND n.number > o.number
    JOIN distribute_delivery x ON x.version_id = n.id AND x.person_id = d.person_id AND x.state <> 'withdrawn'
    WHERE d.version_id = ANY(%(versions)s) AND d.state = 'due' AND d.opened_at IS NULL AND d.tx = current_tx()
    ORDER BY d.id, n.number DESC
"""
_PAIRS = "unnest(%(early)s::bigint[], %(late)s::bigint[]) AS t(early, late)"
_HAND_ON = f"""
    INSERT INTO distribute_reason (delivery_id, profile_id, directive_id, words, score)
    SELECT t.late, r.profile_id, r.directive_id, r.words, r.score
    FROM {_PAIRS} JOIN distribute_reason r ON r.delivery_id = t.early
    ON CONFLICT DO NOTHING
"""
_PRESS = f"""
    UPDATE distribute_delivery d SET push = least(d.push, e.push), score = greatest(d.score, e.score)
    FROM {_PAIRS} JOIN distribute_delivery e ON e.id = t.early WHERE d.id = t.late
"""


def settle_overtaken(version_ids: Sequence[int]) -> int:
    """Settle what this transaction has delivered of these versions too late; returns how many deliveries are no more.

    Call it where they were delivered, while nobody else delivers.
    """
    later = EntryVersion.objects.filter(pk__in=version_ids, entry__versions__number__gt=F("number"))
    overtaken = list(later.distinct().values_list("pk", flat=True))
    if not overtaken:  # as nearly always: what was delivered is not looked through then
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_OVERTAKEN, {"versions": overtaken})
        found: list[tuple[int, int, bool | None]] = cursor.fetchall()
        same = [(early, late) for early, late, is_same in found if is_same]
        replaced = [early for early, _late, is_same in found if not is_same]
        if same:
            pairs: dict[str, Any] = {"early": [early for early, _ in same], "late": [late for _, late in same]}
            cursor.execute(_HAND_ON, pairs)
            cursor.execute(_PRESS, pairs)
            cursor.execute("DELETE FROM distribute_reason WHERE delivery_id = ANY(%(early)s)", pairs)
            cursor.execute("DELETE FROM distribute_delivery WHERE id = ANY(%(early)s)", pairs)
        if replaced:
            cursor.execute("UPDATE distribute_delivery SET state = 'expired' WHERE id = ANY(%s)", [replaced])
    return len(same)

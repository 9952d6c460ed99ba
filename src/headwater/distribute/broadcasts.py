"""Directives applied to versions: opened once, spread to everyone they concern, and kept up as people come and go.

To an audience of at most `FEW` a broadcast is spread where it is opened. To a larger one it stays open, is in every
inbox at once (`inbox.py` unites both), and rows follow in the background, since sending and reminders work on rows.
"""

from collections.abc import Sequence

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from headwater.core.wall import organisation_context
from headwater.distribute.deadlines import due_for
from headwater.distribute.delivering import deliver_broadcasts
from headwater.distribute.models import Broadcast, Directive
from headwater.people.models import AudienceMember
from headwater.search.models import EntryVersion

FEW = 1_000
# Whoever opens an inbox waits for the rows that are being written: so many take a tenth of a second.
ROWS_AT_ONCE = 1_000

# By organisation: the broadcast that this process spreads, and whom of its audience it has not looked at yet.
_ahead: dict[int, tuple[int, list[int]]] = {}


def broadcast_new_versions(
    versions: Sequence[EntryVersion], directed: Sequence[tuple[int, int, list[str]]], follow: bool = True
) -> int:
    """Apply standing directives (directive id, version id, words) and, to `follow`, those of these versions' entries.

    Returns how many deliveries were made at once.
    """
    words = {(directive_id, version_id): found for directive_id, version_id, found in directed}
    by_entry = {version.entry_id: version for version in versions}
    following = Directive.objects.filter(state=Directive.State.ISSUED, entry__in=by_entry if follow else ())
    for directive_id, entry_id in following.values_list("pk", "entry"):
        words[directive_id, by_entry[entry_id].pk] = []
    directives = _standing_now().in_bulk([directive_id for directive_id, _version in words])
    current = {version.pk: version for version in versions}
    opened = [
        broadcast
        for (directive_id, version_id), found in words.items()
        if directive_id in directives
        and (broadcast := open_broadcast(directives[directive_id], current[version_id], found))
    ]
    return spread_if_few(opened)


def open_broadcast(directive: Directive, version: EntryVersion, words: Sequence[str] = ()) -> Broadcast | None:
    """Apply a directive to a version, in place of the entry's earlier versions; None when that was done before."""
    older = Broadcast.objects.filter(directive=directive, version__entry=version.entry_id, closed_at=None)
    older.filter(version__number__lt=version.number).update(closed_at=timezone.now())
    now = timezone.now()
    due_at = due_for(directive, now, is_first=directive.version_id == version.pk)
    broadcast, is_new = Broadcast.objects.get_or_create(
        directive=directive,
        version=version,
        defaults={"opened_at": now, "due_at": due_at, "words": list(words)},
    )
    return broadcast if is_new else None


def spread_if_few(broadcasts: Sequence[Broadcast]) -> int:
    """Spread at once those whose audience is small; returns how many deliveries were made."""
    audiences = {broadcast.directive.audience_id for broadcast in broadcasts}
    sizes = dict(
        AudienceMember.objects.filter(audience__in=audiences).values_list("audience").annotate(Count("pk")).order_by()
    )
    few = [each for each in broadcasts if sizes.get(each.directive.audience_id, 0) <= FEW]
    made = deliver_broadcasts([each.pk for each in few])
    Broadcast.objects.filter(pk__in=[each.pk for each in few]).update(spread_at=timezone.now())
    return made


def spread_open_broadcasts(organisation_id: int) -> bool:
    """Give rows to more of the people whom open broadcasts concern. True when there are more.

    Looking for who has none among all, each time anew, would take the longer the more have one; so the audience is gone
    through once, and looked for is only who was passed over: who came meanwhile, or whose step was broken off.
    """
    with organisation_context(organisation_id):
        waiting = open_broadcasts().filter(spread_at=None).order_by("pk").select_related("directive")
        broadcast = waiting.select_for_update(skip_locked=True, of=("self",)).first()
        if broadcast is None:
            _ahead.pop(organisation_id, None)
            return False
        people = _next_people(organisation_id, broadcast)
        if people:
            deliver_broadcasts([broadcast.pk], people=people)
        elif deliver_broadcasts([broadcast.pk], ROWS_AT_ONCE) == 0:
            Broadcast.objects.filter(pk=broadcast.pk).update(spread_at=timezone.now())
        return True


def _next_people(organisation_id: int, broadcast: Broadcast) -> list[int]:
    """Those of its audience who are to be looked at next; nobody when all were."""
    spread, people = _ahead.get(organisation_id, (0, []))
    if spread != broadcast.pk:
        members = AudienceMember.objects.filter(audience=broadcast.directive.audience_id)
        people = list(members.values_list("person", flat=True))
        _ahead[organisation_id] = broadcast.pk, people
    chosen = people[-ROWS_AT_ONCE:]
    del people[-ROWS_AT_ONCE:]
    return chosen


def open_broadcasts() -> QuerySet[Broadcast]:
    """Directives that stand, on versions that are current and not withdrawn."""
    return Broadcast.objects.filter(
        closed_at=None,
        directive__state=Directive.State.ISSUED,
        version__entry__withdrawn_at=None,
        version__entry__current_version=F("version"),
    )


def _standing_now() -> QuerySet[Directive]:
    """Issued, and not past the day they stand until."""
    lasting = Q(until=None) | Q(until__gte=timezone.localdate())
    return Directive.objects.filter(lasting, state=Directive.State.ISSUED)

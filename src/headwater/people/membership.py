"""Who is in which audience: `AudienceMember` is what every rule selects now, kept in the transaction of each change.

Whoever changes anything that a rule looks at calls `refresh()` before the transaction ends. One advisory lock, held to
the commit, lets only one such transaction at a time compute: a later one therefore sees what an earlier one changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Value

from headwater.core.wall import current_organisation_id
from headwater.people.audiences import Places, to_q
from headwater.people.models import Audience, AudienceMember, Person

BATCH = 40

Pair = tuple[int, int]


@dataclass
class Difference:
    """What the table lacks and what it has too much: (audience id, person id) each."""

    missing: list[Pair] = field(default_factory=list)
    surplus: list[Pair] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.missing or self.surplus)


def refresh(audiences: Iterable[Audience] | None = None, people: Iterable[Person] | None = None) -> Difference:
    """Bring the membership of those audiences and people (default: all) up to date; say who joined and who left.

    Those who stay keep their `since`. Call it after the change, inside its transaction. When units move, or several
    people change, leave `people` out.
    """
    lock()
    found = difference(audiences, people)
    _remove(found.surplus)
    _add(found.missing)
    return found


def difference(audiences: Iterable[Audience] | None = None, people: Iterable[Person] | None = None) -> Difference:
    """Compare the live answer of the rules with the table, without changing anything (what `doctor` asks)."""
    chosen = list(Audience.objects.order_by("pk") if audiences is None else audiences)
    person_ids = None if people is None else [person.pk for person in people]
    places = Places.now()
    found = Difference()
    for start in range(0, len(chosen), BATCH):
        _compare(chosen[start : start + BATCH], person_ids, places, found)
    return found


def faults() -> list[str]:
    """What is wrong with the membership of audiences, in sentences; empty when it agrees with the rules."""
    found = difference()
    if not found:
        return []
    return [
        f"audiences lack {len(found.missing)} people whom their rules select, and hold {len(found.surplus)} whom they"
        " do not"
    ]


def lock() -> None:
    """Let no other transaction of this organisation move units or compute members until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('people.membership'), %s)", [current_organisation_id()])


def _compare(audiences: list[Audience], person_ids: list[int] | None, places: Places, found: Difference) -> None:
    """One statement: the union of the live answers against the rows that are there."""
    base = Person.objects.active().order_by()
    if person_ids is not None:
        base = base.filter(pk__in=person_ids)
    first, *others = (
        base.filter(to_q(audience.rule, places)).values_list(Value(audience.pk), "pk") for audience in audiences
    )
    wanted, values = first.union(*others, all=True).query.sql_with_params() if others else first.query.sql_with_params()
    kept = "audience_id = ANY(%s)" + (" AND person_id = ANY(%s)" if person_ids is not None else "")
    statement = (
        f"WITH wanted(audience_id, person_id) AS ({wanted}),"
        f" held AS (SELECT audience_id, person_id FROM people_audiencemember WHERE {kept})"
        " SELECT held.audience_id IS NULL, audience_id, person_id FROM wanted FULL JOIN held"
        " USING (audience_id, person_id) WHERE held.audience_id IS NULL OR wanted.audience_id IS NULL"
    )
    limits = [[audience.pk for audience in audiences], *([person_ids] if person_ids is not None else [])]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *limits])
        for is_missing, audience_id, person_id in cursor.fetchall():
            (found.missing if is_missing else found.surplus).append((audience_id, person_id))


def _remove(pairs: list[Pair]) -> None:
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM people_audiencemember m"
            " USING unnest(%s::bigint[], %s::bigint[]) AS gone(audience_id, person_id)"
            " WHERE m.audience_id = gone.audience_id AND m.person_id = gone.person_id",
            [[audience for audience, _person in pairs], [person for _audience, person in pairs]],
        )


def _add(pairs: list[Pair]) -> None:
    AudienceMember.objects.bulk_create(
        (AudienceMember(audience_id=audience, person_id=person) for audience, person in pairs),
        batch_size=5000,
        ignore_conflicts=True,
    )

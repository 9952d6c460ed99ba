"""Bringing a read scheme into the tables in a few large statements, and out of them again."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from headwater.core.addresses import link
from headwater.core.imports import report
from headwater.taxonomy.models import Broader, Concept, ConceptScheme, Related
from headwater.taxonomy.skos import ReadConcept, ReadScheme
from headwater.taxonomy.slugs import free_slugs, slug_of

BATCH = 1000
KEPT = ("labels", "alternatives", "definition", "state")


def store(scheme: ConceptScheme, read: ReadScheme) -> dict[str, int]:
    """Make the scheme's concepts what the file says; how many were added, changed, retired and left alone.

    Concepts that people added to the scheme by hand (they have no URI) stay. Links between imported concepts are
    replaced by the file's.
    """
    present = {concept.uri: concept for concept in Concept.objects.filter(scheme=scheme).exclude(uri="")}
    counts: Counter[str] = Counter()
    new = [each for uri, each in sorted(read.concepts.items()) if uri not in present]
    changed = [concept for uri, concept in present.items() if _update(concept, read.concepts.get(uri), counts)]
    total = len(read.concepts) + len(changed) + len(new)  # the last part is their links
    for start in range(0, len(changed), BATCH):
        Concept.objects.bulk_update(changed[start : start + BATCH], KEPT)
        report(start, total)
    for start, made in _created(scheme, new):
        present |= {concept.uri: concept for concept in made}
        report(len(changed) + start, total)
    report(len(changed) + len(new), total)
    _link({uri: concept.pk for uri, concept in present.items()}, read)
    _mark_replaced(present, read)
    return {"added": len(new), "changed": counts["changed"], "retired": counts["retired"], "same": counts["same"]}


def _created(scheme: ConceptScheme, new: list[ReadConcept]) -> Iterator[tuple[int, list[Concept]]]:
    """Concepts as they are made, a batch at a time, each with the number of those before it."""
    taken = set(Concept.objects.values_list("slug", flat=True))
    slugs = free_slugs((slug_of(each.labels) for each in new), taken)
    rows = [
        Concept(
            scheme=scheme,
            slug=slug,
            uri=each.uri[:500],
            labels=each.labels,
            alternatives=each.alternatives,
            definition=each.definition,
            state=_state(each),
        )
        for each, slug in zip(new, slugs, strict=True)
    ]
    for start in range(0, len(rows), BATCH):
        yield start, Concept.objects.bulk_create(rows[start : start + BATCH])


def _state(read: ReadConcept | None) -> str:
    return Concept.State.RETIRED if read is None or read.is_deprecated else Concept.State.ACCEPTED


def _update(concept: Concept, read: ReadConcept | None, counts: Counter[str]) -> bool:
    before = [getattr(concept, name) for name in KEPT]
    if concept.merged_into_id is None:
        concept.state = _state(read)
    if read is not None:
        concept.labels, concept.definition = read.labels, read.definition
        concept.alternatives = read.alternatives
    after = [getattr(concept, name) for name in KEPT]
    is_retired = before[3] != after[3] and after[3] == Concept.State.RETIRED
    counts["same" if before == after else "retired" if is_retired else "changed"] += 1
    return before != after


def _link(ids: dict[str, int], read: ReadScheme) -> None:
    """Replace the links between imported concepts."""
    imported = list(ids.values())
    wanted = {(ids[uri], ids[wide]) for uri, each in read.concepts.items() for wide in each.broader}
    held = dict_of(Broader.objects.filter(narrower__in=imported, broader__in=imported), "narrower_id", "broader_id")
    Broader.objects.filter(pk__in=[pk for pair, pk in held.items() if pair not in wanted]).delete()
    Broader.objects.bulk_create(
        (Broader(narrower_id=narrow, broader_id=wide) for narrow, wide in sorted(wanted - set(held))), batch_size=BATCH
    )
    pairs = {(ids[uri], ids[other]) for uri, each in read.concepts.items() for other in each.related}
    pairs = {(min(pair), max(pair)) for pair in pairs}
    kept = dict_of(Related.objects.filter(one__in=imported, other__in=imported), "one_id", "other_id")
    Related.objects.filter(pk__in=[pk for pair, pk in kept.items() if pair not in pairs]).delete()
    Related.objects.bulk_create(
        (Related(one_id=one, other_id=other) for one, other in sorted(pairs - set(kept))), batch_size=BATCH
    )


def dict_of(rows: QuerySet[Any], one: str, other: str) -> dict[tuple[int, int], int]:
    """{(first id, second id): the row's own id}."""
    return {(first, second): pk for first, second, pk in rows.values_list(one, other, "pk")}


def _mark_replaced(present: dict[str, Concept], read: ReadScheme) -> None:
    """Remember what a deprecated concept was replaced by, where the file says so."""
    replaced = []
    for uri, each in read.concepts.items():
        into = present.get(each.replaced_by)
        if into is not None and each.is_deprecated and present[uri].merged_into_id != into.pk:
            present[uri].merged_into = into
            replaced.append(present[uri])
    Concept.objects.bulk_update(replaced, ["merged_into"], batch_size=BATCH)


def is_used(scheme: ConceptScheme) -> bool:
    """Whether rows of rooms above point at a concept of the scheme."""
    inside = Concept.objects.filter(scheme=scheme)
    own = (Broader, Related, Concept)
    return any(
        relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": inside}).exists()
        for relation in Concept._meta.related_objects
        if relation.related_model not in own and not relation.many_to_many
    )


def read_back(scheme: ConceptScheme) -> ReadScheme:
    """The scheme as it is now, ready to be written as SKOS. Proposed concepts are left out."""
    concepts = list(
        Concept.objects.filter(scheme=scheme).exclude(state=Concept.State.PROPOSED).select_related("merged_into")
    )
    uris = {concept.pk: concept.uri or link("taxonomy:concept", pk=concept.pk) for concept in concepts}
    broader: dict[int, set[str]] = defaultdict(set)
    related: dict[int, set[str]] = defaultdict(set)
    for narrow, wide in Broader.objects.filter(Q(narrower__in=uris)).values_list("narrower", "broader"):
        if wide in uris:
            broader[narrow].add(uris[wide])
    for one, other in Related.objects.filter(one__in=uris, other__in=uris).values_list("one", "other"):
        first, second = sorted((one, other), key=lambda pk: uris[pk])
        related[first].add(uris[second])
    read = {
        uris[each.pk]: ReadConcept(
            uri=uris[each.pk],
            labels=each.labels,
            alternatives=each.alternatives,
            definition=each.definition,
            is_deprecated=each.state == Concept.State.RETIRED,
            replaced_by=uris.get(each.merged_into_id or 0, ""),
            broader=broader[each.pk],
            related=related[each.pk],
        )
        for each in concepts
    }
    return ReadScheme(scheme.uri or link("taxonomy:scheme", slug=scheme.slug), scheme.title, read)

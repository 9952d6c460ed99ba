"""What people who leave owned here goes to their successors."""

from headwater.core.wall import organisation_context
from headwater.gather.models import InformationNeed, Source
from headwater.people.leaving import left_people, successor_of
from headwater.search.models import Entry


def hand_over_of_leavers(organisation_id: int) -> bool:
    """Sources with their documents, and open needs, get a new owner. Safe to run twice; never more to do at once."""
    with organisation_context(organisation_id):
        for source in Source.objects.filter(owner__in=left_people()).select_related("owner"):
            successor = successor_of(source.owner)
            if successor is not None:
                Source.objects.filter(pk=source.pk).update(owner=successor)
                Entry.objects.filter(document__source=source).update(owner=successor)
        for need in InformationNeed.objects.filter(owner__in=left_people()).select_related("owner"):
            successor = successor_of(need.owner)
            if successor is not None:
                InformationNeed.objects.filter(pk=need.pk).update(owner=successor)
    return False

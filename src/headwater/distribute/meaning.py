"""The space of meanings of an organisation: made by a worker at night, read by whoever rescores what is learned.

Nothing is fetched from anywhere: it is made of the organisation's own texts. Restricted and confidential ones are left
out, and of the others nothing can be read in it but which words there are and how they lie to each other.
"""

from datetime import datetime
from functools import lru_cache

from django.utils import timezone

from headwater.core.models import Classification
from headwater.core.wall import organisation_context
from headwater.distribute.learned import read_terms
from headwater.distribute.matcher import meaning as matcher_meaning
from headwater.distribute.matcher.meaning import Meaning
from headwater.distribute.models import LearnedInterest, MeaningSpace
from headwater.search.models import Entry, EntryVersion

TEXTS = 1_000


def make_meaning(organisation_id: int) -> None:
    """Make the space anew of the newest texts, where somebody has a learned interest. Nightly, and before the first."""
    with organisation_context(organisation_id):
        if not LearnedInterest.objects.exists():
            return
        open_ones = Entry.objects.current().filter(classification__lte=Classification.INTERNAL)
        newest = EntryVersion.objects.filter(pk__in=open_ones.values("current_version")).select_related("entry")
        is_enough = open_ones.count() >= matcher_meaning.FEWEST
        terms = read_terms(list(newest.order_by("-published_at", "-pk")[:TEXTS])) if is_enough else []
        meaning = Meaning.gather(terms)
        if meaning is None:
            MeaningSpace.objects.all().delete()
            return
        made = {"made_at": timezone.now(), "texts": len(terms), "saved": meaning.saved()}
        MeaningSpace.objects.update_or_create(defaults=made)


def has_meaning(organisation_id: int) -> bool:
    """Whether there is a space already."""
    with organisation_context(organisation_id):
        return MeaningSpace.objects.exists()


def current_meaning() -> Meaning | None:
    """The space of the organisation that is at hand; the same object until another is made."""
    found = MeaningSpace.objects.values_list("pk", "made_at").first()
    return _read(*found) if found is not None else None


@lru_cache(8)
def _read(pk: int, _made_at: datetime) -> Meaning:
    return Meaning.read(bytes(MeaningSpace.objects.values_list("saved", flat=True).get(pk=pk)))

"""The space of meanings of an organisation: made by a worker at night, read by whoever rescores what is learned.

Nothing is fetched from anywhere: it is made of the organisation's own texts, of those alone that everybody in the
organisation may read. For whoever learns could ask it whether a word is in them, and beside which others it stands.
"""

from datetime import datetime
from functools import lru_cache

from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from headwater.core.models import Classification
from headwater.core.wall import organisation_context
from headwater.distribute.learned import BEGINNING, read_terms
from headwater.distribute.matcher import meaning as matcher_meaning
from headwater.distribute.matcher.meaning import Meaning
from headwater.distribute.models import LearnedInterest, MeaningSpace
from headwater.people.models import AudienceMember, Person
from headwater.search.models import Entry, EntryVersion
from headwater.search.seen import beginnings

TEXTS = 1_000


def make_meaning(organisation_id: int) -> None:
    """Make the space anew of the newest texts. Nightly, and before the first learning.

    Where nobody has a learned interest, or too few texts are open to everybody, none is left.
    """
    with organisation_context(organisation_id):
        terms = read_terms(_newest()) if LearnedInterest.objects.exists() else []
        meaning = Meaning.gather(terms)
        if meaning is None:
            MeaningSpace.objects.all().delete()
            return
        made = {"made_at": timezone.now(), "texts": len(terms), "saved": meaning.saved()}
        MeaningSpace.objects.update_or_create(defaults=made)


def _newest() -> list[EntryVersion]:
    open_ones = open_to_everybody()
    if open_ones.count() < matcher_meaning.FEWEST:
        return []
    newest = EntryVersion.objects.filter(pk__in=open_ones.values("current_version")).select_related("entry")
    return beginnings(newest.order_by("-published_at", "-pk")[:TEXTS], BEGINNING)


def open_to_everybody() -> QuerySet[Entry]:
    """The current entries that each active person may read, whoever owns them: within the clearance of all of them, and
    addressed to an audience that holds them all. Never more than internal.
    """
    people = Person.objects.active()
    least = people.aggregate(least=Min("clearance"))["least"] or Classification.PUBLIC
    held = AudienceMember.objects.filter(person__in=people).values("audience").annotate(held=Count("pk"))
    whole = held.filter(held=people.count()).values("audience")
    clear = Entry.objects.current().filter(classification__lte=min(least, Classification.INTERNAL))
    return clear.filter(audience__in=whole)


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

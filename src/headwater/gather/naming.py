"""What sources are called, for search: to show it, and to take it in queries."""

from collections.abc import Iterable

from headwater.core.actions import Actor
from headwater.gather import rules
from headwater.gather.models import Source
from headwater.people.models import Person


def named_sources(actor: Actor) -> Iterable[tuple[str, list[str]]]:
    """Slug and names of each source the actor may name, closed ones too: what came from them may have stayed.

    Nobody learns from a message that there is a source they may not see.
    """
    sources = Source.objects.all()
    if isinstance(actor, Person) and not rules.may_see_sources(actor):
        sources = sources.readable_by(actor)
    return [(slug, [name]) for slug, name in sources.values_list("slug", "name")]


def names_of_sources() -> dict[str, str]:
    """Slug → name of every source, to be shown with entries that the reader may read."""
    return dict(Source.objects.values_list("slug", "name"))

"""Which example a text is most like: the reason of what was learned, worked out when its person looks."""

from collections.abc import Iterator, Mapping

from headwater.distribute.learned import BEGINNING, read_terms, readable_versions
from headwater.distribute.matcher.weighing import Terms
from headwater.distribute.models import Delivery, LearnedInterest
from headwater.search.models import Entry, EntryVersion
from headwater.search.seen import beginnings

MOST_READ = 30  # the newest of each kind
LEAST_SHARED = 0.2  # of what speaks for the text; less is chance


def nearest_example(interest: LearnedInterest, version: EntryVersion) -> Entry | None:
    """Of what the person named as an example, or found useful, what shares most of the learned words with a version.

    None where all share too little. Looked for among what they may read now.
    """
    examples = [each for each in _examples(interest) if each.entry_id != version.entry_id]
    mine, *theirs = read_terms([version, *examples])
    speaking = {term: weight for term, weight in interest.effective.items() if weight > 0}
    shared = [_shared(speaking, mine, terms) for terms in theirs]
    best = max(shared, default=0.0)
    return examples[shared.index(best)].entry if best > LEAST_SHARED * _shared(speaking, mine, mine) else None


def _examples(interest: LearnedInterest) -> Iterator[EntryVersion]:
    """Current versions of examples, those that were named first."""
    named = list(
        interest.examples.filter(is_wanted=True).order_by("-added_at").values_list("entry", flat=True)[:MOST_READ]
    )
    if interest.follows_use:
        useful = Delivery.objects.filter(person=interest.person_id, useful=True).order_by("-created_at")
        named += useful.values_list("version__entry", flat=True)[:MOST_READ]
    versions = beginnings(readable_versions(interest.person).filter(entry__in=named), BEGINNING)
    found = {each.entry_id: each for each in versions}
    return (found[pk] for pk in dict.fromkeys(named) if pk in found)


def _shared(speaking: Mapping[str, float], one: Terms, other: Terms) -> float:
    """How much the two have in common of the words that speak for a text."""
    both = one.shares.keys() & other.shares.keys() & speaking.keys()
    return sum(speaking[term] * one.shares[term] * other.shares[term] for term in both)

"""Learning what a person wants: from what they found useful, from examples, and for newcomers from their unit or role.

A worker's task, for it loads the compiled matcher. Nothing is learned from anybody who has not switched it on; from
what a person did not say is learned little; and no text is used that they may not read now.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from django.db.models import Q, QuerySet
from django.db.models.functions import Left
from django.utils import timezone

from headwater.core.jobs import safe_tx
from headwater.core.wall import organisation_context
from headwater.distribute.breadth import FEWEST
from headwater.distribute.function_words import is_function_word
from headwater.distribute.learned import (
    BEGINNING,
    LEAST_SHARING,
    as_written,
    is_ignored,
    read_terms,
    readable_versions,
)
from headwater.distribute.matcher.learning import ACKNOWLEDGED, IGNORED, USEFUL, Learned, learn
from headwater.distribute.matcher.weighing import TITLE, Background, Terms
from headwater.distribute.models import Delivery, LearnedExample, LearnedInterest
from headwater.people.models import Person
from headwater.search.language.analyzer import analyze
from headwater.search.models import EntryVersion
from headwater.search.seen import beginnings

_LOOKED_BACK = timedelta(days=365)  # from before the consent too, which is asked for in these words
_MOST_EXAMPLES = 400
_BACKGROUND = 600
_HANDED_ON = 60
_MOST_KEPT = 1_500
_COMMON = 0.5  # of the texts: what stands in more of them is usual here, and sets none apart

_terms: dict[int, Terms] = {}
"""Terms of versions that were read lately: most people's backgrounds are the same texts."""


@lru_cache(1)
def _compiled() -> None:
    """Compile the loops of learning, once a process, before a transaction is open: it would stand idle for seconds."""
    learn([Terms({"a": 1.0})], [Terms({"b": 1.0})], Background(2, {"a": 1, "b": 1}, [Terms({"c": 1.0})]))


def learn_due(organisation_id: int) -> bool:
    """Learn anew what is due, one person at a time. True when there may be more."""
    _compiled()
    with organisation_context(organisation_id):
        due = LearnedInterest.objects.filter(due_at__lte=timezone.now()).order_by("due_at")
        interest = due.select_for_update(skip_locked=True, of=("self",)).select_related("person", "profile").first()
        if interest is not None:
            learn_anew(interest)
        return interest is not None


def learn_anew(interest: LearnedInterest) -> None:
    """Learn from all that the person has said and done up to now; their own changes of words stay."""
    below = safe_tx()
    person = interest.person
    wanted, unwanted = _examples(interest)
    background = Background.gather(_read(_begun(readable_versions(person).order_by("-published_at")[:_BACKGROUND])))
    start, interest.began_with = _start(interest, background)
    learned = learn([terms for _pk, terms in wanted], [terms for _pk, terms in unwanted], background, start)
    examples = [*wanted, *unwanted]
    interest.words = _written({pk for pk, _terms in examples}, learned, interest.edits, interest.words)
    silent = _silent(interest, learned, examples, background)
    interest.terms, interest.threshold = _telling_first(learned, examples, background, silent), learned.threshold
    interest.examples_used = len(wanted)
    interest.learned_at, interest.learned_tx, interest.due_at = timezone.now(), below, None
    interest.save()
    # The worker that matches follows profiles.
    interest.profile.save(update_fields=["changed_at"])


Example = tuple[int, Terms]


def _telling_first(
    learned: Learned, examples: Iterable[Example], background: Background, silent: set[str]
) -> list[list[str | float]]:
    """What was learned, first what brings most in the examples; last what no other text has: it may be a slip.

    What is silent tells of no subject, and comes after all that does.
    """
    shares: Counter[str] = Counter()
    for _pk, terms in examples:
        shares.update(terms.shares)
    alone = {term for term, _weight in learned.terms if background.frequencies.get(term, 0) < 2}
    ranked = sorted(
        learned.terms,
        key=lambda item: (item[0] in silent, item[0] in alone, -abs(item[1]) * shares[item[0]], -abs(item[1]), item[0]),
    )
    return [[term, weight] for term, weight in ranked]


def _silent(
    interest: LearnedInterest, learned: Learned, examples: Sequence[Example], background: Background
) -> set[str]:
    """The terms that tell of no subject: function words of the examples' languages, and what stands in most texts."""
    versions = EntryVersion.objects.filter(pk__in=[pk for pk, _terms in examples])
    languages = set(versions.values_list("language", flat=True))
    most = _COMMON * background.documents if background.documents >= FEWEST else background.documents
    return {
        term
        for term, _weight in learned.terms
        if background.frequencies.get(term, 0) > most
        or any(is_function_word(as_written(interest, term), language) for language in languages)
    }


def _examples(interest: LearnedInterest) -> tuple[list[Example], list[Example]]:
    """What is wanted and what is not, each with its version and how much it says; nothing that is closed now."""
    says = _from_use(interest.person) if interest.follows_use else {}
    for entry, is_wanted in LearnedExample.objects.filter(interest=interest).values_list("entry", "is_wanted"):
        says[entry] = USEFUL if is_wanted else -USEFUL
    versions = _begun(readable_versions(interest.person).filter(entry__in=says))
    found: dict[bool, list[Example]] = {True: [], False: []}
    for version, terms in zip(versions, _read(versions), strict=True):
        weight = says[version.entry_id]
        found[weight > 0].append((version.pk, replace(terms, weight=abs(weight))))
    return found[True], found[False]


def _from_use(person: Person) -> dict[int, float]:
    """{entry: how much it says}, below 0 for unwanted ones: rated, else acknowledged, else left unopened for weeks."""
    rows = Delivery.objects.filter(person=person, created_at__gt=timezone.now() - _LOOKED_BACK)
    rows = rows.exclude(state=Delivery.State.WITHDRAWN).order_by("-created_at")
    telling = rows.filter(Q(useful__isnull=False) | Q(acknowledged_at__isnull=False) | is_ignored())
    says: dict[int, float] = {}
    for entry, useful, signed in telling.values_list("version__entry", "useful", "acknowledged_at")[:_MOST_EXAMPLES]:
        if useful is not None:
            says.setdefault(entry, USEFUL if useful else -USEFUL)
        else:
            says.setdefault(entry, ACKNOWLEDGED if signed else -IGNORED)
    return says


def _start(interest: LearnedInterest, background: Background) -> tuple[Learned | None, str]:
    """What it begins with, and whose words these are: those it was kept with, or, for a newcomer, their colleagues'."""
    if not interest.follows_use:
        kept = [(term, weight) for term, weight in interest.terms]
        return (Learned(tuple(kept), interest.threshold) if kept else None), interest.began_with
    for name, colleagues in _colleagues(interest.person):
        shared = shared_terms(colleagues, background)
        if shared is not None:
            return shared, name
    return None, ""


def _colleagues(person: Person) -> Iterable[tuple[str, QuerySet[LearnedInterest]]]:
    """Those of the person's unit, and of each of their roles, who learn from what they do and have done something."""
    others = LearnedInterest.objects.filter(follows_use=True, examples_used__gt=0).exclude(person=person)
    others = others.filter(person__in=Person.objects.active())
    if person.unit is not None:
        yield person.unit.name, others.filter(person__unit=person.unit)
    for role in person.roles.order_by("name"):
        yield role.name, others.filter(person__roles=role)


def shared_terms(colleagues: Iterable[LearnedInterest], background: Background) -> Learned | None:
    """What at least LEAST_SHARING of them have in common, of words that the newcomer may read; None: too little.

    Weights are means, rounded, so that nobody's own can be worked out of them.
    """
    weights: dict[str, list[float]] = defaultdict(list)
    for each in colleagues:
        for term, weight in each.terms:
            if weight > 0 and each.edits.get(term, weight) > 0:
                weights[term].append(weight)
    found = {
        term: round(sum(known) / len(known), 1)
        for term, known in weights.items()
        if len(known) >= LEAST_SHARING and background.frequencies.get(term)
    }
    best = sorted(found, key=lambda term: (-found[term], term))[:_HANDED_ON]
    terms = tuple((term, found[term]) for term in best if found[term] > 0)
    return Learned(terms, 1.0) if terms else None


def _begun(versions: QuerySet[EntryVersion]) -> list[EntryVersion]:
    return beginnings(versions, BEGINNING)


def _read(versions: Sequence[EntryVersion]) -> list[Terms]:
    missing = [version for version in versions if version.pk not in _terms]
    if len(_terms) + len(missing) > _MOST_KEPT:
        _terms.clear()
        missing = list(versions)
    _terms.update(zip([version.pk for version in missing], read_terms(missing), strict=True))
    return [_terms[version.pk] for version in versions]


def _written(
    version_ids: Iterable[int], learned: Learned, edits: Iterable[str], before: dict[str, str]
) -> dict[str, str]:
    """How people write each term: its commonest form in the examples, else as it was known before."""
    wanted = {term.removeprefix(TITLE) for term, _weight in learned.terms} | {
        term.removeprefix(TITLE) for term in edits
    }
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    versions = EntryVersion.objects.filter(pk__in=list(version_ids))
    for title, text, language in versions.values_list("title", Left("text", BEGINNING), "language"):
        analysis = analyze(f"{title}\n{text}", language)
        for surface, stem in zip(analysis.surfaces, analysis.stems, strict=True):
            if stem in wanted:
                forms[stem][surface] += 1
    known = {term: counts.most_common(1)[0][0] for term, counts in forms.items()}
    return {term: known.get(term, before.get(term, term)) for term in wanted}

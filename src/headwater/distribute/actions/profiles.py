"""The verbs about interest profiles: what a person or a group wants to hear of."""

import re
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.core.jobs import safe_tx
from headwater.distribute import rules
from headwater.distribute.breadth import DAYS, refuse_flood
from headwater.distribute.following import current_tx
from headwater.distribute.models import InterestProfile
from headwater.distribute.models.standing import When
from headwater.distribute.past import Past
from headwater.people.checking import is_language
from headwater.people.models import Audience, Person
from headwater.search.language.errors import QueryError
from headwater.search.language.parser import parse
from headwater.search.naming import canonical

MOST_PROFILES = 200
LONGEST_CODE = 10  # as columns hold it
_CONTROL = "\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # but for those that are blanks
_UNKEEPABLE = re.compile(f"[{_CONTROL}\ud800-\udfff]")


@action
def save_profile(
    actor: Actor,
    query: str,
    name: str = "",
    person: Person | None = None,
    audience: Audience | None = None,
    when: str = When.DIGEST,
    language: str = "",
    profile: InterestProfile | None = None,
    confirmed: bool = False,
) -> InterestProfile:
    """Keep a standing query of a person or a group, or change one; new versions that match it are delivered.

    `when` is how soon: at_once, digest or weekly. Without `person` and `audience` it is the actor's own. Left without a
    name it is called by its query. What somebody keeps already is changed, not kept twice. A query that takes (nearly)
    everything is kept only when that is `confirmed`.
    """
    profile = profile or _kept_already(actor, query, language, person, audience)
    if profile is None:
        profile = InterestProfile(created_by=actor if isinstance(actor, Person) else None)
        profile.person, profile.audience = _holder(actor, person, audience)
    _require_change(actor, profile)
    if profile.pk is not None and not profile.query:
        raise ValidationError({"query": _("This interest is learned, and has no query. Change its words instead.")})
    query = check_query(actor, query, profile.query)
    if language != profile.language:
        check_language(language)
    if when not in When.values:
        raise ValidationError({"when": _("Choose at_once, digest or weekly.")})
    is_new_question = profile.pk is None or (query, language) != (profile.query, profile.language)
    if is_new_question:
        refuse_flood(parse(query), Past.of(_reader(actor, profile), DAYS), confirmed)
    profile.query, profile.language, profile.when = query, language, when
    profile.name = re.sub(f"[{_CONTROL}]", "", name).strip()[:200] or profile.name or query[:200]
    if is_new_question:
        _start_now(profile)
    profile.save()
    note(profile=profile.pk, when=when, **({"confirmed": True} if confirmed else {}))
    return profile


@action
def pause_profile(actor: Actor, profile: InterestProfile) -> InterestProfile:
    """Stop a standing query for a while; it keeps its place and its name."""
    _require_change(actor, profile)
    profile.is_active = False
    profile.save()
    return profile


@action
def resume_profile(actor: Actor, profile: InterestProfile) -> InterestProfile:
    """Let a paused standing query match again, from now on."""
    _require_change(actor, profile)
    profile.is_active = True
    _start_now(profile)
    profile.save()
    return profile


@action
def remove_profile(actor: Actor, profile: InterestProfile) -> InterestProfile:
    """Remove a standing query; what it brought stays in the inbox. `restore_profile` undoes it."""
    _require_change(actor, profile)
    profile.removed_at = timezone.now()
    profile.save()
    return profile


@action
def restore_profile(actor: Actor, profile: InterestProfile) -> InterestProfile:
    """Bring a removed standing query back; it matches from now on."""
    _require_change(actor, profile)
    profile.removed_at = None
    _start_now(profile)
    profile.save()
    return profile


def check_query(actor: Actor, query: str, kept: str = "") -> str:
    """The query without blanks at its ends, with slugs for names. Raises `ValidationError` that says what is wrong.

    What is `kept` already stays: it goes on matching, though a unit it names may be gone.
    """
    query = query.strip()
    if query and query == kept:
        return kept
    if not query:
        raise ValidationError({"query": _("Write what you want to hear of: at least one word, or * for everything.")})
    if (unfit := unkeepable(query)) is not None:
        raise ValidationError({"query": unfit.said})
    try:
        return canonical(query, actor)
    except QueryError as error:
        raise ValidationError({"query": said(error)}) from error


@dataclass(frozen=True)
class Unfit:
    """A character that is not kept: where it stands (0-based), and what is said of it."""

    position: int
    said: str


def unkeepable(query: str) -> Unfit | None:
    """The first character of a query that nobody types on purpose: a control character, or half of a pair."""
    found = _UNKEEPABLE.search(query)
    if found is None:
        return None
    words = _("There is a control character at position %(place)d. Take it out.")
    return Unfit(found.start(), words % {"place": found.start() + 1})


def check_language(code: str) -> None:
    """Raises `ValidationError` for what is neither empty nor the code of a language."""
    if code and not (is_language(code) and len(code) <= LONGEST_CODE):
        known = _("“%(code)s” is no language code; write for example en or fr, or leave it empty.")
        raise ValidationError({"language": known % {"code": code[:40]}})


def said(error: QueryError) -> str:
    """What is wrong with a query, in the reader's language; said where no results stand beside it."""
    details: dict[str, Any] = error.details
    if error.code == "no_such_value":
        words = _(
            "There is no “{name}:{value}”, at position {place}. "
            "Take it out; the values there are stand beside the results of any search."
        )
        return words.format(**details)
    return _(error.template).format(**details)


def _holder(actor: Actor, person: Person | None, audience: Audience | None) -> tuple[Person | None, Audience | None]:
    if person is not None and audience is not None:
        raise ValidationError({"audience": _("A profile belongs to a person or to a group, not to both.")})
    if person is None and audience is None:
        if not isinstance(actor, Person):
            raise ValidationError({"person": _("Say whose profile this is: a person or an audience.")})
        person = actor
    if person is not None and person.profiles.filter(removed_at=None).count() >= MOST_PROFILES:
        raise ValidationError({"person": _("200 profiles are the most. Remove one first, or join two with OR.")})
    return person, audience


def _kept_already(
    actor: Actor, query: str, language: str, person: Person | None, audience: Audience | None
) -> InterestProfile | None:
    """The holder's profile that asks the same. Its holder is locked: of two at once, the second finds the first's."""
    holder: Person | Audience | None = audience or person or (actor if isinstance(actor, Person) else None)
    if holder is None:
        return None
    type(holder)._default_manager.select_for_update(no_key=True).filter(pk=holder.pk).first()
    same = InterestProfile.objects.filter(removed_at=None, language=language, query=check_query(actor, query))
    return same.filter(**{"audience" if audience else "person": holder}).first()


def _reader(actor: Actor, profile: InterestProfile) -> Person | None:
    """For whose eyes it is looked how much a query takes: its holder's; for a group, those of who keeps its profile."""
    return profile.person or (actor if isinstance(actor, Person) else None)


def _require_change(actor: Actor, profile: InterestProfile) -> None:
    if profile.person is not None:
        message = _("Only the person decides what they want to hear of.")
    else:
        message = _("A group's profile is kept by a knowledge manager, or by who leads the community.")
    require(rules.may_change_profile(actor, profile), message)


def _start_now(profile: InterestProfile) -> None:
    """It is for every version that is committed from here on."""
    profile.since_tx, profile.asked_tx = safe_tx(), current_tx()

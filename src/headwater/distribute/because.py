"""The because-line: why a version goes to a person, in words. Every delivery has at least one reason."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from headwater.distribute.likeness import nearest_example
from headwater.distribute.models import Directive, LearnedInterest, Reason
from headwater.people.models import Person
from headwater.search.models import EntryVersion


@dataclass(frozen=True)
class Because:
    """One reason: an icon's name, what stands behind it (`lead`, `name`), and the words as the text has them.

    `note` says of what was learned which example it is like; it is worked out for who looks at the text.
    """

    icon: str
    lead: str
    name: str
    words: tuple[str, ...] = ()
    note: str = ""

    def sentence(self) -> str:
        """The reason as one line of plain text, for mail, feeds, the API and the command line."""
        words = get_text_list([f"“{word}”" for word in self.words], pgettext("the last of a list of words", "and"))
        begun = f"{self.lead} {self.name}" if self.name else self.lead
        return f"{begun}: {words}" if words else begun


def because(reason: Reason) -> Because:
    """Say a reason in words. Wants `profile` and `directive` with its `audience` at hand (select_related)."""
    words = tuple(str(word) for word in reason.words)
    if reason.directive is not None:
        return Because("directive", _lead(reason.directive), reason.directive.audience.name, words)
    if reason.profile is not None and reason.profile.person_id is not None:
        return Because("profile", _("Your profile"), reason.profile.name, words)
    if reason.profile is not None:
        return Because("group", _("Your group's profile"), reason.profile.name, words)
    return Because("profile", _("A profile that has since been removed"), "", words)


def because_like(reason: Reason, version: EntryVersion, person: Person) -> Because:
    """The same to the person who reads the version; of what was learned of them, with the example it is most like."""
    found, profile = because(reason), reason.profile
    if profile is None or profile.query or profile.person_id != person.pk:
        return found
    interest = LearnedInterest.objects.filter(profile=profile).first()
    example = nearest_example(interest, version) if interest is not None else None
    return (
        found if example is None else replace(found, note=_("like your example “%(title)s”") % {"title": example.title})
    )


def _lead(directive: Directive) -> str:
    if directive.state == Directive.State.RECALLED:
        return _("Recalled since it was sent to")
    return _("You must read this because you belong to") if directive.acknowledge else _("Sent to")


def weightiest_first(reasons: Iterable[Reason]) -> list[Reason]:
    """What was ordered before what was wished for; what was recalled only where nothing else says why it came."""
    found = sorted(reasons, key=_weight)
    return [reason for reason in found if not is_recalled(reason)] or found


def _weight(reason: Reason) -> tuple[int, int]:
    """Smaller is weightier: to be acknowledged, urgent, sent, followed; of equals what came first."""
    directive = reason.directive
    if directive is None:
        return 3, reason.pk or 0
    return 0 if directive.acknowledge else 1 if directive.urgent else 2, reason.pk or 0


def is_recalled(reason: Reason) -> bool:
    """Whether what it asked was taken back."""
    return reason.directive is not None and reason.directive.state == Directive.State.RECALLED


def sentences(reasons: Iterable[Reason]) -> list[str]:
    """Each reason as a line, the weightiest first; where several read alike, since what asked is gone, one line."""
    return list(dict.fromkeys(because(reason).sentence() for reason in weightiest_first(reasons)))

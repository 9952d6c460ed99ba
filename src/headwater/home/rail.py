"""The places of the product: which there are, which of them a person may go to, and which one they are in."""

from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headwater.core.addresses import address
from headwater.people.models import Permission, Person

STEERING = frozenset({Permission.KNOWLEDGE_MANAGER, Permission.ADMINISTRATOR})
LOOKING = STEERING | {Permission.EXECUTIVE}
GATHERING = STEERING | {Permission.STEWARD}
WRITING = frozenset({Permission.KNOWLEDGE_MANAGER, Permission.CONTRIBUTOR, Permission.EXPERT, Permission.STEWARD})
# An administrator keeps the accounts and reads the log; whom knowledge reaches is not theirs to decide or to watch.
ADMINISTERING = frozenset({Permission.ADMINISTRATOR})
DISTRIBUTING = frozenset({Permission.KNOWLEDGE_MANAGER})
PROVING = DISTRIBUTING | {Permission.EXECUTIVE}


@dataclass(frozen=True)
class Place:
    """One page everybody knows by name; `within` are the beginnings of the names of the pages that lie in it."""

    label: str | Promise
    icon: str
    name: str = ""
    key: str = ""
    rights: frozenset[str] = frozenset()
    within: tuple[str, ...] = ()
    url: str = ""
    count: int = 0
    count_label: str | Promise = ""
    is_bad: bool = False
    is_current: bool = False


@dataclass(frozen=True)
class Section:
    """A group of places in the rail; the first has no title."""

    title: str | Promise
    places: list[Place]


DAILY = (
    Place(_("Today"), "sun", "home:today", "t", within=("home:today",)),
    Place(
        _("Inbox"),
        "inbox",
        "distribute:inbox",
        "i",
        within=(
            "distribute:inbox",
            "distribute:profile",
            "distribute:reaching",
            "distribute:channel",
            "distribute:learning",
        ),
    ),
    Place(_("Library"), "books", "library:articles", "l", within=("library:", "home:entry", "search:")),
    Place(_("People"), "users", "people:people", "p", within=("people:",)),
)
STEER = (
    Place(_("Cockpit"), "gauge", "home:cockpit", "k", LOOKING, within=("home:cockpit", "home:counted")),
    Place(_("Gather"), "droplet", "gather:sources", "s", GATHERING, within=("gather:",)),
    Place(
        _("Distribute"),
        "send",
        "distribute:directives",
        "d",
        DISTRIBUTING,
        within=("distribute:directive", "distribute:forecast"),
    ),
    Place(
        _("Prove"),
        "shield-check",
        "distribute:prove",
        "v",
        PROVING,
        within=(
            "distribute:prove",
            "distribute:proof",
            "distribute:overdue",
            "distribute:unreached",
            "distribute:chain",
            "distribute:load",
            "distribute:quiet",
        ),
    ),
    Place(_("Topics"), "tags", "taxonomy:topics", "o", GATHERING, within=("taxonomy:",)),
    Place(_("Audit"), "history", "distribute:audit", "u", STEERING, within=("distribute:audit",)),
    Place(_("Outbox"), "mail", "distribute:outbox", "", ADMINISTERING, within=("distribute:outbox",)),
    Place(_("Matching"), "server", "distribute:matching", "", ADMINISTERING, within=("distribute:matching",)),
)
MINE = (
    Place(_("My account"), "user-circle", "people:me"),
    Place(_("My interests"), "affiliate", "distribute:profiles"),
    Place(_("What is learned of me"), "bulb", "distribute:learning"),
    Place(_("How I am reached"), "bell", "distribute:reaching"),
    Place(_("What is held about me"), "id-badge-2", "people:held"),
)
NEW = (
    Place(_("Write down what I know"), "pencil-plus", "library:new", "c", WRITING),
    Place(_("Interest profile"), "affiliate", "distribute:profile-new"),
    Place(_("Must-read"), "send", "distribute:directive-new", "", DISTRIBUTING),
    Place(_("Source"), "droplet", "gather:source-new", "", GATHERING),
    Place(_("Question to be answered"), "target-arrow", "gather:need-new", "", WRITING | STEERING),
)


def may_go(person: Person, rights: frozenset[str]) -> bool:
    """Whether one of the rights is held anywhere; a place without rights is open to everybody."""
    return not rights or any(permission in rights for permission, _path in person.granted)


def open_places(person: Person, places: tuple[Place, ...]) -> list[Place]:
    """Those of the places that the person may go to, with their addresses."""
    return [replace(place, url=address(place.name)) for place in places if may_go(person, place.rights)]


def _here(request: HttpRequest, place: Place) -> int:
    match = request.resolver_match
    name = match.view_name if match else ""
    return max((len(part) for part in place.within if name.startswith(part)), default=0)


def sections(request: HttpRequest, person: Person, counts: dict[str, tuple[int, str, bool]]) -> list[Section]:
    """The rail for this person: counts by icon (`inbox`, `shield-check`…), the nearest place marked as current."""
    daily, steer = open_places(person, DAILY), open_places(person, STEER)
    nearest = max((_here(request, place) for place in daily + steer), default=0)

    def dressed(place: Place) -> Place:
        count, label, is_bad = counts.get(place.icon, (0, "", False))
        current = nearest > 0 and _here(request, place) == nearest
        return replace(place, count=count, count_label=label, is_bad=is_bad, is_current=current)

    groups = [
        Section("", [dressed(place) for place in daily]),
        Section(_("Steer"), [dressed(place) for place in steer]),
    ]
    return [group for group in groups if group.places]

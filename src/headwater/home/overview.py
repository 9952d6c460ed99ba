"""The cockpit page's words around its figures: labels, notes, links, the finding on top, the first steps."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headwater.core.addresses import address
from headwater.core.display.figures import duration, number, percent
from headwater.core.display.sankey import Flow, Node
from headwater.distribute.models import Delivery, Directive
from headwater.gather.models import Source
from headwater.home.cockpit import Cockpit
from headwater.home.findings import sooner_title
from headwater.home.needs import Trust, needs_of
from headwater.home.rail import ADMINISTERING, DISTRIBUTING, GATHERING, WRITING, may_go
from headwater.people.models import Permission, Person
from headwater.search.models import Entry
from headwater.search.rules import may_settle_gaps

PERIODS = (7, 30, 90)


@dataclass(frozen=True)
class FlowCell:
    """One stage of the flow: the figure, its list, what it is of, and what is bad about it."""

    label: str
    value: int
    url: str
    note: str
    bad: str = ""
    bad_url: str = ""


@dataclass(frozen=True)
class Step:
    """One of the first five steps of a new organisation."""

    title: str
    text: str
    icon: str
    url: str
    is_done: bool


def target_words(hours: float) -> str:
    """A target of time to aware, as it stands beside its figure."""
    return _("target %(time)s") % {"time": _("%(hours)s h") % {"hours": number(hours)}}


def list_address(figure: str, cockpit: Cockpit) -> str:
    """The list behind a figure, for the same period."""
    return f"{address('home:counted', figure=figure)}?days={cockpit.days}"


def overview(person: Person, days: int) -> dict[str, Any]:
    """Everything the cockpit's template asks for, worked out, so that it can be kept for a minute."""
    cockpit = Cockpit(person, days)
    if not (cockpit.numbers["versions"] or cockpit.flow["delivered"] or cockpit.flow["before"]):
        return {
            "cockpit": cockpit,
            "steps": first_steps(cockpit.person),
            "finding": _("The first five steps"),
            **_frame(cockpit),
        }
    trust = Trust()
    topics, units = cockpit.reach
    nodes, flows = stream(cockpit)
    return {
        "cockpit": cockpit,
        "finding": finding(cockpit),
        "flow": flow(cockpit),
        "nodes": nodes,
        "flows": flows,
        "targets": [target_words(hours) for hours in settings.HEADWATER_AWARE_TARGETS],
        "needs": needs_of(cockpit, trust),
        "median": duration(cockpit.aware["median"]),
        "p95": duration(cockpit.aware["p95"]),
        "weeks": weeks(cockpit),
        "topics": topics,
        "units": units,
        "trust": trust,
        "trust_rows": trust_rows(cockpit, trust),
        "trust_parts": trust_parts(trust),
        "gap_words": ", ".join(f"“{query}”" for query in cockpit.numbers["wanted"]),
        **_frame(cockpit),
    }


def _frame(cockpit: Cockpit) -> dict[str, Any]:
    words = {7: _("7 days"), 30: _("30 days"), 90: _("Quarter")}
    counted = _("Counted %(time)s") % {"time": date_format(localtime(cockpit.now), "H:i")}
    return {
        "people": cockpit.numbers["people"],
        "periods": [(days, words[days]) for days in PERIODS],
        "top_note": counted,
        "links": {
            "prove": address("distribute:prove") if cockpit.scope.paths else "",
            "articles": list_address("articles", cockpit),
            "gaps": address("search:gaps") if may_settle_gaps(cockpit.person) else "",
        },
    }


def finding(cockpit: Cockpit) -> str:
    """What changed against the period before; without that, what went through."""
    before = {7: _("in the week before"), 30: _("in the 30 days before"), 90: _("in the quarter before")}[cockpit.days]
    found = sooner_title(cockpit.aware["median"], cockpit.aware["before"], before)
    if found:
        return found
    flow, people = cockpit.flow, cockpit.flow["people"]
    if not flow["delivered"]:
        return _("%(n)s gathered, nothing delivered yet") % {"n": number(cockpit.numbers["versions"])}
    reached = ngettext("reached %(n)s person", "reached %(n)s people", people) % {"n": number(people)}
    return _("%(n)s deliveries %(reached)s in %(days)s days") % {
        "n": number(flow["delivered"]),
        "reached": reached,
        "days": cockpit.days,
    }


def flow(cockpit: Cockpit) -> list[FlowCell]:
    """Gathered, delivered, opened, acknowledged."""
    gathered, numbers = cockpit.numbers, cockpit.flow
    silent = len(cockpit.sources)
    sources = ngettext("from %(n)s source", "from %(n)s sources", gathered["from_sources"]) % {
        "n": number(gathered["from_sources"])
    }
    people = ngettext("to %(n)s person, each with a reason", "to %(n)s people, each with a reason", numbers["people"])
    opened = percent(numbers["opened"], numbers["delivered"])
    if numbers["before"]:
        opened += " · " + _("before %(share)s") % {"share": percent(numbers["opened_before"], numbers["before"])}
    overdue = gathered["overdue"]  # whenever it was asked: what is late does not end with a period
    return [
        FlowCell(
            _("Gathered"),
            gathered["versions"],
            list_address("gathered", cockpit),
            sources,
            ngettext("%(n)s needs mending", "%(n)s need mending", silent) % {"n": number(silent)} if silent else "",
            address("gather:sources"),
        ),
        FlowCell(
            _("Delivered"),
            numbers["delivered"],
            list_address("delivered", cockpit),
            people % {"n": number(numbers["people"])},
        ),
        FlowCell(_("Opened"), numbers["opened"], list_address("opened", cockpit), opened),
        FlowCell(
            _("Acknowledged"),
            numbers["acknowledged"],
            list_address("acknowledged", cockpit),
            _("of %(n)s asked") % {"n": number(numbers["asked"])},
            _("%(n)s overdue") % {"n": number(overdue)} if overdue else "",
            list_address("overdue", cockpit),
        ),
    ]


def stream(cockpit: Cockpit) -> tuple[list[Node], list[Flow]]:
    """What was delivered, as a stream: seen or not, and of what was seen, what was signed."""
    counts = cockpit.flow
    rest = max(0, counts["seen"] - counts["acknowledged"] - counts["unsigned"])
    nodes = [
        Node("delivered", _("Delivered"), 0, "s6", list_address("delivered", cockpit)),
        Node("seen", _("Opened or signed"), 1, "s5"),
        Node("unseen", _("Neither opened nor signed"), 1, "bad"),
        Node("acknowledged", _("Acknowledged"), 2, "s6", list_address("acknowledged", cockpit)),
        Node("rest", _("Nothing to sign"), 2, "s5"),
        Node("unsigned", _("Opened only"), 2, "bad"),
    ]
    flows = [
        Flow("delivered", "seen", counts["seen"]),
        Flow("delivered", "unseen", counts["delivered"] - counts["seen"]),
        Flow("seen", "acknowledged", counts["acknowledged"]),
        Flow("seen", "rest", rest),
        Flow("seen", "unsigned", counts["unsigned"]),
    ]
    return nodes, flows


def weeks(cockpit: Cockpit) -> dict[str, Any]:
    """Time to aware by week, in hours, for the chart."""
    rows = cockpit.aware_by_week
    return {
        "labels": [date_format(row["week"], "j M") for row in rows],
        "series": [
            (_("median"), [hours(row["median"]) for row in rows]),
            (_("95th"), [hours(row["p95"]) for row in rows]),
        ],
    }


def hours(length: timedelta) -> float:
    """A length of time in hours, to a tenth."""
    return round(length.total_seconds() / 3600, 1)


def trust_parts(trust: Trust) -> list[tuple[str, int]]:
    """The pieces of the trust bar: tone and count."""
    tones = {"in_date": "s5", "due": "s2", "disputed": "warn", "orphaned": "bad"}
    return [(tone, trust.counts[name]) for name, tone in tones.items()]


def trust_rows(cockpit: Cockpit, trust: Trust) -> list[dict[str, Any]]:
    """The lines under the trust bar."""
    rows = [
        ("in_date", _("In date"), "s5"),
        ("due", _("Check due"), "s2"),
        ("disputed", _("Disputed, banner shown"), "warn"),
        ("orphaned", _("Orphaned: no active owner"), "bad"),
        ("reports", _("Error reports past two days"), "none"),
    ]
    counts = {**trust.counts, "reports": cockpit.numbers["reports"]}
    return [
        {"label": label, "tone": tone, "value": counts[name], "url": list_address(name, cockpit)}
        for name, label, tone in rows
    ]


def first_steps(person: Person) -> list[Step]:
    """What a new organisation does first, and which of it is done."""
    return [
        _step(
            (person, ADMINISTERING, Permission.ADMINISTRATOR, "people:import"),
            _("Bring in your people"),
            _("A CSV file of units and people is enough; you see what would change before it does."),
            "users",
            Person.objects.count() > 3,
        ),
        _step(
            (person, GATHERING, Permission.KNOWLEDGE_MANAGER, "gather:source-new"),
            _("Name a source"),
            _("A folder, a feed, a web site or a mailbox. What is there fills the library; inboxes stay quiet."),
            "droplet",
            Source.objects.exists(),
        ),
        _step(
            (person, WRITING, Permission.CONTRIBUTOR, "library:new"),
            _("Write down one thing everybody asks"),
            _("One article shows how drafting, review and verification work here."),
            "pencil-plus",
            Entry.objects.filter(article__isnull=False).exists(),
        ),
        _step(
            (person, frozenset(), Permission.READER, "distribute:profile-new"),
            _("Follow what you would not like to miss"),
            _("A saved search is an interest profile: new matches come to you with the reason."),
            "affiliate",
            Delivery.objects.exists(),
        ),
        _step(
            (person, DISTRIBUTING, Permission.KNOWLEDGE_MANAGER, "distribute:directive-new"),
            _("Issue a first must-read"),
            _("You see whom it reaches, and who cannot be reached, before it goes out."),
            "send",
            Directive.objects.exclude(state=Directive.State.DRAFT).exists(),
        ),
    ]


def _step(way: tuple[Person, frozenset[str], Permission, str], title: str, text: str, icon: str, is_done: bool) -> Step:
    """A step for who may take it; for others, which permission somebody needs who does."""
    person, rights, needed, page = way
    if may_go(person, rights):
        return Step(title, text, icon, address(page), is_done)
    missing = _("Whoever does this needs a permission, given on their page: %(permission)s.")
    return Step(title, missing % {"permission": needed.label}, icon, address("people:people"), is_done)

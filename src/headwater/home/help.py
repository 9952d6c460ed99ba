"""Help about each page: what it is for, and the three things one does there."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Topic:
    """What a page is for, and what one does there."""

    title: str | Promise
    purpose: str | Promise
    steps: tuple[str | Promise, ...] = ()


TOPICS = {
    "home-today": Topic(
        _("Today"),
        _("What you must read, in how long, and what is for you and why. Everything else can wait for your digest."),
        (
            _("Open the first must-read; at its foot you attest that you have read exactly this version."),
            _("Thumbs under “For you” teach your interest profiles what is useful."),
            _("When all is read, the page says so and ends."),
        ),
    ),
    "home-cockpit": Topic(
        _("Cockpit"),
        _("Whether knowledge arrives, and what needs a decision from you. Every number opens its list."),
        (
            _("“Needs you” holds what is overdue, silent, without an owner or unreachable."),
            _("Time to aware runs from publication, or from when a person became eligible, until they opened it."),
            _("In the table of reach, a dot means that the topic brought nothing to that unit."),
        ),
    ),
    "distribute-matching": Topic(
        _("Matching"),
        _("How the standing queries are shared out among the workers that hold them in memory, and how they keep up."),
        (
            _("A shard that no worker holds is matched by nobody: start “headwater work” on one more host."),
            _("Divide into more shards when one worker’s memory, or one core’s time, is not enough."),
            _("Texts that could not be matched are set aside; try them again once their cause is mended."),
        ),
    ),
    "home-entry": Topic(
        _("Reading"),
        _("A document or an article: why you see it, whether you can rely on it, where it comes from."),
        (
            _("n and p go through what changed since your last acknowledgement."),
            _("a goes to the acknowledgement; Enter signs it."),
            _("If something is wrong or unclear, say so: its owner has two working days to answer."),
        ),
    ),
    "distribute-inbox": Topic(
        _("Inbox"),
        _("Everything that was brought to you, each with its reason. It refreshes by itself."),
        (
            _("j and k walk through the rows, Enter opens one."),
            _("Select rows to mark them as read; must-reads stay until you acknowledge them."),
        ),
    ),
    "distribute-profile": Topic(
        _("Interest profiles"),
        _("A standing question in the language of search. What matches comes to you, with the words that matched."),
        (
            _("Write words, “phrases”, AND, OR, NOT, prefix*, or a field such as title: or topic:."),
            _("The preview shows what you would have had in the last 90 days, against your attention budget."),
        ),
    ),
    "distribute-directive": Topic(
        _("Must-reads"),
        _("A version that an audience must acknowledge by a day; or, standing, each new version that matches a query."),
        (
            _("Each line of the audience shows how many people it leaves."),
            _("Who cannot be reached is shown before you issue it."),
            _("You can recall it for ten minutes."),
        ),
    ),
    "distribute-pro": Topic(
        _("Proof"),
        _("Who was to know what, who opened and acknowledged it, when, and how late."),
        (
            _("Select a number to see the people behind it; export the record as CSV."),
            _("An acknowledgement on a signed list can be recorded; it is marked as such."),
        ),
    ),
    "distribute-reaching": Topic(
        _("How I am reached"),
        _("Channels, digest hour, quiet hours, and how many pushes a day you accept. Must-reads always come."),
    ),
    "library": Topic(
        _("Library"),
        _("Articles that people here wrote, review and verify."),
        (
            _("c begins a new one. Saving never loses text: two people saving at once both keep theirs."),
            _("Somebody verifies each article at an interval; when that day passes, readers see a banner."),
            _("What is thrown away waits thirty days in the trash."),
        ),
    ),
    "search": Topic(
        _("Search"),
        _("Everything you may read, as you type."),
        (
            _("“Phrases”, AND, OR, NOT, prefix*, NEAR/3, title:, topic:, source:, kind:, lang:, unit:, path:."),
            _("A search that finds nothing is counted as a gap, without your name unless you ask to be told."),
            _("“Keep this search running” makes it an interest profile."),
        ),
    ),
    "gather": Topic(
        _("Gather"),
        _("Where knowledge comes from: folders, feeds, web sites, mailboxes, uploads."),
        (
            _("A source's page says when it last worked, what is fresh, what failed and why."),
            _("A first run fills the library; inboxes stay quiet except for what is recent."),
        ),
    ),
    "people": Topic(
        _("People"),
        _("Units, roles, communities, and the audiences that select people by a living rule."),
        (
            _("Import shows what would change before it does."),
            _("Somebody who leaves hands over what they own; their deliveries close."),
        ),
    ),
    "taxonomy": Topic(
        _("Topics"),
        _("What entries are about: concepts imported as SKOS, or proposed by people here."),
    ),
}
GENERAL = Topic(
    _("This page"),
    _("Every number opens its list, every item says why you see it, and what you do can be undone."),
)


def help_about(page: str) -> Topic:
    """The topic of a page's name (`distribute-inbox`), of its beginning, of its room; else the general one."""
    fitting = [name for name in TOPICS if page.startswith(name)]
    return TOPICS[max(fitting, key=len)] if fitting else GENERAL

"""The headings a new article of each kind begins with: a page to fill in is easier than an empty one."""

from django.utils.translation import gettext as _

from headwater.search.models import Kind


def skeleton(kind: str) -> str:
    """The first text of an article of that kind, in the writer's language."""
    return "\n\n\n".join(f"## {heading}" for heading in _headings(kind)) + "\n"


def _headings(kind: str) -> list[str]:
    headings = {
        Kind.HOW_TO: [_("When you need this"), _("Steps"), _("If it does not work")],
        Kind.PROCEDURE: [_("When this applies"), _("Before"), _("Steps"), _("If something goes wrong"), _("After")],
        Kind.POLICY: [_("What it is for"), _("Whom it binds"), _("What is decided"), _("Exceptions")],
        Kind.LESSON: [_("What happened"), _("Why"), _("What we change"), _("Who does it, by when")],
        Kind.FAQ: [_("Question"), _("Answer")],
        Kind.DECISION: [_("What was decided"), _("Why"), _("What else was considered"), _("Until when it holds")],
        Kind.REFERENCE: [_("In short"), _("Details"), _("Where it comes from")],
        Kind.CONTACT: [_("Whom to ask"), _("For what"), _("When they can be reached")],
        Kind.BEST_PRACTICE: [_("What works"), _("Where it was shown"), _("How to begin")],
    }
    return headings.get(Kind(kind), [_("In short"), _("Details")])

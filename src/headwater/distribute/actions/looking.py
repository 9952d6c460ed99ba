"""The verb about looking ahead: whom would this reach?"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.core.display.dates import when_words
from headwater.core.models import Classification, Event
from headwater.distribute import rules
from headwater.distribute.actions.profiles import check_language
from headwater.distribute.models import Forecast
from headwater.library.models import Article
from headwater.people.models import Audience, Person
from headwater.search.models import Entry

MOST_TEXT = 1_000_000
MOST_A_DAY = 50  # chance is averaged out by asking very often: see docs/how-to/reach.md
DAY = timedelta(days=1)


@action
def forecast_reach(
    actor: Actor,
    entry: Entry | None = None,
    article: Article | None = None,
    audience: Audience | None = None,
    title: str = "",
    text: str = "",
    language: str = "",
    classification: int = Classification.INTERNAL,
) -> Forecast:
    """Ask whom an entry, the newest draft of an article, or a text would reach, and who of an audience would be missed.

    `audience` is by default the entry's own; a text that is no entry yet needs one. The workers answer within a second
    or two (`show_forecast`), once: other numbers take another asking. The question is forgotten after a day. Nobody is
    told anything.
    """
    require(rules.may_look_ahead(actor), _("Only knowledge managers ask whom something would reach."))
    title, text = title.strip()[:500], text.strip()
    if [entry is not None, article is not None, bool(title or text)].count(True) != 1:
        raise ValidationError({"entry": _("Choose what it is about: an entry, an article's draft, or a text.")})
    _check_text(text, classification)
    check_language(language)
    forecast = Forecast(asked_by=actor if isinstance(actor, Person) else None, title=title, text=text)
    # As of an article: words have stems only in a language, and what is learned of people are stems.
    forecast.language = language or (forecast.asked_by.reading_language if forecast.asked_by else "")
    forecast.classification = classification
    if entry is not None:
        _require_readable(actor, entry)
        forecast.entry = entry
    if article is not None:
        _set_draft(actor, forecast, article)
    about = forecast.entry or (forecast.revision.article.entry if forecast.revision else None)
    forecast.audience = audience or (about.audience if about is not None else None)
    if forecast.audience is None:
        raise ValidationError({"audience": _("Choose who it is meant for: it has no audience of its own.")})
    _count_asking(actor)
    forecast.save()
    note(entry=about.pk if about is not None else None, audience=forecast.audience.pk)
    return forecast


def _count_asking(actor: Actor) -> None:
    """Raises `ValidationError` for who has asked as often in the last day as anybody may. The operator may.

    Counted in the audit log: a question goes with its entry or audience, and would be forgotten there.
    """
    if not isinstance(actor, Person):
        return
    Person.objects.select_for_update(no_key=True).get(pk=actor.pk)  # of two at once the later counts the earlier
    mine = Event.objects.filter(actor_id=actor.actor_id, verb="forecast_reach", at__gt=timezone.now() - DAY)
    asked = list(mine.order_by("-at").values_list("at", flat=True)[:MOST_A_DAY])
    if len(asked) == MOST_A_DAY:
        said = _(
            "You have looked ahead %(most)d times in a day, and more could tell of single people what is theirs alone. "
            "Nothing was asked; your earlier answers stay. Ask again after %(time)s."
        )
        raise ValidationError({"asked": said % {"most": MOST_A_DAY, "time": when_words(asked[-1] + DAY)}})


def _check_text(text: str, classification: int) -> None:
    if len(text) > MOST_TEXT:
        said = _("The text has %(n)d characters; %(most)d are the most that are looked at.")
        raise ValidationError({"text": said % {"n": len(text), "most": MOST_TEXT}})
    if classification not in Classification.values:
        raise ValidationError({"classification": _("Choose one of the classifications.")})


def _require_readable(actor: Actor, entry: Entry) -> None:
    if isinstance(actor, Person):
        allowed = Entry.objects.current().readable_by(actor).filter(pk=entry.pk).exists()
        require(allowed, _("Nobody asks about what they may not read themselves."))


def _set_draft(actor: Actor, forecast: Forecast, article: Article) -> None:
    """The newest revision; of an article whose drafts the actor may see."""
    if isinstance(actor, Person):
        allowed = Article.objects.draft_circle(actor).filter(pk=article.pk).exists()
        require(allowed, _("Only those who may see its drafts ask about them."))
    forecast.revision = article.latest

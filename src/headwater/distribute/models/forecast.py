"""Looking ahead: a question whom something would reach, and what the holders of the standing queries answered."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Classification, Walled
from headwater.library.models import Revision
from headwater.people.models import Audience, Person
from headwater.search.models import Entry


class Forecast(Walled):
    """A question: which of this audience would an entry, an article's draft or a text reach if it came out now?

    Answered by the workers, who hold the standing queries in memory. Kept for a day, with what was answered, and with
    the numbers that were told when it was first looked at. One whose text cannot be matched is taken back: nobody tries
    it again, and who waits for it is told.
    """

    asked_by = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, null=True, related_name="+")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, null=True, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, null=True, related_name="+")
    title = models.CharField(_("title"), max_length=500, blank=True)
    text = models.TextField(_("text"), blank=True, help_text=_("of what is no entry yet"))
    language = models.CharField(max_length=10, blank=True)
    classification = models.PositiveSmallIntegerField(
        _("classification"), choices=Classification, default=Classification.INTERNAL
    )
    taken_back_at = models.DateTimeField(null=True, editable=False, help_text=_("when it turned out to have no answer"))
    told = models.JSONField(null=True, editable=False, help_text=_("the numbers that were shown: others are not given"))
    tx = models.BigIntegerField(default=0, editable=False)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-asked_at"], name="forecast_asked")]

    def __str__(self) -> str:
        return self.title or str(self.revision or self.entry or "")


class ForecastAnswer(Walled):
    """Which standing queries of one part (`number` of `of`) match. Ids only: words would tell what people follow."""

    forecast = models.ForeignKey(Forecast, on_delete=models.CASCADE, related_name="answers")
    number = models.PositiveSmallIntegerField()
    of = models.PositiveSmallIntegerField()
    profiles = models.JSONField(default=list)
    directives = models.JSONField(default=list)
    tx = models.BigIntegerField(default=0, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["forecast", "number", "of"], name="forecast_answered_once")]

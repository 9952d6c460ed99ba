"""Topics: concept schemes as SKOS describes them, in any language."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Walled


class ConceptScheme(Walled):
    """A set of concepts that belong together: an imported thesaurus, or the organisation's own list."""

    slug = models.SlugField(max_length=80)
    title = models.CharField(_("title"), max_length=200)
    uri = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="scheme_slug")]

    def __str__(self) -> str:
        return self.title


class Concept(Walled):
    """One topic. `labels` and `alternatives` are {language: label} and {language: [labels]} (prefLabel, altLabel)."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        PROPOSED = "proposed", _("Proposed")
        RETIRED = "retired", _("Retired")

    scheme = models.ForeignKey(ConceptScheme, on_delete=models.CASCADE, related_name="concepts")
    slug = models.SlugField(max_length=120, allow_unicode=True)
    uri = models.CharField(max_length=500, blank=True)
    labels = models.JSONField(default=dict)
    alternatives = models.JSONField(default=dict, blank=True)
    definition = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.ACCEPTED)
    broader: "models.ManyToManyField[Concept, Broader]" = models.ManyToManyField(
        "self", symmetrical=False, related_name="narrower", through="Broader"
    )
    merged_into = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="merged")
    tx = models.BigIntegerField(default=0, editable=False, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="concept_slug")]

    def __str__(self) -> str:
        return self.label("en")

    def label(self, language: str) -> str:
        """The preferred label in that language, else in English, else in any."""
        return self.labels.get(language) or self.labels.get("en") or next(iter(self.labels.values()), self.slug)


class Broader(Walled):
    """`narrower` is a narrower concept of `broader` (skos:broader)."""

    narrower = models.ForeignKey(Concept, on_delete=models.CASCADE, related_name="broader_links")
    broader = models.ForeignKey(Concept, on_delete=models.CASCADE, related_name="narrower_links")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["narrower", "broader"], name="broader_once")]


class Related(Walled):
    """Two concepts worth knowing of each other (skos:related); kept once, lower id first."""

    one = models.ForeignKey(Concept, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Concept, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="related_once")]

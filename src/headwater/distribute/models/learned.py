"""What was learned of a person's interests: with their consent, shown to them, theirs to change and to erase."""

from collections.abc import Mapping

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Walled
from headwater.distribute.models.standing import InterestProfile
from headwater.people.models import Person
from headwater.search.models import Entry


class LearnedInterest(Walled):
    """The weighted words of one person. It matches as the profile `profile`, whose query is empty.

    `terms` are what was learned, [[term, weight], …], what brings most in the examples first; `edits` what the person
    says instead, {term: weight}, 0 for never; they outlive every learning. `words` tells for each term how people
    write it.
    """

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="learned_interest")
    profile = models.OneToOneField(InterestProfile, on_delete=models.CASCADE, related_name="learned")
    follows_use = models.BooleanField(default=False, help_text=_("learns from what the person finds useful"))
    consented_at = models.DateTimeField(null=True)
    terms = models.JSONField(default=list)
    threshold = models.FloatField(default=1.0)
    words = models.JSONField(default=dict)
    edits = models.JSONField(default=dict)
    examples_used = models.PositiveIntegerField(default=0, help_text=_("wanted ones, at the last learning"))
    began_with = models.CharField(max_length=200, blank=True, help_text=_("the unit or role whose words it began with"))
    due_at = models.DateTimeField(null=True, help_text=_("when it is to be learned anew"))
    learned_at = models.DateTimeField(null=True)
    learned_tx = models.BigIntegerField(default=0, help_text=_("what the person did in older transactions is in it"))
    tx = models.BigIntegerField(default=0, editable=False)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="learned_due", condition=models.Q(due_at__isnull=False))]

    @property
    def effective(self) -> dict[str, float]:
        """{term: weight} as it matches: what was learned, with the person's own words in place."""
        return self.with_edits(self.edits)

    def with_edits(self, edits: Mapping[str, float]) -> dict[str, float]:
        """The same with these in place of the person's own words."""
        found = {**dict(self.terms), **edits}
        return {term: weight for term, weight in found.items() if weight}


class LearnedExample(Walled):
    """Something that a person named as an example: more like it, or less."""

    interest = models.ForeignKey(LearnedInterest, on_delete=models.CASCADE, related_name="examples")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="+")
    is_wanted = models.BooleanField(default=True)
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["interest", "entry"], name="learned_example_once")]


class MeaningSpace(Walled):
    """Where an organisation's texts lie by what they mean: `matcher.meaning`. What is learned is rescored by it."""

    made_at = models.DateTimeField(default=timezone.now)
    texts = models.PositiveIntegerField(help_text=_("of how many it was made"))
    saved = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation"], name="meaning_one_each")]

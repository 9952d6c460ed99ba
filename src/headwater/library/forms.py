"""What people fill in on the pages of the library. The rules are in the actions; here is only shape."""

from typing import Any, TypeVar

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Classification
from headwater.library.models import Article, Feedback, LibrarySettings
from headwater.library.rules import REVIEWERS, WRITERS
from headwater.people.models import Audience, Grant, Person, Unit
from headwater.people.picking import PersonField
from headwater.search.models import Kind
from headwater.taxonomy.picking import TopicField, TopicsField

KINDS = [choice for choice in Kind.choices if choice[0] != Kind.GATHERED]
T = TypeVar("T")


def offer(form: forms.BaseForm, name: str, queryset: QuerySet[Any]) -> None:
    """Let a field of the form choose among those rows."""
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = queryset


def units_to_write_for(person: Person) -> QuerySet[Unit]:
    """Units for which the person may write articles."""
    allowed = Q(pk__in=[])
    for permission in WRITERS:
        for path in person.paths_granted(permission):
            allowed |= Q(path__startswith=path) if path else Q(pk__isnull=False)
    return Unit.objects.filter(allowed)


class NewArticleForm(forms.Form):
    """The first facts of an article; its text is written on the next page."""

    title = forms.CharField(label=_("Title"), max_length=500)
    kind = forms.ChoiceField(label=_("What it is"), choices=KINDS, initial=Kind.HOW_TO)
    unit = forms.ModelChoiceField(
        label=_("Unit"), queryset=Unit.objects.none(), required=False, empty_label=_("No unit")
    )
    audience = forms.ModelChoiceField(
        label=_("Who may read it"),
        queryset=Audience.objects.all(),
        required=False,
        empty_label=_("Only its owner and stewards"),
        help_text=_("Once it is published. Until then only you, contributors and stewards see it."),
    )
    classification = forms.TypedChoiceField(
        label=_("Classification"),
        choices=Classification.choices,
        coerce=lambda value: Classification(int(value)),
        initial=1,
    )
    reference = forms.CharField(label=_("Reference"), max_length=40, required=False, help_text=_("such as SAF-014"))

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "unit", units_to_write_for(person))
        self.fields["unit"].initial = person.unit_id
        reached = [choice for choice in Classification.choices if choice[0] <= person.clearance]
        field = self.fields["classification"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = reached


class TopicForm(forms.Form):
    """One topic, by what it is called in any language."""

    topic = TopicField(label=_("It is also about"))


class DetailsForm(forms.Form):
    """What stands around a text."""

    kind = forms.ChoiceField(label=_("What it is"), choices=KINDS)
    unit = forms.ModelChoiceField(
        label=_("Unit"), queryset=Unit.objects.none(), required=False, empty_label=_("No unit")
    )
    reference = forms.CharField(label=_("Reference"), max_length=40, required=False)
    topics = TopicsField(
        label=_("Topics"),
        required=False,
        help_text=_("By their names, in any language; an emptied line takes one away."),
    )
    new_topic = forms.CharField(
        label=_("Propose a topic that is missing"),
        max_length=120,
        required=False,
        help_text=_("It is put on this article at once; whoever keeps the topics decides about it."),
    )
    owner = PersonField(label=_("Owner"))
    verifier = PersonField(label=_("Verified by"), required=False, help_text=_("Empty: its owner is asked."))
    verify_every_days = forms.IntegerField(label=_("Days between checks"), min_value=1, max_value=3650)

    def __init__(self, *args: Any, article: Article, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = Unit.objects.filter(pk__in=[article.entry.unit_id] if article.entry.unit_id else [])
        offer(self, "unit", (units_to_write_for(person) | here).distinct())


class SharingForm(forms.Form):
    """Who may read an article."""

    audience = forms.ModelChoiceField(
        label=_("Audience"),
        queryset=Audience.objects.all(),
        required=False,
        empty_label=_("Only its owner and stewards"),
    )
    classification = forms.TypedChoiceField(
        label=_("Classification"), choices=Classification.choices, coerce=lambda value: Classification(int(value))
    )


class ContributorForm(forms.Form):
    """One more person who writes on it."""

    person = PersonField(label=_("Name or mail address"))


class SubmissionForm(forms.Form):
    """To whom a revision is handed in."""

    reviewers = forms.ModelMultipleChoiceField(
        label=_("Reviewers"), queryset=Person.objects.none(), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, article: Article, settings: LibrarySettings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = article.entry.unit
        held = Grant.objects.filter(permission__in=REVIEWERS)
        above = _paths_above(unit.path) if unit else []
        held = held.filter(Q(unit=None) | Q(unit__path__in=above))
        people = Person.objects.active().filter(
            pk__in=held.values("person"), clearance__gte=article.entry.classification
        )
        own = [] if settings.allows_self_approval or article.latest is None else [article.latest.author_id]
        offer(self, "reviewers", people.exclude(pk__in=own).order_by("name"))


def _paths_above(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[:count]) + "/" for count in range(1, len(parts) + 1)]


class PublicationForm(forms.Form):
    """One sentence of what changed."""

    summary = forms.CharField(
        label=_("What changed, in one sentence"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The first thing readers see. Not needed for a first issue."),
    )


class DecisionForm(forms.Form):
    """A reviewer's word."""

    comment = forms.CharField(label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": 4}))


class VerificationForm(forms.Form):
    """A named person's word that a version still holds."""

    evidence = forms.CharField(
        label=_("What you checked"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A measurement, a document, a visit, a person you asked: so that others can follow it."),
    )
    every_days = forms.IntegerField(label=_("Check again after days"), min_value=1, max_value=3650)
    version = forms.IntegerField(widget=forms.HiddenInput)


class FeedbackForm(forms.Form):
    """Flag it."""

    kind = forms.ChoiceField(
        label=_("What is it?"), choices=Feedback.Kind.choices, widget=forms.RadioSelect, initial="error"
    )
    text = forms.CharField(
        label=_("In your words"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    disputes = forms.BooleanField(
        label=_("Warn readers until it is settled"), required=False, help_text=_("A banner stands over the title.")
    )


class SettlementForm(forms.Form):
    """The answer to a report."""

    outcome = forms.ChoiceField(
        label=_("What came of it"),
        choices=[(Feedback.State.FIXED, _("Fixed")), (Feedback.State.DISMISSED, _("No change needed"))],
        widget=forms.RadioSelect,
        initial=Feedback.State.FIXED,
    )
    answer = forms.CharField(label=_("Answer"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class LibrarySettingsForm(forms.Form):
    """How the library is kept."""

    needs_review = forms.BooleanField(
        label=_("A second person approves before publishing"),
        required=False,
        help_text=_("Nothing is published on one person's word."),
    )
    allows_self_approval = forms.BooleanField(label=_("Authors may approve their own text"), required=False)
    verify_every_days = forms.IntegerField(label=_("Days between checks of new articles"), min_value=1, max_value=3650)

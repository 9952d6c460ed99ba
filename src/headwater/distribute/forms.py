"""What people fill in on the pages of distribute. The rules are in the actions; here is only shape."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from headwater.core.inputs import DateInput, MomentInput, QueryInput, TimeInput
from headwater.core.models import Classification
from headwater.distribute.models import Channel, Preference, When
from headwater.distribute.rungs import read_days
from headwater.distribute.shards import MOST_SHARDS
from headwater.people.models import Audience, Person
from headwater.search.models import Entry

WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]


class PreferenceForm(forms.ModelForm):
    """When and how often one wants to be reached."""

    weekly_on = forms.TypedChoiceField(label=_("Weekly digest on"), choices=WEEKDAYS, coerce=int)

    class Meta:
        model = Preference
        fields = ["digest_at", "weekly_on", "quiet_from", "quiet_until", "budget"]
        labels = {
            "digest_at": _("Digest at"),
            "quiet_from": _("Quiet from"),
            "quiet_until": _("Quiet until"),
            "budget": _("Pushes a day"),
        }
        help_texts = {
            "digest_at": _("What is not urgent waits for this hour, on your own clock."),
            "quiet_from": _("Nothing but urgent must-reads comes between these hours."),
            "budget": _("Past this number things roll into the digest. Must-reads are not counted."),
        }
        widgets = dict.fromkeys(("digest_at", "quiet_from", "quiet_until"), TimeInput())


class ChannelForm(forms.Form):
    """One more way to be reached."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Channel.Kind.choices)
    address = forms.CharField(
        label=_("Address"),
        max_length=1000,
        help_text=_(
            "A mail address, a chat service's address such as tgram://… or slack://…, or https://… for a webhook."
        ),
    )
    label = forms.CharField(
        label=_("Called"), max_length=100, required=False, help_text=_("How the chat is shown here.")
    )


class SignedListForm(forms.Form):
    """A list that people signed on paper."""

    numbers = forms.CharField(
        label=_("Staff numbers"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Of those who signed, parted by spaces, commas or lines."),
    )
    signed_at = forms.DateTimeField(label=_("Signed on"), widget=MomentInput())
    evidence = forms.CharField(label=_("Where the list is kept"), max_length=300)

    def clean_numbers(self) -> list[str]:
        return list(dict.fromkeys(self.cleaned_data["numbers"].replace(",", " ").replace(";", " ").split()))


class DaysField(forms.Field):
    """Days before the due time, written as 3, 1, 0. None when a form does not ask for them."""

    def to_python(self, value: Any) -> list[int] | None:
        return read_days(value) if isinstance(value, str) else None

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value


class LadderForm(forms.Form):
    """How what was not acknowledged is followed up."""

    remind_days = DaysField(
        label=_("Reminders so many days before"),
        required=False,
        help_text=_("Such as 3, 1, 0; 0 is at the hour it is due. Empty: no reminder."),
    )
    tell_head_after_days = forms.IntegerField(
        label=_("The head of the unit is told so many days after"),
        min_value=0,
        max_value=365,
        help_text=_("After twice as many, whoever issued it."),
    )


class DirectiveForm(LadderForm):
    """A must-read: what, who, by when, how, and what follows if not."""

    query = forms.CharField(
        label=_("Or: each new version that matches"),
        required=False,
        widget=QueryInput(),
        help_text=_("A standing must-read. The same language as search."),
    )
    name = forms.CharField(
        label=_("Called"), max_length=300, required=False, help_text=_("Empty: by its title or query.")
    )
    sentence = forms.CharField(
        label=_("In one sentence, what changes for them"),
        max_length=140,
        required=False,
        help_text=_("The first line of the mail and of their Today."),
    )
    acknowledge = forms.BooleanField(label=_("They must acknowledge it"), required=False, initial=True)
    due_at = forms.DateTimeField(label=_("By when"), required=False, widget=MomentInput())
    due_days = forms.IntegerField(label=_("Or within so many working days"), required=False, min_value=1, max_value=365)
    urgent = forms.BooleanField(
        label=_("Urgent"), required=False, help_text=_("At once on every channel, through quiet hours.")
    )
    audience_name = forms.CharField(
        label=_("Keep these conditions as an audience called"),
        max_length=200,
        required=False,
        help_text=_("Empty: it is called by its conditions."),
    )
    channels = forms.MultipleChoiceField(
        label=_("How"), required=False, choices=[("inbox", _("Inbox")), *Channel.Kind.choices]
    )
    until = forms.DateField(label=_("Stands until"), required=False, widget=DateInput())
    confirmed = forms.BooleanField(required=False)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tell_head_after_days"].required = False
        readable = Entry.objects.current().readable_by(person).order_by("title")
        self.fields["entry"] = forms.ModelChoiceField(readable, required=False, widget=forms.HiddenInput())
        audiences = Audience.objects.order_by("name")
        self.fields["audience"] = forms.ModelChoiceField(
            audiences, label=_("Who"), required=False, empty_label=_("Choose who must read it")
        )


class DivisionForm(forms.Form):
    """In how many shards the standing queries are matched."""

    shards = forms.IntegerField(label=_("Shards"), min_value=1, max_value=MOST_SHARDS)


class ForecastForm(forms.Form):
    """Whom would this reach? About an entry or a draft that is named in the address, or about a text."""

    title = forms.CharField(label=_("Title"), max_length=500, required=False)
    text = forms.CharField(
        label=_("Text"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_(
            "A title, a text, or both, as they would come out. It is held against what people follow, and forgotten "
            "after a day."
        ),
    )
    classification = forms.TypedChoiceField(
        label=_("Classification"), choices=Classification.choices, initial=Classification.INTERNAL, coerce=int
    )
    audience = forms.ModelChoiceField(
        Audience.objects.order_by("name"), label=_("Meant for"), required=False, empty_label=_("Who may read it")
    )

    def __init__(self, *args: Any, is_about_text: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_about_text:
            self.fields["audience"] = forms.ModelChoiceField(
                Audience.objects.order_by("name"), label=_("Meant for"), empty_label=_("Choose who it is for")
            )
        else:
            for name in ("title", "text", "classification"):
                del self.fields[name]


class ProfileForm(forms.Form):
    """A standing query."""

    name = forms.CharField(label=_("Called"), max_length=200, required=False)
    query = forms.CharField(
        label=_("Bring me"),
        widget=QueryInput(rows=3),
        help_text=_("The same language as search."),
    )
    when = forms.ChoiceField(label=_("When"), choices=When.choices, initial=When.DIGEST)
    confirmed = forms.BooleanField(required=False)

    def __init__(self, *args: Any, groups: QuerySet[Audience] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if groups is not None:
            self.fields["audience"] = forms.ModelChoiceField(
                groups, label=_("For"), required=False, empty_label=_("Only me")
            )

"""Forms of the people room. They read what was typed; actions decide."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from headwater.core.inputs import DateInput, TimeInput
from headwater.core.models import Classification
from headwater.people.models import ApiToken, Permission, Person, Role, Unit
from headwater.people.picking import PersonField
from headwater.people.zones import ZONES, ZoneSelect, zone_choices

LANGUAGES = [(code, name) for code, name in settings.LANGUAGES]


class PasswordForm(forms.Form):
    """A new password, typed twice."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least eight characters; several words that do not belong together are good."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("The same again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, object]:
        values = super().clean() or {}
        if values.get("password") and values.get("again") and values["password"] != values["again"]:
            self.add_error("again", _("The two are not the same."))
        return values


def with_own(choices: list[tuple[str, Any]], code: str) -> list[tuple[str, Any]]:
    """The choices, and a language that somebody has already though it is not offered."""
    return choices if code in dict(choices) else [*choices, (code, code)]


class ProfileForm(forms.Form):
    """What people change about themselves."""

    chosen_language = forms.ChoiceField(
        label=_("Language I read in"),
        required=False,
        help_text=_("Of pages, mail and your searches; which audiences you are in does not depend on it"),
    )
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zone_choices,
        widget=ZoneSelect,
        help_text=_("Digests, quiet hours and deadlines keep to it"),
        error_messages={"invalid_choice": _("“%(value)s” is no time zone.")},
    )
    work_from = forms.TimeField(label=_("Works from"), widget=TimeInput)
    work_until = forms.TimeField(label=_("Works until"), widget=TimeInput)

    def __init__(self, *args: Any, person: Person | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer_languages(person)
        zones: Any = self.fields["timezone"]
        if person is not None and person.timezone not in ZONES:
            zones.choices = [(person.timezone, person.timezone), *zone_choices()]

    def _offer_languages(self, person: Person | None) -> None:
        kept = dict(LANGUAGES).get(person.language, person.language) if person is not None else ""
        usual = _("The one your organisation keeps: %(language)s") % {"language": kept}
        language: Any = self.fields["chosen_language"]
        language.choices = with_own([("", usual), *LANGUAGES], person.chosen_language if person is not None else "")


class PersonForm(ProfileForm):
    """Everything an administrator keeps about a person."""

    field_order = [
        "name", "email", "number", "unit", "other_units", "roles", "title", "location", "clearance", "language",
        "timezone", "work_from", "work_until", "joined_on",
    ]  # fmt: skip
    language = forms.ChoiceField(label=_("Language"), help_text=_("Audiences select by it"))
    location = forms.CharField(
        label=_("Location"), max_length=120, required=False, help_text=_("Audiences select by it")
    )
    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.EmailField(label=_("Email"), required=False, help_text=_("What the person signs in with"))
    number = forms.CharField(label=_("Staff number"), max_length=60, required=False, help_text=_("Key of CSV imports"))
    unit = forms.ModelChoiceField(
        label=_("Unit"), queryset=Unit.objects.none(), required=False, empty_label=_("No unit")
    )
    other_units = forms.ModelMultipleChoiceField(
        label=_("Also works for"), queryset=Unit.objects.none(), required=False
    )
    roles = forms.ModelMultipleChoiceField(label=_("Roles"), queryset=Role.objects.none(), required=False)
    title = forms.CharField(label=_("Job title"), max_length=200, required=False)
    clearance = forms.TypedChoiceField(
        label=_("Clearance"),
        choices=Classification.choices,
        coerce=int,
        initial=Classification.INTERNAL,
        help_text=_("The most sensitive classification this person may read"),
    )
    joined_on = forms.DateField(label=_("Joined on"), required=False, widget=DateInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["unit"].queryset = fields["other_units"].queryset = Unit.objects.all()
        fields["roles"].queryset = Role.objects.all()
        fields["other_units"].widget.attrs["size"] = fields["roles"].widget.attrs["size"] = 6

    def offer_clearances(self, most: int) -> None:
        """Offer what the administrator of a unit may give: up to their own."""
        clearance: Any = self.fields["clearance"]
        clearance.choices = [(level, name) for level, name in Classification.choices if level <= most]

    def show_only(self, *fields: str) -> None:
        """Leave what whoever fills in the form may see and not change as it is."""
        for field in fields:
            self.fields[field].disabled = True

    def _offer_languages(self, person: Person | None) -> None:
        del self.fields["chosen_language"]  # theirs alone
        language: Any = self.fields["language"]
        language.choices = with_own(list(LANGUAGES), person.language if person is not None else "en")


class LeavingForm(forms.Form):
    """When somebody leaves, and who takes over."""

    on = forms.DateField(label=_("First day no longer a member"), widget=DateInput)
    successor = PersonField(label=_("Who takes over"), required=False, help_text=_("Empty: the head of the unit."))

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["successor"].leave_out(person)


class AbsenceForm(forms.Form):
    """From when to when somebody is away, and who stands in."""

    since = forms.DateField(label=_("First day"), widget=DateInput)
    until = forms.DateField(label=_("Last day"), widget=DateInput)
    deputy = PersonField(label=_("Who stands in"), required=False)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["deputy"].leave_out(person)


class GrantForm(forms.Form):
    """A permission, everywhere or in one unit and below."""

    permission = forms.ChoiceField(
        label=_("Permission"),
        choices=Permission.choices,
        help_text=_("Stewards read everything of their unit that their clearance reaches; nobody else reads more."),
    )
    unit = forms.ModelChoiceField(
        label=_("Where"), queryset=Unit.objects.none(), required=False, empty_label=_("The whole organisation")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["unit"].queryset = Unit.objects.all()


class UnitForm(forms.Form):
    """A unit's name, where it lies, who heads it."""

    name = forms.CharField(label=_("Name"), max_length=200)
    parent = forms.ModelChoiceField(
        label=_("Below"), queryset=Unit.objects.none(), required=False, empty_label=_("Nothing: it is at the top")
    )
    head = PersonField(label=_("Head"), required=False)
    deputy = PersonField(label=_("Deputy"), required=False)

    def __init__(self, *args: Any, unit: Unit | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        units = Unit.objects.all()
        fields["parent"].queryset = units.exclude(path__startswith=unit.path) if unit is not None else units


class NameForm(forms.Form):
    """A name and nothing else."""

    name = forms.CharField(label=_("Name"), max_length=200)


class CommunityForm(forms.Form):
    """A community's name, purpose and lead, and who may come in."""

    name = forms.CharField(label=_("Name"), max_length=200)
    purpose = forms.CharField(label=_("Purpose"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    lead = PersonField(label=_("Lead"), required=False)
    is_open = forms.BooleanField(
        label=_("Anybody may join"),
        required=False,
        help_text=_(
            "Otherwise people ask, and the lead or an administrator brings them in. They ask in any case where an "
            "audience leaves out the community's members."
        ),
    )


class MemberForm(forms.Form):
    """Somebody to bring into a community."""

    person = PersonField(label=_("Bring somebody in"))


class TokenForm(forms.Form):
    """What a token is for, what it may do, how long it lasts."""

    name = forms.CharField(label=_("What it is for"), max_length=100)
    scope = forms.ChoiceField(label=_("It may"), choices=ApiToken.Scope.choices)
    days = forms.IntegerField(label=_("Days it lasts"), min_value=1, max_value=3650, initial=365)


class TagForm(forms.Form):
    """A mark by which audiences may select."""

    tag = forms.SlugField(label=_("Mark"), max_length=80)


class ImportForm(forms.Form):
    """Which sheet, and the file."""

    kind = forms.ChoiceField(
        label=_("What it holds"),
        choices=[
            ("units", _("Units")),
            ("roles", _("Roles")),
            ("people", _("People")),
            ("communities", _("Communities")),
        ],
        initial="people",
    )
    file = forms.FileField(label=_("CSV file"), help_text=_("Comma, semicolon or tab; any encoding; at most 20 MB"))

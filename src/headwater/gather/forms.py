"""What people fill in on the pages of gather. The rules are in the actions; here is only shape."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.core.inputs import DateInput, QueryInput
from headwater.core.models import Classification
from headwater.gather.models import InformationNeed, Source
from headwater.people.models import Audience, Unit
from headwater.people.picking import PersonField

_PASSWORD_HELP = _("Kept encrypted. Leave it empty to keep the one that is known.")
# The settings and secrets each kind asks for. A field whose name begins with `secret_` is sealed.


class SourceForm(forms.Form):
    """Who answers for a source, who may read it, and how often it is read."""

    name = forms.CharField(label=_("Name"), max_length=200)
    owner = PersonField(label=_("Owner"))
    audience = forms.ModelChoiceField(
        label=_("Audience"),
        queryset=Audience.objects.none(),
        required=False,
        empty_label=_("Only its owner"),
        help_text=_("Who may read what comes from it, within their clearance."),
    )
    unit = forms.ModelChoiceField(
        label=_("Unit"), queryset=Unit.objects.none(), required=False, empty_label=_("The whole organisation")
    )
    classification = forms.TypedChoiceField(
        label=_("Classification"), choices=Classification.choices, coerce=int, initial=Classification.INTERNAL
    )
    grade = forms.ChoiceField(label=_("Reliability"), choices=Source.Grade.choices, initial=Source.Grade.F)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["audience"].queryset = Audience.objects.all()
        fields["unit"].queryset = Unit.objects.all()

    def keep_readers(self) -> None:
        """For who manages the source and does not decide who reads what comes from it."""
        for name in ("audience", "unit", "classification"):
            self.fields[name].disabled = True
            self.fields[name].help_text = _("Decided by its owner, and by stewards of its unit who are cleared for it.")

    def values(self) -> dict[str, Any]:
        """What the actions take: plain fields, `settings` and `secret`."""
        data = {name: value for name, value in self.cleaned_data.items() if name in _COMMON}
        names = [name for name in self.cleaned_data if name not in _COMMON]
        secret = {name.removeprefix("secret_"): self.cleaned_data[name] for name in names if name.startswith("secret_")}
        plain = {name: self.cleaned_data[name] for name in names if not name.startswith("secret_")}
        return data | {"settings": plain, "secret": {name: value for name, value in secret.items() if value} or None}


class ScheduledForm(SourceForm):
    """What is read by itself also has times."""

    every_minutes = forms.IntegerField(label=_("Minutes between runs"), min_value=1, max_value=100_000, initial=60)
    silent_after_hours = forms.IntegerField(
        label=_("Silence alarm after hours"),
        min_value=1,
        required=False,
        help_text=_("Its owner is told when nothing new has come for so long."),
    )
    deliver_backfill_days = forms.IntegerField(
        label=_("Deliver from the first run what was published in the last days"),
        min_value=0,
        max_value=3650,
        initial=7,
        help_text=_("Older things fill the library, and inboxes stay quiet."),
    )


_COMMON = {
    "name",
    "owner",
    "audience",
    "unit",
    "classification",
    "grade",
    "every_minutes",
    "silent_after_hours",
    "deliver_backfill_days",
}


class FolderForm(ScheduledForm):
    """A folder of the server."""

    path = forms.CharField(
        label=_("Folder"), max_length=1000, help_text=_("Its whole path on the server, such as /srv/circulars.")
    )
    field_order = ["path"]


class FeedForm(ScheduledForm):
    """A feed."""

    url = forms.URLField(label=_("Address of the feed"), assume_scheme="https", max_length=1000)
    whole_page = forms.BooleanField(
        label=_("Fetch the page each entry links to"),
        required=False,
        help_text=_("For feeds that give only the first lines."),
    )
    username = forms.CharField(label=_("Name to sign in with"), max_length=200, required=False)
    secret_password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput, required=False, help_text=_PASSWORD_HELP
    )
    field_order = ["url", "whole_page"]


class WebForm(ScheduledForm):
    """A web site."""

    url = forms.URLField(label=_("Address to start from"), assume_scheme="https", max_length=1000)
    within = forms.URLField(
        label=_("Stay within"),
        assume_scheme="https",
        max_length=1000,
        required=False,
        help_text=_("Only addresses that begin so are read. Empty: the folder of the address."),
    )
    pages = forms.IntegerField(label=_("Pages at most"), min_value=1, max_value=50_000, initial=5_000)
    delay = forms.FloatField(
        label=_("Seconds between two requests"),
        min_value=0,
        max_value=60,
        initial=0.5,
        help_text=_("The site's robots.txt may ask for more."),
    )
    username = forms.CharField(label=_("Name to sign in with"), max_length=200, required=False)
    secret_password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput, required=False, help_text=_PASSWORD_HELP
    )
    field_order = ["url", "within", "pages", "delay", "username", "secret_password"]


class MailboxForm(ScheduledForm):
    """A folder of an IMAP mailbox."""

    host = forms.CharField(label=_("Host"), max_length=200)
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65_535, required=False)
    security = forms.ChoiceField(
        label=_("Security"), choices=[("ssl", _("TLS")), ("starttls", _("STARTTLS")), ("none", _("None"))]
    )
    username = forms.CharField(label=_("Name to sign in with"), max_length=200)
    secret_password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput, required=False, help_text=_PASSWORD_HELP
    )
    folder = forms.CharField(label=_("Folder"), max_length=200, initial="INBOX")
    field_order = ["host", "port", "security", "username", "secret_password", "folder"]


FORMS: dict[str, type[SourceForm]] = {
    "folder": FolderForm,
    "feed": FeedForm,
    "web": WebForm,
    "mailbox": MailboxForm,
    "upload": SourceForm,
    "capture": SourceForm,
}


def initial_of(source: Source) -> dict[str, Any]:
    """A source as its form shows it; secrets are never shown."""
    common = {name: getattr(source, name) for name in _COMMON if name not in ("owner", "audience", "unit")}
    links = {"owner": source.owner_id, "audience": source.audience_id, "unit": source.unit_id}
    return {**source.settings, **common, **links}


class ClosingForm(forms.Form):
    """What becomes of the documents of a source that is closed."""

    documents = forms.ChoiceField(
        label=_("Its documents"),
        widget=forms.RadioSelect,
        choices=[
            ("keep", _("Keep them: they stay readable and found, as they are now")),
            ("withdraw", _("Withdraw them: they leave search and inboxes; versions and proof stay")),
            ("hand_over", _("Hand them over to a source of uploads, whose owner and audience they take")),
        ],
        initial="keep",
    )
    to = forms.ModelChoiceField(
        label=_("Hand over to"),
        queryset=Source.objects.none(),
        required=False,
        empty_label=_("Choose a source of uploads"),
        help_text=_("Only when they are handed over."),
    )

    def __init__(self, source: Source, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.queryset = Source.objects.open().filter(kind=Source.Kind.UPLOAD).exclude(pk=source.pk)


class ManyFiles(forms.ClearableFileInput):
    """A field for files takes several at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, each checked like one."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Every file. Raises ValidationError when there is none, or one is empty."""
        check = super().clean
        return [check(one, initial) for one in data] if data else [check(None, initial)]


_REPLACE_HELP = _("Otherwise yours is kept beside it, as a document of its own.")


class UploadForm(forms.Form):
    """Files to hand in."""

    documents = FilesField(label=_("Files"))
    replace = forms.BooleanField(
        label=_("Replace a colleague’s file of the same name"), required=False, help_text=_REPLACE_HELP
    )


class CaptureForm(forms.Form):
    """Something to write down."""

    title = forms.CharField(label=_("Title"), max_length=300)
    text = forms.CharField(
        label=_("What is known"), widget=forms.Textarea(attrs={"rows": 12, "data-editor": "markdown"})
    )
    url = forms.URLField(label=_("Where it was found"), assume_scheme="https", required=False, max_length=1000)
    replace = forms.BooleanField(
        label=_("Replace what a colleague wrote under this title"), required=False, help_text=_REPLACE_HELP
    )


class NeedForm(forms.ModelForm):
    """A question the organisation wants answered."""

    owner = PersonField(label=_("Owner"))

    class Meta:
        model = InformationNeed
        fields = ["question", "query", "why", "owner", "due_on", "audience"]
        labels = {"audience": _("Audience")}
        widgets = {
            "why": forms.Textarea(attrs={"rows": 3}),
            "query": QueryInput(),
            "due_on": DateInput(),
        }
        help_texts = {
            "query": _("What matches it is proposed as an answer, in the words of search."),
            "audience": _("Who sees the question."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["audience"].queryset = Audience.objects.all()
        fields["audience"].empty_label = _("Whoever sees sources")

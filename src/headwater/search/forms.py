"""What a search page may be asked for; anything that is not understood falls back to the ordinary."""

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.search.facets import STANDINGS
from headwater.search.finding import SORTS
from headwater.search.models import Entry


class SearchForm(forms.Form):
    """The query string of the search page and the parameters of the API's search."""

    q = forms.CharField(required=False, strip=False)
    sort = forms.ChoiceField(choices=[(sort, sort) for sort in SORTS], required=False)
    standing = forms.MultipleChoiceField(choices=list(STANDINGS.items()), required=False)
    limit = forms.IntegerField(min_value=1, max_value=200, required=False)

    def value(self, name: str, default: object = None) -> object:
        """What was asked, or the default where that was nothing or nonsense."""
        self.is_valid()
        return self.cleaned_data.get(name) or default


class AnswerForm(forms.Form):
    """Which entry answers a gap: its number, or the address of its page."""

    entry = forms.CharField()

    def clean_entry(self) -> Entry:
        """The entry named by number or address."""
        digits = [part for part in self.cleaned_data["entry"].replace("?", "/").split("/") if part.isdigit()]
        found = Entry.objects.filter(pk=int(digits[-1])).first() if digits else None
        if found is None:
            raise forms.ValidationError(_("There is no such entry."))
        return found

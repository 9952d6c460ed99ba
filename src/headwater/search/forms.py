"""What the pages of search are asked for, and what people fill in on them."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from headwater.core.typed import read_number, read_numbers
from headwater.people.models import Person
from headwater.search.facets import STANDINGS
from headwater.search.finding import SORTS, Sort
from headwater.search.models import Entry

PAGE = 20
MOST_ON_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class Question:
    """What a search page is asked for."""

    text: str
    sort: Sort
    standing: list[str]
    limit: int

    def parameters(self) -> dict[str, list[str]]:
        """The query string that asks the same from the beginning."""
        asked: dict[str, list[str]] = {"q": [self.text], "sort": [self.sort], "standing": self.standing}
        return {name: values for name, values in asked.items() if values}


def read_question(parameters: QueryDict) -> Question:
    """The question in a query string. What is not understood falls back to the ordinary: people edit addresses."""
    sort: Sort = next((sort for sort in SORTS if sort == parameters.get("sort")), SORTS[0])
    standing = [value for value in parameters.getlist("standing") if value in STANDINGS]
    limit = read_number(parameters.get("limit", ""))
    wanted = PAGE if limit is None else limit
    return Question(parameters.get("q", ""), sort, standing, min(max(wanted, 1), MOST_ON_A_PAGE))


class AnswerForm(forms.Form):
    """Which entry answers a gap: its title, as it is offered while typing, its number, or the address of its page."""

    entry = forms.CharField()

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.readable = Entry.objects.readable_by(person)

    def clean_entry(self) -> Entry:
        """The entry that is meant, of those the person may read."""
        text = self.cleaned_data["entry"]
        named = list(self.readable.current().filter(title=text)[:2])
        if len(named) > 1:
            raise forms.ValidationError(_("Several entries have that title. Give the address of the one you mean."))
        numbers = read_numbers(text.replace("?", "/").split("/"))
        found = named[0] if named else self.readable.filter(pk=numbers[-1]).first() if numbers else None
        if found is None:
            raise forms.ValidationError(_("There is no entry of that title that you may read."))
        return found

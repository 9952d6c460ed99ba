"""Forms of topics."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from headwater.taxonomy.picking import TopicField, TopicsField

LANGUAGES = [(code, name) for code, name in settings.LANGUAGES]


class ProposalForm(forms.Form):
    """A topic that is missing."""

    label = forms.CharField(label=_("Topic"), max_length=200)
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    broader = TopicField(label=_("Narrower than"), required=False, help_text=_("A broader topic, by its name"))
    definition = forms.CharField(label=_("What it means"), required=False, widget=forms.Textarea(attrs={"rows": 3}))


class ConceptForm(forms.Form):
    """Labels as lines `language: label`, alternatives the same with several lines a language."""

    labels = forms.CharField(
        label=_("Labels"),
        widget=forms.Textarea(attrs={"rows": 4, "class": "code-input"}),
        help_text=_("One line a language, such as “en: Confined spaces”"),
    )
    alternatives = forms.CharField(
        label=_("Other words for it"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "code-input"}),
        help_text=_("One a line, such as “en: manhole entry”; search and suggestions find the topic by them"),
    )
    broader = TopicsField(label=_("Narrower than"), required=False, help_text=_("Broader topics, by their names"))
    definition = forms.CharField(label=_("What it means"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def clean_labels(self) -> dict[str, str]:
        labels: dict[str, str] = {}
        for language, label in _pairs(self.cleaned_data["labels"]):
            if language in labels:
                raise forms.ValidationError(_("There is one label a language; “%s” has two.") % language)
            labels[language] = label
        return labels

    def clean_alternatives(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for language, label in _pairs(self.cleaned_data["alternatives"]):
            found.setdefault(language, []).append(label)
        return found


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    for line in filter(None, map(str.strip, text.splitlines())):
        language, colon, label = line.partition(":")
        if not colon:
            raise forms.ValidationError(_("“%s” has no language before it; write for example “en: Bridges”.") % line)
        pairs.append((language.strip().lower(), label.strip()))
    return pairs


def lines(labels: dict[str, Any]) -> str:
    """Labels, or lists of labels, by language as the lines that a form holds."""
    pairs = ((code, each) for code, value in labels.items() for each in (value if isinstance(value, list) else [value]))
    return "\n".join(f"{code}: {label}" for code, label in pairs)


class MergingForm(forms.Form):
    """The topic that stays, of two that are the same."""

    into = TopicField(label=_("The other topic"))


class SchemeForm(forms.Form):
    """A thesaurus to bring in."""

    file = forms.FileField(
        label=_("SKOS file"), help_text=_("Turtle (.ttl), RDF/XML (.rdf) or N-Triples (.nt), at most 60 MB")
    )
    title = forms.CharField(label=_("Title"), max_length=200, required=False, help_text=_("Empty: as the file says"))

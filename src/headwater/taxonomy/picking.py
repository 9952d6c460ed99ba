"""Choosing topics by typing what they are called, in any language."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from headwater.core.languages import reading
from headwater.core.offering import OfferingInput, OfferingLines
from headwater.taxonomy.models import Concept
from headwater.taxonomy.suggest import concepts_named, normal

OFFERED = 8
LONGEST = 400
_BETWEEN = " · "


def search_concepts(text: str) -> QuerySet[Concept]:
    """Topics whose labels or other words in any language hold the text; retired ones are left out."""
    named = Q(labels__icontains=text) | Q(alternatives__icontains=text) | Q(slug__icontains=text)
    return Concept.objects.filter(named).exclude(state=Concept.State.RETIRED).order_by("slug")


def names_of(concepts: Iterable[Concept]) -> list[str]:
    """Names by which those very topics are understood again: each by its label in the reader's language.

    Where another topic is called so as well, the slug stands behind it; in the stead of a label that is broken into
    lines, which none can be typed into, it stands alone. One query, however many topics they are.
    """
    labels = [(concept, _in_a_line(concept)) for concept in concepts]
    called = Concept.objects.filter(_holding(label for _concept, label in labels)).exclude(state=Concept.State.RETIRED)
    meant = [(other.pk, _words(other), other.slug) for other in called]
    return [
        f"{label}{_BETWEEN}{concept.slug}"
        if any(pk != concept.pk and (normal(label) in words or label == slug) for pk, words, slug in meant)
        else label
        for concept, label in labels
    ]


def _in_a_line(concept: Concept) -> str:
    label = concept.label(reading())
    return label if label.splitlines() == [label] else concept.slug


def name_of(concept: Concept) -> str:
    """A name by which that very topic is understood again, be there others of its name."""
    return names_of([concept])[0]


def offered_topics(typed: str) -> list[str]:
    """At most eight topics that hold what was typed so far, as they are offered."""
    return names_of(search_concepts(typed.strip())[:OFFERED]) if typed.strip() else []


def topic_meant(typed: str) -> Concept:
    """The topic that a text means: as it is offered, by a label or other word in any language, or by its slug.

    Raises ValidationError when there is none, or several are called so.
    """
    label, between, slug = typed.strip().rpartition(_BETWEEN)
    known = Concept.objects.exclude(state=Concept.State.RETIRED)
    by_slug = known.filter(slug=slug).first()
    if by_slug is not None and (not between or normal(label) in _words(by_slug)):
        return by_slug
    holding = known.filter(_holding([typed.strip()])).order_by("slug")
    called = [concept for concept in holding if normal(typed.strip()) in _words(concept)]
    if not called and not between:
        called = concepts_named(typed)  # without accents, or the plural
    if len(called) == 1:
        return called[0]
    if not called:
        raise ValidationError(NOBODY, code="unknown", params={"typed": typed.strip()})
    names = ", ".join(f"“{name}”" for name in names_of(called[:OFFERED]))
    raise ValidationError(SEVERAL, code="several", params={"typed": typed.strip(), "names": names})


def _holding(names: Iterable[str]) -> Q:
    """Topics that have one of these as a slug, or as a whole label or other word, in large or small letters.

    Labels are looked up in the text of their JSON, where a value stands in quotation marks, after a colon or before
    what ends it or goes on; the names of languages stand neither so nor so. Few others pass: `_words` tells them.
    """
    found = Q(pk__in=[])
    for name in set(names):
        word = json.dumps(name, ensure_ascii=False)
        listed = Q(alternatives__icontains=f"{word},") | Q(alternatives__icontains=f"{word}]")
        found |= Q(slug=name) | Q(labels__icontains=f": {word}") | listed
    return found


NOBODY = _("There is no topic called “%(typed)s”. Begin to type a name, and choose one of those offered.")
SEVERAL = _("Several topics are called “%(typed)s”. Write one of these: %(names)s.")


def _words(concept: Concept) -> set[str]:
    others = (word for words in concept.alternatives.values() for word in words)
    return {normal(word) for word in (*concept.labels.values(), *others)}


class TopicInput(OfferingInput):
    """A line for the name of a topic."""

    asks = "taxonomy:offered"


class TopicField(forms.CharField):
    """One topic, typed by name in any language; None when left empty."""

    widget = TopicInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """What the line shows: a topic by its name; what was typed as it was typed."""
        return name_of(value) if isinstance(value, Concept) else value

    def clean(self, value: Any) -> Concept | None:
        """The topic that is meant. Raises ValidationError when that is none, or not one only."""
        typed = super().clean(value)
        return topic_meant(typed) if typed else None


class TopicLines(OfferingLines):
    """Lines for the names of topics."""

    asks = "taxonomy:offered"


class TopicsField(forms.CharField):
    """Several topics, one a line, each typed by name in any language."""

    widget = TopicLines

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Each line is called as the field is, and a name is no longer than one line takes."""
        return {"aria-label": self.label, "maxlength": LONGEST}

    def prepare_value(self, value: Any) -> Any:
        """What the lines show: topics by their names; what was typed as it was typed."""
        return value if isinstance(value, str) or value is None else "\n".join(names_of(value))

    def clean(self, value: Any) -> list[Concept]:
        """The topics that are meant, in order. Raises ValidationError for each line that means none, or several."""
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        found, faults = [], []
        for line in dict.fromkeys(lines):
            try:
                found.append(topic_meant(line))
            except ValidationError as fault:
                faults.append(fault)
        if faults:
            raise ValidationError(faults)
        return list(dict.fromkeys(found))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other names were typed than those that stood there."""
        return super().has_changed(self.prepare_value(initial), data)

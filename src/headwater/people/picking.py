"""Choosing one person by typing: members are offered while a name is typed, and what was typed is understood."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import CharField, Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from headwater.core.offering import OfferingInput
from headwater.core.typed import read_number
from headwater.people.models import Person, PersonWord
from headwater.people.models.person import PersonQuerySet

OFFERED = 8
LONGEST = 700
_BETWEEN = " · "
# No text that begins like another comes after that text with this behind it, byte by byte.
_LAST = "\U0010ffff"


class _Folded(Func):
    """A text as it is kept in a person's words: without accents and capitals."""

    function = "fold_name"
    output_field = CharField()


def label_of(person: Person) -> str:
    """How somebody is offered: name · unit · staff number (or mail address), which tells namesakes apart."""
    parts = [person.name, person.unit.name if person.unit else "", person.number or person.email]
    return _BETWEEN.join(part for part in parts if part)


def offered_people(typed: str, without: int = 0) -> list[Person]:
    """At most eight members, by name: each word that was typed begins one of their name, number or mail address.

    `without` is the number of somebody who is not offered.
    """
    longest, *others = sorted(typed.replace(_BETWEEN, " ").split(), key=len, reverse=True) or [""]
    if not longest:
        return []
    found = Person.objects.active().exclude(pk=without).annotate(word=F("words__word")).filter(begins("word", longest))
    for other in others:
        words = PersonWord.objects.filter(begins("word", other), person=OuterRef("pk"))
        found = found.filter(Exists(words))
    # Two words of one name may begin alike: twice as many are read.
    rows: Iterable[Person] = found.select_related("unit").order_by("word", "name")[: 2 * OFFERED]
    return list(dict.fromkeys(rows))[:OFFERED]


def begins(column: str, word: str) -> Q:
    """Filter: the column begins so. Between two bounds, for behind row-level security LIKE uses no index."""
    first = _Folded(Value(word))
    return Q(**{f"{column}__gte": first, f"{column}__lt": Concat(first, Value(_LAST))})


def known_as(people: PersonQuerySet, typed: str) -> list[Person]:
    """Those of the people whom a text means: as they are offered, or by name, staff number, mail address or id."""
    return list(dict.fromkeys(_known_as(people.select_related("unit"), typed)))


def _known_as(people: PersonQuerySet, typed: str) -> Iterator[Person]:
    name, *_unit, key = typed.split(_BETWEEN) if _BETWEEN in typed else (typed, typed)
    if (number := read_number(typed)) is not None:
        yield from people.filter(pk=number)
    numbered = people.filter(Q(number__iexact=key) | Q(email__iexact=key), words__word=_Folded(Value(key)))
    named = people.filter(name__iexact=name, words__word=_Folded(Value(max(name.split(), key=len, default=""))))
    if key == typed:
        yield from numbered
        yield from named
    else:
        yield from numbered.filter(name__iexact=name)
        yield from (one for one in named if label_of(one).casefold() == typed.casefold())


class PersonInput(OfferingInput):
    """A line for somebody's name."""

    asks = "people:offered"


class PersonField(forms.CharField):
    """One member, typed as a name, as offered, or by staff number, mail address or id; None when left empty.

    A form narrows `queryset` to those who may be chosen (none: every member). What cannot be understood is refused and
    stays in the field.
    """

    widget = PersonInput
    queryset: PersonQuerySet | None = None
    default_error_messages = {
        "nobody": _(
            "Nobody here is known as “%(typed)s”. Begin to type a name or staff number; choose one of those offered."
        ),
        "several": _(
            "“%(typed)s” may be several people. Choose one of those offered, or type the staff number or mail address."
        ),
        "elsewhere": _("“%(typed)s” cannot be chosen here, or is not a member now. Choose somebody else."),
    }

    def __init__(self, *, queryset: PersonQuerySet | None = None, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST, **kwargs)
        self.queryset = queryset

    def leave_out(self, person: Person) -> None:
        """Let anybody be chosen but that person, who is not offered either."""
        self.queryset = Person.objects.active().exclude(pk=person.pk)
        self.widget.asks_besides = {"without": person.pk}

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """A name may be as long as it likes; what the line asks for stands in it while it is empty."""
        return {"placeholder": _("Name or staff number")}

    def prepare_value(self, value: Any) -> Any:
        """What the line shows: a person as offered, be it the row or its id; what was typed as it was typed."""
        if isinstance(value, int):
            value = Person.objects.select_related("unit").filter(pk=value).first()
        return label_of(value) if isinstance(value, Person) else value

    def clean(self, value: Any) -> Person | None:
        """The member who is meant. Raises ValidationError when that is nobody, or not one only."""
        typed = super().clean(value)
        if not typed:
            return None
        found = known_as(Person.objects.active() if self.queryset is None else self.queryset, typed)
        if len(found) == 1:
            return found[0]
        reason = "several"
        if not found:
            reason = "elsewhere" if known_as(Person.objects.filter(erased_at=None), typed) else "nobody"
        raise ValidationError(self.error_messages[reason], code=reason, params={"typed": typed})

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether something else was typed than what stood there."""
        return super().has_changed(self.prepare_value(initial), data)

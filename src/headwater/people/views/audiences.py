"""Audiences and the rule builder: lines with a live count each, names beside them, or the rule as text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.core.acting import attempt, page_of
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.typed import read_numbers
from headwater.people import actions, rules
from headwater.people.audiences import EVERYONE, Names, check_rule, counts, describe, leaf_words, own_doing, select
from headwater.people.models import Audience, Community, Person, PersonTag, Role, Unit
from headwater.people.request import Request
from headwater.people.rule import Line, Rule, RuleError, from_lines, parse_rule, parts_of, to_lines, write_rule
from headwater.people.rule.lines import prefixes

SHOWN_NAMES = 12


@require_GET
def list_audiences(request: Request) -> HttpResponse:
    """Every audience, in words, with how many it holds now."""
    _require_sight(request)
    page = page_of(request, Audience.objects.annotate(number=Count("member_links")).order_by("name"))
    names = Names.of([audience.rule for audience in page.object_list])
    context = {
        "title": _("Audiences"),
        "heading": ngettext("%(n)s audience", "%(n)s audiences", page.paginator.count) % {"n": page.paginator.count},
        "page": page,
        "rows": [(audience, describe(audience.rule, names)) for audience in page.object_list],
        "may_manage": rules.may_manage_audiences(request.person),
    }
    return render(request, "people/audiences.html", context)


def _require_sight(request: Request) -> None:
    require(rules.may_see_audiences(request.person), _("Only who writes for others or manages sees audiences."))


@require_GET
def show_audience(request: Request, pk: int) -> HttpResponse:
    """One audience: its rule, and whom it holds, newest first."""
    _require_sight(request)
    audience = get_object_or_404(Audience, pk=pk)
    links = audience.member_links.select_related("person", "person__unit").order_by("person__name")
    page = page_of(request, links)
    context = {
        "title": audience.name,
        "audience": audience,
        "crumbs": [(_("Audiences"), address("people:audiences")), (audience.name, "")],
        "words": describe(audience.rule),
        "text": write_rule(audience.rule),
        "page": page,
        "may_manage": rules.may_manage_audiences(request.person),
    }
    return render(request, "people/audience.html", context)


@require_http_methods(["GET", "POST"])
def edit_audience(request: Request, pk: int | None = None) -> HttpResponse:
    """Make an audience, or change one: name and rule."""
    require(rules.may_manage_audiences(request.person), _("Only a knowledge manager or an administrator does this."))
    audience = get_object_or_404(Audience, pk=pk) if pk is not None else None
    builder = built(request, audience.rule if audience else None)
    name = request.POST.get("name", audience.name if audience else "")
    errors: dict[str, list[str]] = {}
    if request.method == "POST" and not request.POST.get("op"):
        saved = _saved(request, audience, name, builder, errors)
        if saved is not None:
            return redirect(address("people:audience", pk=saved.pk))
    crumbs = [(_("Audiences"), address("people:audiences")), (name or _("New audience"), "")]
    context = {
        "title": audience.name if audience else _("New audience"),
        "audience": audience,
        "crumbs": crumbs,
        "name": name,
        "errors": errors,
        "builder": builder,
        "choices": choices(),
    }
    return render(request, "people/audience_edit.html", context)


def _saved(
    request: Request, audience: Audience | None, name: str, builder: "Builder", errors: dict[str, list[str]]
) -> Audience | None:
    if builder.error:
        return None
    try:
        if audience is None:
            return actions.create_audience(request.person, name, builder.rule or {})
        return actions.change_audience(request.person, audience, name, builder.rule or {})
    except ValidationError as error:
        errors.update(error.message_dict)
        return None


@require_POST
def remove_audience(request: Request, pk: int) -> HttpResponse:
    """Remove an audience that nothing uses."""
    audience = get_object_or_404(Audience, pk=pk)
    done = _("%(name)s is removed.") % {"name": audience.name}
    if attempt(request, lambda: actions.remove_audience(request.person, audience) or True, done):
        return redirect(address("people:audiences"))
    return redirect(address("people:audience", pk=pk))


@require_POST
def rule_fragment(request: Request) -> HttpResponse:
    """The builder again, after one of its buttons: any page that holds it may post here (fields rule_text and op)."""
    _require_sight(request)
    context = {"builder": built(request, None), "choices": choices()}
    return render(request, "people/rule.html", context)


# --- The builder ------------------------------------------------------------------------------------------------------


@dataclass
class Builder:
    """The state of the builder: the rule, as text and as lines, with counts and some names."""

    rule: Rule | None
    text: str = ""
    typed: str = ""
    error: str = ""
    lines: list[dict[str, Any]] | None = field(default_factory=list)
    count: int = 0
    all_people: int = 0
    names: list[str] = field(default_factory=list)
    emptied_by: int = 0
    warnings: list[str] = field(default_factory=list)


def built(request: Request, saved: Rule | None) -> Builder:
    """The builder as the request leaves it: the text it holds, changed by the button that was pressed."""
    text = request.POST.get("rule_text", write_rule(saved) if saved else "")
    operation = request.POST.get("op", "")
    typed = request.POST.get("typed", "")
    try:
        source = typed if operation == "typed" else text
        rule = parse_rule(source) if source else None
        if operation.startswith(("add", "drop")):
            rule = _operated(rule, operation, request.POST.get("condition", ""), request.POST.get("joins", "and"))
        if rule is not None:
            check_rule(rule)
    except RuleError as error:
        kept = _readable(text)
        return _shown(kept, text, typed, " ".join(error.messages))
    return _shown(rule, write_rule(rule) if rule else "", "", "")


def _readable(text: str) -> Rule | None:
    try:
        return check_rule(parse_rule(text))
    except RuleError:
        return None


def _operated(rule: Rule | None, operation: str, condition: str, joins: str) -> Rule | None:
    lines = (to_lines(rule) or []) if rule is not None else []
    if operation == "add" and condition:
        return _added(rule, lines, _leaf(condition), joins)
    if operation.startswith("drop:"):
        numbers = read_numbers(operation.split(":")[1:])
        return from_lines(_without(lines, *numbers)) if len(numbers) == 2 else rule
    return rule


def _leaf(condition: str) -> Rule:
    try:
        return json.loads(condition)
    except (ValueError, RecursionError) as error:
        raise RuleError(_("Choose a condition from the list.")) from error


def _added(rule: Rule | None, lines: list[Line], leaf: Rule, joins: str) -> Rule | None:
    """A condition in a line of its own, or (joins = here) as one more in the last line."""
    if rule is not None and not lines:
        return {"any" if joins in ("or", "here") else "all": [rule, {"not": leaf} if joins == "not" else leaf]}
    if joins == "here" and lines:
        last = lines[-1]
        return from_lines([*lines[:-1], Line(last.joins, (*last.chips, leaf))])
    return from_lines([*lines, Line(joins if lines or joins == "not" else "", (leaf,))])


def _without(lines: list[Line], line: int, chip: int) -> list[Line]:
    left = [
        Line(each.joins, tuple(leaf for place, leaf in enumerate(each.chips) if (number, place) != (line, chip)))
        for number, each in enumerate(lines)
    ]
    kept = [each for each in left if each.chips]
    return [Line("" if kept[0].joins != "not" else "not", kept[0].chips), *kept[1:]] if kept else []


def _shown(rule: Rule | None, text: str, typed: str, error: str) -> Builder:
    everyone = counts([EVERYONE, rule])
    builder = Builder(rule, text, typed or text, error, count=everyone[1], all_people=everyone[0])
    lines = to_lines(rule) if rule is not None else []
    builder.lines = None if lines is None else _lines_shown(lines, rule)
    if rule is not None:
        builder.warnings = own_doing(rule)
        builder.names = list(select(rule).order_by("name").values_list("name", flat=True)[:SHOWN_NAMES])
    if builder.lines and not builder.count:
        builder.emptied_by = next(number for number, line in enumerate(builder.lines, 1) if not line["count"])
    return builder


def _lines_shown(lines: Sequence[Line], rule: Rule | None) -> list[dict[str, Any]]:
    names = Names.of([rule] if rule is not None else [])
    after = counts(prefixes(lines))
    return [
        {"joins": line.joins, "chips": [_chip(leaf, names) for leaf in line.chips], "count": count}
        for line, count in zip(lines, after, strict=True)
    ]


def _chip(leaf: Rule, names: Names) -> dict[str, Any]:
    """One condition as the builder shows it: what kind, the name, whether what is below counts, and all in words."""
    kind, value = parts_of(leaf)
    kinds = {
        "everyone": "",
        "unit": _("unit"),
        "role": _("role"),
        "community": _("community"),
        "language": _("language"),
        "location": _("location"),
        "tag": _("mark"),
        "person": _("person"),
    }
    name = _("everyone") if kind == "everyone" else names(kind, value) if kind in names.known else str(value)
    shown = _language(name) if kind == "language" else name
    return {"kind": kinds[kind], "name": shown, "below": leaf.get("below", False), "words": leaf_words(leaf, names)}


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every condition there may be, in groups, each as the JSON of its leaf and its name."""
    groups: list[tuple[str, list[tuple[Rule, str]]]] = [
        (_("Unit and below"), [({"unit": s, "below": True}, n) for s, n in _named(Unit)]),
        (_("Role"), [({"role": s}, n) for s, n in _named(Role)]),
        (_("Community"), [({"community": s}, n) for s, n in _named(Community)]),
        (_("Location"), [({"location": each}, each) for each in _distinct("location")]),
        (_("Language"), [({"language": code}, _language(code)) for code in _distinct("language")]),
        (_("Mark"), [({"tag": tag}, tag) for tag in _marks()]),
        (_("All"), [(EVERYONE, _("Everyone"))]),
    ]
    return [(title, [(json.dumps(leaf), name) for leaf, name in leaves]) for title, leaves in groups if leaves]


def _named(model: Any) -> list[tuple[str, str]]:
    return list(model.objects.order_by("name").values_list("slug", "name"))


def _marks() -> list[str]:
    return list(PersonTag.objects.order_by("tag").values_list("tag", flat=True).distinct())


def _distinct(column: str) -> list[str]:
    values = Person.objects.active().exclude(**{column: ""}).order_by(column).values_list(column, flat=True)
    return list(values.distinct())


def _language(code: str) -> str:
    return str(dict(settings.LANGUAGES).get(code, code))

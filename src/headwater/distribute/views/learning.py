"""What Headwater has learned of somebody: shown to them in words, theirs to change, to switch off and to erase."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from headwater.core.acting import attempt
from headwater.core.addresses import address
from headwater.core.display.figures import number
from headwater.core.messages import tell
from headwater.core.typed import read_number
from headwater.distribute import learned
from headwater.distribute.actions import add_example, remove_example, start_learning, stop_learning, weigh_word
from headwater.distribute.masking import readable_of
from headwater.distribute.models import LearnedExample, LearnedInterest
from headwater.distribute.preview import Preview, preview_learned
from headwater.people.models import Person
from headwater.people.request import Request
from headwater.search.models import Entry

CHOICE = "strength:"
FOUND = 8
DAYS = 90


@require_safe
def show_learning(request: Request) -> HttpResponse:
    """The words with their strength, what was learned from, examples; a form to change them, with its effect."""
    return _page(request, {})


def _page(request: Request, chosen: Mapping[str, str]) -> HttpResponse:
    """The page as it is; with strengths that were `chosen` and refused, as the form was sent, beside their effect."""
    interest = _interest(request.person)
    edits = learned.with_strengths(interest, chosen) if interest and chosen else None
    words = learned.words_of(interest) if interest else []
    query = " ".join(request.GET.get("find", "").split())[:100]
    context = {
        "title": _("What Headwater learned"),
        "heading": _heading(interest),
        "interest": interest,
        "words": _as_chosen(words, chosen),
        "never": _as_chosen(learned.never_of(interest), chosen) if interest else [],
        "more": len(interest.effective) - len(words) if interest else 0,
        "strengths": _strengths(),
        "is_off": interest is None or not interest.follows_use,
        "least": learned.LEAST_SHARING,
        "examples": _examples(interest, request.person) if interest else [],
        "word": request.GET.get("word", "")[:100],
        "strength": request.GET.get("strength", "strong"),
        "find": query,
        "found": _found(request.person, query) if query else [],
        "preview": _preview(request.person, interest, edits) if interest else None,
        "days": DAYS,
        "is_refused": bool(chosen),
    }
    return render(request, "distribute/learning.html", context, status=400 if chosen else 200)


def _as_chosen(words: list[learned.LearnedWord], chosen: Mapping[str, str]) -> list[learned.LearnedWord]:
    return [replace(word, strength=chosen.get(word.term, word.strength)) for word in words]


def _preview(person: Person, interest: LearnedInterest, edits: Mapping[str, float] | None) -> Preview | None:
    return preview_learned(person, interest, edits, DAYS) if edits is not None or interest.effective else None


@require_safe
def show_effect(request: Request) -> HttpResponse:
    """What the chosen strengths would have brought, drawn anew at each choice; nothing is kept by it."""
    interest = _interest(request.person) or LearnedInterest()
    edits = learned.with_strengths(interest, _chosen(request.GET))
    context = {
        "preview": preview_learned(request.person, interest, edits, DAYS),
        "days": DAYS,
        "is_confirmed": request.GET.get("confirmed") == "on",
    }
    return render(request, "distribute/learning_effect.html", context)


@require_POST
def change(request: Request) -> HttpResponse:
    """Switch learning on or off, keep other strengths, add a word, name an example or take it away."""
    match request.POST.get("do", ""):
        case "start":
            attempt(request, lambda: start_learning(request.person, request.person), _("Switched on. Thank you."))
        case "stop":
            attempt(request, lambda: stop_learning(request.person, request.person, keep=True), _("Switched off."))
        case "erase":
            attempt(request, lambda: stop_learning(request.person, request.person), _("Switched off, and erased."))
        case "weigh":
            if not _weigh(request):
                return _page(request, _chosen(request.POST))
        case "add":
            if not _add(request):
                chosen = {name: request.POST.get(name, "") for name in ("word", "strength")}
                return redirect(f"{address('distribute:learning')}?{urlencode(chosen)}")
        case "more" | "less" | "remove" as verb:
            _example(request, verb)
    return redirect(address("distribute:learning"))


def _add(request: Request) -> bool:
    """Add a word; False when it was refused, and stands in the form again."""
    person, word = request.person, request.POST.get("word", "")
    strength, confirmed = request.POST.get("strength", "strong"), "confirmed" in request.POST
    return attempt(request, lambda: weigh_word(person, person, word, strength, confirmed), _("Added.")) is not None


def _weigh(request: Request) -> bool:
    """Keep every strength that was changed; all of them, or none: then False, and they stand in the form again."""
    interest = get_object_or_404(LearnedInterest, person=request.person)
    chosen = _chosen(request.POST)
    changed = {term: chosen[term] for term in chosen if chosen[term] != _now(interest, term)}

    try:
        with transaction.atomic():
            # Weaker words first: what is too much half-way is then too much in the end, as the page shows it.
            for term, strength in sorted(changed.items(), key=lambda each: not _is_weaker(interest, *each)):
                weigh_word(request.person, request.person, term, strength, "confirmed" in request.POST)
    except ValidationError as error:
        if "confirmed" not in error.message_dict:  # that is said beside the words, with the tick that confirms
            tell(request, " ".join(error.messages), level=messages.ERROR)
        return False
    tell(request, _("Kept. It counts from now on."))
    return True


def _is_weaker(interest: LearnedInterest, term: str, strength: str) -> bool:
    return strength in learned.STRENGTHS and learned.STRENGTHS[strength][0] < interest.effective.get(term, 0.0)


def _now(interest: LearnedInterest, term: str) -> str:
    return learned.strength_of(interest.effective.get(term, 0.0))


def _example(request: Request, verb: str) -> None:
    person, pk = request.person, read_number(request.POST.get("entry", "")) or 0
    if verb == "remove":
        example = get_object_or_404(LearnedExample, interest__person=person, entry=pk)
        done = attempt(request, lambda: remove_example(person, person, example.entry))
    else:
        entry = get_object_or_404(Entry.objects.current().readable_by(person), pk=pk)
        done = attempt(request, lambda: add_example(person, person, entry, wanted=verb == "more"))
    if done is not None:
        tell(request, _("It is learned from this in a moment."))


def _chosen(posted: QueryDict) -> dict[str, str]:
    """{term: strength} as the form has them."""
    return {name.removeprefix(CHOICE): str(posted[name]) for name in posted if name.startswith(CHOICE)}


def _interest(person: Person) -> LearnedInterest | None:
    return LearnedInterest.objects.filter(person=person).select_related("profile", "person").first()


def _heading(interest: LearnedInterest | None) -> str:
    if interest is None or not (interest.follows_use or interest.effective or interest.examples.exists()):
        return _("Nothing is learned about you")
    count = sum(term not in interest.edits for term, _weight in interest.terms)
    if not count:
        return _("Only words of your own count") if interest.effective else _("Nothing is learned yet")
    return ngettext("%(n)s word was learned of you", "%(n)s words were learned of you", count) % {"n": number(count)}


def _strengths() -> list[tuple[str, str]]:
    return [(key, str(label)) for key, (_weight, label) in learned.STRENGTHS.items()]


def _examples(interest: LearnedInterest, person: Person) -> list[LearnedExample]:
    """The newest first; what the person may no longer read stands without its title, and can be taken away."""
    rows = list(interest.examples.select_related("entry").order_by("-added_at"))
    open_ones = readable_of(person, [row.entry_id for row in rows])
    for row in rows:
        if row.entry_id not in open_ones:
            row.entry.title = _("Something that you may not read")
    return rows


def _found(person: Person, query: str) -> list[Entry]:
    """What the person may read whose title has these words."""
    entries = Entry.objects.current().readable_by(person)
    for word in query.lower().split():
        entries = entries.filter(folded_title__contains=word)
    return list(entries.order_by("-current_version__published_at")[:FOUND])

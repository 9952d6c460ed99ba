"""Pages of topics: schemes, the tree, one topic, proposals, import and export."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.core.acting import attempt, filled, pressed
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.imports import counted
from headwater.core.languages import reading
from headwater.core.messages import tell
from headwater.core.models import Import
from headwater.taxonomy import actions, importing, rules
from headwater.taxonomy.actions.schemes import LARGE_BYTES, TOPICS
from headwater.taxonomy.forms import ConceptForm, MergingForm, ProposalForm, SchemeForm, lines
from headwater.taxonomy.models import Concept, ConceptScheme
from headwater.taxonomy.picking import offered_topics, search_concepts
from headwater.taxonomy.request import Request
from headwater.taxonomy.skos import write_scheme
from headwater.taxonomy.suggest import concepts_for_text

ROWS = 100


def _labelled(concepts: QuerySet[Concept] | list[Concept]) -> list[dict[str, Any]]:
    """Concepts with their label in the reader's language."""
    language = reading()
    return [{"pk": each.pk, "label": each.label(language), "slug": each.slug, "state": each.state} for each in concepts]


# --- Lists ------------------------------------------------------------------------------------------------------------


@require_GET
def list_schemes(request: Request) -> HttpResponse:
    """Every scheme, what was proposed, and a search over all topics."""
    query = request.GET.get("q", "").strip()
    accepted = Count("concepts", filter=Q(concepts__state=Concept.State.ACCEPTED))
    proposed = Concept.objects.filter(state=Concept.State.PROPOSED).order_by("pk")
    context: dict[str, Any] = {
        "title": _("Topics"),
        "query": query,
        "found": _labelled(search_concepts(query)[:ROWS]) if query else [],
        "schemes": ConceptScheme.objects.annotate(number=accepted).order_by("title"),
        "proposed": _labelled(proposed[:ROWS]),
        "may_keep": rules.may_keep_topics(request.person),
        "may_propose": rules.may_propose(request.person),
    }
    return render(request, "taxonomy/topics.html", context)


@require_GET
def suggest(request: Request) -> HttpResponse:
    """Topics for a text (?text=…) or for what is being typed (?q=…), as JSON for pickers."""
    text, query = request.GET.get("text", ""), request.GET.get("q", "").strip()
    if text:
        found = [each.concept for each in concepts_for_text(text, limit=12)]
    else:
        found = list(search_concepts(query).filter(state=Concept.State.ACCEPTED)[:12]) if query else []
    return JsonResponse({"topics": _labelled(found)})


@require_GET
def offer(request: Request) -> HttpResponse:
    """Topics whose name holds what was typed so far, for the list below a field; the field may have any name."""
    typed = request.GET.get(request.htmx.trigger_name or "q", "")
    return HttpResponse(
        format_html_join("", '<option value="{}"></option>', ((name,) for name in offered_topics(typed)))
    )


@require_GET
def show_scheme(request: Request, slug: str) -> HttpResponse:
    """The topics of a scheme that have nothing broader; those below open where they stand."""
    scheme = get_object_or_404(ConceptScheme, slug=slug)
    tops = scheme.concepts.filter(state=Concept.State.ACCEPTED, broader_links=None)
    page = Paginator(_with_narrower(tops).order_by("slug"), ROWS).get_page(request.GET.get("page"))
    number = scheme.concepts.filter(state=Concept.State.ACCEPTED).count()
    context = {
        "title": scheme.title,
        "scheme": scheme,
        "crumbs": [(_("Topics"), address("taxonomy:topics")), (scheme.title, "")],
        "count": ngettext("%(n)s topic", "%(n)s topics", number) % {"n": number},
        "page": page,
        "rows": _rows(page.object_list),
        "may_keep": rules.may_keep_topics(request.person),
    }
    return render(request, "taxonomy/scheme.html", context)


def _with_narrower(concepts: QuerySet[Concept]) -> QuerySet[Concept]:
    kept = Q(narrower_links__narrower__state=Concept.State.ACCEPTED)
    return concepts.annotate(below=Count("narrower_links", filter=kept, distinct=True))


def _rows(concepts: Any) -> list[dict[str, Any]]:
    language = reading()
    return [{"pk": each.pk, "label": each.label(language), "below": each.below} for each in concepts]


@require_GET
def narrower(request: Request, pk: int) -> HttpResponse:
    """What lies directly below a topic: the piece of the tree that opens."""
    concept = get_object_or_404(Concept, pk=pk)
    below = Concept.objects.filter(broader_links__broader=concept, state=Concept.State.ACCEPTED)
    return render(request, "taxonomy/branch.html", {"rows": _rows(_with_narrower(below).order_by("slug"))})


@require_GET
def show_concept(request: Request, pk: int) -> HttpResponse:
    """One topic: its words in every language, what is broader, narrower, related."""
    concept = get_object_or_404(Concept.objects.select_related("scheme", "merged_into"), pk=pk)
    label = concept.label(reading())
    related = Concept.objects.filter(Q(pk__in=_related(concept)))
    context = {
        "title": label,
        "concept": concept,
        "crumbs": [
            (_("Topics"), address("taxonomy:topics")),
            (concept.scheme.title, address("taxonomy:scheme", slug=concept.scheme.slug)),
            (label, ""),
        ],
        "broader": _labelled(concept.broader.order_by("slug")),
        "narrower": _labelled(concept.narrower.exclude(state=Concept.State.RETIRED).order_by("slug")),
        "related": _labelled(related.order_by("slug")),
        "alternatives": sorted(concept.alternatives.items()),
        "merged_into": _labelled([concept.merged_into]) if concept.merged_into else [],
        "may_keep": rules.may_keep_topics(request.person),
        "may_propose": rules.may_propose(request.person),
        "merging": MergingForm(),
    }
    return render(request, "taxonomy/concept.html", context)


def _related(concept: Concept) -> set[int]:
    pairs = importing.Related.objects.filter(Q(one=concept) | Q(other=concept)).values_list("one", "other")
    return {pk for pair in pairs for pk in pair} - {concept.pk}


# --- Changing ---------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def propose(request: Request) -> HttpResponse:
    """Propose a topic that is missing."""
    require(rules.may_propose(request.person), _("Only who writes here proposes topics."))
    language = reading()
    broader = Concept.objects.filter(slug=request.GET.get("broader", "")).first()
    first = {"broader": broader, "label": request.GET.get("label", ""), "language": language}
    form = ProposalForm(request.POST or None, initial=first)
    if request.method == "POST":
        concept = filled(form, lambda values: _proposed(request, values))
        if concept is not None:
            return redirect(address("taxonomy:concept", pk=concept.pk))
    crumbs = [(_("Topics"), address("taxonomy:topics")), (_("Propose a topic"), "")]
    context = {"title": _("Propose a topic"), "form": form, "crumbs": crumbs, "done": _("Propose"), "icon": "tag"}
    return render(request, "taxonomy/form.html", context)


def _proposed(request: Request, values: dict[str, Any]) -> Concept:
    label, language, broader, definition = (values[name] for name in ("label", "language", "broader", "definition"))
    return actions.propose_concept(request.person, label, language, broader, definition)


@require_http_methods(["GET", "POST"])
def change(request: Request, pk: int) -> HttpResponse:
    """Change a topic's words and place."""
    concept = get_object_or_404(Concept.objects.select_related("scheme"), pk=pk)
    require(rules.may_keep_topics(request.person), _("Only stewards and knowledge managers change topics."))
    now = {
        "labels": lines(concept.labels),
        "alternatives": lines(concept.alternatives),
        "definition": concept.definition,
        "broader": list(concept.broader.order_by("slug")),
    }
    form = ConceptForm(request.POST or None, initial=now)
    if filled(form, lambda values: _changed(request, concept, values)) is not None:
        return redirect(address("taxonomy:concept", pk=pk))
    label = concept.label(reading())
    crumbs = [(_("Topics"), address("taxonomy:topics")), (label, address("taxonomy:concept", pk=pk)), (_("Change"), "")]
    context = {"title": label, "form": form, "crumbs": crumbs, "done": _("Save"), "icon": "check"}
    return render(request, "taxonomy/form.html", context)


def _changed(request: Request, concept: Concept, values: dict[str, Any]) -> Concept:
    labels, alternatives, definition, broader = (
        values[name] for name in ("labels", "alternatives", "definition", "broader")
    )
    return actions.change_concept(request.person, concept, labels, alternatives, definition, broader)


@require_POST
def accept(request: Request, pk: int) -> HttpResponse:
    """Accept a proposed topic."""
    concept = get_object_or_404(Concept, pk=pk)
    attempt(request, lambda: actions.accept_concept(request.person, concept), _("The topic is accepted."))
    return redirect(
        (request.POST.get("back") == "list" and address("taxonomy:topics")) or address("taxonomy:concept", pk=pk)
    )


@require_POST
def retire(request: Request, pk: int) -> HttpResponse:
    """Offer a topic no more; undone by restoring it."""
    concept = get_object_or_404(Concept, pk=pk)
    undo = address("taxonomy:restoration", pk=pk)
    attempt(request, lambda: actions.retire_concept(request.person, concept), _("The topic is retired."), undo)
    return redirect(address("taxonomy:concept", pk=pk))


@require_POST
def restore(request: Request, pk: int) -> HttpResponse:
    """Offer a retired topic again."""
    concept = get_object_or_404(Concept, pk=pk)
    attempt(request, lambda: actions.restore_concept(request.person, concept), _("The topic is offered again."))
    return redirect(address("taxonomy:concept", pk=pk))


@require_POST
def merge(request: Request, pk: int) -> HttpResponse:
    """Make one topic of two (into=the name of the one that stays)."""
    concept = get_object_or_404(Concept, pk=pk)
    require(rules.may_keep_topics(request.person), _("Only stewards and knowledge managers change topics."))
    pressed(
        request,
        MergingForm(request.POST),
        lambda given: actions.merge_concept(request.person, concept, given["into"]),
        _("Merged: its words now find the other topic."),
    )
    concept.refresh_from_db()
    return redirect(address("taxonomy:concept", pk=concept.merged_into_id or pk))


# --- In and out -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def import_scheme_file(request: Request) -> HttpResponse:
    """Bring in a thesaurus, or bring one up to date."""
    require(rules.may_keep_topics(request.person), _("Only stewards and knowledge managers import topics."))
    form = SchemeForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        scheme = filled(form, lambda values: _imported(request, values))
        if isinstance(scheme, Import):
            return redirect(address("taxonomy:import-progress", pk=scheme.pk))
        if scheme is not None:
            tell(request, _("“%s” is imported.") % scheme.title)
            return redirect(address("taxonomy:scheme", slug=scheme.slug))
    crumbs = [(_("Topics"), address("taxonomy:topics")), (_("Import"), "")]
    context = {"title": _("Import topics"), "form": form, "crumbs": crumbs, "done": _("Import"), "icon": "upload"}
    return render(request, "taxonomy/form.html", context)


@require_GET
def show_import(request: Request, pk: int) -> HttpResponse:
    """How far an import is, or what came of it."""
    require(rules.may_keep_topics(request.person), _("Only stewards and knowledge managers import topics."))
    row = get_object_or_404(Import, pk=pk, kind=TOPICS)
    context = {
        "title": _("Import topics"),
        "crumbs": [
            (_("Topics"), address("taxonomy:topics")),
            (_("Import"), address("taxonomy:import")),
            (row.name, ""),
        ],
        "row": row,
        "counts": counted(row),
        "again": address("taxonomy:import"),
        "result": address("taxonomy:topics"),
    }
    return render(request, "import_progress.html", context)


def _imported(request: Request, values: dict[str, Any]) -> ConceptScheme | Import:
    file = values["file"]
    act = actions.begin_scheme_import if file.size > LARGE_BYTES else actions.import_scheme
    try:
        return act(request.person, file.read(), file.name, title=values["title"])
    except ValidationError as error:
        raise ValidationError({"file": error.messages}) from error


@require_GET
def export_scheme(request: Request, slug: str) -> HttpResponse:
    """A scheme as SKOS in Turtle."""
    scheme = get_object_or_404(ConceptScheme, slug=slug)
    response = HttpResponse(write_scheme(importing.read_back(scheme)), content_type="text/turtle; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{scheme.slug}.ttl"'
    return response

"""The API of topics: one operation for each verb, and lists to find what to do it to."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, File, Form, Router, Schema, Status
from ninja.files import UploadedFile
from ninja.pagination import paginate

from headwater.core.actions import require
from headwater.core.bodies import Body
from headwater.core.import_shape import ImportOut
from headwater.core.models import Import
from headwater.core.paging import Paging
from headwater.core.references import Id, Reference, Text, referred, referred_all, required
from headwater.taxonomy import actions, importing, rules
from headwater.taxonomy.actions.schemes import LARGE_BYTES, TOPICS
from headwater.taxonomy.models import Concept, ConceptScheme
from headwater.taxonomy.picking import search_concepts
from headwater.taxonomy.request import Request
from headwater.taxonomy.skos import write_scheme
from headwater.taxonomy.suggest import concepts_for_text

router = Router(tags=["topics"])
PLAIN_FORM = Form("", pattern=r"^[^\x00]*$")


class SchemeOut(Schema):
    """A set of topics."""

    id: int
    slug: str
    title: str
    uri: str


class ConceptOut(Schema):
    """A topic: `labels` one a language, `alternatives` several."""

    id: int
    slug: str
    uri: str
    scheme_id: int
    labels: dict[str, str]
    alternatives: dict[str, list[str]]
    definition: str
    state: str
    merged_into_id: int | None


class SuggestionOut(Schema):
    """A topic that a text names, how often, and by which words."""

    concept: ConceptOut
    times: int
    words: str


class SuggestionsOut(Schema):
    """The topics that a text names, the most named first."""

    items: list[SuggestionOut]
    count: int


class SchemeIn(Body):
    """A new list of topics."""

    title: Text
    slug: Text = ""


class TitleIn(Body):
    """Another title."""

    title: Text


class ProposalIn(Body):
    """A topic that is missing; `broader` is a topic's id or slug."""

    label: Text
    language: Text = "en"
    broader: Reference | None = None
    definition: Text = ""


class ConceptChange(Body):
    """What changes of a topic; what is left out stays."""

    labels: dict[Text, Text] | None = None
    alternatives: dict[Text, list[Text]] | None = None
    definition: Text | None = None
    broader: list[Reference] | None = None


class MergingIn(Body):
    """The id or slug of the topic that stays."""

    into: Reference


class TextIn(Body):
    """A text, and in which language its topics are wanted (empty: any)."""

    text: Text
    title: Text = ""
    language: Text = ""
    limit: int = Field(8, ge=1, le=50)


class Done(Schema):
    """The change was made."""

    done: bool = True


def _concepts() -> QuerySet[Concept]:
    return Concept.objects.select_related("scheme", "merged_into")


def _concept(pk: int) -> Concept:
    return get_object_or_404(_concepts(), pk=pk)


@router.get("/schemes", response=list[SchemeOut], operation_id="list_schemes")
@paginate(Paging)
def list_schemes(request: Request) -> QuerySet[ConceptScheme]:
    """Every scheme."""
    return ConceptScheme.objects.order_by("title", "pk")


@router.post("/schemes", response=SchemeOut, operation_id="create_scheme")
def create_scheme(request: Request, given: SchemeIn) -> ConceptScheme:
    """Begin a list of topics."""
    return actions.create_scheme(request.person, given.title, given.slug)


@router.post("/schemes/import", response={200: SchemeOut, 202: ImportOut}, operation_id="import_scheme")
def import_scheme(
    request: Request, file: File[UploadedFile], title: str = PLAIN_FORM
) -> ConceptScheme | Status[Import]:
    """Bring in a thesaurus as SKOS, or bring one up to date; a large one in the background (202)."""
    content = file.read()
    if len(content) > LARGE_BYTES:
        return Status(202, actions.begin_scheme_import(request.person, content, file.name or "", title))
    return actions.import_scheme(request.person, content, file.name or "", title=title)


@router.post("/imports", response={202: ImportOut}, operation_id="begin_scheme_import")
def begin_scheme_import(request: Request, file: File[UploadedFile], title: str = PLAIN_FORM) -> Status[Import]:
    """Bring in a thesaurus in the background, whatever its size."""
    return Status(202, actions.begin_scheme_import(request.person, file.read(), file.name or "", title))


@router.get("/imports/{int:pk}", response=ImportOut, operation_id="show_scheme_import")
def show_scheme_import(request: Request, pk: Id) -> Import:
    """How far the import of a thesaurus is, or what came of it."""
    require(rules.may_keep_topics(request.person), _("Only stewards and knowledge managers import topics."))
    return get_object_or_404(Import, pk=pk, kind=TOPICS)


@router.patch("/schemes/{int:pk}", response=SchemeOut, operation_id="rename_scheme")
def rename_scheme(request: Request, pk: Id, given: TitleIn) -> ConceptScheme:
    """Give a scheme another title."""
    return actions.rename_scheme(request.person, get_object_or_404(ConceptScheme, pk=pk), given.title)


@router.delete("/schemes/{int:pk}", response=Done, operation_id="remove_scheme")
def remove_scheme(request: Request, pk: Id) -> Done:
    """Remove a scheme that nothing is about."""
    actions.remove_scheme(request.person, get_object_or_404(ConceptScheme, pk=pk))
    return Done()


@router.get("/schemes/{int:pk}/export", operation_id="export_scheme")
def export_scheme(request: Request, pk: Id) -> HttpResponse:
    """A scheme as SKOS in Turtle."""
    scheme = get_object_or_404(ConceptScheme, pk=pk)
    return HttpResponse(write_scheme(importing.read_back(scheme)), content_type="text/turtle; charset=utf-8")


@router.get("/concepts", response=list[ConceptOut], operation_id="list_concepts")
@paginate(Paging)
def list_concepts(request: Request, q: Text = "", scheme: Reference | None = None) -> QuerySet[Concept]:
    """Topics, by a word in any language, or of one scheme."""
    found = search_concepts(q) if q else Concept.objects.order_by("slug")
    within = referred(ConceptScheme, scheme, "scheme")
    return found if within is None else found.filter(scheme=within)


@router.get("/concepts/{int:pk}", response=ConceptOut, operation_id="show_concept")
def show_concept(request: Request, pk: Id) -> Concept:
    """One topic."""
    return _concept(pk)


@router.post("/concepts", response=ConceptOut, operation_id="propose_concept")
def propose_concept(request: Request, given: ProposalIn) -> Concept:
    """Propose a topic that is missing."""
    broader = referred(_concepts(), given.broader, "broader")
    return actions.propose_concept(request.person, given.label, given.language, broader, given.definition)


@router.patch("/concepts/{int:pk}", response=ConceptOut, operation_id="change_concept")
def change_concept(request: Request, pk: Id, given: ConceptChange) -> Concept:
    """Change a topic's words and place."""
    broader = None if given.broader is None else referred_all(_concepts(), given.broader, "broader")
    values: dict[str, Any] = given.dict(include={"labels", "alternatives", "definition"})
    return actions.change_concept(request.person, _concept(pk), **values, broader=broader)


@router.post("/concepts/{int:pk}/acceptance", response=ConceptOut, operation_id="accept_concept")
def accept_concept(request: Request, pk: Id) -> Concept:
    """Accept a proposed topic."""
    return actions.accept_concept(request.person, _concept(pk))


@router.post("/concepts/{int:pk}/retirement", response=ConceptOut, operation_id="retire_concept")
def retire_concept(request: Request, pk: Id) -> Concept:
    """Offer a topic no more."""
    return actions.retire_concept(request.person, _concept(pk))


@router.delete("/concepts/{int:pk}/retirement", response=ConceptOut, operation_id="restore_concept")
def restore_concept(request: Request, pk: Id) -> Concept:
    """Offer a retired topic again."""
    return actions.restore_concept(request.person, _concept(pk))


@router.post("/concepts/{int:pk}/merging", response=ConceptOut, operation_id="merge_concept")
def merge_concept(request: Request, pk: Id, given: MergingIn) -> Concept:
    """Make one topic of two."""
    return actions.merge_concept(request.person, _concept(pk), required(_concepts(), given.into, "into"))


@router.post("/suggestions", response=SuggestionsOut, operation_id="suggest_concepts")
def suggest_concepts(request: Request, given: TextIn) -> dict[str, Any]:
    """Which topics a text names."""
    named = concepts_for_text(given.text, given.language, given.title, given.limit)
    return {"items": named, "count": len(named)}

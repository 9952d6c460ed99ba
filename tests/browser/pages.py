"""Every page of the product, with what it is about. A page that is added is found here by itself; one about a thing
needs a line in SUBJECTS that says which thing of the demonstration is shown."""

from collections.abc import Callable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver

from headwater.core.models import Import
from headwater.distribute.models import Delivery, Directive, Forecast, ForecastAnswer, InterestProfile
from headwater.gather.models import Document, InformationNeed, Source
from headwater.library.models import Article, Feedback, Review, Revision
from headwater.people.models import Audience, Community, Person, Role, Unit
from headwater.search.models import Entry, EntryVersion, SearchGap
from headwater.taxonomy.models import Concept, ConceptScheme
from headwater.urls import organisation

Kwargs = dict[str, Any]


def _first(model: Any, **tests: Any) -> Callable[[], Kwargs]:
    return lambda: {"pk": model.objects.filter(**tests).order_by("pk").values_list("pk", flat=True)[0]}


def _kwargs(**values: Any) -> Callable[[], Kwargs]:
    return lambda: values


def _difference() -> Kwargs:
    article = Article.objects.filter(published__number__gt=1).order_by("pk")[0]
    return {"pk": article.pk, "old": 1, "new": 2}


def _import(kind: str) -> Callable[[], Kwargs]:
    return lambda: {"pk": Import.objects.get_or_create(kind=kind, defaults={"total": 5_000, "done": 1_200})[0].pk}


def _forecast() -> Kwargs:
    """A question about an entry, answered as a worker would if every interest matched."""
    entry = Entry.objects.filter(current_version__isnull=False, withdrawn_at=None).order_by("pk")[0]
    asker = Person.objects.get(email="nadia.brandt@works.example")
    forecast, _ = Forecast.objects.get_or_create(entry=entry, asked_by=asker, defaults={"title": entry.title})
    matching = list(InterestProfile.objects.filter(removed_at=None).values_list("pk", flat=True))
    ForecastAnswer.objects.get_or_create(forecast=forecast, number=0, of=1, defaults={"profiles": matching})
    return {"pk": forecast.pk}


_article = _first(Article, published__isnull=False, trashed_at=None)
_directive = _first(Directive, state=Directive.State.ISSUED)

SUBJECTS: dict[str, Callable[[], Kwargs]] = {
    "home:entry": _first(Entry, article__published__number__gt=1),
    "home:counted": _kwargs(figure="delivered"),
    "home:help": _kwargs(page="home-today"),
    "distribute:profile": _first(InterestProfile, removed_at=None),
    "distribute:directive": _directive,
    "distribute:proof": _directive,
    "distribute:proof-list": _directive,
    "distribute:proof-people": _directive,
    "distribute:forecast": _forecast,
    "distribute:chain": lambda: {"pk": Delivery.objects.order_by("pk").values_list("version", flat=True)[0]},
    "library:article": _article,
    "library:edit": _article,
    "library:details": _article,
    "library:revisions": _article,
    "library:difference": _difference,
    "library:verification": _article,
    "library:review": _first(Review),
    "library:report": _first(Feedback),
    "library:feedback": _first(Entry, current_version__isnull=False, withdrawn_at=None),
    "library:topics": _first(Entry, current_version__isnull=False, withdrawn_at=None),
    "search:gap": _first(SearchGap),
    "gather:source": _first(Source),
    "gather:source-new-kind": _kwargs(kind="folder"),
    "gather:source-settings": _first(Source),
    "gather:source-closing": _first(Source),
    "gather:source-runs": _first(Source),
    "gather:documents": _first(Source, documents__isnull=False),
    "gather:document": _first(Document, entry__isnull=False),
    "gather:upload": _first(Source, kind=Source.Kind.UPLOAD),
    "gather:capture-into": _first(Source, kind=Source.Kind.CAPTURE),
    "gather:need": _first(InformationNeed),
    "gather:need-settings": _first(InformationNeed),
    "people:person": _first(Person),
    "people:unit": _first(Unit),
    "people:role": _first(Role),
    "people:community": _first(Community),
    "people:audience": _first(Audience),
    "people:audience-edit": _first(Audience),
    "people:community-edit": _first(Community),
    "people:unit-edit": _first(Unit),
    "people:edit": _first(Person),
    "people:departure": _first(Person, left_on=None),
    "people:erasure": _first(Person, erased_at=None),
    "library:aside": _first(Revision, is_aside=True),
    "people:import-progress": _import("people"),
    "taxonomy:import-progress": _import("topics"),
    "taxonomy:concept": _first(Concept),
    "taxonomy:change": _first(Concept),
    "taxonomy:scheme": lambda: {"slug": ConceptScheme.objects.order_by("pk").values_list("slug", flat=True)[0]},
    "library:capture": lambda: {"pk": EntryVersion.objects.order_by("pk").values_list("pk", flat=True)[0]},
}

# Answers that are no pages: files, feeds, pieces that a page fetches.
NOT_PAGES = (
    "-csv",
    ".csv",
    "feed",
    "attachment",
    "raw",
    "original",
    "outbox-mail",
    "palette",
    "help",
    "preview",
    "reach",
    "export",
)

# Pieces, texts as they are, and what needs a secret address.
PIECES = {
    "home:entry-text",
    "distribute:learning-effect",
    "people:offered",
    "search:offered",
    "taxonomy:offered",
    "taxonomy:suggestions",
    "taxonomy:narrower",
    "people:rule",
    "public:unsubscribe",
}


def addresses() -> Iterator[tuple[str, set[str]]]:
    """The name of every address inside an organisation, and the arguments it takes."""
    yield from _within(organisation, "", set())


def _within(patterns: list[Any], space: str, taken: set[str]) -> Iterator[tuple[str, set[str]]]:
    for pattern in patterns:
        arguments = taken | set(pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "api" and not str(pattern.pattern).startswith("api"):
                yield from _within(pattern.url_patterns, pattern.namespace or space, arguments)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{space}:{pattern.name}", arguments


def is_page(name: str) -> bool:
    """Whether the address may be a page that people look at."""
    return name not in PIECES and not any(part in name.split(":")[1] for part in NOT_PAGES)

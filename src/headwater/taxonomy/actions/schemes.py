"""Concept schemes: the organisation's own lists, and imported thesauri."""

from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from headwater.core import imports
from headwater.core.actions import Actor, action, note, require
from headwater.core.models import Import
from headwater.core.wall import current_organisation_id
from headwater.taxonomy import importing, rules
from headwater.taxonomy.models import ConceptScheme
from headwater.taxonomy.skos import MOST_BYTES, SkosFault, read_scheme

TOPICS = "topics"
LARGE_BYTES = 300_000  # about two thousand topics; more take longer than a page may take


def _require_keeper(actor: Actor) -> None:
    require(rules.may_keep_topics(actor), _("Only stewards, knowledge managers and administrators change schemes."))


@action
def create_scheme(actor: Actor, title: str, slug: str = "") -> ConceptScheme:
    """Begin a list of topics."""
    _require_keeper(actor)
    scheme = ConceptScheme(title=title.strip(), slug=slug or slugify(title)[:80] or "topics")
    _check(scheme)
    scheme.save()
    return scheme


def _check(scheme: ConceptScheme) -> None:
    scheme.clean_fields(exclude={"organisation"})
    if ConceptScheme.objects.filter(slug=scheme.slug).exclude(pk=scheme.pk).exists():
        raise ValidationError({"slug": _("“%s” is taken already.") % scheme.slug})


@action
def rename_scheme(actor: Actor, scheme: ConceptScheme, title: str) -> ConceptScheme:
    """Give a scheme another title."""
    _require_keeper(actor)
    scheme.title = title.strip()
    _check(scheme)
    scheme.save(update_fields=["title"])
    return scheme


@action
def remove_scheme(actor: Actor, scheme: ConceptScheme) -> None:
    """Remove a scheme with all its topics, as long as nothing is about any of them."""
    _require_keeper(actor)
    if importing.is_used(scheme):
        raise ValidationError({"scheme": _("Something is about its topics. Merge or retire them instead.")})
    note(scheme=scheme.pk)
    try:
        scheme.delete()
    except ProtectedError as error:
        raise ValidationError({"scheme": _("Its topics are still used.")}) from error


@action
def import_scheme(actor: Actor, content: bytes, name: str = "", slug: str = "", title: str = "") -> ConceptScheme:
    """Bring in a thesaurus as SKOS (Turtle, RDF/XML, N-Triples); again to bring it up to date.

    `name` is the file's name. Concepts are recognised by their URI; those that are no longer in the file are retired.
    """
    _require_keeper(actor)
    name = name.replace("\x00", "")
    try:
        read = read_scheme(content, name)
    except SkosFault as error:
        raise ValidationError({"content": str(error)}) from error
    scheme = _scheme(read.uri, slug, title or read.title or name.rpartition(".")[0])
    counts = importing.store(scheme, read)
    note(**counts)
    imports.tally(**counts)
    return scheme


@action
def begin_scheme_import(actor: Actor, content: bytes, name: str = "", title: str = "", slug: str = "") -> Import:
    """Bring in a large thesaurus in the background, with progress."""
    from headwater.taxonomy.jobs import carry_out_import

    _require_keeper(actor)
    if len(content) > MOST_BYTES:
        raise ValidationError({"content": _("The file is larger than 60 MB.")})
    row = imports.begin(actor, TOPICS, content, name, title=title, slug=slug)
    note(bytes=len(content))
    carry_out_import.defer(organisation_id=current_organisation_id(), import_id=row.pk)
    return row


def _scheme(uri: str, slug: str, title: str) -> ConceptScheme:
    known = ConceptScheme.objects.filter(slug=slug) if slug else ConceptScheme.objects.filter(uri=uri).exclude(uri="")
    scheme = known.first() or ConceptScheme(slug=slug or slugify(title)[:80] or "thesaurus")
    scheme.title, scheme.uri = (title or scheme.slug)[:200], uri[:500]
    _check(scheme)
    scheme.save()
    return scheme

"""What a record is called for whoever acts: who may change something is not thereby a reader of it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwater.core.actions import Actor
    from headwater.people.models import Person


def name_for(actor: "Actor", record: Any) -> str:
    """The record's name as the pages show it to that person; the local operator is told every name."""
    from headwater.distribute.masking import mask_directives
    from headwater.distribute.models import Directive
    from headwater.people.models import Person

    if isinstance(actor, Person) and isinstance(record, Directive):
        mask_directives(actor, [record])
        return record.name
    if isinstance(actor, Person) and not _may_read(actor, record):
        from django.utils.translation import gettext as _

        return _("Something that you may not read")
    return _own_name(record)


def _own_name(record: Any) -> str:
    """What the record calls itself; one that bears no name is called by its kind and number."""
    from django.db.models import Model

    if type(record).__str__ is Model.__str__:
        return f"{record._meta.verbose_name} {record.pk}"
    return str(record)


def _may_read(person: "Person", record: Any) -> bool:
    """Whether the title in the record's name is open to the person, where its name is a title at all."""
    from headwater.library.models import Article
    from headwater.search.models import Entry, EntryVersion

    article = record if isinstance(record, Article) else getattr(record, "article", None)
    if isinstance(article, Article):
        return Article.objects.visible_to(person).filter(pk=article.pk).exists()
    if isinstance(record, EntryVersion):
        return Entry.objects.readable_by(person).filter(pk=record.entry_id).exists()
    return True

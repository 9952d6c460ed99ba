"""Files and pictures that belong to an article."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, action, note, require
from headwater.core.blobs import put_blob
from headwater.library import rules
from headwater.library.actions.holding import locked
from headwater.library.attachments import DOWNLOAD, check_room, clean_name, named_in, picture_type
from headwater.library.models import Article, Attachment
from headwater.people.models import Person


@action
def attach_file(actor: Actor, article: Article, name: str, content: bytes) -> Attachment:
    """Attach a file or picture to an article; readers get it with the next version that is published."""
    article = locked(article)
    require(rules.may_edit(actor, article), _("Only its owner, contributors and stewards attach files."))
    check_room(article, content)
    attachment = Attachment.objects.create(
        article=article,
        name=clean_name(name),
        blob=put_blob(content),
        mime=picture_type(content) or DOWNLOAD,
        size=len(content),
        added_by=actor if isinstance(actor, Person) else None,
    )
    note(article=article.pk, bytes=len(content))
    return attachment


@action
def remove_attachment(actor: Actor, attachment: Attachment) -> None:
    """Take a file off an article. Older versions that show it still do; one that was never published is deleted."""
    article = locked(attachment.article)
    attachment = article.attachments.get(pk=attachment.pk)
    require(rules.may_edit(actor, article), _("Only its owner, contributors and stewards remove files."))
    if any(revision and attachment.pk in named_in(revision.body) for revision in (article.latest, article.published)):
        raise ValidationError({"attachment": _("The text still shows it. Take it out of the text first.")})
    note(article=article.pk)
    if attachment.published_with_id is None:
        attachment.delete()
        return
    attachment.removed_at = timezone.now()
    attachment.save(update_fields=["removed_at"])

"""How I am reached: preferences, channels, the private feed; and the outbox that stands in for a mail server."""

import email
import email.policy
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from headwater.core.acting import filled
from headwater.core.actions import require
from headwater.core.addresses import address, link
from headwater.core.mail import outbox_folder
from headwater.core.messages import tell
from headwater.core.secret import decrypt
from headwater.distribute.actions import (
    add_channel,
    change_channel,
    change_preferences,
    confirm_channel,
    remove_channel,
    remove_feed,
    rotate_feed,
    rotate_webhook_key,
)
from headwater.distribute.forms import ChannelForm, PreferenceForm
from headwater.distribute.keys import living_feeds
from headwater.distribute.models import Channel, Preference
from headwater.distribute.sending import channels_of
from headwater.people.models import Permission
from headwater.people.request import Request

MAILS_SHOWN = 200


def show_reaching(request: Request) -> HttpResponse:
    """The person's own preferences and channels; POST changes the preferences."""
    preference = Preference.objects.filter(person=request.person).first() or Preference(person=request.person)
    form = PreferenceForm(request.POST or None, instance=preference)
    changed = filled(form, lambda values: change_preferences(request.person, request.person, **values))
    if changed is not None:
        tell(request, _("Kept."))
        return redirect(address("distribute:reaching"))
    return _page(request, form, ChannelForm())


@require_POST
def add(request: Request) -> HttpResponse:
    """Add a channel."""
    form = ChannelForm(request.POST)
    channel = filled(form, lambda values: add_channel(request.person, request.person, **values))
    if channel is not None:
        tell(request, _added(channel))
        return redirect(address("distribute:reaching"))
    preference = Preference.objects.filter(person=request.person).first() or Preference(person=request.person)
    return _page(request, PreferenceForm(instance=preference), form, status=400)


def _added(channel: Channel) -> str:
    if channel.state == Channel.State.UNCONFIRMED:
        return _("A code is on its way to “%s”. Enter it below.") % channel.address
    return _("“%s” is a way to reach you now.") % channel.address


@require_POST
def change(request: Request, pk: int) -> HttpResponse:
    """Switch one of the person's own channels, give a webhook a new key, or remove it."""
    channel = get_object_or_404(Channel, pk=pk, person=request.person)
    try:
        tell(request, _changed(request, channel))
    except ValidationError as error:
        tell(request, " ".join(error.messages), level=messages.ERROR)
    return redirect(address("distribute:reaching"))


def _changed(request: Request, channel: Channel) -> str:
    """Do what a button beside a channel says; what came of it, in words."""
    match request.POST.get("do"):
        case "remove":
            remove_channel(request.person, channel)
            return _("“%s” is no longer used.") % channel.address
        case "key":
            changed = rotate_webhook_key(request.person, channel)
            return _("The new key: %s. It is shown only now.") % decrypt(changed.secret or b"")
        case "confirm":
            confirmed = confirm_channel(request.person, channel, request.POST.get("code", ""))
            is_on = confirmed.state == Channel.State.ACTIVE
            return _("“%s” is a way to reach you now.") % channel.address if is_on else _("That is not the code.")
        case state:
            change_channel(request.person, channel, state or "")
            return _("Kept.")


@require_POST
def renew_feed(request: Request) -> HttpResponse:
    """Give the private feed a new address, or remove it."""
    if request.POST.get("do") == "remove":
        remove_feed(request.person, request.person)
        tell(request, _("Your private feed is gone."))
        return redirect(address("distribute:reaching"))
    secret = rotate_feed(request.person, request.person)
    preference = Preference.objects.filter(person=request.person).first() or Preference(person=request.person)
    return _page(
        request, PreferenceForm(instance=preference), ChannelForm(), feed_url=link("public:feed", secret=secret)
    )


def _page(
    request: Request, form: PreferenceForm, channel_form: ChannelForm, feed_url: str = "", status: int = 200
) -> HttpResponse:
    channels_of([request.person])
    context = {
        "title": _("How I am reached"),
        "form": form,
        "channel_form": channel_form,
        "channels": request.person.channels.exclude(state=Channel.State.OFF, kind=Channel.Kind.CHAT).order_by("pk"),
        "has_feed": living_feeds().filter(person=request.person).exists(),
        "feed_url": feed_url,
        "mail_server": bool(settings.HEADWATER_MAIL_URL),
    }
    return render(request, "distribute/reaching.html", context, status=status)


# --- The outbox -------------------------------------------------------------------------------------------------------


@require_safe
def show_outbox(request: Request) -> HttpResponse:
    """Mail that would have gone out if there were a server, newest first. For administrators."""
    _require_administrator(request)
    folder = outbox_folder(request.organisation.pk)
    files = sorted(folder.glob("*.eml"), reverse=True) if folder.is_dir() else []
    mails = [_read(file) for file in files[:MAILS_SHOWN]]
    context = {
        "title": _("Outbox"),
        "mails": mails,
        "total": len(files),
        "mail_server": bool(settings.HEADWATER_MAIL_URL),
    }
    return render(request, "distribute/outbox.html", context)


@require_safe
def show_mail(request: Request, mail: str) -> HttpResponse:
    """One mail of the outbox, as text."""
    _require_administrator(request)
    file = outbox_folder(request.organisation.pk) / f"{Path(mail).name}.eml"
    if not file.is_file():
        raise Http404("There is no such mail in the outbox.")
    return render(request, "distribute/outbox_mail.html", {"mail": _read(file)})


def _require_administrator(request: Request) -> None:
    allowed = request.person.may(Permission.ADMINISTRATOR)
    require(allowed, _("Only an administrator sees the outbox: it holds other people's mail."))


def _read(file: Path) -> dict[str, str]:
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = mail.get_body(preferencelist=("plain",))
    return {
        "name": file.stem,
        "subject": str(mail["Subject"]),
        "to": str(mail["To"]),
        "date": str(mail["Date"]),
        "body": str(body.get_content()) if body is not None else "",
    }

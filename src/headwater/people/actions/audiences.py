"""Named rules that select people."""

from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.people import membership, rules
from headwater.people.audiences import check_rule
from headwater.people.checking import free_slug, keep
from headwater.people.models import Audience


def _require_audiences(actor: Actor) -> None:
    require(
        rules.may_manage_audiences(actor),
        _("Only a knowledge manager or an administrator changes audiences: they decide who reads what."),
    )


@action
def create_audience(actor: Actor, name: str, rule: dict, slug: str = "") -> Audience:
    """Save a rule under a name; whom it selects is kept up to date from now on."""
    _require_audiences(actor)
    audience = Audience(slug=free_slug(Audience, name, slug), name=name.strip(), rule=check_rule(rule))
    keep(audience)
    membership.refresh([audience])
    return audience


@action
def change_audience(actor: Actor, audience: Audience, name: str = "", rule: dict | None = None) -> Audience:
    """Change an audience's name or rule. Those who stay keep the day they came in; the others lose access at once."""
    _require_audiences(actor)
    audience.name = name.strip() or audience.name
    if rule is not None:
        audience.rule = check_rule(rule)
    keep(audience)
    change = membership.refresh([audience])
    note(joined=len(change.missing), left=len(change.surplus))
    return audience


@action
def remove_audience(actor: Actor, audience: Audience) -> None:
    """Remove an audience that nothing uses."""
    _require_audiences(actor)
    note(audience=audience.pk)
    try:
        audience.delete()
    except ProtectedError as error:
        kinds = sorted({str(row._meta.verbose_name_plural) for row in error.protected_objects})
        message = _("It decides who reads some %(kinds)s: give those another audience first.")
        raise ValidationError({"audience": message % {"kinds": ", ".join(kinds)}}) from error


@action
def refresh_audiences(actor: Actor) -> None:
    """Compute anew whom every audience selects (what `doctor` asks for when rows went astray)."""
    _require_audiences(actor)
    change = membership.refresh()
    note(joined=len(change.missing), left=len(change.surplus))

"""The organisation's shape: units, roles, communities."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Walled

if TYPE_CHECKING:
    from headwater.people.models.person import Person


class UnitQuerySet(models.QuerySet["Unit"]):
    def below(self, unit: "Unit") -> "UnitQuerySet":
        """The unit itself and everything under it."""
        return self.filter(path__startswith=unit.path)


class Unit(Walled):
    """A department, section, office or team. `path` is the ids from the root down, `/3/14/`, kept by the actions."""

    slug = models.SlugField(max_length=80)
    name = models.CharField(_("name"), max_length=200)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    head = models.ForeignKey("Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="heads")
    deputy = models.ForeignKey("Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="deputises")
    path = models.CharField(max_length=400, editable=False, default="", db_index=True)
    tx = models.BigIntegerField(default=0, editable=False, db_index=True)

    objects = UnitQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="unit_slug")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(Walled):
    """A job role, such as drainage inspector. It gives no permission."""

    slug = models.SlugField(max_length=80)
    name = models.CharField(_("name"), max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="role_slug")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Community(Walled):
    """A community of practice: practitioners of a domain, across units."""

    slug = models.SlugField(max_length=80)
    name = models.CharField(_("name"), max_length=200)
    purpose = models.TextField(_("purpose"), blank=True)
    lead = models.ForeignKey("Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="leads")
    is_open = models.BooleanField(
        _("open"), default=False, help_text=_("anybody may join; otherwise people ask, and are brought in")
    )
    members: "models.ManyToManyField[Person, Membership]" = models.ManyToManyField(
        "Person", through="Membership", related_name="communities"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="community_slug")]
        ordering = ["name"]
        verbose_name_plural = "communities"

    def __str__(self) -> str:
        return self.name


class Membership(Walled):
    """A person in a community."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey("Person", on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["community", "person"], name="member_once")]


class MembershipRequest(Walled):
    """Somebody asks to come into a community; a member, to leave it. It goes when answered or withdrawn."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="requests")
    person = models.ForeignKey("Person", on_delete=models.CASCADE, related_name="membership_requests")
    asked_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["community", "person"], name="membership_request_once")]
        ordering = ["asked_at"]

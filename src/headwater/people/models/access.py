"""Who belongs to which audience, who may do what, and how they come in."""

from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef, Value
from django.db.models.functions import Coalesce, JSONArray
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Walled
from headwater.people.models.person import Person


class Permission(models.TextChoices):
    """What a person may do. Stewards read everything of their unit within their clearance; nobody else reads more."""

    READER = "reader", _("Reader")
    CONTRIBUTOR = "contributor", _("Contributor")
    EXPERT = "expert", _("Expert")
    STEWARD = "steward", _("Steward")
    KNOWLEDGE_MANAGER = "knowledge_manager", _("Knowledge manager")
    EXECUTIVE = "executive", _("Executive")
    ADMINISTRATOR = "administrator", _("Administrator")


class Grant(Walled):
    """A permission of a person, in the whole organisation (no unit) or in one unit and below."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="grants")
    permission = models.CharField(max_length=20, choices=Permission)
    unit = models.ForeignKey("Unit", on_delete=models.CASCADE, null=True, blank=True, related_name="grants")
    tx = models.BigIntegerField(default=0, editable=False, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "permission", "unit"], name="grant_once", nulls_distinct=False)
        ]


class Audience(Walled):
    """A rule that selects people. `AudienceMember` holds whom it selects now, kept in the transaction of each change.

    rule: {"all": [rules]}, {"any": [rules]}, {"not": rule}, {"everyone": true}, {"unit": slug, "below": true},
    {"role": slug}, {"community": slug}, {"language": code}, {"location": name}, {"tag": tag}, {"person": id}.
    """

    slug = models.SlugField(max_length=80)
    name = models.CharField(_("name"), max_length=200)
    rule = models.JSONField(_("rule"))
    members = models.ManyToManyField(Person, through="AudienceMember", related_name="audiences")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="audience_slug")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AudienceMember(Walled):
    """A person whom an audience's rule selects; `since` starts that person's clock for what the audience is sent."""

    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="member_links")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="audience_links")
    since = models.DateTimeField(default=timezone.now)
    tx = models.BigIntegerField(default=0, editable=False, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "audience"], name="audience_member_once")]


class Invitation(Walled):
    """A link that lets one person set their password: for the first time, or again. Only its SHA-256 is kept."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


def held_access(person: str) -> dict[str, ArraySubquery]:
    """Grants and audiences of whom `person` leads to, as annotations: every request asks, and so they cost no query.

    For `Person.remember_access`.
    """
    grants = Grant.objects.filter(person=OuterRef(person))
    return {
        "held_grants": ArraySubquery(grants.values(held=JSONArray("permission", Coalesce("unit__path", Value(""))))),
        "held_audiences": ArraySubquery(AudienceMember.objects.filter(person=OuterRef(person)).values("audience")),
    }


class ApiToken(Walled):
    """A bearer token for the API: acts as the person, for what `scope` allows. Only its SHA-256 is kept."""

    class Scope(models.TextChoices):
        READ = "read", _("Read")
        WRITE = "write", _("Read and write")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=5, choices=Scope, default=Scope.READ)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def holds_at(self, moment: datetime) -> bool:
        """Whether it opens the door then: neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > moment)

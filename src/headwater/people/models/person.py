"""A person of the organisation, and what is known of them for their work."""

from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, NullIf
from django.utils.functional import cached_property
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from headwater.core.models import Classification, Walled
from headwater.core.prepared import Given
from headwater.people.days import today

if TYPE_CHECKING:
    from headwater.people.models.structure import Role, Unit


class PersonQuerySet(models.QuerySet["Person"]):
    def active(self, on: date | Given | None = None) -> "PersonQuerySet":
        """People who have joined and not left on that day (default: today)."""
        day = on or today()
        return self.filter(models.Q(joined_on=None) | models.Q(joined_on__lte=day)).filter(
            models.Q(left_on=None) | models.Q(left_on__gt=day), erased_at=None
        )

    def reading_languages(self) -> dict[int, str]:
        """The language that each of these people reads in, by person."""
        reads = Coalesce(NullIf("chosen_language", models.Value("")), "language")
        return dict(self.order_by().values_list("pk", reads))


class Person(Walled):
    """A member of an organisation. A user account is needed only to sign in."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="people"
    )
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("email"), blank=True)
    number = models.CharField(_("staff number"), max_length=60, blank=True, help_text=_("the key for CSV import"))
    unit = models.ForeignKey("Unit", on_delete=models.PROTECT, null=True, blank=True, related_name="people")
    other_units: "models.ManyToManyField[Unit, OtherUnit]" = models.ManyToManyField(
        "Unit", through="OtherUnit", related_name="also"
    )
    roles: "models.ManyToManyField[Role, PersonRole]" = models.ManyToManyField(
        "Role", through="PersonRole", related_name="people"
    )
    title = models.CharField(_("job title"), max_length=200, blank=True)
    location = models.CharField(_("location"), max_length=120, blank=True)
    language = models.CharField(
        _("language"), max_length=10, default="en", help_text=_("kept by the organisation; audiences select by it")
    )
    chosen_language = models.CharField(
        _("language to read in"), max_length=10, blank=True, help_text=_("one's own choice; empty: the language above")
    )
    timezone = models.CharField(_("time zone"), max_length=60, default="UTC")
    work_from = models.TimeField(_("works from"), default="08:00")
    work_until = models.TimeField(_("works until"), default="17:00")
    clearance = models.PositiveSmallIntegerField(
        _("clearance"), choices=Classification, default=Classification.INTERNAL
    )
    joined_on = models.DateField(_("joined on"), null=True, blank=True)
    left_on = models.DateField(_("left on"), null=True, blank=True, help_text=_("first day no longer a member"))
    successor = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    erased_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    tx = models.BigIntegerField(default=0, editable=False, db_index=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "user"], name="one_person_a_user"),
            models.UniqueConstraint(
                fields=["organisation", "number"], name="person_number", condition=~models.Q(number="")
            ),
        ]
        indexes = [models.Index(fields=["organisation", "name"], name="person_name")]
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.name

    @cached_property
    def granted(self) -> list[tuple[str, str]]:
        """(permission, path of the unit it holds in and below; "" for the whole organisation), read once."""
        return [(permission, path or "") for permission, path in self.grants.values_list("permission", "unit__path")]

    _audiences: list[int] | None = None

    def remember_access(self, grants: list[list[str]], audiences: list[int]) -> None:
        """For the time of one request: take what `held_access` read along as the person's grants and audiences."""
        self.granted = [(permission, path) for permission, path in grants]
        self._audiences = audiences

    def audience_ids(self) -> list[int]:
        """The audiences that the person is in."""
        if self._audiences is None:
            return list(self.audience_links.values_list("audience", flat=True))
        return self._audiences

    def within(self, audience: str = "audience") -> models.Q:
        """Filter: rows whose audience the person is in; `audience` leads to it."""
        if self._audiences is None:
            return models.Q(**{f"{audience}__in": self.audience_links.values("audience")})
        return models.Q(**{f"{audience}__among": self._audiences})

    def paths_granted(self, permission: str) -> list[str]:
        """Where the person has that permission: unit paths, "" for everywhere."""
        return [path for held, path in self.granted if held == permission]

    def may(self, permission: str, unit: "Unit | None" = None) -> bool:
        """Whether the person is active and has the permission in that unit (none: in the whole organisation)."""
        return self.is_active and any(
            not path or (unit is not None and unit.path.startswith(path)) for path in self.paths_granted(permission)
        )

    @property
    def reading_language(self) -> str:
        """What pages, mail, searches and profiles speak: the person's choice, or what the organisation keeps."""
        return self.chosen_language or self.language

    @property
    def actor_id(self) -> int:
        """This person as an actor in the audit log."""
        return self.pk

    @property
    def is_active(self) -> bool:
        """Has joined, has not left, was not erased."""
        day = today()
        joined = self.joined_on is None or self.joined_on <= day
        return joined and (self.left_on is None or self.left_on > day) and self.erased_at is None


class OtherUnit(Walled):
    """A person who also works for a further unit."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    unit = models.ForeignKey("Unit", on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "unit"], name="other_unit_once")]


class PersonRole(Walled):
    """A job role that a person has."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="role_links")
    role = models.ForeignKey("Role", on_delete=models.CASCADE, related_name="person_links")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "role"], name="role_once")]


class PersonWord(Walled):
    """A word by which somebody is found while a name is typed: of the name, the staff number, the mail address.

    Without accents and capitals, and kept by the database itself (migration 0007), so that every way of changing a
    name keeps it too, and an index finds it: behind row-level security none on an expression is used.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="words")
    word = models.CharField(max_length=200, db_collation="C")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "word"], name="person_word_once")]
        indexes = [models.Index(fields=["organisation", "word"], name="person_word")]


class PersonTag(Walled):
    """A mark that some room puts on a person so that audiences may select by it (`room` says which)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tags")
    tag = models.SlugField(max_length=80)
    room = models.CharField(max_length=20, default="people")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "tag", "room"], name="tag_once")]


class Absence(Walled):
    """A person is away from `since` to `until` (both included); `deputy` stands in."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="absences")
    since = models.DateField(_("since"))
    until = models.DateField(_("until"))
    deputy = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gte=models.F("since")), name="absence_ends_after_it_begins"
            )
        ]


class Departure(Walled):
    """A person leaves on a day. Settled when that day has come: then what they held is handed over.

    Rooms above follow this table (channel `people_departure`) and hand over what leavers own; see people/leaving.py.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="departures")
    left_on = models.DateField()
    successor = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(default=now, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)
    tx = models.BigIntegerField(default=0, editable=False, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "left_on"], name="departure_once")]


class Notice(Walled):
    """Something a person must be told, written by any room, sent by distribute. One per (person, dedupe key)."""

    class Urgency(models.TextChoices):
        NORMAL = "normal", _("Normal")
        URGENT = "urgent", _("Urgent")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notices")
    text = models.CharField(max_length=500)
    url = models.CharField(max_length=500, blank=True, help_text=_("path inside the organisation, where to act"))
    urgency = models.CharField(max_length=6, choices=Urgency, default=Urgency.NORMAL)
    due_at = models.DateTimeField(null=True, blank=True)
    dedupe_key = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=now, editable=False)
    done_at = models.DateTimeField(null=True, blank=True)
    tx = models.BigIntegerField(default=0, editable=False, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "dedupe_key"], name="notice_once")]
        indexes = [models.Index(fields=["person", "-created_at"], name="notice_open", condition=models.Q(done_at=None))]

"""The ground floor: users, organisations, the audit log, and what every walled model shares."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from headwater.core.wall import CurrentOrganisation


class Classification(models.IntegerChoices):
    """How sensitive something is; a person reads what their clearance reaches."""

    PUBLIC = 0, _("Public")
    INTERNAL = 1, _("Internal")
    RESTRICTED = 2, _("Restricted")
    CONFIDENTIAL = 3, _("Confidential")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user who signs in with `email`. Without a password they need an invitation or a reset link."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Someone who signs in. What they may do is decided by the person they are in each organisation."""

    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    theme = models.CharField(
        max_length=5, default="auto", choices=[("auto", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))]
    )
    created_at = models.DateTimeField(default=now, editable=False)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)


class Organisation(models.Model):
    """A body with its own people and knowledge. Nothing crosses its wall unless shared on purpose."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    language = models.CharField(max_length=10, default="en")
    timezone = models.CharField(max_length=60, default="UTC")
    is_demonstration = models.BooleanField(default=False)
    is_being_made = models.BooleanField(default=False, help_text=_("its content is still being loaded; pages say so"))
    created_at = models.DateTimeField(default=now, editable=False)

    def __str__(self) -> str:
        return self.name


class Walled(models.Model):
    """What every table behind the wall shares: the organisation, filled and checked by the database."""

    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.CASCADE,
        related_name="+",
        editable=False,
        db_index=False,
        db_default=CurrentOrganisation(),
    )

    class Meta:
        abstract = True


class Tx(models.Func):
    """The number of the writing transaction, for followers (see house.md, Following)."""

    function = "current_tx"
    template = "%(function)s()"
    output_field = models.BigIntegerField()
    arity = 0


class Cursor(Walled):
    """How far a follower has read: every change of a transaction numbered below `tx` is behind it."""

    keeps_own_tx = True  # its `tx` is a place in others' changes, not the transaction that wrote it

    name = models.CharField(max_length=60)
    tx = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="one_cursor_a_name")]


class Event(Walled):
    """One line of the audit log: who did which verb to what, when, through which door. Ids only, no personal text.

    The application's role may add lines and read them, and nothing else.
    """

    append_only = True

    at = models.DateTimeField(default=now, db_index=True)
    actor_id = models.BigIntegerField(
        null=True, help_text=_("the person's id; empty for the system or a local operator")
    )
    door = models.CharField(max_length=12, help_text=_("web, api, cli, job"))
    verb = models.CharField(max_length=60)
    subject = models.CharField(
        max_length=60, blank=True, help_text=_("the model's label, such as distribute.directive")
    )
    subject_id = models.BigIntegerField(null=True)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "subject_id", "at"], name="event_subject"),
            models.Index(fields=["actor_id", "at"], name="event_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject} {self.subject_id or ''}".strip()

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
    proved_email = models.EmailField(
        blank=True, editable=False, help_text=_("the address, when who set the password had read mail that went there")
    )

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    @property
    def is_proved(self) -> bool:
        """Whether who set the password reads what is mailed to the address: the account is that of its owner."""
        return bool(self.email) and self.proved_email == self.email


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


class Import(Walled):
    """A large file that a job brings in, and how far it is. Small ones are brought in at once and leave no row here.

    The bytes wait among the blobs until it has ended, one way or the other; then `blob` is empty.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    kind = models.CharField(max_length=20, help_text=_("what the file holds: people, units, topics…"))
    name = models.CharField(max_length=255, blank=True, help_text=_("the file's name"))
    blob = models.CharField(max_length=64, blank=True)
    options = models.JSONField(default=dict)
    asked_by = models.BigIntegerField(null=True, help_text=_("the person's id; empty for the local operator"))
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, help_text=_("unknown until the file has been looked through"))
    counts = models.JSONField(default=dict, help_text=_("what came of it: added, changed…"))
    message = models.TextField(blank=True, help_text=_("why it failed, and what was kept"))
    asked_at = models.DateTimeField(default=now, editable=False)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    tx = models.BigIntegerField(default=0, editable=False, db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in (self.State.DONE, self.State.FAILED)

    @property
    def per_cent(self) -> int | None:
        """How much of it is done; None while that is not known."""
        return min(100, 100 * self.done // self.total) if self.total else None

    @property
    def rate(self) -> float:
        """Rows (or topics) a second so far."""
        if self.started_at is None or not self.done:
            return 0.0
        return self.done / max(0.1, ((self.ended_at or now()) - self.started_at).total_seconds())

    @property
    def seconds_left(self) -> float | None:
        """How long it will still take at that rate; None while that is not known."""
        return (self.total - self.done) / self.rate if self.total and self.rate and not self.has_ended else None

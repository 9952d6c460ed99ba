"""Actions: the verbs of the house. Every change is one action: check, change, log, in one transaction.

    @action
    def rename_unit(actor: Actor, unit: Unit, name: str) -> Unit:
        '''Give a unit another name.'''
        require(rules.may_manage_units(actor), _("Only an administrator renames a unit."))
        ...
        return unit

The decorator opens the transaction (or joins the one that is open), and writes one `Event` named after the function,
about what it returned, or else about its first model argument. Refusals are `Refused`; bad values are Django's
`ValidationError` with the field named. The registry of actions is what `headwater do`, the API test and the docs read.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from headwater.core.models import Event

P = ParamSpec("P")
R = TypeVar("R")


class Refused(PermissionDenied):
    """The actor may not do this; the message says who may, in words for people."""


class Actor(Protocol):
    """Who acts: a `people.Person`, or `System` for jobs and the local operator."""

    @property
    def actor_id(self) -> int | None:
        """The person's id for the audit log; None for the system."""


@dataclass(frozen=True)
class System:
    """The product itself (a job), or the operator at this machine's command line, who may do everything."""

    name: str = "system"
    actor_id: int | None = None


SYSTEM = System()
OPERATOR = System("operator")

REGISTRY: dict[str, Callable[..., Any]] = {}
_door: ContextVar[str] = ContextVar("door", default="job")
_noted: ContextVar[dict[str, Any] | None] = ContextVar("noted", default=None)


@contextmanager
def door(name: str) -> Iterator[None]:
    """Say through which door the actions inside come: web, api, cli or job."""
    token = _door.set(name)
    try:
        yield
    finally:
        _door.reset(token)


def require(allowed: bool, message: Any) -> None:
    """Raise `Refused` with the message unless allowed."""
    if not allowed:
        raise Refused(message)


def note(**details: Any) -> None:
    """Add details (ids, numbers, states; never personal text) to the event of the action that is running."""
    noted = _noted.get()
    if noted is None:
        raise LookupError("note() is called inside an action")
    noted.update(details)


def action(function: Callable[P, R]) -> Callable[P, R]:
    """Make a verb_noun function an action: one transaction, one line in the audit log, one entry in the registry."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind(*args, **kwargs).arguments
        token = _noted.set({})
        try:
            with transaction.atomic():
                result = function(*args, **kwargs)
                _log(function.__name__, bound, result, _noted.get() or {})
                return result
        finally:
            _noted.reset(token)

    if function.__name__ in REGISTRY:
        raise ValueError(f"two actions are called {function.__name__}")
    REGISTRY[function.__name__] = wrapper
    return wrapper


def _log(verb: str, bound: dict[str, Any], result: Any, details: dict[str, Any]) -> None:
    actor = bound.get("actor")
    values = [result, *(value for name, value in bound.items() if name != "actor")]
    subject = next((value for value in values if isinstance(value, models.Model) and value.pk), None)
    Event.objects.create(
        actor_id=getattr(actor, "actor_id", None),
        door=_door.get(),
        verb=verb,
        subject=subject._meta.label_lower if subject else "",
        subject_id=subject.pk if subject else None,
        details=details,
    )

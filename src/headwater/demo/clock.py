"""The demonstration's past: actions that run inside `moment(at)` are dated as if it were then.

    with moment(calendar.ago(days=4)):
        publish_article(petra, article)

Only the loading of the demonstration uses this, in a process of its own before anything else runs. It sets the clock in
the three places where the product reads it: `django.utils.timezone.now`, the same function imported by name into our
modules, and the fields that have it as their default. The database's own clock is left alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from django.apps import apps
from django.db.models import Field
from django.utils import timezone

_real_now = timezone.now


@contextmanager
def moment(at: datetime) -> Iterator[None]:
    """Set the product's clock to `at` (aware of its zone) while the block runs. Not for use in threads."""
    _set(lambda: at)
    try:
        yield
    finally:
        _set(_real_now)


def _set(clock: Callable[[], datetime]) -> None:
    timezone.now = clock
    for module in _modules_with_now():
        module.now = clock
    for field in _fields_of_now():
        field.default = clock
        # Django keeps the default it first looked up.
        field.__dict__.pop("_get_default", None)


def _modules_with_now() -> list[Any]:
    return _found_modules(len(sys.modules))


@lru_cache(maxsize=1)
def _found_modules(_loaded: int) -> list[Any]:
    """Looked up anew only when a module was loaded since."""
    ours = [module for name, module in list(sys.modules.items()) if name.startswith("headwater.") and name != __name__]
    return [module for module in ours if callable(getattr(module, "now", None))]


@cache
def _fields_of_now() -> list[Field[Any, Any]]:
    fields = (field for model in apps.get_models() for field in model._meta.local_concrete_fields)
    return [field for field in fields if field.default is _real_now]

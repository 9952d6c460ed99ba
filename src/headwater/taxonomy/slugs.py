"""Slugs of concepts: made from the English label, or any, and free in the whole organisation."""

from collections.abc import Iterable, Iterator

from django.utils.text import slugify


def slug_of(labels: dict[str, str]) -> str:
    """A slug in the letters of the label's own script; “topic” when nothing of it can be one."""
    label = labels.get("en") or next(iter(labels.values()), "")
    return slugify(label, allow_unicode=True)[:100].strip("-") or "topic"


def free_slugs(wanted: Iterable[str], taken: set[str]) -> Iterator[str]:
    """Each wanted slug, with a number where it is taken; adds them to `taken`."""
    for base in wanted:
        slug, number = base, 2
        while slug in taken:
            slug, number = f"{base}-{number}", number + 1
        taken.add(slug)
        yield slug

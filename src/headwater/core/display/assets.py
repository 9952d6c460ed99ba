"""The built files of the front: their addresses, and the icons they hold."""

import hashlib
import re
from functools import cache, lru_cache
from pathlib import Path

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

FOLDER = Path(__file__).resolve().parent.parent / "static" / "headwater"


@cache
def asset(name: str) -> str:
    """The address of a built file. It changes with the content, so that browsers never keep one too long."""
    path = FOLDER.joinpath(*name.split("/"))  # templates give safe strings, which a path takes only in pieces
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:10]
    return f"{static(f'headwater/{name}')}?v={digest}"


@cache
def icon_names() -> frozenset[str]:
    """Every icon of the sprite. New ones are named in assets/icons.txt."""
    return frozenset(re.findall(r'<symbol id="([^"]+)"', (FOLDER / "icons.svg").read_text()))


def icon(name: str, look: str = "", label: str = "") -> SafeString:
    """An icon of the sprite. Without `label` it is decoration and hidden from screen readers.

    Raises LookupError for a name that the sprite does not hold.
    """
    return _drawn(str(name), str(look), str(label))


@lru_cache(maxsize=1024)
def _drawn(name: str, look: str, label: str) -> SafeString:
    """A page has dozens of icons, and mostly the same ones."""
    if name not in icon_names():
        raise LookupError(f"no icon {name!r} in the sprite; add it to assets/icons.txt and run `make assets`")
    said = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon{}" {} focusable="false"><use href="{}#{}"></use></svg>',
        f" {look}" if look else "",
        said,
        asset("icons.svg"),
        name,
    )

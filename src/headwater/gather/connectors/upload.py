"""Files a person hands in. There is nothing to list: what was handed in stays until somebody withdraws it."""

from dataclasses import dataclass
from typing import Any

from headwater.gather.connectors.base import Fetched, Found, Listing, checksum, short_key


@dataclass(frozen=True)
class Upload:
    """No settings. A file handed in again under the same name is a new version of the same document."""

    def open(self, cursor: dict[str, Any]) -> Listing:
        """Nothing to read by itself."""
        return Listing(dict(cursor))


def uploaded(name: str, content: bytes, mime: str = "") -> Found:
    """A file as something found. Folders in its name are kept, a leading `/` and `..` are not."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    key = short_key("/".join(parts) or "file")
    return Found(key, checksum(content), parts[-1] if parts else "file", lambda: Fetched(content, mime))

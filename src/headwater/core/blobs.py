"""Raw bytes, kept by their content: one file for each SHA-256, a folder for each organisation.

blobs/<organisation>/ab/cd/abcd…   written whole under a temporary name, synced, then renamed: never half there
"""

import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings

from headwater.core.wall import current_organisation_id


def put_blob(data: bytes) -> str:
    """Keep the bytes for the current organisation; returns their SHA-256 in hex. Keeping twice keeps one."""
    digest = hashlib.sha256(data).hexdigest()
    path = blob_path(digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
    return digest


def read_blob(digest: str) -> bytes:
    """The bytes of that SHA-256. Raises `FileNotFoundError` when this organisation does not hold them."""
    return blob_path(digest).read_bytes()


def blob_path(digest: str) -> Path:
    """Where the current organisation keeps these bytes."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise ValueError(f"not a SHA-256 in hex: {digest[:80]!r}")
    return Path(settings.HEADWATER_HOME) / "blobs" / str(current_organisation_id()) / digest[:2] / digest[2:4] / digest

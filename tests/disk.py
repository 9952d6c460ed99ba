"""A small disk of a test's own, and one that is full: mounted in memory, where one may mount."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(megabytes: int = 128) -> Iterator[Path]:
    """The folder where it is mounted, open to every user. Skips the test where one may not mount."""
    folder = Path(tempfile.mkdtemp(prefix="headwater-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    folder.chmod(0o755)
    try:
        if not mounted:
            pytest.skip("no disk can be mounted here")
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


def fill(disk: Path) -> Path:
    """Leave not a byte; the file that takes them all."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(2**12))
    return filler

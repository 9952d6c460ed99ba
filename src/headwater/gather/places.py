"""Folders of this machine that hold no documents of anybody, whoever names them and by whichever link."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from headwater.core.cluster.places import SERVICE_FOLDER, find_place
from headwater.core.home_folder import DOCUMENTS
from headwater.gather.connectors import SourceFailed
from headwater.gather.connectors.base import marked as _

_KERNEL_FOLDERS = (Path("/proc"), Path("/sys"), Path("/dev"))


def check_folder(path: str) -> None:
    """Raises SourceFailed for a folder, its links followed now, that holds the system's own files or Headwater's.

    Asked when a folder is named and again whenever it is about to be read: a link may lead elsewhere by then.
    """
    folder = Path(path.strip()).resolve()  # connectors leave out spaces around it too
    if any(folder.is_relative_to(kernel) for kernel in _KERNEL_FOLDERS):
        message = _("This folder is the operating system's own, and holds no documents")
        raise SourceFailed(message, _("Name another folder"), field="path")
    if (Path(settings.HEADWATER_HOME) / DOCUMENTS).resolve() in folder.parents:
        return  # what the demonstration brings along goes with its home, and is nobody's secret
    if any(folder.is_relative_to(place) or place.is_relative_to(folder) for place in _own_places()):
        message = _("This folder holds Headwater's own data")
        raise SourceFailed(message, _("Name another folder"), field="path")


def may_be_read(path: str) -> bool:
    """Whether a folder, its links followed now, may be read."""
    try:
        check_folder(path)
    except SourceFailed:
        return False
    return True


def _own_places() -> Iterator[Path]:
    """The home folder, where its cluster lies, and where root's clusters lie, also those of other homes."""
    home = Path(settings.HEADWATER_HOME)
    yield home.resolve()
    yield SERVICE_FOLDER.resolve()
    if (home / "cluster" / "where.json").exists():
        yield find_place(home).folder.resolve()

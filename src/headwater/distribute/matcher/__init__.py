"""The matching engine: which standing profiles does a new version concern, and why.

Plain Python, numpy and numba, without Django. `engine.Matcher` is the door; import it in worker processes only, since
numba costs start-up time and memory that a web process has no use for. One document's way through:

1. `reading`   cuts the version into tokens, once (the same analyzer as search).
2. `features`  turns tokens, facets, path and date into the set of *features* present: each distinct leaf of any
               profile's query is one feature, shared by all the profiles that use it.
3. `kernels`   walks the profiles posted under the features present and checks what else each asks for.

A profile is posted (`posting`) under features of which at least one is present whenever it matches. An AND needs only
its rarest part's, an OR each part's, a lone NOT the feature that every version has. Which part is rarest is learned
from the versions that pass, and what is posted where it costs more than it need moves (`reposting`).

Everything lies in flat arrays (`arrays`, `lists`), which compiled loops read and change in place, so that a profile is
put or taken out among a million without touching anything but its own places, and all of it can be saved as it is.

A loop that is over in microseconds keeps the interpreter: to get it back, a dozen times for each version, would take
milliseconds each time while another thread is busy. Those that run over very many profiles let go of it (`nogil`).
"""

import os
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

_HERE = Path(__file__).parent


def sources_digest() -> str:
    """Sixteen letters and digits that differ when any source of the engine does."""
    return sha256(b"".join(source.read_bytes() for source in sorted(_HERE.glob("*.py")))).hexdigest()[:16]


def keep_compiled(folder: Path) -> None:
    """Keep the compiled loops in this folder, apart for each state of the sources; has to come before the first import.

    Numba compares a loop with its own file alone: one that calls what another file holds would go on with what that
    said before an upgrade.
    """
    kept = folder / f"loops-{sources_digest()}"
    os.environ["NUMBA_CACHE_DIR"] = str(kept)
    for other in folder.glob("loops-*"):
        if other != kept:
            rmtree(other, ignore_errors=True)


if "NUMBA_CACHE_DIR" not in os.environ and os.access(_HERE, os.W_OK):
    keep_compiled(_HERE / "__pycache__")

"""Background work of topics: bringing in a large thesaurus."""

from headwater.core import imports
from headwater.core.actions import SYSTEM
from headwater.core.jobs import job
from headwater.core.models import Import
from headwater.taxonomy.actions.schemes import import_scheme


@job()
def carry_out_import(organisation_id: int, import_id: int) -> None:
    """Bring in the thesaurus of an import; that its asker may do so was checked when they asked."""
    imports.carry_out(organisation_id, import_id, _bring_in)


def _bring_in(row: Import, content: bytes) -> None:
    options = {name: row.options.get(name, "") for name in ("slug", "title")}
    import_scheme(SYSTEM, content, row.name, **options)

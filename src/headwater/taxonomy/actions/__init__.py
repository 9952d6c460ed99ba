"""Everything that can be done with topics."""

from headwater.taxonomy.actions.concepts import (
    accept_concept,
    change_concept,
    merge_concept,
    propose_concept,
    restore_concept,
    retire_concept,
)
from headwater.taxonomy.actions.schemes import (
    begin_scheme_import,
    create_scheme,
    import_scheme,
    remove_scheme,
    rename_scheme,
)

__all__ = [
    "accept_concept",
    "begin_scheme_import",
    "change_concept",
    "create_scheme",
    "import_scheme",
    "merge_concept",
    "propose_concept",
    "remove_scheme",
    "rename_scheme",
    "restore_concept",
    "retire_concept",
]

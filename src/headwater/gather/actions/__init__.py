"""The verbs of gather."""

from headwater.gather.actions.documents import (
    capture_mail,
    capture_note,
    dismiss_failures,
    retry_failures,
    upload_document,
)
from headwater.gather.actions.needs import (
    change_need,
    close_need,
    create_need,
    decide_proposal,
    link_entry,
    link_source,
    reopen_need,
    unlink_source,
)
from headwater.gather.actions.sources import (
    change_source,
    close_source,
    create_source,
    pause_source,
    reopen_source,
    resume_source,
    start_run,
    stop_run,
)

__all__ = [
    "capture_mail",
    "capture_note",
    "change_need",
    "change_source",
    "close_need",
    "close_source",
    "create_need",
    "create_source",
    "decide_proposal",
    "dismiss_failures",
    "link_entry",
    "link_source",
    "pause_source",
    "reopen_need",
    "reopen_source",
    "resume_source",
    "retry_failures",
    "start_run",
    "stop_run",
    "unlink_source",
    "upload_document",
]

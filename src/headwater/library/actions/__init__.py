"""The verbs of the library: writing, reviewing, arranging, trusting, attaching, discarding."""

from headwater.library.actions.arranging import (
    accept_topic,
    add_contributor,
    decline_topic,
    describe_article,
    propose_topic,
    remove_contributor,
    replace_verifier,
    set_article_owner,
    set_article_topics,
    set_library,
    share_article,
)
from headwater.library.actions.attaching import attach_file, remove_attachment
from headwater.library.actions.discarding import (
    archive_article,
    purge_article,
    reopen_article,
    restore_article,
    trash_article,
)
from headwater.library.actions.reviewing import ask_review, decide_review, publish_article, submit_revision
from headwater.library.actions.trusting import dispute_entry, give_feedback, settle_feedback, verify_article
from headwater.library.actions.writing import (
    autosave_draft,
    capture_document,
    create_article,
    discard_aside,
    discard_draft,
    merge_aside,
    save_article,
)

__all__ = [
    "accept_topic",
    "add_contributor",
    "archive_article",
    "ask_review",
    "attach_file",
    "autosave_draft",
    "capture_document",
    "create_article",
    "decide_review",
    "decline_topic",
    "describe_article",
    "discard_aside",
    "discard_draft",
    "dispute_entry",
    "give_feedback",
    "merge_aside",
    "propose_topic",
    "publish_article",
    "purge_article",
    "remove_attachment",
    "remove_contributor",
    "reopen_article",
    "replace_verifier",
    "restore_article",
    "save_article",
    "set_article_owner",
    "set_article_topics",
    "set_library",
    "settle_feedback",
    "share_article",
    "submit_revision",
    "trash_article",
    "verify_article",
]

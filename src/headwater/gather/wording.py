"""What causes, kinds and steps are called on pages, in the reader's language."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

Words = str | Promise

# Cause → what happened, and what to do next. The causes are those of extract.Cause, and "unreachable".
CAUSES: dict[str, tuple[Words, Words]] = {
    "encrypted": (_("Protected by a password"), _("Ask its owner for a copy without a password")),
    "truncated": (_("Ends too early"), _("Fetch it again, or ask for a whole copy")),
    "damaged": (_("Damaged, or not what its name says"), _("Open it where it came from and save it again")),
    "empty": (_("Empty"), _("Check whether something was meant to be in it")),
    "no_text": (_("There are no words in it"), _("Leave it out, or add a description where it came from")),
    "too_large": (_("Larger than the limit"), _("Split it, or ask an administrator to raise the limit")),
    "expands_too_much": (_("Would unpack to far more than the limit"), _("Leave it out, or unpack it by hand")),
    "timeout": (_("Reading took longer than the limit"), _("Try again when it is quieter, or split the file")),
    "memory": (_("Reading needed more memory than the limit"), _("Split the file")),
    "unsupported": (_("No reader for this kind of file"), _("Save it in a common format such as PDF or DOCX")),
    "crashed": (_("The reader broke down on it"), _("Open it where it came from and save it again")),
    "unreachable": (_("Could not be fetched"), _("It is tried again at the next run")),
}

# Kind → icon, and what it is in a sentence.
KINDS: dict[str, tuple[str, Words]] = {
    "folder": ("folder", _("A folder of this server; a file is known as soon as it is finished.")),
    "feed": ("rss", _("RSS, Atom or JSON Feed; entries stay when they scroll off.")),
    "web": ("world-www", _("Pages of a web site, by its sitemap or by its links, with manners.")),
    "mailbox": ("mail", _("Messages of a folder of a mailbox, read without being marked as read.")),
    "upload": ("upload", _("Files that people hand in.")),
    "capture": ("pencil-plus", _("What people write down, or pass on as a mail file.")),
}

# MIME type, or its beginning → what people call such a file.
FORMS: list[tuple[str, Words]] = [
    ("application/pdf", _("PDF")),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml", _("Word document")),
    ("application/msword", _("Word document")),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml", _("Excel sheet")),
    ("application/vnd.ms-excel", _("Excel sheet")),
    ("application/vnd.openxmlformats-officedocument.presentationml", _("PowerPoint slides")),
    ("application/vnd.ms-powerpoint", _("PowerPoint slides")),
    ("application/vnd.oasis.opendocument.text", _("OpenDocument text")),
    ("application/vnd.oasis.opendocument.spreadsheet", _("OpenDocument sheet")),
    ("application/vnd.oasis.opendocument.presentation", _("OpenDocument slides")),
    ("application/epub", _("E-book")),
    ("application/rtf", _("Rich text")),
    ("text/rtf", _("Rich text")),
    ("text/html", _("Web page")),
    ("application/xhtml", _("Web page")),
    ("text/markdown", _("Markdown")),
    ("text/csv", _("CSV table")),
    ("text/plain", _("Plain text")),
    ("message/rfc822", _("Mail")),
    ("application/vnd.ms-outlook", _("Mail")),
    ("application/zip", _("Archive")),
    ("image/", _("Picture")),
]


def form_words(mime: str) -> Words:
    """What people call a kind of file; its MIME type where they have no word for it."""
    return next((words for start, words in FORMS if mime.startswith(start)), mime)


def cause_words(cause: str) -> tuple[Words, Words]:
    """What happened, and what to do next."""
    return CAUSES.get(cause, (_("Could not be read"), _("Try again")))


def in_words(said: dict[str, Any], message: str = "", remedy: str = "") -> tuple[str, str]:
    """What happened and what to do, in the reader's language, from what a connector said (`Fault.said`).

    `message` and `remedy` are what is shown where nothing else was kept: rows that were written before it was.
    """
    if "message" not in said:
        return message, remedy
    facts = said.get("facts", {})
    sentences = [gettext(said[part]) if said.get(part) else "" for part in ("message", "remedy")]
    happened, next_step = (sentence % facts if facts else sentence for sentence in sentences)
    return happened, next_step


def in_a_line(said: dict[str, Any], plain: str = "") -> str:
    """The same in one line."""
    happened, next_step = in_words(said, plain)
    return f"{happened}. {next_step}." if next_step else happened


class Told:
    """What a connector said, put into words only when the reader's language is known."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said

    def __str__(self) -> str:
        return in_words(self.said)[0]

"""Markdown to HTML that nothing can hide in, for articles and for the text of gathered documents.

    render_markdown(text)                       -> HTML for `<div class="prose">`
    render_markdown(text, Targets(names={...})) -> the same with [[titles]], references and pictures resolved
    headings(text)                              -> the sections with the anchors that the HTML has
    reading_minutes(text)                       -> how long it takes to read

Two nets, one behind the other: markup in the text that is not on a short list of harmless words (<br>, <kbd>…) is shown
as the characters it is, so that "<server name>" in a procedure is not lost; and what comes out is sanitised by nh3.
No script, style, form, frame, drawing, event handler, data or hx attribute, nor picture from elsewhere gets through.
Links lead to http, https, mailto, tel or within the product. Libraries for words, no database here: library/links.py
finds the targets.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise
from urllib.parse import urlsplit

import nh3
from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

WORDS_A_MINUTE, SIGNS_A_MINUTE = 220, 400
CACHED_LENGTH = 100_000  # characters; longer texts are rendered each time rather than held in memory
COUNTED_LENGTH = 100_000
ANCHOR = "s-"

HARMLESS = re.compile(
    r"</?(?:abbr|b|br|cite|dd|del|details|dl|dt|em|hr|i|ins|kbd|mark|q|s|samp|small|strong|sub|summary|sup|u|var|wbr)\s*/?>",
    re.IGNORECASE,
)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
OUR_CLASSES = re.compile(r"language-[\w+#.-]{1,40}|footnotes(?:-sep|-list)?|footnote-(?:ref|item|backref)")
OUR_ID = re.compile(r"(?:s-[^\s\"'<>]{1,80}|fn(?:ref)?\d{1,4}(?::\d{1,3})?)")
ENTRY = re.compile(r"(?!//)(?:[^:?#]*/)?entries/(\d{1,18})/?(?:[?#].*)?")
SCHEMES = {"http", "https", "mailto", "tel"}
INLINE = "a abbr b br cite code del em i img ins kbd mark q s samp small span strong sub sup u var wbr"
BLOCK = (
    "blockquote dd details dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre section summary table tbody td tfoot th thead tr ul"
)
TAGS = set(INLINE.split()) | set(BLOCK.split())
ATTRIBUTES = {
    "a": {"href", "title", "class", "id"},
    "img": {"src", "alt", "title", "loading"},
    "ol": {"start", "class"},
    "td": {"align"},
    "th": {"align"},
    **{
        tag: {"class", "id"}
        for tag in ("h1", "h2", "h3", "h4", "h5", "h6", "li", "ul", "section", "hr", "sup", "code", "span")
    },
}
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]")
WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True)
class Targets:
    """Where links and pictures lead: entry id, folded title or reference, and attachment id, each to an address.

    `pages` says of anchors that are on another page of a text which is shown in parts, at which address that is.
    """

    ids: Mapping[int, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    attachments: Mapping[int, str] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Heading:
    """A section's heading: its level on the page (2 is the highest), words and anchor."""

    level: int
    words: str
    anchor: str


def render_markdown(text: str, targets: Targets | None = None) -> SafeString:
    """The text as sanitised HTML. Without targets, links into the library are plain words and pictures their words."""
    found = targets or Targets()
    if len(text) > CACHED_LENGTH:
        return mark_safe(_render(text, found))
    targets_of = (found.ids, found.names, found.attachments, found.pages)
    return mark_safe(_remembered(text, *(tuple(each.items()) for each in targets_of)))


def headings(text: str) -> list[Heading]:
    """The headings in their order, with the anchors that `render_markdown` gives them."""
    tokens = _parser().parse(text, {"targets": Targets()})
    return [
        Heading(int(token.tag[1]), _plain(inline), str(token.attrGet("id")))
        for token, inline in pairwise(tokens)
        if token.type == "heading_open"
    ]


def reading_minutes(text: str) -> int:
    """Whole minutes it takes to read, at least one: 220 words or 400 Chinese or Japanese signs a minute.

    The words of a book are not counted for this: it goes on as it begins.
    """
    begun = text[:COUNTED_LENGTH]
    signs = len(CJK.findall(begun))
    words = len(WORD.findall(CJK.sub(" ", begun)))
    minutes = words / WORDS_A_MINUTE + signs / SIGNS_A_MINUTE
    return max(1, round(minutes * len(text) / max(1, len(begun))))


@lru_cache(maxsize=256)
def _remembered(
    text: str,
    ids: tuple[tuple[int, str], ...],
    names: tuple[tuple[str, str], ...],
    attachments: tuple[tuple[int, str], ...],
    pages: tuple[tuple[str, str], ...],
) -> str:
    return _render(text, Targets(dict(ids), dict(names), dict(attachments), dict(pages)))


def _render(text: str, targets: Targets) -> str:
    html = _parser().render(text.replace("\x00", ""), {"targets": targets})
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_filtered(frozenset(targets.attachments.values())),
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _filtered(pictures: frozenset[str]) -> Callable[[str, str, str], str | None]:
    """The last word on each attribute: only classes and ids of ours, only pictures of the article."""

    def keep(tag: str, name: str, value: str) -> str | None:
        if name == "class":
            return " ".join(part for part in value.split() if OUR_CLASSES.fullmatch(part)) or None
        if name == "id":
            return value if OUR_ID.fullmatch(value) else None
        if name == "src":
            return value if value in pictures else None
        return value

    return keep


# --- The parser -------------------------------------------------------------------------------------------------------


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "linkify": False, "typographer": False})
    parser.enable(["table", "strikethrough"])
    parser.use(footnote_plugin, inline=False).use(gfm_autolink_plugin)
    parser.inline.ruler.before("link", "title_link", _title_link)
    # Before the plugins' own rules: from here on, markup in the tokens is ours.
    parser.core.ruler.after("inline", "guard_markup", _guard_markup)
    parser.core.ruler.push("lead_links", _lead_links)
    parser.core.ruler.push("level_headings", _level_headings)
    parser.core.ruler.push("name_headings", _name_headings)
    parser.core.ruler.push("tick_tasks", _tick_tasks)
    parser.core.ruler.push("align_cells", _align_cells)
    return parser


def _guard_markup(state: StateCore) -> None:
    """Markup that is not on the short list becomes the characters it is; comments go."""
    for token in state.tokens:
        if token.type == "html_block":
            _guard_block(token)
        for child in token.children or ():
            if child.type == "html_inline" and not HARMLESS.fullmatch(child.content.strip()):
                hidden = COMMENT.fullmatch(child.content.strip())
                child.type, child.content = "text", "" if hidden else child.content


def _guard_block(token: Token) -> None:
    bare = COMMENT.sub("", token.content)
    if re.search(r"<[a-zA-Z/!?]", HARMLESS.sub("", bare)):
        token.type, token.tag, token.info, token.content = "code_block", "code", "", bare
    else:
        token.content = bare


def _title_link(state: StateInline, silent: bool) -> bool:
    """`[[Title]]` and `[[Title|words]]`."""
    if not state.src.startswith("[[", state.pos):
        return False
    end = state.src.find("]]", state.pos + 2, state.posMax)
    inner = state.src[state.pos + 2 : end]
    if end < 0 or not inner.strip() or any(sign in inner for sign in "[]\n"):
        return False
    if not silent:
        title, _bar, words = inner.partition("|")
        opening = state.push("link_open", "a", 1)
        opening.attrs, opening.meta = {"href": ""}, {"title_link": " ".join(title.split()).lower()}
        state.push("text", "", 0).content = (words or title).strip()
        state.push("link_close", "a", -1)
    state.pos = end + 2
    return True


def _lead_links(state: StateCore) -> None:
    """Links lead where they are allowed to, or become their words; so do pictures."""
    targets: Targets = state.env["targets"]
    for token in state.tokens:
        if token.children:
            token.children = [led for child in _unlinked(token.children, targets) if (led := _picture(child, targets))]


def _unlinked(children: Sequence[Token], targets: Targets) -> list[Token]:
    kept: list[Token] = []
    open_links: list[bool] = []
    for child in children:
        if child.type == "link_open":
            href = _led(child, targets)
            open_links.append(bool(href))
            if not href:
                continue
            child.attrs["href"] = href
        elif child.type == "link_close" and not open_links.pop():
            continue
        kept.append(child)
    return kept


def _led(link: Token, targets: Targets) -> str:
    """The address a link may lead to; empty when it leads nowhere for this reader."""
    if "title_link" in link.meta:
        return targets.names.get(link.meta["title_link"], "")
    href = str(link.attrGet("href") or "")
    if href.startswith("#"):
        anchor = href[1:] if OUR_ID.fullmatch(href[1:]) else f"{ANCHOR}{slug(href[1:])}"
        return f"{targets.pages.get(anchor, '')}#{anchor}"
    if attachment := re.fullmatch(r"attachment:(\d{1,18})", href):
        return targets.attachments.get(int(attachment.group(1)), "")
    if (entry := entry_meant(href)) is not None:
        return targets.ids.get(entry, "")
    if " ".join(href.split()).lower() in targets.names:
        return targets.names[" ".join(href.split()).lower()]
    return href if _scheme(href) in SCHEMES else ""


def entry_meant(href: str) -> int | None:
    """The id of the entry an address of this product leads to, whole or as a path; None for every other address."""
    found = ENTRY.fullmatch(href.removeprefix(settings.HEADWATER_ORIGIN))
    return int(found.group(1)) if found else None


def _scheme(href: str) -> str:
    try:
        return urlsplit(href.strip()).scheme.lower()
    except ValueError:
        return ""


def _picture(token: Token, targets: Targets) -> Token:
    """A picture of the article itself; one from elsewhere would tell that server who reads, so its words stay."""
    if token.type != "image":
        return token
    source = re.fullmatch(r"attachment:(\d{1,18})", str(token.attrGet("src") or ""))
    address = targets.attachments.get(int(source.group(1))) if source else None
    if address:
        token.attrs.update({"src": address, "loading": "lazy"})
        return token
    words = Token("text", "", 0)
    words.content = f"[{token.content}]" if token.content else ""
    return words


def _level_headings(state: StateCore) -> None:
    """The page has its title above the text: the highest heading used becomes the second level, and none is skipped."""
    marks = [token for token in state.tokens if token.type in ("heading_open", "heading_close")]
    used = sorted({token.tag for token in marks})
    for token in marks:
        token.tag = f"h{min(used.index(token.tag) + 2, 6)}"


def _tick_tasks(state: StateCore) -> None:
    """`- [ ] task` and `- [x] task` get a box; ticking is done by editing the text."""
    for before, inline in zip(state.tokens[1:], state.tokens[2:], strict=False):
        if inline.type == "inline" and before.type == "paragraph_open" and inline.level >= 3 and inline.children:
            first = inline.children[0]
            if box := re.match(r"\[([ xX])\] ", first.content if first.type == "text" else ""):
                first.content = f"{'☐' if box.group(1) == ' ' else '☑'} {first.content[4:]}"


def _align_cells(state: StateCore) -> None:
    """Style attributes do not pass the net; the old attribute says the same."""
    for token in state.tokens:
        if token.type in ("th_open", "td_open") and token.attrGet("style"):
            token.attrs["align"] = str(token.attrs.pop("style")).partition(":")[2]


def _name_headings(state: StateCore) -> None:
    """An anchor for each heading, from its words; numbered when words repeat."""
    taken: dict[str, int] = {}
    for token, inline in pairwise(state.tokens):
        if token.type == "heading_open":
            name = slug(_plain(inline))
            taken[name] = taken.get(name, 0) + 1
            token.attrs["id"] = f"{ANCHOR}{name}" if taken[name] == 1 else f"{ANCHOR}{name}-{taken[name]}"


def slug(words: str) -> str:
    """Words as an anchor: letters and digits of any script, joined by hyphens."""
    return "-".join(re.findall(r"\w+", words.lower()))[:60] or "section"


def _plain(inline: Token) -> str:
    return "".join(
        child.content for child in inline.children or () if child.type in ("text", "code_inline", "softbreak")
    )


def as_words(text: str) -> SafeString:
    """A text that is not Markdown, with its line breaks, for where characters must stay what they are."""
    return mark_safe("".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n") if part.strip()))

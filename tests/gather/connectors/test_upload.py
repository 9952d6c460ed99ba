"""Files handed in are found under a harmless name."""

import pytest

from headwater.gather.connectors.upload import Upload, uploaded


@pytest.mark.parametrize(
    ("name", "key"),
    [("a.pdf", "a.pdf"), ("/etc/../a.pdf", "etc/a.pdf"), ("..\\..\\b.md", "b.md"), ("", "file"), ("x/y.md", "x/y.md")],
)
def test_a_name_leads_nowhere(name: str, key: str) -> None:
    assert uploaded(name, b"x").key == key


def test_the_same_bytes_have_the_same_stamp() -> None:
    assert uploaded("a", b"x").stamp == uploaded("b", b"x").stamp != uploaded("a", b"y").stamp
    assert uploaded("a", b"x", "text/plain").fetch().content == b"x"


def test_there_is_nothing_to_list() -> None:
    with Upload().open({}) as listing:
        assert list(listing) == []
        assert not listing.complete

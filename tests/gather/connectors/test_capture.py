"""What is written down or passed on is found like anything else."""

from headwater.gather.connectors.capture import Capture, captured_mail, captured_words


def test_the_same_title_is_the_same_document() -> None:
    first, second = captured_words("Keys", "In the safe", "Ada"), captured_words("Keys", "In the drawer")
    assert first.key == second.key
    assert first.stamp != second.stamp
    assert first.fetch().content == b"In the safe"
    assert (first.title, first.author) == ("Keys", "Ada")


def test_a_mail_passed_on_twice_is_one_document() -> None:
    mail = b"Message-ID: <1@x>\r\nSubject: s\r\n\r\nwords"
    assert captured_mail(mail).key == "<1@x>"
    assert captured_mail(b"Subject: s\r\n\r\nwords").key == captured_mail(b"Subject: s\r\n\r\nwords").key


def test_there_is_nothing_to_list() -> None:
    with Capture().open({}) as listing:
        assert list(listing) == []

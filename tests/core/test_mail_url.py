"""The address of a mail server: read, or refused in words that hold no password."""

import pytest

from headwater.core.mail_url import MailServer, read_mail_url


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", MailServer("smtp", "mail.example", 25, "", "")),
        ("smtp+tls://mail.example:587", MailServer("smtp+tls", "mail.example", 587, "", "")),
        ("smtps://ada:s%23cret@mail.example", MailServer("smtps", "mail.example", 465, "ada", "s#cret")),
    ],
)
def test_what_an_address_says(url: str, server: MailServer) -> None:
    assert read_mail_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "mail.example:25",
        "smtp://",
        "imap://mail.example",
        "smtp://ada:s#cret@mail.example",
        "smtp://[x",
    ],
)
def test_what_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="names no mail server") as refused:
        read_mail_url(url)
    assert "cret" not in str(refused.value)

"""Secrets at rest (passwords of sources and channels): encrypted with a key drawn from the installation's own."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class SecretLost(ValueError):
    """The secret cannot be read: it was encrypted with another installation's key. Enter it again."""


def _cipher() -> Fernet:
    key = hashlib.blake2b(b"secrets at rest", key=hashlib.sha256(settings.SECRET_KEY.encode()).digest(), digest_size=32)
    return Fernet(base64.urlsafe_b64encode(key.digest()))


def encrypt(text: str) -> bytes:
    """The text, sealed for this installation."""
    return _cipher().encrypt(text.encode())


def decrypt(sealed: bytes | memoryview) -> str:
    """The text again. Raises `SecretLost` when the key is not the one it was sealed with."""
    try:
        return _cipher().decrypt(bytes(sealed)).decode()
    except InvalidToken as error:
        raise SecretLost("This secret was sealed with another key. Enter it again.") from error


def digest(token: str) -> str:
    """The only form in which a bearer token is kept: its SHA-256 (tokens are random, so no salt is needed)."""
    return hashlib.sha256(token.encode()).hexdigest()

"""Webhooks: signed, with a fixed Idempotency-Key, tried again until taken.

POST <address>
Idempotency-Key: <key>                      the same for every retry of the same sending
Headwater-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>" with the channel's key>
"""

import hashlib
import hmac
import json
import time
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from headwater.distribute.channels.outgoing import NotTaken, Outgoing, Refusal
from headwater.distribute.channels.outside import check_host, policy
from headwater.gather.connectors.base import FetchFailed
from headwater.gather.connectors.guard import Client, Refused


def sign(secret: str, body: bytes, at: int) -> str:
    """The value of the signature header for a body sent at that second."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def check_address(url: str) -> None:
    """Raise `Refusal` for an address that is not encrypted or leads inside, except on hosts the installation allows."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise Refusal(_("This address cannot be read. Check how it is written.")) from error
    if parts.scheme != "https" and not (parts.scheme == "http" and policy().allows(host, port)):
        raise Refusal(_("A webhook's address begins with https://: what is sent to it names people and texts."))
    check_host(host, port)


def send(outgoing: Outgoing) -> None:
    """Post the event. Raises `Refusal` on 410 Gone and forbidden addresses, `NotTaken` on anything else but 2xx."""
    body = json.dumps(outgoing.payload, ensure_ascii=False, sort_keys=True).encode()
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": outgoing.key,
        "Headwater-Signature": sign(outgoing.secret, body, int(time.time())),
    }
    check_address(outgoing.address)
    client = Client(policy())
    try:
        status = client.post(outgoing.address, body, headers)
    except Refused as error:
        raise Refusal(str(error)) from error
    except FetchFailed as error:
        raise NotTaken(str(error)) from error
    finally:
        client.close()
    if status == 410:
        raise Refusal("The address answered 410: it is gone.")
    if not 200 <= status < 300:
        raise NotTaken(f"The address answered {status}.")

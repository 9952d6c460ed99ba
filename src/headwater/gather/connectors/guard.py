"""The only way out: a web client that goes to public addresses, and to others only where an administrator said so.

A host's name is looked up once for each connection, every address it has is checked, and the connection goes to the
very address that was checked. So neither a redirect nor a name that changes its address between check and use leads
inside.
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from headwater.gather.connectors.base import FetchFailed, SourceFailed
from headwater.gather.connectors.base import marked as _

AGENT = "Headwater/0.1 (knowledge gatherer; reads robots.txt)"
_NETWORK_ERRORS: tuple[type[Exception], ...] = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    ssl.SSLError,
    OSError,
    ValueError,
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(SourceFailed, FetchFailed):
    """The address is inside: private, loopback, link-local or otherwise not on the public internet."""

    def __init__(self, host: str, field: str = "") -> None:
        SourceFailed.__init__(
            self,
            _("%(host)s is not a public address, so it is not visited"),
            _("If it is meant to be read, an administrator allows it with HEADWATER_ALLOW_FETCH=%(host)s"),
            field=field,
            host=host,
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """Which hosts may be visited though they are inside (`host` or `host:port`), and how much one answer may cost.

    Hosts are compared in small letters, however they were written. A wait ends after `step_seconds`; an answer, from
    the connection to its last byte, after `total_seconds`.
    """

    allowed: frozenset[str] = frozenset()
    max_bytes: int = 200_000_000
    step_seconds: float = 20.0
    total_seconds: float = 120.0
    redirects: int = 5

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", frozenset(host.strip().lower().rstrip(".") for host in self.allowed))

    def allows(self, host: str, port: int) -> bool:
        """Whether an administrator named this host."""
        name = host.strip("[]").lower().rstrip(".")
        return name in self.allowed or f"{name}:{port}" in self.allowed


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet, in whatever clothes it comes."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def checked_address(host: str, port: int, policy: Policy) -> str:
    """The address to connect to. Raises Refused when any address of the host is inside and the host is not allowed."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailed(_("The host %(host)s is not known"), _("Check how it is written"), host=host) from error
    addresses = [str(entry[4][0]) for entry in found]
    if not policy.allows(host, port) and not all(is_public(address) for address in addresses):
        raise Refused(host)
    return addresses[0]


def check_host(host: str, port: int, policy: Policy, field: str) -> None:
    """Raises Refused for a host that is written as an address inside, so that whoever writes it learns it at once.

    No name is looked up here: what a name means is checked at each visit.
    """
    name = host.strip("[]").rstrip(".").lower()
    try:
        found = socket.getaddrinfo(name, None, flags=socket.AI_NUMERICHOST)
        addresses = [str(entry[4][0]) for entry in found]
    except (OSError, UnicodeError):
        addresses = ["127.0.0.1"] if name == "localhost" or name.endswith(".localhost") else []
    if not policy.allows(host, port) and not all(is_public(address) for address in addresses):
        raise Refused(host, field)


def check_written(url: str, policy: Policy, field: str) -> None:
    """The same for the host of an address. Raises SourceFailed when it cannot be read at all, or holds a password.

    What is in an address is shown on pages and in lists; passwords are sealed and shown to nobody.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise SourceFailed(_("The address cannot be read"), _("Check how it is written"), field=field) from error
    if "@" in parts.netloc:
        remedy = _("Leave it out of the address, and enter name and password in their own fields")
        raise SourceFailed(_("The address holds a name or password, which everybody would see"), remedy, field=field)
    check_host(host, port, policy, field)


def connect(host: str, port: int, policy: Policy, timeout: float | None = None) -> socket.socket:
    """A connection to the checked address of a host, for protocols other than HTTP."""
    return socket.create_connection((checked_address(host, port, policy), port), timeout or policy.step_seconds)


class _Clock:
    """Until when the present answer must be there: a limit to each wait alone would let a server drip for ever."""

    def __init__(self) -> None:
        self._until = float("inf")

    def start(self, seconds: float) -> None:
        """Give the next answer so many seconds from now."""
        self._until = monotonic() + seconds

    def left(self, timeout: float | None) -> float:
        """How long the next wait may last. Raises FetchFailed when the time is over."""
        left = self._until - monotonic()
        if left <= 0:
            raise FetchFailed(_("The answer came too slowly"), _("It is tried again next time"))
        return left if timeout is None else min(left, timeout)

    @contextmanager
    def waiting(self, timeout: float | None) -> Iterator[float]:
        """How long a wait may last. Raises FetchFailed when it ended because the time was over."""
        try:
            yield self.left(timeout)
        except httpcore.TimeoutException:
            self.left(None)
            raise


class _TimedStream(httpcore.NetworkStream):
    """A connection that waits no longer than the clock allows."""

    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._clock.waiting(timeout) as allowed:
            return self._stream.read(max_bytes, allowed)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._clock.waiting(timeout) as allowed:
            self._stream.write(buffer, allowed)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with self._clock.waiting(timeout) as allowed:
            return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, allowed), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _GuardedNetwork(httpcore.NetworkBackend):
    """Opens HTTP connections to checked addresses only; the host's name still goes into TLS and the Host header."""

    def __init__(self, policy: Policy, clock: _Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = checked_address(host, port, self._policy)
        stream = self._plain.connect_tcp(address, port, self._clock.left(timeout), local_address, socket_options)
        return _TimedStream(stream, self._clock)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise Refused(path)


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _GuardedTransport(httpx.BaseTransport):
    """httpx over a pool whose network is guarded."""

    def __init__(self, policy: Policy, clock: _Clock) -> None:
        context, network = ssl.create_default_context(), _GuardedNetwork(policy, clock)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, network_backend=network, max_connections=4, keepalive_expiry=10
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=dict(answer.extensions)
        )

    def close(self) -> None:
        self._pool.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: status, headers in lower case, the body, and the address after redirects."""

    status: int
    headers: dict[str, str]
    content: bytes
    url: str

    @property
    def validators(self) -> dict[str, str]:
        """What to send along the next time, so that an unchanged page costs one line."""
        pairs = (("etag", self.headers.get("etag")), ("modified", self.headers.get("last-modified")))
        return {name: value for name, value in pairs if value}

    @property
    def mime(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class SignIn:
    """The name and password of one site, told to no other: pages link anywhere, and so do feeds."""

    site: str
    name: str
    password: str

    @classmethod
    def from_settings(cls, site: str, settings: dict[str, Any], secret: dict[str, str]) -> "SignIn | None":
        """None where no name is given. The name is a setting; who uses the API may seal it with the password."""
        name = str(settings.get("username") or secret.get("username") or "").strip()
        return cls(site, name, secret.get("password", "")) if name else None

    def for_address(self, url: str) -> tuple[str, str] | None:
        """What to say at this address: nothing at another site."""
        here, there = urlsplit(self.site), urlsplit(url)
        is_same = (here.scheme, here.netloc.lower()) == (there.scheme, there.netloc.lower())
        return (self.name, self.password) if is_same else None


@dataclass
class Client:
    """Fetches addresses within the policy. Close it when done. `sign_in` is given to its own site alone."""

    policy: Policy = field(default_factory=Policy)
    sign_in: "SignIn | None" = None

    def __post_init__(self) -> None:
        self._clock = _Clock()
        self._http = httpx.Client(
            transport=_GuardedTransport(self.policy, self._clock),
            timeout=self.policy.step_seconds,
            headers={"User-Agent": AGENT},
            trust_env=False,
        )

    def get(self, url: str, known: dict[str, str] | None = None, check: Callable[[str], None] | None = None) -> Answer:
        """The answer to a GET; `known` are the validators of an earlier one (a 304 then has no content).

        Redirects are followed; `check` is told each address they lead to before it is asked for, and may raise.
        Raises Refused for addresses inside, FetchFailed when there is no answer, it is too large or too slow.
        """
        names = (("If-None-Match", "etag"), ("If-Modified-Since", "modified"))
        headers = {header: known[name] for header, name in names if known and known.get(name)}
        try:
            request = self._http.build_request("GET", url, headers=headers)
            for _hop in range(self.policy.redirects + 1):
                answer, onward = self._ask(request)
                if onward is None:
                    return answer
                if check:
                    check(str(onward.url))
                request = onward
            raise httpx.TooManyRedirects("Exceeded maximum allowed redirects.")
        except _NETWORK_ERRORS as error:
            raise _no_answer(url, error) from error

    def _ask(self, request: httpx.Request) -> tuple[Answer, httpx.Request | None]:
        """One answer, and the request that its redirect asks for."""
        auth = self.sign_in.for_address(str(request.url)) if self.sign_in else None
        self._clock.start(self.policy.total_seconds)
        with closing(self._http.send(request, auth=auth, stream=True)) as response:
            content = self._read(response)
            heads = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, heads, content, str(response.url)), response.next_request

    def post(self, url: str, content: bytes, headers: dict[str, str]) -> int:
        """The status of the answer to a POST; redirects are not followed, and nothing more of it is read.

        Raises as `get` does.
        """
        self._clock.start(self.policy.total_seconds)
        try:
            with self._http.stream("POST", url, content=content, headers=headers) as answer:
                return answer.status_code
        except _NETWORK_ERRORS as error:
            raise _no_answer(url, error) from error

    def _read(self, response: httpx.Response) -> bytes:
        """The body, unpacked, up to the limits of size and time."""
        pieces = bytearray()
        for piece in response.iter_bytes():
            pieces += piece
            if len(pieces) > self.policy.max_bytes:
                message, limit = _("The answer is larger than %(limit)s MB"), self.policy.max_bytes // 1_000_000
                raise FetchFailed(message, _("Leave this address out"), limit=limit)
        return bytes(pieces)

    def close(self) -> None:
        """Ends all connections."""
        self._http.close()


def _no_answer(url: str, error: Exception) -> FetchFailed:
    message = _("No answer from %(host)s: %(error)s")
    return FetchFailed(message, _("It is tried again next time"), host=_host(url), error=_reason(error))


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host or url[:200]
    except (httpx.InvalidURL, ValueError):
        return url[:200]


def _reason(error: Exception) -> str:
    return str(error).strip()[:200] or type(error).__name__


def http_date(words: str) -> Any:
    """The moment an HTTP date header names, or None."""
    try:
        return parsedate_to_datetime(words)
    except (ValueError, TypeError, IndexError):
        return None

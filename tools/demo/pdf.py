"""A small PDF writer: text in Helvetica on A4, with a document title, and a password if asked."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator

from text import Block, Page

WIDTH, HEIGHT, MARGIN = 595, 842, 72
SIZES = {"title": (19, 26), "heading": (13, 24), "item": (11, 16), "note": (10, 14), "body": (11, 16)}
PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
# Helvetica's widths in thousandths, near enough to break lines: narrow letters, wide letters, all others.
NARROW, WIDE = set(" ijltfr.,;:'|!()[]I"), set("mwMWOQGCD%@")


def write_pdf(page: Page, *, locked: bool = False) -> bytes:
    """The page as PDF bytes. A locked one opens with a password only (40-bit RC4: enough to be unreadable)."""
    sheets = list(_sheets(page.blocks))
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(len(sheets)))
    font = "/Type /Font /Subtype /Type1 /Encoding /WinAnsiEncoding /BaseFont"
    objects: list[bytes | tuple[bytes, bytes]] = [
        f"<< /Type /Catalog /Pages 2 0 R /Lang ({page.language}) >>".encode()
        if not locked
        else b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(sheets)} /Kids [{kids}] >>".encode(),
        f"<< {font} /Helvetica >>".encode(),
        f"<< {font} /Helvetica-Bold >>".encode(),
        b"<< >>" if locked else b"<< /Title %s /Author %s >>" % (_string(page.title), _string(page.author)),
    ]
    for number, sheet in enumerate(sheets):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {7 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>".encode()
        )
        objects.append((b"/Filter /FlateDecode", zlib.compress(sheet, 9)))
    return _assemble(objects, hashlib.md5(page.title.encode()).digest(), locked=locked)


def _sheets(blocks: list[Block]) -> Iterator[bytes]:
    """The content stream of each sheet, numbered at the foot."""
    lines: list[str] = []
    number, top = 1, HEIGHT - MARGIN
    for kind, words, step in _lines(blocks):
        if top - step < MARGIN:
            yield _close(lines, number)
            lines, number, top = [], number + 1, HEIGHT - MARGIN
        top -= step
        face = "F2" if kind in ("title", "heading") else "F1"
        lines.append(f"BT /{face} {SIZES[kind][0]} Tf {MARGIN} {top} Td {_escape(words)} Tj ET")
    yield _close(lines, number)


def _close(lines: list[str], number: int) -> bytes:
    foot = f"BT /F1 9 Tf {WIDTH // 2} 40 Td ({number}) Tj ET"
    return "\n".join([*lines, foot]).encode("cp1252")


def _lines(blocks: list[Block]) -> Iterator[tuple[str, str, int]]:
    """Each line with its kind and the step down to it in points."""
    for block in blocks:
        size, step = SIZES[block.kind]
        gap = 6 if block.kind in ("body", "note") else 2
        for number, words in enumerate(_wrap(block.text, (WIDTH - 2 * MARGIN) * 1000 / size)):
            yield block.kind, words, step + (gap if number == 0 else 0)


def _wrap(words: str, limit: float) -> Iterator[str]:
    line = ""
    for word in words.split():
        if line and _width(f"{line} {word}") > limit:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line


def _width(line: str) -> int:
    return sum(278 if char in NARROW else 833 if char in WIDE else 556 for char in line)


def _escape(words: str) -> str:
    return "(" + words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") + ")"


def _string(words: str) -> bytes:
    return b"<feff" + words.encode("utf-16-be").hex().encode() + b">"


def _assemble(objects: list[bytes | tuple[bytes, bytes]], identity: bytes, *, locked: bool) -> bytes:
    """Number the objects, encrypt their streams if locked, and write the cross-reference table."""
    owner = _rc4(hashlib.md5(PADDING[::-1]).digest()[:5])(PADDING)
    seed = hashlib.md5((b"nobody is told" + PADDING)[:32] + owner + (-4 & 0xFFFFFFFF).to_bytes(4, "little") + identity)
    key = seed.digest()[:5]
    out, places = bytearray(b"%PDF-1.5\n"), []
    for number, item in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, _body(item, number, key if locked else b""))
    trailer = b"/Size %d /Root 1 0 R /Info 5 0 R /ID [<%s> <%s>]" % (
        len(objects) + 1,
        identity.hex().encode(),
        identity.hex().encode(),
    )
    if locked:
        user = _rc4(key)(PADDING)
        trailer += b" /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (
            owner.hex().encode(),
            user.hex().encode(),
        )
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer\n<< %s >>\nstartxref\n%d\n%%%%EOF\n" % (trailer, start))


def _body(item: bytes | tuple[bytes, bytes], number: int, key: bytes) -> bytes:
    if isinstance(item, bytes):
        return item
    head, stream = item
    if key:
        stream = _rc4(hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10])(stream)
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(stream), head, stream)


def _rc4(key: bytes) -> Callable[[bytes], bytes]:
    """The cipher of old PDF passwords."""

    def cipher(data: bytes) -> bytes:
        state, j, out = list(range(256)), 0, bytearray()
        for i in range(256):
            j = (j + state[i] + key[i % len(key)]) % 256
            state[i], state[j] = state[j], state[i]
        i = j = 0
        for byte in data:
            i = (i + 1) % 256
            j = (j + state[i]) % 256
            state[i], state[j] = state[j], state[i]
            out.append(byte ^ state[(state[i] + state[j]) % 256])
        return bytes(out)

    return cipher

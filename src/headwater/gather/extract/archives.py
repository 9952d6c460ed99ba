"""Files that hold files: refused before unpacking when they would grow too large; else each member is read."""

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from lzma import LZMAError
from pathlib import PurePosixPath

from headwater.gather.extract.outcome import Cause, Context, Extracted, ExtractionFailed, Reading

Member = tuple[str, Callable[[], bytes]]
MemberReader = Callable[[bytes, Context], Extracted]

_ZIP_PROBLEMS = (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, zlib.error, LZMAError)


def open_zip(content: bytes, context: Context) -> zipfile.ZipFile:
    """A zip file that may be unpacked. Raises ExtractionFailed(truncated, damaged, encrypted, expands_too_much)."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except _ZIP_PROBLEMS as error:
        whole = b"PK\x05\x06" in content[-66_000:]
        raise ExtractionFailed(Cause.DAMAGED if whole else Cause.TRUNCATED, str(error)) from error
    refuse_bomb(archive, len(content), context)
    if any(member.flag_bits & 1 for member in archive.infolist()):
        raise ExtractionFailed(Cause.ENCRYPTED)
    return archive


def refuse_bomb(archive: zipfile.ZipFile, packed: int, context: Context) -> None:
    """Adds up what the members say they unpack to. (A member that lies is cut off at what it said, by zipfile.)"""
    members, limits = archive.infolist(), context.limits
    if len(members) > limits.members * 10:
        raise ExtractionFailed(Cause.EXPANDS_TOO_MUCH, f"{len(members):,} members")
    total = sum(member.file_size for member in members)
    if total > limits.unpacked_bytes:
        raise ExtractionFailed(Cause.EXPANDS_TOO_MUCH, f"would unpack to {in_words(total)}; {_limit(context)}")
    if total > limits.ratio_free_bytes and total > packed * limits.unpacked_ratio:
        raise ExtractionFailed(Cause.EXPANDS_TOO_MUCH, f"would grow {total // max(packed, 1)} times")


def in_words(size: int) -> str:
    """Bytes as MB or GB, for messages."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _limit(context: Context) -> str:
    return f"the limit is {in_words(context.limits.unpacked_bytes)}"


def read_zip(content: bytes, context: Context, read: MemberReader) -> Reading:
    """The text of every member that can be read, one section each."""
    with open_zip(content, context) as archive:
        members = [(info.filename, _zip_member(archive, info)) for info in archive.infolist() if not info.is_dir()]
        return read_members(members, context, read)


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    return lambda: archive.read(info)


def read_tar(content: bytes, context: Context, read: MemberReader) -> Reading:
    """The text of every plain file in a tar archive; links and devices are left out."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            return read_members(_tar_members(archive), context, read)
    except tarfile.ReadError as error:
        cause = Cause.TRUNCATED if "end of data" in str(error) else Cause.DAMAGED
        raise ExtractionFailed(cause, str(error)) from error


def _tar_members(archive: tarfile.TarFile) -> Iterator[Member]:
    for info in archive:
        if info.isfile():
            yield info.name, _tar_member(archive, info)


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], bytes]:
    def unpack() -> bytes:
        handle = archive.extractfile(info)
        return handle.read() if handle else b""

    return unpack


def read_gzip(content: bytes, context: Context, read: MemberReader) -> Reading:
    """What one compressed file unpacks to, unpacked piece by piece up to the limit."""
    name = PurePosixPath(context.name).name
    inner = name.removesuffix(".gz").removesuffix(".tgz") + (".tar" if name.endswith(".tgz") else "")
    return read_members([(inner, lambda: _gunzip(content, context))], context, read)


def _gunzip(content: bytes, context: Context) -> bytes:
    pieces, size = [], 0
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            while piece := packed.read(1_000_000):
                pieces.append(piece)
                size += len(piece)
                if size > context.limits.unpacked_bytes:
                    raise ExtractionFailed(Cause.EXPANDS_TOO_MUCH, _limit(context))
    except EOFError as error:
        raise ExtractionFailed(Cause.TRUNCATED) from error
    except (OSError, zlib.error) as error:
        raise ExtractionFailed(Cause.DAMAGED, str(error)) from error
    return b"".join(pieces)


def read_members(members: Iterable[Member], context: Context, read: MemberReader) -> Reading:
    """One section a member. A member without text becomes a warning; when all fail, so does the whole."""
    sections: list[str] = []
    notes: list[str] = []
    failure: ExtractionFailed | None = None
    for number, (name, unpack) in enumerate(members):
        if number >= context.limits.members:
            notes.append(f"Only the first {context.limits.members:,} members were read")
            break
        try:
            text = _read_member(name, unpack, context, read)
        except ExtractionFailed as error:
            failure = error
            notes.append(f"{name}: {error}")
        else:
            sections.append(f"## {name}\n\n{text}")
    if not sections:
        raise failure or ExtractionFailed(Cause.EMPTY)
    facts = {"members": len(sections)}
    return Reading("\n\n".join(sections), markdown=True, headed=False, metadata=facts, warnings=notes)


def _read_member(name: str, unpack: Callable[[], bytes], context: Context, read: MemberReader) -> str:
    inside = context.inside(name)
    try:
        content = unpack()
    except (*_ZIP_PROBLEMS, RuntimeError) as error:
        raise ExtractionFailed(Cause.DAMAGED, str(error)) from error
    context.unpacked[0] += len(content)
    if context.unpacked[0] > context.limits.unpacked_bytes:
        raise ExtractionFailed(Cause.EXPANDS_TOO_MUCH, _limit(context))
    return read(content, inside).text

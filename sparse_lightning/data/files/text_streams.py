"""A text file as UTF-8, whatever it is written in, checked while it is read."""

import codecs
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any

from sparse_lightning.data.files.charsets import NAMES
from sparse_lightning.errors import TableError

Open = Callable[[], IO[bytes] | gzip.GzipFile]

TAIL = 2**16
"""So many of the last bytes are kept."""


class NulError(Exception):
    """A file holds a NUL character."""


class TextStream(io.RawIOBase):
    """A stream of UTF-8 without NUL; every byte of the file is taken into the digest.

    After the last row of the file `row` is read. `tail` are the last bytes of UTF-8 before it.
    """

    def __init__(self, inner: IO[bytes] | gzip.GzipFile, encoding: str = "utf-8", row: bytes = b""):
        self.inner = inner
        self.digest = hashlib.sha256()
        self.tail = b""
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._is_utf8 = encoding == "utf-8"
        self._ready = b""
        self._row = row
        self._at_end = self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._ended:
            self._ready = self._next(len(buffer))
        content, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(content)] = content
        return len(content)

    def raw(self, size: int) -> bytes:
        """The next bytes of the file, as they are."""
        content = b""
        while len(content) < size and (more := self._read(size - len(content))):
            content += more
        return content

    def _next(self, size: int) -> bytes:
        content = self._read(size)
        self.digest.update(content)
        text = self._decoder.decode(content, final=not content)
        if not self._is_utf8:
            content = text.encode()
        if b"\0" in content:
            raise NulError
        if content:
            self.tail = (self.tail + content)[-TAIL:] if len(content) < TAIL else content[-TAIL:]
        elif self._at_end:
            self._ended = True
            is_open = self.tail[-1:] not in (b"\n", b"\r", b"")
            return b"\n" * (is_open and bool(self._row)) + self._row
        return content

    def _read(self, size: int) -> bytes:
        try:
            content = self.inner.read(size)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            if isinstance(error, OSError) and error.errno:
                raise TableError(f"cannot be read: {error.strerror}") from error
            packing = "zip" if isinstance(self.inner, zipfile.ZipExtFile) else "gzip"
            raise TableError(f"is no readable {packing} file: {error}") from error
        self._at_end = not content
        return content

    def close(self) -> None:
        self.inner.close()
        super().close()


def text_of(stream: TextStream) -> io.TextIOWrapper:
    """The text of a stream, its line ends as they are."""
    return io.TextIOWrapper(buffered(stream), encoding="utf-8-sig", newline="")


def buffered(stream: TextStream) -> Any:
    """The stream as pyarrow reads it."""
    return io.BufferedReader(stream, 2**20)


def not_in_encoding(opened: Open, encoding: str) -> TableError:
    """The error of a file that is not in its encoding."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    with opened() as stream:
        while True:
            content = stream.read(2**16)
            try:
                line += decoder.decode(content, final=not content).count("\n")
            except UnicodeDecodeError as error:
                line += error.object[: error.start].decode(encoding, "replace").count("\n")
                named = "UTF-8" if encoding == "utf-8" else NAMES.get(encoding, encoding)
                return TableError(
                    f"line {line}: byte 0x{error.object[error.start]:02x} is not {named}: save the "
                    "table as UTF-8, or name its encoding with table.dialect.encoding"
                )
            if not content:
                raise AssertionError


def with_nul(opened: Open, encoding: str) -> TableError:
    """The error of a file that holds a NUL character."""
    with io.TextIOWrapper(opened(), encoding, "replace", newline="\n") as text:  # pyright: ignore
        number = next(number for number, line in enumerate(text, start=1) if "\0" in line)
    return TableError(f"line {number}: holds a NUL character, so it is no text")

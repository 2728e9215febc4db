"""The encoding of a text file, guessed from its first bytes.

Where two encodings give different texts, and both are plausible, nothing is guessed.
"""

import codecs
import re

from sparse_lightning.errors import TableError

NAMES = {
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32",
    "cp1252": "Windows-1252",
    "iso8859-1": "Latin-1",
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
}
"""What messages call an encoding, by its name in Python and in project files."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")

MOST_ODD = 0.2
"""The share of the letters beyond ASCII that may be odd in a plausible reading."""

_LETTERS = "A-Za-zÀ-ÖØ-öø-þŠšŽžŸŒœ"
_BEYOND = f"{_LETTERS.removeprefix('A-Za-z')}ªº"
_WESTERN = re.compile(
    # Letters with accents, at most two in a row.
    rf"(?<![{_BEYOND}])[{_BEYOND}]{{1,2}}(?![{_BEYOND}])"
    # Signs of units, alone or after digits and words; quotes and dashes where they are written.
    rf"|[°µ·±×÷²³¼½¾‰](?![{_BEYOND}])|(?<![{_LETTERS}])[€£¥§©®™](?![{_LETTERS}])"
    rf"|(?<=[{_LETTERS}])[’´](?=[{_LETTERS}])|(?<![{_LETTERS}])[“‘«„](?=[\w ])|(?<=[\w.!? ])[”’»]"
    r"(?!\w)|(?<=[\w ])[–—](?=[\w ])|(?<=\w)…|\u00a0"
)
"""What is usual beyond ASCII in languages that are written in Windows-1252."""

_KANJI = re.compile(r"[\u4e00-\u9fff]")
_JAPANESE = re.compile(
    r"[\u3001-\u3015\u301c\u3041-\u3096\u309b-\u309e\u30a1-\u30fe\uff01-\uff5e\uffe5]"
    r"|[\uff61-\uff9f]{2,}|[℃％‰°±×÷→←↑↓①-⑳〒※㎡㎝㎏㎜]"
)
"""What is usual in Japanese, beside kanji."""


def encoding_of(head: bytes, whole: bool) -> str:
    """The encoding of a text by its first bytes, as Python and project files name it.

    `whole` says whether they are all there are. Raises `TableError` where it cannot be told.
    """
    if marked := marked_encoding(head):
        return marked
    # Most text in UTF-16 has a NUL beside each character.
    sides = (head[0:400:2], head[1:400:2])
    for nul, text, name in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):
        if len(head) > 3 and all(sides[text]) and 4 * sides[nul].count(0) > 3 * len(sides[nul]):
            return name
    if decoded(head, "utf-8", whole) is not None or _is_damaged_utf8(head):
        return "utf-8"
    texts = {name: decoded(head, name, whole) for name in ("cp1252", "cp932", "euc_jp")}
    readings = {name: text for name, text in texts.items() if text is not None}
    shares = {name: odd_share(name, text) for name, text in readings.items()}
    plausible = [name for name, share in shares.items() if share <= MOST_ODD]
    if len(plausible) == 1:
        return plausible[0]
    raise TableError(_doubt(plausible, readings) if plausible else _unknown(head, readings))


def named_encoding(name: str, head: bytes) -> str:
    """The encoding that a project names, as Python calls it.

    Raises `TableError` where its name leaves open the order of the bytes, and the file does, too.
    """
    encoding = codecs.lookup(name).name
    if encoding not in ("utf-16", "utf-32"):
        return encoding
    marked = marked_encoding(head)
    if marked is None or not marked.startswith(encoding):
        raise TableError(
            f"does not begin with the mark of {encoding.upper()}: if it is written so without one, "
            f"say table.dialect: {{encoding: {encoding}-le}}, or -be"
        )
    return marked


def marked_encoding(head: bytes) -> str | None:
    """The encoding that a file's mark tells, but for UTF-8; None without one."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def decoded(head: bytes, encoding: str, whole: bool) -> str | None:
    """The text of bytes, of which the last may be cut; None where they are not in the encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head, final=whole)
    except UnicodeDecodeError:
        return None


def _is_damaged_utf8(head: bytes) -> bool:
    """Whether most bytes beyond ASCII are letters of UTF-8: other encodings would garble them."""
    beyond = sum(byte > 127 for byte in head)
    return 2 * sum(map(len, _UTF8.findall(head))) > beyond


def odd_share(encoding: str, text: str) -> float:
    """The share of the characters beyond ASCII that are odd if a text is in an encoding."""
    beyond = len(re.findall(r"[^\x00-\x7f]", text))
    if encoding == "cp1252":
        usual = sum(len(found) for found in _WESTERN.findall(text))
    else:
        usual = sum(len(found) for found in _JAPANESE.findall(text))
        usual += sum(_is_usual_kanji(text, found.start()) for found in _KANJI.finditer(text))
    return 1 - usual / max(beyond, 1)


def _is_usual_kanji(text: str, place: int) -> bool:
    """Whether it is of the 2,965 that Japanese is written with, and in no word of other letters."""
    try:
        first, second = text[place].encode("cp932")
    except (UnicodeEncodeError, ValueError):
        return False
    before, after = text[max(place - 2, 0) : place], text[place + 1 : place + 2]
    in_word = re.fullmatch(r"[a-z]{2}", before) and after.isascii() and chr(second).isalpha()
    return first < 0x98 and not in_word


def _doubt(plausible: list[str], readings: dict[str, str]) -> str:
    text = {name: readings[name].split("\n") for name in plausible}
    number = next(n for n, line in enumerate(text[plausible[0]], 1) if not line.isascii())
    shown = [f"{text[name][number - 1].strip()!r:.60} in {NAMES[name]}" for name in plausible]
    fields = " or ".join(f"table.dialect: {{encoding: {name}}}" for name in plausible)
    return (
        f"line {number} can be read as {', or '.join(shown)}: say which in the project file, "
        f"{fields}"
    )


def _unknown(head: bytes, readings: dict[str, str]) -> str:
    lines = head.split(b"\n")
    number, line = next((n, one) for n, one in enumerate(lines, 1) if not one.isascii())
    try:
        line.decode()
    except UnicodeDecodeError as error:
        byte = line[error.start]
    else:
        byte = next(one for one in line if one > 127)
    known = ", ".join(NAMES[name] for name in readings)
    why = f" and makes no usual text in {known}" if known else ""
    return (
        f"line {number}: byte 0x{byte:02x} is not UTF-8{why}: save the table as UTF-8, or name its "
        "encoding in the project file, table.dialect: {encoding: …}"
    )

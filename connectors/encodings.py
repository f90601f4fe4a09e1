"""From bytes of unknown encoding to text, or to the knowledge that they are no text.

Unicode announces itself: a byte order mark, or bytes that happen to be valid UTF-8, which no other encoding produces by
chance. For the rest charset-normalizer proposes. Tested on news in seven languages it names the script reliably but
confuses neighbours within it (one French text in four came out as cp1250), so its proposal is settled by
`connectors.alphabets.fit`.
"""

import codecs
import re

from connectors.alphabets import fit

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # The marks of UTF-32 begin with those of UTF-16, so they are asked first.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_NEIGHBOURS = (
    ("cp1252", "cp1250", "cp1254", "cp1257", "iso8859_15", "iso8859_2", "mac_roman"),
    ("cp1253", "iso8859_7"),
    # No family: read in one another these give Cyrillic letters too, and only charset-normalizer sees the wrong ones.
    *((name,) for name in ("cp1251", "koi8_u", "koi8_r", "iso8859_5", "cp866")),
    ("cp1255", "iso8859_8"),
    ("cp1256", "iso8859_6"),
    ("cp932",),
    ("euc_jp",),
    ("gb18030",),
    ("big5",),
    ("cp949",),
    ("cp874",),
)

CANDIDATES = [name for family in _NEIGHBOURS for name in family]
"""Legacy encodings in which news is still met, by Python's names. Rarer ones would only add ways to be wrong."""

_DECLARATION = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.ASCII | re.IGNORECASE)
_DECLARATION_BYTES = 4_096

_MEANT_BY = {
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "korean"), "cp949"),
    **dict.fromkeys(("tis-620", "iso-8859-11", "windows-874"), "cp874"),
}
"""What browsers understand by a declared encoding (WHATWG Encoding Standard): mostly a superset of what it says."""

_SAMPLE_CHARACTERS = 8_000
_MOST_CONTROLS = 0.01
_LEAST_FIT = 0.8
_MOST_DAMAGE = 0.1
_MOST_GARBAGE = 0.01
_SHORT_BYTES = 24
"""Below this, bytes that are not Unicode could be anything: of random ones of 12 bytes a tenth would pass as text."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_ASCII_WORDS = re.compile(rb"[A-Za-z ]")


def bom_encoding(data: bytes) -> tuple[str, int] | None:
    """Name the Unicode encoding that a byte order mark announces, and the mark's length in bytes."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    return None


def decode_unicode(data: bytes) -> str | None:
    """Decode UTF-8, or UTF-16 and UTF-32 behind a byte order mark; none when it is something else or broken."""
    announced = bom_encoding(data)
    encoding, skip = announced or ("utf-8", 0)
    return _decode(data[skip:], encoding)


def decode_text(data: bytes) -> str | None:
    """Decode bytes that ought to be text, whatever its encoding.

    Returns
    -------
    str | None
        The text without its byte order mark; none for binary data.
    """
    text = decode_unicode(data)
    if text is None and bom_encoding(data) is None and b"\x00" not in data:
        text = _decode_unannounced(data)
    return None if text is None or is_binary(text) else text


def decode_page(data: bytes) -> str | None:
    """Decode an HTML page: as `decode_text`, but what the page declares comes before what can be guessed.

    It does not come before valid UTF-8: pages converted to UTF-8 often keep the declaration they had before.
    """
    text = decode_unicode(data)
    if text is None and bom_encoding(data) is None:
        declared = _declared_encoding(data)
        text = (declared and _decode(data, declared)) or _decode_unannounced(data)
    return None if text is None or is_binary(text) else text


def decode_legacy(data: bytes) -> str | None:
    """Decode text in an encoding older than Unicode; none when no candidate gives a believable text."""
    from charset_normalizer import from_bytes  # 30 ms to import, and hardly any text needs it

    proposal = from_bytes(data, cp_isolation=CANDIDATES).best()
    if proposal is None or (len(data) < _SHORT_BYTES and not _is_mostly_ascii(data)):
        return None
    best_fit, best_text = 0.0, None
    for encoding in next(family for family in _NEIGHBOURS if proposal.encoding in family):
        text = _decode(data, encoding)
        if text is not None and (score := fit(text[:_SAMPLE_CHARACTERS], encoding)) > best_fit:
            best_fit, best_text = score, text
    return best_text if best_fit >= _LEAST_FIT else None


def is_binary(text: str) -> bool:
    """Tell decoded binary data from text: more than one character in a hundred is a control or no character at all."""
    sample = text[:_SAMPLE_CHARACTERS]
    return len(_CONTROLS.findall(sample)) > _MOST_CONTROLS * len(sample)


def _decode(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _declared_encoding(data: bytes) -> str | None:
    declared = _DECLARATION.search(data, 0, _DECLARATION_BYTES)
    if declared is None:
        return None
    label = declared[1].decode("ascii").lower()
    label = _MEANT_BY.get(label, label)
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    # Only these: Python also knows codecs such as "idna", on which hostile input takes quadratic time.
    return name if label in CANDIDATES or name.startswith(("cp125", "iso8859", "koi8", "euc_", "mac-")) else None


def _decode_unannounced(data: bytes) -> str | None:
    """Decode damaged UTF-8 or a legacy encoding."""
    forgiven = data.decode("utf-8", "replace")
    num_bad = forgiven.count("\ufffd")
    # Text in a legacy encoding gives hardly a valid sequence, a text with a character cut in two many.
    if num_bad <= _MOST_DAMAGE * (len(_BEYOND_ASCII.findall(forgiven)) - num_bad):
        return forgiven
    text = decode_legacy(data)
    # What remains may be English with a few bytes of garbage in it.
    return forgiven if text is None and num_bad <= _MOST_GARBAGE * len(forgiven) else text


def _is_mostly_ascii(data: bytes) -> bool:
    return len(_ASCII_WORDS.findall(data)) >= 0.7 * len(data)

"""What the characters of a legacy encoding should look like, to tell a right decoding from a wrong one.

Every byte string is valid cp1252 or nearly so; only the reader sees that "rťsumť" is not a word. A cheap stand-in for
the reader: the characters beyond ASCII in a real text belong to the alphabet of *one* language (plus typographic
marks), while a wrong decoding scatters them over several, or over none.
"""

import re

_MARKS = "«»‹›“”„‘’‚‛–—―…•·°€£¥§©®™№¿¡´¨ªº½¼¾\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2028\u2029"

_LATIN_LETTERS = {
    "fr": "àâæçéèêëîïôœùûüÿ",
    "de": "äöüßé",
    "es": "áéíóúüñç",
    "pt": "áàâãçéêíóôõúü",
    "it": "àèéìîòóù",
    "nordic": "åäöæøéðþáíóúý",
    "nl": "áéëïóöüèê",
    "ca": "àçéèíïóòúü",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíľňóôšťúýž",
    "pl": "ąćęłńóśźż",
    "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ",
    "south-slavic": "čćđšž",
    "tr": "çğıiöşüâîûi̇",
    "baltic": "āčēģīķļņšūžąęėįųõäöü",
}

_SCRIPTS = {
    "cyrillic": "а-яёђѓєѕіїјљњћќўџґ",
    "greek": "α-ωάέήίόύώϊϋΐΰς",
    "hebrew": "\u05b0-\u05f4₪",
    "arabic": "\u060c-\u06d2",
    "thai": "\u0e01-\u0e5b",
}

NARROWER = {"gb18030": "gb2312", "cp949": "euc_kr", "cp932": "shift_jis", "big5": "big5", "euc_jp": "euc_jp"}
"""For each wide East Asian encoding the older one that holds the characters in daily use."""

_HALF_WIDTH_KATAKANA = re.compile("[\uff61-\uff9f]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def _alphabet(letters: str) -> re.Pattern[str]:
    return re.compile(f"[{letters}{letters.upper() if '-' not in letters else ''}{re.escape(_MARKS)}]", re.IGNORECASE)


_LATIN_ALPHABETS = tuple(map(_alphabet, _LATIN_LETTERS.values()))
_SCRIPT_ALPHABETS = {name: _alphabet(letters) for name, letters in _SCRIPTS.items()}

_SCRIPT_OF = {
    "cp1251": "cyrillic",
    "koi8_r": "cyrillic",
    "koi8_u": "cyrillic",
    "iso8859_5": "cyrillic",
    "cp866": "cyrillic",
    "cp1253": "greek",
    "iso8859_7": "greek",
    "cp1255": "hebrew",
    "iso8859_8": "hebrew",
    "cp1256": "arabic",
    "iso8859_6": "arabic",
    "cp874": "thai",
}


def fit(text: str, encoding: str) -> float:
    """Say how well a decoded text fits the languages that its encoding was made for.

    Parameters
    ----------
    text
        The decoded text, or a sample of some thousand characters.
    encoding
        Python's name of the encoding, one of `connectors.encodings.CANDIDATES`.

    Returns
    -------
    float
        Share, 0 to 1, of the characters beyond ASCII that the best-fitting alphabet holds; 1 when there are none.
    """
    foreign = "".join(_BEYOND_ASCII.findall(text))
    if not foreign:
        return 1.0
    if narrower := NARROWER.get(encoding):
        known = foreign.encode(narrower, "ignore").decode(narrower, "ignore")
        return (len(known) - len(_HALF_WIDTH_KATAKANA.findall(known))) / len(foreign)
    script = _SCRIPT_OF.get(encoding)
    alphabets = _LATIN_ALPHABETS if script is None else (_SCRIPT_ALPHABETS[script],)
    return max(len(alphabet.findall(foreign)) for alphabet in alphabets) / len(foreign)

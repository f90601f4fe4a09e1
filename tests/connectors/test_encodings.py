"""Texts in many encodings, and bytes that are no text."""

import codecs
import random
from pathlib import Path

import pytest

from connectors.encodings import decode_page, decode_text

FRENCH = (
    "Le président de la République a annoncé jeudi que l'été serait marqué par « des réformes » coûteuses à l'égard des"
    " élèves. Les syndicats ont aussitôt protesté, rappelant qu'aucune négociation n'avait été menée depuis février. Le"
    " coût sera supporté par l'État, d'après le ministère. Des milliers de personnes ont manifesté à Paris."
)
GERMAN = (
    "Die Regierung hat am Donnerstag ein neues Gesetz über die Steuern angekündigt. Die Gewerkschaften äußerten sofort"
    " Kritik: Seit Februar habe es keine Gespräche gegeben. Die Kosten trägt nach Angaben des Ministeriums der Staat."
    " Tausende Menschen zogen durch die Straßen von München und Köln, um ihre Empörung zu zeigen, größtenteils ruhig."
)
CZECH = (
    "Vláda ve čtvrtek oznámila, že předloží nový zákon o daních. Odbory okamžitě protestovaly a připomněly, že od února"
    " neproběhlo žádné jednání. Náklady podle ministerstva dosáhnou tří set milionů korun. Tisíce lidí vyšly do ulic"
    " Prahy, aby vyjádřily svou nespokojenost. Opozice žádá stažení návrhu, příští týden se očekává ostrá debata."
)
POLISH = (
    "Rząd ogłosił w czwartek, że przedłoży nową ustawę podatkową. Związki zawodowe natychmiast zaprotestowały,"
    " przypominając, że od lutego nie odbyły się żadne rozmowy. Koszty, według ministerstwa, sięgną trzystu milionów"
    " złotych. Tysiące ludzi wyszło na ulice Warszawy, aby wyrazić swoje niezadowolenie. Opozycja żąda wycofania."
)
TURKISH = (
    "Hükümet perşembe günü yeni bir vergi yasası sunacağını açıkladı. Sendikalar hemen tepki göstererek şubattan bu"
    " yana hiçbir görüşme yapılmadığını hatırlattı. Bakanlığa göre maliyet üç yüz milyon lirayı bulacak. Binlerce kişi"
    " Ankara sokaklarına çıkarak hoşnutsuzluğunu dile getirdi. Muhalefet tasarının geri çekilmesini istiyor."
)
RUSSIAN = (
    "Президент объявил в четверг, что правительство подготовит новый закон о налогах. Представители профсоюзов"
    " немедленно выразили протест, напомнив, что с февраля не велось никаких переговоров. Расходы, по оценкам"
    " министерства, составят триста миллионов рублей. Тысячи людей вышли на улицы Москвы, чтобы выразить недовольство."
)
GREEK = (
    "Ο πρωθυπουργός ανακοίνωσε την Πέμπτη ότι η κυβέρνηση θα καταθέσει νέο νομοσχέδιο για τη φορολογία. Τα συνδικάτα"
    " αντέδρασαν αμέσως, υπενθυμίζοντας ότι από τον Φεβρουάριο δεν έχει γίνει καμία διαπραγμάτευση. Το κόστος θα φτάσει"
    " τα τριακόσια εκατομμύρια ευρώ. Χιλιάδες άνθρωποι διαδήλωσαν στην Αθήνα. Άλλοι έμειναν στα σπίτια τους."
)
HEBREW = (
    "הממשלה הודיעה ביום חמישי כי תגיש הצעת חוק חדשה בנושא המסים. האיגודים המקצועיים מחו מיד והזכירו כי מאז פברואר לא"
    " התקיים כל משא ומתן. העלות, לפי הערכת המשרד, תגיע לשלוש מאות מיליון שקלים. אלפי בני אדם יצאו לרחובות ירושלים כדי"
    " להביע את מורת רוחם. האופוזיציה דורשת למשוך את ההצעה, ובשבוע הבא צפוי דיון סוער בכנסת לקראת ההצבעה."
)
ARABIC = (
    "أعلن الرئيس يوم الخميس أن الحكومة ستقدم مشروع قانون جديد بشأن الضرائب. واحتجت النقابات على الفور، مذكرة بأنه لم"
    " تجر أي مفاوضات منذ فبراير. وستبلغ التكلفة، بحسب تقديرات الوزارة، ثلاثمائة مليون دينار. وخرج آلاف الأشخاص إلى"
    " شوارع العاصمة للتعبير عن استيائهم من القرار الذي اتخذته الحكومة دون استشارة البرلمان أو النقابات العمالية."
)
JAPANESE = (
    "首相は木曜日、政府が新しい税制法案を国会に提出すると発表した。労働組合は直ちに抗議し、二月以降いかなる交渉も行われて"
    "いないと指摘した。費用は省の試算によると三百億円に達する見込みである。東京では数千人が街頭に出て不満を表明した。野党は"
    "法案の撤回を求めており、来週の国会で激しい論戦が予想される。気象庁によると、台風十号は週末にかけて九州に接近する恐れが"
    "あり、警戒を呼びかけている。"
)
CHINESE = (
    "总统周四宣布，政府将提交一项新的税收法案。工会立即表示抗议，并指出自二月以来没有进行任何谈判。据该部估计，费用将达到"
    "三亿元。数千人走上首都街头表达不满。反对党要求撤回该法案，预计下周议会将展开激烈辩论。气象部门表示，台风将于周末接近"
    "沿海地区，提醒居民注意防范。专家认为，新政策将对中小企业产生重大影响，建议政府谨慎推进改革措施。"
)
KOREAN = (
    "대통령은 목요일 정부가 새로운 세법 개정안을 국회에 제출할 것이라고 발표했다. 노동조합은 즉각 항의하며"
    " 이월 이후 어떠한 협상도 이루어지지 않았다고 지적했다. 비용은 부처 추산에 따르면 삼천억 원에 이를 전망이다."
    " 수천 명의 시민이 서울 거리로 나와 불만을 표시했다. 야당은 법안 철회를 요구하고 있으며"
    " 다음 주 국회에서 격렬한 논쟁이 예상된다."
)


@pytest.mark.parametrize("head", ["", "Wire report\n\n"])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((FRENCH, name) for name in ("utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "iso8859_15")),
        *((GERMAN, name) for name in ("cp1252", "mac_roman")),
        *((CZECH, name) for name in ("cp1250", "iso8859_2")),
        *((RUSSIAN, name) for name in ("cp1251", "koi8_r", "iso8859_5", "cp866")),
        *((GREEK, name) for name in ("cp1253", "iso8859_7")),
        (POLISH, "cp1250"),
        (TURKISH, "cp1254"),
        (HEBREW, "cp1255"),
        (ARABIC, "cp1256"),
        *((JAPANESE, name) for name in ("shift_jis", "cp932", "euc_jp")),
        (CHINESE, "gb18030"),
        (KOREAN, "euc_kr"),
    ],
)
def test_a_text_is_read_in_the_encoding_it_was_written_in(text: str, encoding: str, head: str) -> None:
    assert decode_text((head + text).encode(encoding)) == head + text


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\xfa",
        b"\x80\x81\xfe\xff" * 50,
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x01\x00\x08\x06\x00\x00\x00",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH\xcd\xc9\xc9W(\xcf/\xcaI\x01\x00",
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256)) * 8,
        b"\x00" * 100,
        bytes(range(256)),
        b"ustar\x00" * 10,
        "no byte order mark".encode("utf-16-le"),
        codecs.BOM_UTF16_LE + b"a",
    ],
)
def test_binary_data_is_no_text(data: bytes) -> None:
    assert decode_text(data) is None
    assert decode_page(data) is None


@pytest.mark.parametrize("size", [16, 32, 100, 512, 1000, 4096, 100_000])
def test_random_bytes_are_no_text(size: int) -> None:
    generator = random.Random(size)
    taken = [data for data in (generator.randbytes(size) for _ in range(100)) if decode_text(data) is not None]
    assert len(taken) <= (1 if size < 24 else 0)


def test_a_program_is_no_text() -> None:
    assert decode_text(Path("/bin/sh").read_bytes()) is None


def test_a_stray_control_does_not_make_a_long_text_binary() -> None:
    assert decode_text(("\0" + FRENCH).encode()) == "\0" + FRENCH


def test_a_few_bytes_of_garbage_do_not_make_a_text_binary() -> None:
    text = "The harbour was closed for most of the day, the mayor told reporters. " * 10
    assert decode_text(text.encode() + b"\x81\xff" + text.encode()) == f"{text}\ufffd\ufffd{text}"


def test_a_character_cut_in_two_does_not_make_utf_8_something_else() -> None:
    for text in (FRENCH, RUSSIAN, JAPANESE):
        cut = text.encode() + "é".encode()[:1]
        assert decode_text(cut) == text + "\ufffd"


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("iso-8859-1", "cp1252", "“Zoë” – Café"),
        ("windows-1251", "cp1251", "Мэр подал в отставку"),
        ("gb2312", "gb18030", "市长辞职"),
        ("Shift_JIS", "cp932", "市長が辞任"),
        ("euc-kr", "cp949", "시장 사임"),
        ("utf-8", "utf-8", "Café"),
        ("iso-8859-1", "utf-8", "Café"),
    ],
)
def test_a_page_is_read_as_it_declares_even_when_short(declared: str, encoding: str, text: str) -> None:
    page = f'<html><head><meta charset="{declared}"></head><body>{text}</body></html>'
    assert decode_page(page.encode(encoding)) == page


@pytest.mark.parametrize("declared", ["idna", "zlib", "unicode_escape", "utf-7", "no-such", "utf-16", "x" * 100])
def test_a_declaration_that_makes_no_sense_is_not_followed(declared: str) -> None:
    page = f'<html><head><meta charset="{declared}"></head><body>{FRENCH}</body></html>'
    assert decode_page(page.encode("cp1252")) == page

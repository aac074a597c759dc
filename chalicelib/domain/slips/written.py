"""How Vietnamese slips write moments, limits and sums."""

from datetime import datetime, tzinfo
from typing import Final

DIGITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
GROUPS: Final = ("", "nghìn", "triệu", "tỷ", "nghìn tỷ", "triệu tỷ")
TEN: Final = 10
FIVE: Final = 5


def moment(at: datetime, zone: tzinfo) -> str:
    """`16 giờ 05 phút, ngày 09/10/2026`."""
    local = at.astimezone(zone)
    return f"{local:%H} giờ {local:%M} phút, ngày {local:%d/%m/%Y}"


def short(at: datetime | None, zone: tzinfo) -> str:
    """`16:05 09/10/2026`, for a table; empty for what has not happened."""
    return f"{at.astimezone(zone):%H:%M %d/%m/%Y}" if at else ""


def day(at: datetime, zone: tzinfo) -> str:
    """`ngày 09 tháng 10 năm 2026`."""
    local = at.astimezone(zone)
    return f"ngày {local:%d} tháng {local:%m} năm {local:%Y}"


def money(amount: int) -> str:
    """`1.250.000 đồng`."""
    return f"{amount:,} đồng".replace(",", ".")


def in_words(amount: int) -> str:
    """A sum from 0 in words, as a receipt must have it: `Một triệu hai trăm nghìn đồng`."""
    groups = []
    rest, place = amount, 0
    while rest:
        rest, group = divmod(rest, 1000)
        if group:
            groups.append(f"{_group(group, leads=not rest)} {GROUPS[place]}".rstrip())
        place += 1
    text = " ".join(reversed(groups)) or DIGITS[0]
    return f"{text[0].upper()}{text[1:]} đồng"


def _group(number: int, *, leads: bool) -> str:
    """Up to three digits; inside a number the hundreds are read even where there are none."""
    hundreds, rest = divmod(number, 100)
    words = [] if leads and not hundreds else [DIGITS[hundreds], "trăm"]
    tens, ones = divmod(rest, TEN)
    if tens:
        words += ["mười"] if tens == 1 else [DIGITS[tens], "mươi"]
    elif ones and words:
        words.append("linh")
    if ones:
        words.append(_ones(tens, ones))
    return " ".join(words)


def _ones(tens: int, ones: int) -> str:
    """One and five change their sound behind a ten."""
    if ones == 1 and tens > 1:
        return "mốt"
    return "lăm" if ones == FIVE and tens else DIGITS[ones]

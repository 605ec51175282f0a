"""Opening hours as people write them, in Spanish or English, brought into OpenStreetMap's syntax.
Pure.

`Lu-Vi 9:00-23:00; Sa 10-14; domingo cerrado` and `weekdays 9am to 5.30pm, closed on holidays` are
read; what is not understood is refused as before."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from ugc.places.rules.written import normal_hours

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_NAMES = {
    "Mo": "mo mon monday mondays lu lun lunes l",
    "Tu": "tu tue tues tuesday tuesdays ma mar martes m",
    "We": "we wed weds wednesday wednesdays mi mie mier miercoles x",
    "Th": "th thu thur thurs thursday thursdays ju jue juev jueves j",
    "Fr": "fr fri friday fridays vi vie vier viernes v",
    "Sa": "sa sat saturday saturdays sab sabado sabados s",
    "Su": "su sun sunday sundays do dom domingo domingos d",
    "Mo-Fr": "weekday weekdays laborable laborables",
    "Sa-Su": "weekend weekends finde",
    "Mo-Su": "daily diario diariamente",
    "PH": "ph holiday holidays festivo festivos feriado feriados",
    "off": "off closed cerrado cerrada cierra cerramos",
    "-": "a al hasta to until till through",
    ",": "y e and &",
    "": "de del desde las la los el en por dias from the on at open abierto abierta h hs hrs hora"
    " horas hour hours public bank",
}
_WORDS = {word: code for code, words in _NAMES.items() for word in words.split()}
# Said in several words, before these are taken one by one.
_PHRASES = {
    r"fin(?:es)? de semana": "weekend",
    r"(?:todos los dias|todo los dias|cada dia|every day|7 days|7 dias)": "daily",
    r"(?:siempre abierto|always open|around the clock|24/7)": "daily 00:00-24:00",
    r"24 ?(?:h|hrs?|horas|hours)\b(?: al dia| a day)?": "00:00-24:00",
    r"(?:medianoche|midnight)": "24:00",
    r"(?:mediodia|noon|midday)": "12:00",
    r"(?<=\d)\s*([ap])\.?\s?m\b\.?": r"\1m",
}
_TOKEN = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d\d))?(?:\s?(?:h|hs|hrs)\b)?(?P<half>am|pm)?"
    r"|(?P<word>[^\W\d_]+|&)|(?P<mark>[-,;:+\n])|(?P<blank>[\s.]+)|(?P<other>.)",
    re.DOTALL,
)


def read_hours(text: str) -> str:
    """Opening hours in OpenStreetMap's syntax, tidied; written so, or in plain Spanish or English.
    Raises ValueError when they are neither."""
    try:
        return normal_hours(text)
    except ValueError:
        return normal_hours(from_words(text))


def from_words(text: str) -> str:
    """Raises ValueError for a word that is none of a day, a time or an hour's."""
    rules: list[str] = []
    days: list[str] = []  # days and the signs between them
    times: list[str] = []  # times and the signs between them, or `off`
    for kind, code in [*_tokens(text), ("end", "")]:
        is_led = kind == "day" and times == ["off"] and not days  # "closed on Sundays"
        if kind in ("end", "day") and times and times[-1] != "-" and not is_led:
            # A day after times begins another rule.
            rules.append(_rule(days, times))
            days, times = [], []
        if kind == "day":
            days.append(code)
        elif kind == "time":
            times.append(code)
        elif kind == "sign" and code and (times or days):
            (days if _says_closed_days(days, times) else times or days).append(code)
    if not rules or days or times or (len(rules) > 1 and "off" in rules):
        raise ValueError(text)
    return "; ".join(rules)


def _says_closed_days(days: list[str], times: list[str]) -> bool:
    """Whether days that follow `closed` are being said."""
    return times == ["off"] and bool(days)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """(kind, code): a day, a time, a sign between two of them, or an end of a rule. Raises
    ValueError."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    plain = re.sub("[–—−]", "-", plain)
    for phrase, words in _PHRASES.items():
        plain = re.sub(phrase, words, plain)
    for found in _TOKEN.finditer(plain):
        if found["hour"]:
            yield "time", _time(found["hour"], found["minute"], found["half"])
        elif found["word"]:
            yield _word(found["word"])
        elif found["mark"] in (";", "\n"):
            yield "end", ""
        elif found["mark"] in ("-", ","):
            yield "sign", found["mark"]
        elif found["other"] or found["mark"] == "+":
            raise ValueError(text)


def _word(word: str) -> tuple[str, str]:
    code = _WORDS.get(word)
    if code is None:
        raise ValueError(word)
    if code == "off":
        return "time", "off"
    return ("sign", code) if code in ("-", ",", "") else ("day", code)


def _time(hour: str, minute: str | None, half: str | None) -> str:
    number = int(hour)
    if half and not 1 <= number <= 12:
        raise ValueError(hour)
    if half:
        number = number % 12 + 12 * (half == "pm")
    if number > 24 or int(minute or 0) > 59:
        raise ValueError(hour)
    return f"{number:02}:{minute or '00'}"


def _rule(days: list[str], times: list[str]) -> str:
    """`Mo-Fr 09:00-14:00,17:00-20:00`. Raises ValueError for a time without an end."""
    said = _spans(times)
    where = "".join(days).strip(",-")
    if "--" in where or ",," in where:
        raise ValueError(where)
    # Days beside each other without a sign are days of a list.
    where = re.sub(r"(?<=[a-zA-Z])(?=(?:Mo|Tu|We|Th|Fr|Sa|Su|PH))(?<!P)", ",", where)
    return f"{where} {said}".strip()


def _spans(times: list[str]) -> str:
    if "off" in times:
        if len([each for each in times if each not in ("-", ",")]) > 1:
            raise ValueError("off")
        return "off"
    hours = [each for each in times if each not in ("-", ",")]
    signs = [each for each in times if each in ("-", ",")]
    # Two and two: from, to.
    if len(hours) % 2 or signs.count("-") != len(hours) // 2:
        raise ValueError(" ".join(times))
    spans = list(zip(hours[::2], hours[1::2], strict=True))
    for start, end in spans:
        # `9-5`: until five in the morning, or in the afternoon?
        if end < start <= "12:00" and start >= "05:00":
            raise ValueError(f"{start}-{end}")
    return ",".join(f"{start}-{end}" for start, end in spans)

"""Recurrence rules of iCalendar: their faults, their meaning in English, and rules from cron.

Source: RFC 5545, section 3.3.10. A rule is read in UTC, as the API does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from devinops.model.suggest import nearest

_DAYS: Final = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_UNITS: Final = {
    "MINUTELY": "minute",
    "HOURLY": "hour",
    "DAILY": "day",
    "WEEKLY": "week",
    "MONTHLY": "month",
}
_FREQUENCIES: Final = ("SECONDLY", *_UNITS, "YEARLY")
_ORDINALS: Final = {"1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last"}
_TIME: Final = "[0-9]{8}(T[0-9]{6}Z?)?"
_START: Final = rf"DTSTART(;TZID=[\w/+-]+)?:{_TIME}"
_MOST_TIMES: Final = 6
"""Maximum times of a day that are listed in words."""


# --- faults ---------------------------------------------------------------------------------------


def problem(rule: str) -> str:
    """Return the first fault in the syntax of a rule; empty if there is none."""
    lines = rule.split()
    if len(lines) == 2 and re.fullmatch(_START, lines[0]):
        start = lines[0].rpartition(":")[2]
        if not _is_time(start):
            return f"DTSTART:{start}: there is no such date or time"
        lines = lines[1:]
    if len(lines) != 1:
        return "expected one rule such as FREQ=DAILY;BYHOUR=9;BYMINUTE=0"
    parts: dict[str, str] = {}
    for part in _bare(lines[0]).split(";"):
        name, equals, value = part.partition("=")
        if not equals:
            return f'"{part}" is not NAME=VALUE'
        if name in parts:
            return f"{name} appears twice"
        if wrong := _wrong_part(name, value):
            return wrong
        parts[name] = value
    return _wrong_together(parts)


def _bare(rule: str) -> str:
    return rule.strip().upper().removeprefix("RRULE:")


def _wrong_part(name: str, value: str) -> str:
    if name not in _PARTS:
        similar = nearest(name, _PARTS)
        hint = f'did you mean "{similar}"?' if similar else f"expected one of {', '.join(_PARTS)}"
        return f'"{name}" is not a part of a rule; {hint}'
    form, fits = _PARTS[name]
    return "" if fits(value) else f"{name}={value}: expected {form}"


def _wrong_together(parts: Mapping[str, str]) -> str:
    if "FREQ" not in parts:
        return f"FREQ is missing: add FREQ=DAILY, or another of {', '.join(_FREQUENCIES)}"
    if "COUNT" in parts and "UNTIL" in parts:
        return "COUNT and UNTIL cannot be used together: keep one of them"
    numbered = re.search(r"\d", parts.get("BYDAY", ""))
    if numbered and parts["FREQ"] not in ("MONTHLY", "YEARLY"):
        return "BYDAY takes a number before a day only with FREQ=MONTHLY or FREQ=YEARLY"
    return ""


def _numbers(low: int, high: int, *, signed: bool = False) -> tuple[str, Callable[[str], bool]]:
    """Return the description of a list of numbers, and the check of a text."""

    def fits(text: str) -> bool:
        sign = "[+-]?" if signed else ""
        matches = (re.fullmatch(rf"{sign}([0-9]{{1,3}})", part) for part in text.split(","))
        return all(match and low <= int(match[1]) <= high for match in matches)

    from_the_end = f", or -{low} to -{high} from the end" if signed else ""
    return f"numbers from {low} to {high}{from_the_end}", fits


def _matches(expected: str, pattern: str) -> tuple[str, Callable[[str], bool]]:
    return expected, lambda text: re.fullmatch(pattern, text) is not None


def _is_time(text: str) -> bool:
    """Return whether the text is a date, or a date and time, that exists."""
    if not re.fullmatch(_TIME, text):
        return False
    try:
        datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")
    except ValueError:
        return False
    return True


_DAY: Final = "|".join(_DAYS)
_POSITIVE: Final = _matches("a whole number, 1 or more", "0*[1-9][0-9]{0,5}")
_PARTS: Final[Mapping[str, tuple[str, Callable[[str], bool]]]] = {
    "FREQ": _matches(f"one of {', '.join(_FREQUENCIES)}", "|".join(_FREQUENCIES)),
    "INTERVAL": _POSITIVE,
    "COUNT": _POSITIVE,
    "UNTIL": ("a date and time that exist, such as 20271231T235959Z", _is_time),
    "BYSECOND": _numbers(0, 60),
    "BYMINUTE": _numbers(0, 59),
    "BYHOUR": _numbers(0, 23),
    "BYDAY": _matches(
        f"days such as {', '.join(_DAYS)}",
        rf"([+-]?[1-5]?[0-9])?({_DAY})(,([+-]?[1-5]?[0-9])?({_DAY}))*",
    ),
    "BYMONTHDAY": _numbers(1, 31, signed=True),
    "BYYEARDAY": _numbers(1, 366, signed=True),
    "BYWEEKNO": _numbers(1, 53, signed=True),
    "BYMONTH": _numbers(1, 12),
    "BYSETPOS": _numbers(1, 366, signed=True),
    "WKST": _matches(f"one of {', '.join(_DAYS)}", _DAY),
}


# --- in words -------------------------------------------------------------------------------------


def words(rule: str) -> str:
    """Return when a rule fires, such as `every week on Monday at 09:30 UTC`; empty if not simple.

    Inexact words are worse than none, so a rule with any unknown part gives an empty text.
    """
    if problem(rule) or len(rule.split()) != 1:
        return ""
    parts = dict(part.split("=") for part in _bare(rule).split(";"))
    interval = int(parts.pop("INTERVAL", "1"))
    unit = _unit(interval, parts)
    if unit is None:
        return ""
    days, times, end = _days(unit, interval, parts), _times(unit, parts), _end(parts)
    if None in (days, times, end) or parts:
        return ""
    period = "week" if unit == "day" and days else unit
    every = f"every {period}" if interval == 1 else f"every {interval} {period}s"
    return f"{every}{days}{times}{end}"


def _unit(interval: int, parts: dict[str, str]) -> str | None:
    """Remove the frequency from `parts` and return its unit; None if it is not simple.

    Also removes the parts that make no difference: the second 0, and a first day of the week that
    is the usual one or of no consequence.
    """
    if parts.get("WKST") == "MO" or interval == 1:
        parts.pop("WKST", None)
    unit, second = _UNITS.get(parts.pop("FREQ")), parts.pop("BYSECOND", "0")
    return unit if second in ("0", "00") else None


def _days(unit: str, interval: int, parts: dict[str, str]) -> str | None:
    """Remove the days from `parts` and return them in words; None if they are not simple."""
    by_day, by_month_day = parts.pop("BYDAY", ""), parts.pop("BYMONTHDAY", "")
    if by_day and by_month_day:
        return None
    if by_day and unit == "month":
        return _ordinal_days(by_day.split(","))
    if by_day:
        return _week_days(unit, interval, by_day.split(","))
    return _month_days(unit, by_month_day.split(",")) if by_month_day else ""


def _month_days(unit: str, numbers: list[str]) -> str | None:
    if unit != "month" or not all(number.isdecimal() for number in numbers):
        return None
    days = [str(number) for number in sorted({int(number) for number in numbers})]
    return f" on day {_listed(days)}" if len(days) == 1 else f" on days {_listed(days)}"


def _ordinal_days(days: list[str]) -> str | None:
    named = [_ordinal_day(day) for day in days]
    return f" on the {_listed(named)}" if all(named) else None


def _ordinal_day(day: str) -> str:
    ordinal = _ORDINALS.get(day[:-2].removeprefix("+"))
    return f"{ordinal} {_DAYS[day[-2:]]}" if ordinal else ""


def _week_days(unit: str, interval: int, days: list[str]) -> str | None:
    weekly = unit == "week" or (unit == "day" and interval == 1)
    if not weekly or not all(day in _DAYS for day in days):
        return None
    return f" on {_listed([name for day, name in _DAYS.items() if day in days])}"


def _times(unit: str, parts: dict[str, str]) -> str | None:
    """Remove the times from `parts` and return them in words; None if they are not simple."""
    hours, minutes = (_sorted(parts.pop(name, "")) for name in ("BYHOUR", "BYMINUTE"))
    if not hours and not minutes:
        return ""
    if unit == "minute":
        return None
    if unit == "hour":
        return None if hours else f" at minute {_listed(list(map(str, minutes)))}"
    return _times_of_day(hours, minutes)


def _times_of_day(hours: list[int], minutes: list[int]) -> str | None:
    times = [f"{hour:02}:{minute:02}" for hour in hours for minute in minutes]
    return f" at {_listed(times)} UTC" if 0 < len(times) <= _MOST_TIMES else None


def _sorted(text: str) -> list[int]:
    return sorted({int(number) for number in text.split(",") if number})


def _end(parts: dict[str, str]) -> str | None:
    """Remove the end from `parts` and return it in words; None if it is not a time in UTC."""
    count, until = parts.pop("COUNT", ""), parts.pop("UNTIL", "")
    if count:
        return ", once" if int(count) == 1 else f", {int(count)} times"
    if not until:
        return ""
    date = f"{until[:4]}-{until[4:6]}-{until[6:8]}"
    if len(until) == len("20270101"):
        return f", until {date}"
    return f", until {date} {until[9:11]}:{until[11:13]} UTC" if until.endswith("Z") else None


def _listed(names: list[str]) -> str:
    """Return names as a list in a sentence, such as `a, b and c`."""
    *front, last = names
    return f"{', '.join(front)} and {last}" if front else last

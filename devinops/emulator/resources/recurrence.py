"""Recurrence rules of iCalendar (RRULE), read in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import cast

from dateutil.rrule import rrule, rrulestr

_UTC = re.compile(r"(UNTIL=\d{8}T\d{6})Z")
_COUNT = re.compile(r";COUNT=\d+|COUNT=\d+;")
_FINE = re.compile(r"FREQ=(SECONDLY|MINUTELY|HOURLY)")
_DATE = re.compile(r"BY(MONTH|MONTHDAY|YEARDAY|WEEKNO)=")


def check(rule: str) -> None:
    """Raise ValueError for text that is not a rule."""
    try:
        _parsed(rule, datetime(2026, 1, 1))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(str(error)) from None


def next_time(rule: str, now: int) -> int | None:
    """Return the first time after `now` that fits a rule, in Unix seconds; None without one.

    An interval is counted from `now`: with one of several days, this is the earliest possible time.
    A number of repetitions is not counted.
    """
    if _FINE.search(rule) and _DATE.search(rule):
        return None  # every second to the end of time would be tried if no date fits
    start = datetime.fromtimestamp(now, UTC).replace(second=0, tzinfo=None)
    time = _parsed(rule, start).after(start)
    return int(time.replace(tzinfo=UTC).timestamp()) if time is not None else None


def _parsed(rule: str, start: datetime) -> rrule:
    lines = [line for line in rule.split() if "FREQ=" in line]
    if len(lines) != 1:
        raise ValueError("expected one RRULE")
    text = _COUNT.sub("", _UTC.sub(r"\1", lines[0]))
    if "BYMONTH=" in text and "BYMONTHDAY=" in text:
        # The same days, in steps of a year instead of a day.
        text = text.replace("FREQ=DAILY", "FREQ=YEARLY")
    return cast("rrule", rrulestr(text, dtstart=start))

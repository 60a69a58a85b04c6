"""Recurrence rules: what is wrong with one, and what it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.kinds._recurrence import problem, words

WRONG = {
    "": "expected one rule such as FREQ=DAILY;BYHOUR=9;BYMINUTE=0",
    "daily": '"DAILY" is not NAME=VALUE',
    "FREQ=DAILY;": '"" is not NAME=VALUE',
    "BYHOUR=9": "FREQ is missing",
    "FREQ=DAYLY": "FREQ=DAYLY: expected one of SECONDLY",
    "FREQ=DAILY;BYHOURS=9": '"BYHOURS" is not a part of a rule; did you mean "BYHOUR"?',
    "FREQ=DAILY;COLOUR=9": '"COLOUR" is not a part of a rule; expected one of FREQ',
    "FREQ=DAILY;BYHOUR=24": "BYHOUR=24: expected numbers from 0 to 23",
    "FREQ=DAILY;BYMINUTE=60": "BYMINUTE=60: expected numbers from 0 to 59",
    "FREQ=DAILY;BYHOUR=9,": "BYHOUR=9,: expected numbers from 0 to 23",
    "FREQ=MONTHLY;BYMONTHDAY=0": "expected numbers from 1 to 31, or -1 to -31 from the end",
    "FREQ=DAILY;INTERVAL=0": "INTERVAL=0: expected a whole number, 1 or more",
    "FREQ=WEEKLY;BYDAY=XX": "BYDAY=XX: expected days such as MO",
    "FREQ=WEEKLY;BYDAY=1MO": "BYDAY takes a number before a day only with FREQ=MONTHLY",
    "FREQ=DAILY;UNTIL=tomorrow": "UNTIL=TOMORROW: expected a date and time",
    "FREQ=DAILY;UNTIL=20270231": "UNTIL=20270231: expected a date and time that exist",
    "FREQ=DAILY;UNTIL=20271231T250000Z": "expected a date and time that exist",
    "FREQ=DAILY;UNTIL=00000101": "expected a date and time that exist",
    "DTSTART:20270231T090000Z FREQ=DAILY": "DTSTART:20270231T090000Z: there is no such date",
    "FREQ=DAILY;COUNT=2;UNTIL=20270101": "COUNT and UNTIL cannot be used together",
    "FREQ=DAILY;FREQ=DAILY": "FREQ appears twice",
    "FREQ=DAILY FREQ=WEEKLY": "expected one rule",
    "DTSTART:yesterday FREQ=DAILY": "expected one rule",
}


@pytest.mark.parametrize("rule", WRONG)
def test_what_is_wrong_is_reported(rule: str) -> None:
    assert WRONG[rule] in problem(rule)
    assert words(rule) == ""


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "RRULE:FREQ=DAILY;BYHOUR=9;BYMINUTE=0",
        "freq=weekly;byday=mo",
        "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=-1;BYSETPOS=1;WKST=SU",
        "FREQ=MONTHLY;BYDAY=-1FR,+2MO",
        "DTSTART;TZID=Europe/Berlin:20270101T090000\nRRULE:FREQ=DAILY",
        "DTSTART:20270101T090000Z\nFREQ=DAILY",
    ],
)
def test_rules_of_the_standard_are_accepted(rule: str) -> None:
    assert problem(rule) == ""


WORDS = {
    "FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=9;BYMINUTE=30": "every week on Monday and Wednesday at 09:30 UTC",
    "RRULE:FREQ=DAILY;BYHOUR=3;BYMINUTE=0;BYSECOND=0": "every day at 03:00 UTC",
    "FREQ=DAILY;BYHOUR=17,9;BYMINUTE=0": "every day at 09:00 and 17:00 UTC",
    "FREQ=DAILY;BYDAY=FR,MO": "every week on Monday and Friday",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU": "every 2 weeks on Tuesday",
    "FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=9;BYMINUTE=0": "every month on day 1 at 09:00 UTC",
    "FREQ=MONTHLY;BYMONTHDAY=15,1": "every month on days 1 and 15",
    "FREQ=MONTHLY;BYDAY=1MO,-1FR": "every month on the first Monday and last Friday",
    "FREQ=HOURLY;BYMINUTE=0,30": "every hour at minute 0 and 30",
    "FREQ=HOURLY;INTERVAL=4": "every 4 hours",
    "FREQ=MINUTELY;INTERVAL=15": "every 15 minutes",
    "FREQ=DAILY;COUNT=3": "every day, 3 times",
    "FREQ=DAILY;COUNT=1": "every day, once",
    "FREQ=DAILY;UNTIL=20271231": "every day, until 2027-12-31",
    "FREQ=DAILY;UNTIL=20271231T170000Z": "every day, until 2027-12-31 17:00 UTC",
    "FREQ=WEEKLY;INTERVAL=1;WKST=SU;BYDAY=MO": "every week on Monday",
}


@pytest.mark.parametrize("rule", WORDS)
def test_a_simple_rule_in_words(rule: str) -> None:
    assert words(rule) == WORDS[rule]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=YEARLY",
        "FREQ=DAILY;BYHOUR=9",  # at which minute depends on when it was made
        "FREQ=DAILY;BYMINUTE=30",
        "FREQ=DAILY;BYSECOND=30;BYHOUR=9;BYMINUTE=0",
        "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
        "FREQ=DAILY;BYMONTH=1",
        "FREQ=DAILY;BYMONTHDAY=1",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU",
        "FREQ=MONTHLY;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=5MO",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=1",
        "FREQ=HOURLY;BYHOUR=9",
        "FREQ=MINUTELY;BYHOUR=9",
        "FREQ=DAILY;UNTIL=20271231T170000",
        "FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7;BYMINUTE=0",
        "DTSTART:20270101T090000Z\nFREQ=DAILY",
    ],
)
def test_what_is_not_simple_has_no_words(rule: str) -> None:
    assert (problem(rule), words(rule)) == ("", "")


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    assert isinstance(problem(text) + words(text), str)

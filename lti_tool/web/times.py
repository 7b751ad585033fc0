"""Moments as words: "2:14 pm", "Mar 4, 2:14 pm", "3 days".

The server writes times in the series' own zone; ``static/js/times.js`` rewrites them in the reader's.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, current_app
from markupsafe import Markup

_SERIES_ZONE: Final = "America/Chicago"
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def find_zone(name: str = _SERIES_ZONE) -> tzinfo:
    """The named time zone, or UTC on a machine that carries no zone data."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return UTC


def write_clock(moment: datetime, zone: tzinfo) -> str:
    """A time of day: "2:14 pm"."""
    local = moment.astimezone(zone)
    suffix = " UTC" if zone is UTC else ""
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}{suffix}"


def write_day(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """A day: "Mar 4", with its year when that is not the present one."""
    local = moment.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f", {local.year}"
    return f"{local:%b} {local.day}{year}"


def write_moment(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """A day and a time: "Mar 4, 2:14 pm"."""
    return f"{write_day(moment, now, zone)}, {write_clock(moment, zone)}"


def write_when(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """When something happened, inside a sentence: "at 2:14 pm" today, else "on Mar 4 at 2:14 pm"."""
    if moment.astimezone(zone).date() == now.astimezone(zone).date():
        return f"at {write_clock(moment, zone)}"
    return f"on {write_day(moment, now, zone)} at {write_clock(moment, zone)}"


def write_stamp(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """When something was saved, as short as can be: "2:14 pm" today, else "Mar 4, 2:14 pm"."""
    if moment.astimezone(zone).date() == now.astimezone(zone).date():
        return write_clock(moment, zone)
    return write_moment(moment, now, zone)


def write_duration(length: timedelta) -> str:
    """About how long, in one unit: "less than a minute", "5 minutes", "2 hours", "3 days"."""
    minutes = int(length.total_seconds() // 60)
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def write_date(day: str) -> str:
    """A day written out, from "2026-11-03": "November 3, 2026". What is no such day stays as it is."""
    try:
        parsed = date.fromisoformat(day)
    except ValueError:
        return day
    return f"{_MONTHS[parsed.month - 1]} {parsed.day}, {parsed.year}"


def mark_moment(moment: datetime, now: datetime) -> Markup:
    """A moment as ``<time>``: "Mar 4, 2:14 pm", to be rewritten in the reader's own zone."""
    return _mark(moment, write_moment(moment, now, find_zone()), "moment")


def install_time_filters(app: Flask) -> None:
    """Give templates ``clock``, ``day``, ``moment``, ``when`` and ``stamp`` (a ``<time>``), and words for others.

    These are ``since`` and ``duration`` for lengths of time, and ``date`` for a day of the content.
    """
    zone = find_zone()

    def now() -> datetime:
        moment: datetime = current_app.extensions["lti_tool"].clock()
        return moment

    app.add_template_filter(lambda moment: _mark(moment, write_clock(moment, zone), "clock"), "clock")
    app.add_template_filter(lambda moment: _mark(moment, write_day(moment, now(), zone), "day"), "day")
    app.add_template_filter(lambda moment: mark_moment(moment, now()), "moment")
    app.add_template_filter(lambda moment: _mark(moment, write_when(moment, now(), zone), "when"), "when")
    app.add_template_filter(lambda moment: _mark(moment, write_stamp(moment, now(), zone), "stamp"), "stamp")
    app.add_template_filter(lambda moment: write_duration(now() - moment), "since")
    app.add_template_filter(write_duration, "duration")
    app.add_template_filter(write_date, "date")


def _mark(moment: datetime, words: str, show: str) -> Markup:
    return Markup('<time datetime="{}" data-show="{}">{}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="seconds"), show, words
    )

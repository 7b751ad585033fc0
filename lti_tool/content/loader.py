"""A folder of Markdown and YAML to one frozen ``Series``, or to every problem in it with file and line."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from lti_tool.content.plain_words import explain_error
from lti_tool.content.problems import ContentError, Problem, sort_problems
from lti_tool.content.schema import Series
from lti_tool.content.series_files import SeriesData, read_series_data
from lti_tool.content.structure_checks import check_structure
from lti_tool.content.teaching_checks import check_teaching

__all__ = [
    "ContentError",
    "Examined",
    "Problem",
    "default_series_folder",
    "examine_series",
    "find_problems",
    "load_series",
]


@dataclass(frozen=True, slots=True)
class Examined:
    """A series as its authors look at it: ``series`` is None where ``problems`` keep the tool from using it.

    Otherwise ``problems`` are advice, which stops nothing.
    """

    series: Series | None
    problems: tuple[Problem, ...]


def default_series_folder() -> Path:
    """The folder of the series that ships with the tool."""
    return Path(__file__).parent / "leading_edge"


def load_series(folder: Path) -> Series:
    """Read the series in ``folder``; its texts are rendered here, once.

    Raises:
        ContentError: it cannot be used as it is; all that was found is listed. What is only advice to its authors
            (a text too long, an outcome not practised) does not stop it: ``find_problems`` tells that too.
    """
    series, _ = _load(folder)
    return series


def find_problems(folder: Path) -> tuple[Problem, ...]:
    """Everything to mend in the series in ``folder``, by file and line; empty when there is nothing."""
    return examine_series(folder).problems


def examine_series(folder: Path) -> Examined:
    """The series in ``folder`` with everything to mend in it; never raises for what its files hold."""
    try:
        series, data = _load(folder)
    except ContentError as error:
        return Examined(None, error.problems)
    return Examined(series, sort_problems([*data.advice, *check_teaching(series, data.places)]))


def _load(folder: Path) -> tuple[Series, SeriesData]:
    data = read_series_data(folder)
    try:
        series = Series.model_validate(data.value)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            place = data.places.find(details["loc"])
            # Naming the gaps that an unreadable file leaves would bury the one thing to mend.
            if place.file not in data.unreadable:
                data.problems.append(place.report(explain_error(details)))
        raise ContentError(data.problems) from None
    # What an unreadable file leaves out is missing everywhere; that would be told by every plan that builds on it.
    problems = [*data.problems, *(() if data.unreadable else check_structure(series, data.places))]
    if problems:
        raise ContentError(problems)
    return series, data

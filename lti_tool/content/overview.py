"""A series in a few lines for its authors: what each open module asks of a learner's time."""

from collections.abc import Iterator

from lti_tool.content.effort import estimate_core_minutes
from lti_tool.content.schema import Module, Series


def describe_effort(series: Series) -> Iterator[str]:
    """One line for each open module: the minutes of its plan's required questions, and the words of its readings."""
    for module in series.modules:
        if module.is_open:
            yield f"{module.key}: {_describe_plan(module)}; {_describe_readings(module)}"


def _describe_plan(module: Module) -> str:
    if module.worksheet is None:
        return "no plan"
    target = module.worksheet.target_minutes
    minutes = f"about {estimate_core_minutes(module.worksheet)} minutes"
    return f"“{module.worksheet.title}” {minutes}" + (f" (target {target})" if target is not None else "")


def _describe_readings(module: Module) -> str:
    count, words = len(module.readings), sum(reading.words for reading in module.readings)
    return f"{count} reading{'' if count == 1 else 's'}, {words:,} words"

"""What a worksheet takes from the worksheets of other modules: carried fields, picks and comparisons."""

from collections.abc import Iterator

from lti_tool.content.questions import list_places
from lti_tool.content.schema import FieldSource, PickSource, Series, Worksheet, WorksheetField


def make_address(source: FieldSource | PickSource) -> str:
    """The name of a field of another module's worksheet ("visioning.mission_statement"), or "" for one of its own."""
    return f"{source.module}.{source.field}" if source.module else ""


def list_sources(worksheet: Worksheet) -> tuple[FieldSource, ...]:
    """Every field of other worksheets that ``worksheet`` builds on, once each, in the order of the page."""
    found: dict[str, FieldSource] = {}
    for place in list_places(worksheet):
        for source in list_field_sources(place.field):
            found.setdefault(make_address(source), source)
    return tuple(found.values())


def list_columns_used(worksheet: Worksheet, address: str) -> tuple[str, ...]:
    """The columns of a source that ``worksheet`` shows or picks by; none named means all of them."""
    used: dict[str, None] = {}
    for field in (place.field for place in list_places(worksheet)):
        sources = (field.source, field.compute.source if field.compute is not None else None)
        if any(source is not None and make_address(source) == address for source in sources):
            if not field.columns_shown:
                return ()
            used.update(dict.fromkeys(field.columns_shown))
        picks = (leaf.pick for leaf in field.leaves if leaf.pick is not None)
        used.update({pick.column: None for pick in picks if make_address(pick) == address})
    return tuple(used)


def find_source_field(series: Series, source: FieldSource) -> WorksheetField | None:
    """The field that ``source`` names, or None."""
    module = series.find_module(source.module)
    if module is None or module.worksheet is None:
        return None
    return next(
        (field for part in module.worksheet.parts for field in part.fields if field.key == source.field),
        None,
    )


def list_field_sources(field: WorksheetField) -> Iterator[FieldSource]:
    """What one field (no group) takes from other worksheets."""
    if field.source is not None:
        yield field.source
    if field.compute is not None and field.compute.source is not None:
        yield field.compute.source
    for leaf in field.leaves:
        if leaf.pick is not None and leaf.pick.module is not None:
            yield FieldSource(module=leaf.pick.module, field=leaf.pick.field)

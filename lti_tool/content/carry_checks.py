"""What must hold between worksheets, and for what is worked out from them: every source is there and fits.

A plan may build on other plans by carried fields, picks and comparisons. What is private stays with its author, and no
plan builds on itself by way of another.
"""

from collections.abc import Iterator

from lti_tool.content.findings import Finding, PlacedField, is_all_private, list_fields, list_leaves
from lti_tool.content.problems import Path
from lti_tool.content.schema import (
    Column,
    Compute,
    ComputeKind,
    FieldType,
    Leaf,
    Module,
    PickSource,
    Series,
    WorksheetField,
)
from lti_tool.content.sources import list_sources

# A copy of another plan keeps the words of an answer, so a pick or a choice names a row there as well as a text does.
# Rows of the same worksheet are named by what is stored, which only for a text are words.
NAMES_A_ROW_HERE = frozenset({"text", "prose"})
NAMES_A_ROW = NAMES_A_ROW_HERE | {"pick", "choice"}
_RATING = (1, 5)
_KINDS = {FieldType.CARRIED: "carried", FieldType.COMPUTED: "worked out"}


def check_carrying(series: Series) -> Iterator[Finding]:
    """Every source that is missing or does not fit, in all worksheets of ``series``."""
    for index, module in enumerate(series.modules):
        if module.worksheet is None:
            continue
        placed_fields = tuple(list_fields(module.worksheet, ("modules", index, "worksheet")))
        checker = _Checker(series, module, {placed.address: placed for placed in placed_fields})
        for placed in placed_fields:
            yield from checker.check(placed)


class _Checker:
    """Looks at the fields of one worksheet with all the others in reach."""

    def __init__(self, series: Series, module: Module, own: dict[str, PlacedField]) -> None:
        self._series = series
        self._module = module
        self._own = own
        self._ways = {
            item.key: {source.module for source in list_sources(item.worksheet)} if item.worksheet else set()
            for item in series.modules
        }

    def check(self, placed: PlacedField) -> Iterator[Finding]:
        """Everything wrong with what ``placed`` takes from elsewhere."""
        field = placed.field
        if field.source is not None:
            yield from self._check_carried(placed, field.source.module, field.source.field)
        if field.compute is not None:
            yield from self._check_compute(placed, field.compute)
        for leaf, place in list_leaves(field, placed.place):
            if leaf.pick is not None and leaf.pick.module is not None:
                yield from self._check_pick((*place, "pick"), leaf.pick, leaf.pick.module, placed)
        if field.one_row_for is not None:
            yield from _check_one_row_for(placed, field.one_row_for)

    def _find(self, module_key: str, key: str) -> WorksheetField | str:
        """A field of another worksheet, or a sentence on what is wrong with its name."""
        module = self._series.find_module(module_key)
        if module_key == self._module.key:
            return f"“{module_key}” is this module itself; name another one"
        if module is None:
            return f"there is no module “{module_key}”"
        if module.worksheet is None:
            return f"the module “{module_key}” has no worksheet to take anything from"
        places = {placed.address: placed.field for placed in list_fields(module.worksheet, ())}
        if key not in places:
            hint = "; name the group it is in" if any(name.endswith(f".{key}") for name in places) else ""
            return f"the worksheet of “{module_key}” has no field “{key}”{hint}"
        if self._module.key in self._list_reached(module_key):
            return f"this plan builds on “{module.worksheet.title}”, which builds on this one; one of them comes first"
        return places[key]

    def _list_reached(self, key: str) -> set[str]:
        """The modules that the plan of ``key`` builds on, by way of others too."""
        reached: set[str] = set()
        waiting = [key]
        while waiting:
            for following in self._ways.get(waiting.pop(), set()) - reached:
                reached.add(following)
                waiting.append(following)
        return reached

    def _check_carried(self, placed: PlacedField, module_key: str, key: str) -> Iterator[Finding]:
        path = (*placed.place, "source")
        source = self._find(module_key, key)
        if isinstance(source, str):
            yield path, source
            return
        name = f"{module_key}.{key}"
        if source.type in _KINDS:
            yield path, f"“{name}” is {_KINDS[source.type]} itself; carry the field that it comes from"
        elif is_all_private(source) and not placed.is_private:
            yield path, f"“{name}” is private, so only a private field may carry it"
        known = {column.key for column in source.columns} | {
            column
            for inner in source.fields
            if not inner.private
            for column in (inner.key, *(column.key for column in inner.columns))
        }
        for index, column in enumerate(placed.field.columns_shown):
            if column not in known:
                what = f"has no column “{column}”" if known else "is no table, so it has no columns to choose from"
                yield (*placed.place, "columns_shown", index), f"“{name}” {what}"

    def _check_pick(self, path: Path, pick: PickSource, module_key: str, placed: PlacedField) -> Iterator[Finding]:
        source = self._find(module_key, pick.field)
        if isinstance(source, str):
            yield path, source
            return
        name = f"{module_key}.{pick.field}"
        if source.type is not FieldType.ROWS:
            yield path, f"a pick takes its options from rows, and “{name}” is not rows"
            return
        yield from check_row_name(path, source, pick.column, name, NAMES_A_ROW)
        if source.private and not placed.is_private:
            yield path, f"“{name}” is private, so its rows cannot be picked in a field others read"

    def _check_compute(self, placed: PlacedField, compute: Compute) -> Iterator[Finding]:
        path = (*placed.place, "compute")
        match compute.kind:
            case ComputeKind.QUADRANTS | ComputeKind.TOTAL:
                base = self._own.get(compute.rows or "")
                if base is None or base.field.type is not FieldType.ROWS:
                    yield (*path, "rows"), f"there are no rows “{compute.rows}” in this worksheet"
                    return
                yield from _check_compute_columns(path, base.field, compute)
            case ComputeKind.COMPARISON:
                base = self._own.get(compute.grid or "")
                if base is None or base.field.type is not FieldType.GRID:
                    yield (*path, "grid"), f"there is no grid “{compute.grid}” in this worksheet"
                    return
                yield from self._check_comparison(placed, compute, base.field)
            case _:
                return
        if base.is_private and not placed.is_private:
            yield path, f"“{base.address}” is private, so what is worked out from it must be private too"

    def _check_comparison(self, placed: PlacedField, compute: Compute, grid: WorksheetField) -> Iterator[Finding]:
        path = (*placed.place, "compute", "source")
        if compute.source is None:
            return
        source = self._find(compute.source.module, compute.source.field)
        if isinstance(source, str):
            yield path, source
            return
        name = f"{compute.source.module}.{compute.source.field}"
        if source.type is not FieldType.GRID:
            yield path, f"a grid is compared with a grid, and “{name}” is not one"
            return
        known = {row.key for row in source.grid_rows}
        for row in grid.grid_rows:
            if row.key not in known:
                yield path, f"“{name}” has no row “{row.key}” to compare with “{grid.key}”"
        if _describe_kind(source.columns[0]) != _describe_kind(grid.columns[0]):
            yield path, f"the first columns of “{name}” and “{grid.key}” ask for different kinds of answers"
        if source.private and not placed.is_private:
            yield path, f"“{name}” is private, so what is worked out from it must be private too"


def check_row_name(
    path: Path, rows: WorksheetField, column_key: str, name: str, kinds: frozenset[str]
) -> Iterator[Finding]:
    """Whether the rows of ``rows`` can be called by their column ``column_key``, which must be one of ``kinds``."""
    column = _find_column(rows, column_key)
    if column is None:
        yield path, f"“{name}” has no column “{column_key}”"
    elif column.type not in kinds:
        yield path, f"the column “{column_key}” of “{name}” is a {column.type}; options are named by a text"


def _check_compute_columns(path: Path, rows: WorksheetField, compute: Compute) -> Iterator[Finding]:
    if compute.kind is ComputeKind.TOTAL:
        column = _find_column(rows, compute.column)
        if column is None:
            yield (*path, "column"), f"“{rows.key}” has no column “{compute.column}”"
        elif column.type != "money":
            yield (*path, "column"), f"a total adds up amounts of money, and “{compute.column}” is a {column.type}"
        return
    yield from check_row_name((*path, "name"), rows, compute.name or "", rows.key, NAMES_A_ROW)
    for way in ("up", "across"):
        key = getattr(compute, way)
        column = _find_column(rows, key)
        if column is None:
            yield (*path, way), f"“{rows.key}” has no column “{key}”"
        elif column.type != "scale" or (column.lowest, column.highest) != _RATING:
            yield (*path, way), f"the four lists need a scale from 1 to 5, and “{key}” is something else"
    if compute.up == compute.across:
        yield (*path, "across"), "the four lists need two different scales"


def _check_one_row_for(placed: PlacedField, key: str) -> Iterator[Finding]:
    column = _find_column(placed.field, key)
    path = (*placed.place, "one_row_for")
    if column is None:
        yield path, f"“{placed.field.key}” has no column “{key}”"
    elif column.pick is None:
        yield path, f"one_row_for names a column that is a pick, and “{key}” is a {column.type}"
    elif column.pick.module is None:
        yield path, f"“{key}” picks rows of this same worksheet; one_row_for brings rows of another plan"


def _find_column(field: WorksheetField, key: str | None) -> Column | None:
    return next((column for column in field.columns if column.key == key), None)


def _describe_kind(leaf: Leaf) -> tuple[object, ...]:
    return leaf.type, leaf.points if leaf.type == "scale" else (), tuple(choice.key for choice in leaf.choices)

"""CPU of opening a plan: the largest ones, filled in with a hundred rows, beside the one that asks least."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import select

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import FieldType, Module, Worksheet
from lti_tool.content.sources import list_sources
from lti_tool.domain.answers import Document, get_answer, set_answer, shape_document
from lti_tool.domain.roles import Standing
from lti_tool.models import Cohort, Enrolment, User
from lti_tool.models.store import open_store
from lti_tool.services.drafts import DraftInput, save_draft
from tests.bench.browsers import ToolVisitor
from tests.bench.launches import start_tool
from tests.bench.pairing import Contender, Sizes, measure_in_turns
from tests.bench.platform import Platform
from tests.support.review_scene import make_visit
from tests.support.series import load_real_series

SMALLEST, LARGEST, MOST_CARRIED = "smallest plan", "largest plan", "plan that carries most"
ROWS = 100
_OPENINGS = 20


@dataclass(frozen=True, slots=True)
class OpeningCosts:
    """Milliseconds of CPU in each round, by contender, and what these plans are called."""

    used: Mapping[str, list[float]]
    titles: Mapping[str, str]


def measure_openings(folder: Path, platform: Platform, sizes: Sizes) -> OpeningCosts:
    """Let somebody who has filled in all her plans open three of them in turns."""
    folder.mkdir()
    worksheets = {module.key: module.worksheet for module in load_real_series().modules if module.worksheet is not None}
    chosen = {
        SMALLEST: min(worksheets, key=lambda key: _count_places(worksheets[key])),
        LARGEST: max(worksheets, key=lambda key: _count_places(worksheets[key])),
        MOST_CARRIED: max(worksheets, key=lambda key: len(list_sources(worksheets[key]))),
    }
    with start_tool(folder, platform) as (starting, database_url):
        tool = starting.wait()
        with closing(ToolVisitor(tool, platform)) as visitor:
            session = visitor.launch_first().location.partition("/modules/")[0].rstrip("/")
            _fill_plans(database_url, {chosen[LARGEST], chosen[MOST_CARRIED]})
            contenders = [
                Contender(name, partial(visitor.open_page, f"{session}/modules/{key}/plan"), tool.read_cpu)
                for name, key in chosen.items()
            ]
            used = measure_in_turns(contenders, sizes.rounds, min(sizes.launches, _OPENINGS))
    return OpeningCosts(used, {name: worksheets[key].title for name, key in chosen.items()})


def _count_places(worksheet: Worksheet) -> int:
    """The places to write in at most."""
    return sum(
        max(1, question.field.max_rows, len(question.field.grid_rows)) * max(1, len(question.field.columns))
        for question in list_questions(worksheet)
    )


def _fill_plans(database_url: str, long_ones: set[str]) -> None:
    """Save every plan of the one person there is as its strong example; ``long_ones`` with a hundred rows."""
    store = open_store(database_url)
    series = load_real_series()
    try:
        with store.reading() as session:
            enrolment = session.scalars(select(Enrolment)).one()
            user = session.get_one(User, enrolment.user_id)
            cohort = session.get_one(Cohort, enrolment.cohort_id)
        visit = make_visit(user, cohort.context_id, cohort, standing=Standing.PARTICIPANT)
        for module in series.modules:
            draft = DraftInput(document=_fill_plan(module, is_long=module.key in long_ones), version=0)
            save_draft(store, visit, series, module.key, "plan", draft=draft, now=datetime.now(UTC))
    finally:
        store.engine.dispose()


def _fill_plan(module: Module, *, is_long: bool) -> Document:
    worksheet, exemplar = module.worksheet, module.exemplar
    if worksheet is None or exemplar is None:
        raise ValueError(f"{module.key} has no example")
    document = shape_document(worksheet, {"fields": exemplar.strong.answers})
    tables = [question for question in list_questions(worksheet) if question.field.type is FieldType.ROWS]
    wanted = _share_rows(tables) if is_long else {}
    for question in tables:
        rows = get_answer(document, question.path)
        more = [
            {**rows[number % len(rows)], "id": f"more{number}"}
            for number in range(len(rows), wanted.get(question.path, 0))
        ]
        document = set_answer(document, question.path, [*rows, *more])
    return document


def _share_rows(tables: list[Question]) -> dict[str, int]:
    """A hundred rows over all tables, each up to its most; what does not fit goes into the last."""
    shares: dict[str, int] = {}
    for question in tables:
        shares[question.path] = min(question.field.max_rows, ROWS - sum(shares.values()))
    shares[tables[-1].path] += ROWS - sum(shares.values())
    return shares

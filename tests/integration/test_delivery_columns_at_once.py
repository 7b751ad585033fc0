"""A worker finds a column while somebody else brings it, or earns the score that it waits for: nothing is lost."""

from pathlib import Path

import pytest
from sqlalchemy import select

from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.values import AgsEndpoint, ContextClaim
from lti_tool.models import Context, Deployment, LineItem, Registration, ScoreDelivery, Store
from lti_tool.services import column_lookup, scores
from lti_tool.services.deliveries import DeliveryRound
from lti_tool.services.submitting import Submitted
from tests.support.arrivals import Doorstep
from tests.support.clock import Clock
from tests.support.factories import AGS_SCOPES, Factory
from tests.support.gradebook_office import GradebookOffice
from tests.support.meeting import meet_after, run_at_once
from tests.support.work_scene import WORDS_IN_RANGE, WorkScene, make_work_scene
from tests.unit.lti.doubles import Asked


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> WorkScene:
    scene = make_work_scene(store, clock, make)
    with make.changing(scene.column) as column:
        column.is_gone = True
    return scene


@pytest.fixture
def office(scene: WorkScene, tmp_path: Path) -> GradebookOffice:
    with scene.store.reading() as session:
        context = session.get_one(Context, scene.cohort.context_id)
    office = GradebookOffice.of(scene.store, scene.clock, scene.make, tmp_path, context)
    office.add_column(resourceId="visioning", tag="leading-edge")
    scene.make.column_request(context)
    return office


def test_a_score_and_the_column_a_worker_finds_for_it(
    scene: WorkScene, office: GradebookOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.submit("a", text=WORDS_IN_RANGE)
    scene.submit_plan()
    scene.review_plan()
    meet_after(monkeypatch, (scores, "list_columns"), (column_lookup, "queue_waiting_scores"))
    submitted, done = run_at_once(lambda: scene.submit("b", text=WORDS_IN_RANGE), office.work)
    assert isinstance(submitted, Submitted), submitted
    assert isinstance(done, DeliveryRound), done
    with scene.store.reading() as session:
        assert session.scalars(select(ScoreDelivery.score)).all() == [100]


def test_a_launch_that_brings_the_column_while_the_worker_looks(scene: WorkScene, office: GradebookOffice) -> None:
    with scene.store.reading() as session:
        deployment = session.get_one(Deployment, office.context.deployment_id)
        registration = session.get_one(Registration, deployment.registration_id)
    doorstep = Doorstep.of(scene.store, scene.clock, registration)
    url = office.columns[0]["id"]

    def launch_meanwhile(asked: Asked) -> HttpAnswer:
        doorstep.arrive(
            "priya",
            deployment_id=deployment.id_on_platform,
            context=ContextClaim(office.context.id_on_platform),
            ags=AgsEndpoint(AGS_SCOPES, office.context.line_items_url, url),
        )
        return office.treat(asked)

    office.plan["list"] = [launch_meanwhile]
    assert office.work().duties == 1
    assert office.calls("make") == []
    with scene.store.reading() as session:
        assert session.scalars(select(LineItem.url).where(LineItem.is_gone.is_(False))).all() == [url]

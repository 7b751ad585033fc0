"""What a facilitator is told of a copied course, and how long."""

from dataclasses import replace

import pytest

from lti_tool.domain.roles import Standing
from lti_tool.models import ContextCopy, Store
from lti_tool.services.course_copies import CourseCopy, find_course_copy
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.work_scene import WORDS_IN_RANGE, WorkScene, make_work_scene


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> WorkScene:
    return make_work_scene(store, clock, make)


def copy_from(scene: WorkScene, copied_from_id: int | None) -> None:
    """Say that the scene's course is a copy."""
    with scene.store.writing() as session:
        session.add(
            ContextCopy(
                context_id=scene.cohort.context_id,
                history=["old-course"],
                copied_from_id=copied_from_id,
                noted_at=scene.clock.now(),
            )
        )


def test_a_course_that_is_no_copy_says_nothing(scene: WorkScene) -> None:
    assert find_course_copy(scene.store, scene.ruth) is None


def test_a_copy_names_the_course_it_came_from_if_it_is_known(scene: WorkScene, make: Factory) -> None:
    copy_from(scene, make.context(id_on_platform="old-course", title="Spring cohort").id)
    assert find_course_copy(scene.store, scene.ruth) == CourseCopy("Spring cohort")
    assert find_course_copy(scene.store, scene.dana) is None, "it is the facilitators' to know"
    assert find_course_copy(scene.store, replace(scene.ruth, standing=Standing.ADMINISTRATOR)) is None
    assert find_course_copy(scene.store, replace(scene.ruth, context_id=None)) is None


def test_it_is_said_until_somebody_submits(scene: WorkScene) -> None:
    copy_from(scene, None)
    scene.save("a", text="A beginning.")
    assert find_course_copy(scene.store, scene.ruth) == CourseCopy(None)
    scene.submit("a", version=1, text=WORDS_IN_RANGE)
    assert find_course_copy(scene.store, scene.ruth) is None


def test_work_of_another_course_ends_nothing(scene: WorkScene, make: Factory) -> None:
    scene.submit("a", text=WORDS_IN_RANGE)
    copy = make.context(id_on_platform="copy")
    make.cohort(copy)
    with scene.store.writing() as session:
        session.add(
            ContextCopy(
                context_id=copy.id, history=[], copied_from_id=scene.cohort.context_id, noted_at=scene.clock.now()
            )
        )
    found = find_course_copy(scene.store, replace(scene.ruth, context_id=copy.id))
    assert found is not None

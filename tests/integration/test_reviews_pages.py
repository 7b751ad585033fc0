"""The review rooms as pages: what is shown, what the forms do, and what a script hears."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from lti_tool.domain.reviewing import LONGEST_OVERALL
from lti_tool.domain.scoring import Policy
from lti_tool.domain.submissions import Decision, WorkState
from lti_tool.models import Store
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.review_desk import TOOL, Desk, make_review_app
from tests.support.review_scene import MISSION, ReviewScene, make_scene, rate_all, write_plan

# The services are tested on both databases; pages are the same on either.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WORDS = " ".join(["word"] * 250)


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> ReviewScene:
    return make_scene(store, clock, make)


@pytest.fixture
def app(scene: ReviewScene, database_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = make_review_app(scene, database_url, tmp_path)
    yield app
    app.extensions["lti_tool"].store.engine.dispose()


@pytest.fixture
def ruth(app: Flask, scene: ReviewScene) -> Desk:
    return Desk(app, scene, scene.ruth)


@pytest.fixture
def omar(app: Flask, scene: ReviewScene) -> Desk:
    return Desk(app, scene, scene.omar)


def at(scene: ReviewScene, rest: str = "") -> str:
    return f"reviews/{scene.plan.id}{rest}"


def ratings(scene: ReviewScene, level: int) -> dict[str, str]:
    return {f"rating.{key}": str(level) for key in rate_all(scene.module, level)}


def test_the_whole_way_from_the_queue_to_the_score_without_a_script(scene: ReviewScene, ruth: Desk) -> None:
    scene.as_policy(Policy.POINTS)
    scene.make.line_item()
    scene.add_reflection("a", WORDS)
    scene.add_reflection("b", WORDS)
    ana = scene.add_person("Ana Lopez", waiting=timedelta(hours=1))
    words = ruth.get("reviews/")
    assert "2 plans wait for you, the oldest first." in words
    assert "Waiting 2 days" in words
    words = ruth.get(at(scene))
    assert MISSION in words
    words = ruth.post(at(scene), ratings(scene, 3) | {"comment.mission_statement": "Plain and short."}, do="save")
    assert "Plan: 54 of 60" in words
    assert "rated" not in words.split("Plan: 54 of 60")[1][:10]
    assert "These levels suggest accepting it. You decide." in words
    assert "Yours until" in words
    words = ruth.post(at(scene), ratings(scene, 4) | {"comment.mission_statement": "Plain and short."}, do="preview")
    assert "Read it once more" in words
    assert "Plain and short." in words
    assert "4 Leading edge." in words
    assert "A score of 90 goes to the gradebook." in words
    words = ruth.post(at(scene, "/release"), {"decision": "accept"})
    assert "Accepted. Dana Reyes's score of 90 is on its way to the gradebook." in words
    assert "Next waiting" in words
    link = next(item for item in ruth.tree.iter("a") if (item.text or "") == "Next waiting")
    assert (link.get("href") or "").endswith(f"/reviews/{ana.id}")


def test_what_still_holds_the_score_is_told_before_and_after(scene: ReviewScene, ruth: Desk) -> None:
    scene.add_reflection("a")
    title = scene.module.reflections[1].title
    ruth.get(at(scene))
    words = ruth.post(at(scene), {}, do="preview")
    assert f"One thing still holds Dana Reyes's score: “{title}”. Nothing is sent until then." in words
    words = ruth.post(at(scene, "/release"), {"decision": "accept"})
    assert f"Accepted. One thing still holds Dana Reyes's score: “{title}”." in words
    assert "nobody else waits" in words


def test_sending_back_needs_something_to_change(scene: ReviewScene, ruth: Desk) -> None:
    ruth.get(at(scene))
    ruth.post(at(scene), {}, do="preview")
    words = ruth.post(at(scene, "/release"), {"decision": "return"})
    assert ruth.answer.status_code == 422
    assert "To send a plan back, say what to change" in words
    assert ruth.find("decision", "return").get("checked") is not None
    words = ruth.get(at(scene))
    words = ruth.post(at(scene), {"named": ["mission_statement"]}, do="preview")
    assert "Please change this" in words
    words = ruth.post(at(scene, "/release"), {"decision": "return"})
    assert "No number in the gradebook changes." in words
    assert scene.find_plan().state == WorkState.RETURNED
    assert "The gradebook tells Dana Reyes nothing of it. You can pass on this message." in words
    sentence = "Your Mission Plan came back with 1 thing to change. Open it from the course to see it."
    assert sentence in words
    assert sentence in ruth.get("reviews/")
    with scene.make.changing(scene.find_plan()) as plan:
        plan.reply_seen_at = scene.clock.now()
    assert sentence not in ruth.get(at(scene))


def test_a_decision_is_asked_for(scene: ReviewScene, ruth: Desk) -> None:
    ruth.get(at(scene))
    ruth.post(at(scene), {}, do="preview")
    assert "Choose what happens to it" in ruth.post(at(scene, "/release"), {})
    assert scene.find_plan().state == WorkState.SUBMITTED


def test_releasing_twice_shows_what_was_released(scene: ReviewScene, ruth: Desk) -> None:
    ruth.get(at(scene))
    ruth.post(at(scene), {}, do="preview")
    fields = ruth.hidden(at(scene, "/release"))
    for _ in range(2):
        answer = ruth.client.post(
            f"/s/{ruth.session_id}/{at(scene, '/release')}",
            base_url=TOOL,
            data=fields | {"decision": "accept"},
            headers={"Origin": TOOL},
        )
        assert answer.status_code == 303
    assert len(scene.list_reviews()) == 1


def test_the_queue_says_who_reads_what(scene: ReviewScene, ruth: Desk, omar: Desk) -> None:
    ruth.get(at(scene))
    ruth.post(at(scene), {}, do="start")
    assert "Yours until" in ruth.get("reviews/")
    words = omar.get("reviews/")
    assert "Ruth Okafor is reading this until" in words
    words = omar.get(at(scene))
    assert "Ruth Okafor is reading this" in words
    assert not omar.has("overall")
    assert not omar.has("rating.mission")
    ruth.get(at(scene))
    ruth.post(at(scene), {}, do="let_go")
    omar.get(at(scene))
    assert omar.has("overall")


def test_two_who_write_at_once_lose_nothing(scene: ReviewScene, ruth: Desk, omar: Desk) -> None:
    ruth.get(at(scene))
    omar.get(at(scene))
    ruth.post(at(scene), {"overall": "Ruth writes"}, do="save")
    words = omar.post(at(scene), {"overall": "Omar writes"}, do="save")
    assert omar.answer.status_code == 409
    assert "What you wrote is kept" in words
    assert "Omar writes" in words


def test_two_tabs_show_both_texts_and_save_keeps_the_boxes(scene: ReviewScene, app: Flask, ruth: Desk) -> None:
    ruth.get(at(scene))
    old = ruth.hidden(at(scene))
    ruth.post(at(scene), {"overall": "First tab", "rating.mission": "4"}, do="save")
    words = ruth.post(at(scene), old | {"overall": "Second tab", "named": ["mission_statement"]}, do="save")
    assert ruth.answer.status_code == 409
    assert "Someone saved a newer version" in words
    assert ruth.find("overall").text == "Second tab"
    assert "In the newer version: First tab" in words
    assert "In the newer version: Level 4" in words
    assert "In the newer version: Not ticked" in words
    words = ruth.post(at(scene), {"overall": "Second tab"}, do="save")
    assert ruth.answer.status_code == 200
    assert scene.open().draft.content.overall == "Second tab"


def test_too_long_a_comment_is_shown_again_and_not_lost(scene: ReviewScene, ruth: Desk) -> None:
    ruth.get(at(scene))
    long = "x" * (LONGEST_OVERALL + 1)
    words = ruth.post(at(scene), {"overall": long}, do="save")
    assert ruth.answer.status_code == 422
    assert "Shorten it to save it" in words
    assert ruth.find("overall").text == long


@pytest.mark.parametrize(
    "fields", [{"rating.mission": "9"}, {"rating.charm": "3"}, {"comment.nowhere": "Words"}, {"named": ["nowhere"]}]
)
def test_what_is_no_part_of_the_form_is_refused_with_words(
    scene: ReviewScene, ruth: Desk, fields: dict[str, str | list[str]]
) -> None:
    ruth.get(at(scene))
    ruth.post(at(scene), {"overall": "Keep me", **fields}, do="save")
    assert ruth.answer.status_code == 422
    assert ruth.find("overall").text == "Keep me"


def test_taken_back_while_reading_is_told_and_the_notes_come_back(scene: ReviewScene, ruth: Desk) -> None:
    ruth.get(at(scene))
    scene.take_back()
    words = ruth.post(at(scene), {"overall": "A clear start"}, do="save")
    assert ruth.answer.status_code == 409
    assert "taken back by its author" in words
    assert "A clear start" in words
    assert MISSION not in words
    scene.submit_again(2)
    words = ruth.get(at(scene))
    assert "Your notes are here" in words
    assert ruth.find("overall").text == "A clear start"
    ruth.get(at(scene, "/release"))
    assert ruth.has("overall"), "carried notes are saved before they can be released"


def test_a_private_field_and_reflection_show_only_that_they_are_done(scene: ReviewScene, ruth: Desk) -> None:
    with scene.make.changing(scene.revision) as revision:
        revision.document = write_plan(scene.module, rough_draft="SECRET THOUGHT")
    scene.add_reflection("a", "SECRET TOO", is_private=True)
    words = ruth.get(at(scene))
    assert words.count("Done, kept private") == 2
    assert "SECRET" not in ruth.answer.text
    assert not ruth.has("comment.rough_draft")


def test_a_resubmission_shows_before_and_after_beside_the_earlier_comment(scene: ReviewScene, ruth: Desk) -> None:
    scene.save(
        ratings=rate_all(scene.module, 2),
        comments={"mission_statement": "Name one learner."},
        named_fields=("mission_statement", "campus_name"),
    )
    scene.release(Decision.RETURN, version=1)
    scene.submit_again(2, mission_statement="Every reader in grade six asks better questions.")
    assert "Submitted again, version 2" in ruth.get("reviews/")
    words = ruth.get(at(scene))
    assert "Since version 1, 1 answer changed" in words
    assert f"Before {MISSION}" in words
    assert "Name one learner." in words
    assert "A change was asked for, and it is as it was" in words
    assert "A change was asked for here, and it is as it was: Campus" in words
    assert "Ruth Okafor, on version 1: 2 Emerging" in words


def test_the_page_of_a_session_tells_its_facilitator_that_somebody_waits(scene: ReviewScene, ruth: Desk) -> None:
    assert "1 plan waits for a review." in ruth.get("modules/visioning")
    scene.release(Decision.ACCEPT)
    assert "for a review." not in ruth.get("modules/visioning")


def test_a_facilitator_reads_what_the_plan_asks(ruth: Desk) -> None:
    words = ruth.get("modules/visioning/plan")
    assert "This is what participants are asked." in words
    assert "A list of 3 to 6, each with:" in words
    assert "4 Leading edge" in words
    assert not ruth.has("a.campus_name")


def test_her_author_sees_of_a_return_what_was_read_once_more(app: Flask, scene: ReviewScene) -> None:
    with scene.make.changing(scene.find_plan()) as plan:
        plan.draft = write_plan(scene.module)
        plan.draft_saved_at = plan.submitted_at
    scene.save(ratings=rate_all(scene.module, 2), overall="Once more.", named_fields=("mission_statement",))
    scene.release(Decision.RETURN, version=1)
    dana = Desk(app, scene, replace(scene.ruth, user_id=scene.dana.id), "participant")
    words = dana.get("modules/visioning")
    assert "revise “Mission Plan”, which came back to you." in words
    assert "You stopped" not in words, "she has written nothing since"
    words = dana.get("modules/visioning/plan")
    assert "Once more." in words
    assert "How it was rated" in words
    assert "2 Emerging." in words


def test_rating_only_some_criteria_is_told_before_it_is_tried(scene: ReviewScene, ruth: Desk) -> None:
    scene.as_policy(Policy.POINTS)
    first = next(iter(rate_all(scene.module, 2)))
    ruth.get(at(scene))
    words = ruth.post(at(scene), {f"rating.{first}": "2"}, do="preview")
    assert "1 of 5 criteria are rated. This course sends points, so rate every criterion or none." in words
    assert "goes to the gradebook" not in words.split("Your decision")[1]


def test_a_correction_takes_the_place_of_the_released_review(scene: ReviewScene, ruth: Desk, omar: Desk) -> None:
    scene.save(overall="Good")
    scene.release(Decision.ACCEPT, version=1)
    words = omar.get("reviews/")
    assert "Correct this review" in words
    words = omar.post(at(scene), {}, do="correct")
    assert "You are correcting a released review" in words
    assert omar.find("overall").text == "Good"
    omar.post(at(scene), {"overall": "Very good"}, do="preview")
    assert omar.find("decision", "accept").get("checked") is not None
    words = omar.post(at(scene, "/release"), {"decision": "accept"})
    assert "Accepted by Omar Haddad" in words


def test_a_reflection_is_commented_in_two_steps(scene: ReviewScene, ruth: Desk) -> None:
    work, _ = scene.add_reflection("a", "I kept the door open.")
    address = f"reviews/{work.id}"
    assert "I kept the door open." in ruth.get(at(scene))
    words = ruth.post(address, {"overall": "Both goods are named fairly."}, do="preview")
    assert "Send back once" in words
    words = ruth.post(f"{address}/release", {"decision": "accept"})
    title = scene.module.reflections[0].title
    assert "Both goods are named fairly." in words
    assert f"Correct this comment on {title}" in words
    assert scene.find_plan().state == WorkState.SUBMITTED


def test_the_script_hears_version_points_and_lease(scene: ReviewScene, ruth: Desk) -> None:
    scene.as_policy(Policy.POINTS)
    ruth.get(at(scene))
    answer = ruth.send(at(scene, "/autosave"), ratings(scene, 2), form=at(scene))
    assert answer.status_code == 200
    assert answer.json == {
        "version": 1,
        "saved_at": "2026-03-04T20:14:00+00:00",
        "lease_until": "2026-03-04T20:44:00+00:00",
        "points": "45 of 60",
        "suggestion": "These levels suggest sending it back. You decide.",
    }


def test_the_script_hears_of_a_newer_version_and_gets_both_texts(scene: ReviewScene, ruth: Desk) -> None:
    ruth.get(at(scene))
    ruth.send(at(scene, "/autosave"), {"overall": "First tab"}, form=at(scene))
    answer = ruth.send(at(scene, "/autosave"), {"overall": "Second tab"}, form=at(scene))
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "newer_version_saved"
    assert answer.json["version"] == 1
    assert answer.json["fields"] == {"overall": "First tab"}


def test_the_script_hears_in_words_why_it_cannot_go_on(scene: ReviewScene, ruth: Desk) -> None:
    ruth.get(at(scene))
    scene.take_back()
    answer = ruth.send(at(scene, "/autosave"), {"overall": "A clear start"}, form=at(scene))
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "taken_back"


def test_a_form_of_another_site_changes_nothing(scene: ReviewScene, ruth: Desk) -> None:
    ruth.get(at(scene))
    for headers, token in (({"Origin": "https://evil.example"}, None), ({"Origin": TOOL}, "wrong")):
        fields = ruth.hidden(at(scene)) | {"overall": "Forged"} | ({"csrf_token": token} if token else {})
        answer = ruth.client.post(f"/s/{ruth.session_id}/{at(scene)}", base_url=TOOL, data=fields, headers=headers)
        assert answer.status_code == 403
    assert scene.list_reviews() == []


def test_an_unknown_step_is_refused(scene: ReviewScene, ruth: Desk) -> None:
    ruth.get(at(scene))
    ruth.post(at(scene), {}, do="explode")
    assert ruth.answer.status_code == 400


@pytest.mark.parametrize("standing", ["participant", "practice", "visitor", "administrator"])
def test_nobody_but_staff_enters(scene: ReviewScene, app: Flask, standing: str) -> None:
    desk = Desk(app, scene, scene.omar, standing)
    for address in ("reviews/", at(scene), at(scene, "/release")):
        desk.get(address)
        assert desk.answer.status_code == 403


def test_her_own_plan_is_in_the_queue_and_cannot_be_opened(scene: ReviewScene, app: Flask) -> None:
    user = scene.make.user(name="Ruth Okafor")
    enrolment = scene.make.enrolment(user, scene.cohort, is_practice=True)
    own = scene.make.submission(
        enrolment, activity_key="plan", state=WorkState.SUBMITTED, revision_count=1, submitted_at=scene.clock.now()
    )
    scene.make.revision(own, number=1, document=write_plan(scene.module))
    desk = Desk(app, scene, replace(scene.ruth, user_id=user.id))
    words = desk.get("reviews/")
    assert "Your own: another facilitator reads it" in words
    assert "Practice, nothing is sent" in words
    words = desk.get(f"reviews/{own.id}")
    assert desk.answer.status_code == 403
    assert "your own work" in words


def test_what_is_not_in_this_course_is_not_there(scene: ReviewScene, ruth: Desk) -> None:
    ruth.get("reviews/999999")
    assert ruth.answer.status_code == 404

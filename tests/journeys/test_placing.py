"""A facilitator places sessions into her course: the picker, its answer, what is refused, and the links afterwards."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.lti import vocabulary
from lti_tool.models import AuditFact, Cohort, LineItem, Placement, Registration, ResourceLink
from tests.certification.scene import INSTRUCTOR, ISSUER, LEARNER, KeyPair
from tests.support.clock import Clock
from tests.support.databases import SqliteDatabases
from tests.support.placing import COLUMN, RETURN_URL, Picking, PlacingScene, make_settings, open_placing_scene
from tests.support.series import load_real_series

SENTENCE = (
    "Your score appears when your facilitator has accepted your plan. Until then this column is empty. That is normal."
)
KEYS = [module.key for module in load_real_series().modules]
ADMINISTRATOR = vocabulary.ROLE_INSTITUTION_PREFIX + "Administrator"

Item = dict[str, Any]


@pytest.fixture(scope="module")
def keys() -> KeyPair:
    return KeyPair.invent("lms-key")


@pytest.fixture
def scene(sqlite_databases: SqliteDatabases, tmp_path: Path, clock: Clock, keys: KeyPair) -> Iterator[PlacingScene]:
    with sqlite_databases.lend(tmp_path) as url, open_placing_scene(url, tmp_path, clock, keys) as opened:
        yield opened


def be(scene: PlacingScene, family: str) -> None:
    """Let the platform be of this family."""
    with scene.store.writing() as session:
        session.scalars(select(Registration)).one().family = family


def list_items(picking: Picking) -> list[Item]:
    items: list[Item] = picking.read_answer()[vocabulary.CLAIM_CONTENT_ITEMS]
    return items


def list_keys(items: list[Item]) -> list[str]:
    return [item["custom"]["module"] for item in items]


def place_series(scene: PlacingScene, **settings: object) -> list[Item]:
    picking = scene.open_picker(make_settings(**settings))
    picking.send("place")
    picking.send("confirm")
    return list_items(picking)


def list_verbs(scene: PlacingScene) -> list[str]:
    with scene.store.reading() as session:
        return list(session.scalars(select(AuditFact.verb).order_by(AuditFact.id)))


def test_the_whole_series_is_one_choice_and_one_confirmation(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    assert picking.page.status == 200
    assert "All eight sessions" in picking.page.words
    assert picking.page.form("/lti/place") == {"handle": picking.handle, "what": "all", "columns": "yes"}
    confirmation = picking.send("place")
    assert "Place eight links in Leading Edge" in confirmation.words
    assert "Place them now" in confirmation.words
    assert "Look at the new links in your course" in confirmation.words
    picking.send("confirm")
    items = list_items(picking)
    assert list_keys(items) == KEYS
    assert len({item["custom"]["placement"] for item in items}) == 8
    assert all(item["text"].endswith(f" {SENTENCE}") for item in items)
    assert [item["lineItem"]["resourceId"] for item in items] == KEYS
    with scene.store.reading() as session:
        assert {row.id for row in session.scalars(select(Placement))} == {item["custom"]["placement"] for item in items}
    assert list_verbs(scene)[-2:] == ["opened_picker", "placed_links"]


def test_one_session_goes_straight_to_the_lms(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    picking.send("place", what="named", module="coaching", columns=None)
    (item,) = list_items(picking)
    assert item["title"] == "On the Leading Edge of Coaching"
    assert "lineItem" not in item
    assert SENTENCE not in item["text"]


def test_the_page_of_the_series_never_has_a_column(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    picking.send("place", what="named", module="series")
    (item,) = list_items(picking)
    assert item["custom"]["module"] == "series"
    assert "lineItem" not in item


def test_the_answer_page_posts_to_exactly_that_origin_and_by_its_button(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    page = picking.send("place", what="named", module="coaching")
    assert "Go on to Example LMS" in page.words
    assert picking.read_answer()[vocabulary.CLAIM_MESSAGE_SHOWN] == "On the Leading Edge sent 1 link to your course."
    policy = picking.answer.headers["Content-Security-Policy"]
    assert f"form-action 'self' {ISSUER};" in policy
    assert f"frame-ancestors 'self' {ISSUER}" in policy
    assert picking.answer.headers["Referrer-Policy"] == "strict-origin"
    assert RETURN_URL.replace("&", "&amp;") in picking.answer.text
    assert "no-store" in picking.answer.headers["Cache-Control"]


def test_the_picker_may_be_framed_by_that_lms_only(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    assert f"frame-ancestors 'self' {ISSUER}" in picking.answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("data", ["csrf:7 é<\u2028\"'&", "", None])
def test_data_of_the_lms_comes_back_to_the_letter(data: str | None, scene: PlacingScene) -> None:
    for do in ("place", "cancel"):
        picking = scene.open_picker(make_settings(data=data))
        picking.send(do, what="named", module="coaching")
        payload = picking.read_answer()
        assert payload.get(vocabulary.CLAIM_DATA, "absent") == ("absent" if data is None else data)


def test_cancel_returns_nothing_and_says_so(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    page = picking.send("cancel")
    payload = picking.read_answer()
    assert payload[vocabulary.CLAIM_CONTENT_ITEMS] == []
    assert payload[vocabulary.CLAIM_MESSAGE_SHOWN] == "Nothing was placed."
    assert "Nothing was placed" in page.words
    assert list_verbs(scene)[-1] == "placed_nothing"


def test_a_changed_mind_keeps_what_was_chosen(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    picking.send("place", what="named", module=["coaching", "series", "visioning"], columns=None, new_tab="yes")
    page = picking.send("choose")
    assert page.status == 200
    fields = page.form("/lti/place")
    assert fields["module"] == ["visioning", "coaching", "series"]
    assert (fields["what"], fields.get("columns"), fields["new_tab"]) == ("named", None, "yes")


# Where one only can be placed


def test_where_one_can_be_placed_it_says_why_and_where_the_series_is(scene: PlacingScene) -> None:
    be(scene, "canvas")
    picking = scene.open_picker(make_settings(accept_multiple=False), placement="assignment_selection")
    assert "Your LMS takes one link at this place" in picking.page.words
    assert "open Modules, choose the three dots" in picking.page.words
    assert "All eight sessions" not in picking.page.words
    assert [control.get("type") for control in picking.page.tree.iter("input") if control.get("name") == "module"] == [
        "radio"
    ] * 9
    picking.send("place")
    assert list_keys(list_items(picking)) == ["visioning"]
    assert "Save it there" in picking.page.words


def test_several_are_refused_where_one_is_taken(scene: PlacingScene) -> None:
    picking = scene.open_picker(make_settings(accept_multiple=False))
    page = picking.send("place", module=["visioning", "coaching"])
    assert (page.status, page.error_code) == (422, "only_one_here")
    page = picking.send("confirm", what="all", module=None)
    assert (page.status, page.error_code) == (422, "only_one_here")
    picking.send("place")
    assert len(list_items(picking)) == 1


# What the LMS takes


@pytest.mark.parametrize(("accepts", "has_column"), [(None, True), (True, True), ("true", True), (False, False)])
def test_columns_are_offered_unless_the_lms_says_no(accepts: object, has_column: bool, scene: PlacingScene) -> None:
    picking = scene.open_picker(make_settings(accept_lineitem=accepts))
    assert ("makes no gradebook columns at this place" in picking.page.words) is not has_column
    picking.send("place", columns="yes")
    picking.send("confirm", columns="yes")
    assert {"lineItem" in item for item in list_items(picking)} == {has_column}


def test_without_columns_if_she_wants_none(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    assert "No gradebook columns are made" in picking.send("place", columns=None).words
    picking.send("confirm")
    assert not any("lineItem" in item or SENTENCE in item["text"] for item in list_items(picking))


@pytest.mark.parametrize("types", [["link", "file"], [], None, "html"])
def test_a_place_that_takes_no_links_is_explained_and_told(types: object, scene: PlacingScene) -> None:
    picking = scene.open_picker(make_settings(accept_types=types))
    assert (picking.page.status, picking.page.error_code) == (200, "wrong_types")
    page = picking.send("place", what="all")
    assert page.error_code == "wrong_types"
    picking.send("explain")
    payload = picking.read_answer()
    assert payload[vocabulary.CLAIM_CONTENT_ITEMS] == []
    assert "does not take such links" in payload[vocabulary.CLAIM_ERROR_SHOWN]
    assert "accept_types" in payload[vocabulary.CLAIM_ERROR_LOGGED]


def test_explain_is_no_way_around_the_picker(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    assert picking.send("explain").status == 200
    assert "All eight sessions" in picking.page.words


@pytest.mark.parametrize(
    ("targets", "is_offered", "is_new_tab"),
    [(["iframe", "window"], True, True), (["window"], False, True), (["iframe"], False, False), ([], False, False)],
)
def test_a_new_tab_is_offered_where_it_can_be(
    targets: list[str], is_offered: bool, is_new_tab: bool, scene: PlacingScene
) -> None:
    picking = scene.open_picker(make_settings(accept_presentation_document_targets=targets))
    assert ("Open in a new tab" in picking.page.words) is is_offered
    picking.send("place", what="named", module="coaching", new_tab="yes")
    (item,) = list_items(picking)
    assert (item.get("window") == {"targetName": "_blank"}) is is_new_tab


def test_the_end_of_the_cohort_becomes_a_date(scene: PlacingScene) -> None:
    scene.open_picker().send("cancel")
    with scene.store.writing() as session:
        session.scalars(select(Cohort)).one().closes_on = date(2026, 5, 29)
    picking = scene.open_picker()
    assert "Due May 29, 2026, the end of your cohort" in picking.page.words
    picking.send("place", what="named", module="coaching")
    (item,) = list_items(picking)
    assert item["submission"] == {"endDateTime": "2026-05-30T04:59:59Z"}
    assert "available" not in item
    picking = scene.open_picker()
    picking.send("place", what="named", module="visioning", due=None, closes="yes")
    (item,) = list_items(picking)
    assert item["available"] == {"endDateTime": "2026-05-30T04:59:59Z"}
    assert "submission" not in item
    be(scene, "moodle")
    assert "the end of your cohort" not in scene.open_picker().page.words


@pytest.mark.parametrize(
    ("family", "words"),
    [
        ("canvas", ("New Content From App", "unpublished", "Canvas assignment worth 100 points")),
        ("moodle", ("one activity for each session", "Receive a grade")),
        ("other", ("Look at the new links",)),
    ],
)
def test_what_comes_next_is_that_platforms_own(family: str, words: tuple[str, ...], scene: PlacingScene) -> None:
    be(scene, family)
    picking = scene.open_picker(make_settings(auto_create=True), placement="module_index_menu_modal")
    confirmation = picking.send("place")
    assert [part for part in words if part not in confirmation.words] == []
    assert "Your LMS makes them at once" in confirmation.words


# The second time


def test_a_second_run_offers_what_is_missing(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    picking.send("place", what="named", module=["visioning", "coaching"])
    picking.send("confirm")
    scene.launch("dana", roles=[LEARNER], **{vocabulary.CLAIM_CUSTOM: {"module": "influence"}})
    picking = scene.open_picker()
    words = picking.page.words
    assert "The five sessions that are not in your course yet" in words
    assert "Already in your course: 3" in words
    assert "Handed to your course on Mar 4. Nobody has opened it yet." in words
    assert "In your course since Mar 4." in words
    picking.send("place")
    picking.send("confirm")
    missing = [key for key in KEYS if key not in {"visioning", "coaching", "influence"}]
    assert list_keys(list_items(picking)) == missing


def test_one_that_is_there_can_be_placed_again_with_an_id_of_its_own(scene: PlacingScene) -> None:
    first = place_series(scene)
    picking = scene.open_picker()
    assert "Every session of the series is in your course already" in picking.page.words
    assert picking.send("place").error_code == "nothing_chosen"
    picking.send("place", again="coaching")
    (again,) = list_items(picking)
    assert again["custom"]["module"] == "coaching"
    assert again["custom"]["placement"] not in {item["custom"]["placement"] for item in first}


def test_another_course_has_nothing_yet(scene: PlacingScene) -> None:
    place_series(scene)
    picking = scene.open_picker(context={"id": "another", "title": "Another Cohort"})
    assert "All eight sessions" in picking.page.words
    assert "Already in your course" not in picking.page.words


def test_a_placed_link_opens_its_session_and_its_column_is_known(scene: PlacingScene) -> None:
    item = place_series(scene)[2]
    answer = scene.launch(
        "dana",
        roles=[LEARNER],
        resource_link={"id": "assignment-3", "title": item["title"]},
        **{
            # As a platform sends them: what it could not fill in comes literally.
            vocabulary.CLAIM_CUSTOM: item["custom"],
            vocabulary.CLAIM_AGS_ENDPOINT: {"scope": [vocabulary.SCOPE_SCORE], "lineitem": COLUMN},
        },
    )
    assert answer.status_code == 303
    assert answer.location.endswith("/modules/coaching")
    with scene.store.reading() as session:
        link = session.scalars(select(ResourceLink)).one()
        assert (link.module_key, link.placement_id) == ("coaching", item["custom"]["placement"])
        column = session.scalars(select(LineItem)).one()
        assert (column.module_key, column.url) == ("coaching", COLUMN)


# Who, and once


def test_only_facilitators_place(scene: PlacingScene) -> None:
    for roles in ((LEARNER,), (), (vocabulary.ROLE_CONTEXT_PREFIX + "Mentor",)):
        page = scene.open_picker(sub=f"somebody-{len(roles)}", roles=roles).page
        assert (page.status, page.error_code) == (403, "not_for_placing")


def test_an_administrator_outside_the_course_may_place(scene: PlacingScene) -> None:
    picking = scene.open_picker(sub="lee", roles=(ADMINISTRATOR,))
    picking.send("place", what="named", module="coaching")
    assert list_keys(list_items(picking)) == ["coaching"]


def test_without_a_course_an_administrator_places_links_without_our_id(scene: PlacingScene) -> None:
    picking = scene.open_picker(sub="lee", roles=(ADMINISTRATOR,), context=None)
    picking.send("place", what="named", module="coaching")
    (item,) = list_items(picking)
    assert "placement" not in item["custom"]


@pytest.mark.parametrize("do", ["place", "confirm", "cancel", "choose", "explain", "", "unheard-of"])
def test_a_used_picker_is_gone_and_places_nothing_more(do: str, scene: PlacingScene) -> None:
    picking = scene.open_picker()
    fields = picking.page.form("/lti/place")
    picking.send("place", what="named", module="coaching")
    answer = picking.post({**fields, "do": do}, scene.base_url)
    assert answer.status_code == 410
    assert 'data-error-code="deep_link_gone"' in answer.text
    assert "add the tool" in answer.text
    with scene.store.reading() as session:
        assert len(session.scalars(select(Placement.id)).all()) == 1


def test_two_hours_later_it_is_gone(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    scene.clock.advance(hours=2)
    assert picking.send("place").error_code == "deep_link_gone"


@pytest.mark.parametrize("origin", ["null", "https://evil.example", ISSUER, "https://tool.example.org.evil.example"])
def test_a_form_from_elsewhere_is_refused(origin: str, scene: PlacingScene) -> None:
    picking = scene.open_picker()
    fields = picking.page.form("/lti/place")
    answer = picking.post({**fields, "do": "confirm"}, origin)
    assert answer.status_code == 403
    assert 'data-error-code="form_not_ours"' in answer.text
    assert picking.send("place").status == 200


def test_a_browser_that_names_no_origin_must_say_same_origin(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    data = {**picking.page.form("/lti/place"), "do": "cancel"}
    refused = picking.client.post("/lti/place", base_url=scene.base_url, data=data)
    assert refused.status_code == 403
    taken = picking.client.post(
        "/lti/place", base_url=scene.base_url, data=data, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert taken.status_code == 200


def test_no_handle_opens_anothers_picker(scene: PlacingScene) -> None:
    picking = scene.open_picker()
    for handle in ("", "guess", picking.handle[:-1], picking.handle.swapcase(), "x" * 100_000, "\0", "é"):
        answer = picking.post({"handle": handle, "do": "confirm", "what": "all"}, scene.base_url)
        assert answer.status_code == 410, handle
    with scene.store.reading() as session:
        assert session.scalars(select(Placement.id)).all() == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"what": "named"}, "nothing_chosen"),
        ({"what": "named", "module": "../etc"}, "unknown_session"),
        ({"what": "named", "module": ["coaching", "\0"]}, "unknown_session"),
        ({"what": "all", "again": "nothing-of-ours"}, "unknown_session"),
        ({"what": "everything"}, "nothing_chosen"),
        ({"module": [str(number) for number in range(3000)]}, "unknown_session"),
    ],
)
def test_an_odd_choice_is_told_and_can_be_mended(fields: dict[str, Any], code: str, scene: PlacingScene) -> None:
    picking = scene.open_picker()
    for do in ("place", "confirm"):
        answer = picking.post({"handle": picking.handle, "do": do, **fields}, scene.base_url)
        assert answer.status_code == 422
        assert f'data-error-code="{code}"' in answer.text
    assert picking.send("place").status == 200


@pytest.mark.parametrize(
    "settings",
    [
        {"accept_multiple": "true"},
        {"accept_multiple": None, "auto_create": None},
        {"accept_types": "ltiResourceLink"},
        {"accept_presentation_document_targets": None},
        {"accept_presentation_document_targets": ["embed", "frame", "popup"]},
        {"title": "<script>alert(1)</script>", "text": "\u202eturned"},
        {"data": "x" * 20_000},
        {"accept_media_types": "*/*", "accept_copy_advice": False, "can_confirm": False},
    ],
    ids=str,
)
def test_odd_settings_open_a_picker_that_works(settings: dict[str, object], scene: PlacingScene) -> None:
    picking = scene.open_picker(make_settings(**settings))
    assert picking.page.status == 200
    picking.send("place", what="named", module="coaching")
    assert list_keys(list_items(picking)) == ["coaching"]


def test_a_course_whose_title_is_markup_is_only_a_title(scene: PlacingScene) -> None:
    picking = scene.open_picker(context={"id": "c", "title": "<img src=x onerror=alert(1)>"})
    assert "<img" not in picking.answer.text
    picking.send("place")
    assert "<img" not in picking.answer.text


def test_without_a_key_nothing_is_placed(scene: PlacingScene, tmp_path: Path) -> None:
    picking = scene.open_picker()
    for file in (tmp_path / "keys").iterdir():
        file.unlink()
    scene.tool.keys._keys, scene.tool.keys._seen, scene.tool.keys._looked_at = (), None, None
    answer = picking.post({**picking.page.form("/lti/place"), "do": "confirm"}, scene.base_url)
    assert answer.status_code == 500
    with scene.store.reading() as session:
        assert session.scalars(select(Placement.id)).all() == []


def test_switched_to_the_student_role_a_facilitator_places_nothing(scene: PlacingScene) -> None:
    scene.launch("tess", roles=[INSTRUCTOR])
    page = scene.open_picker(sub="tess", roles=(LEARNER,)).page
    assert page.error_code == "not_for_placing"

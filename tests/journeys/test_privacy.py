"""What a person keeps to herself stays on her own pages: planted private words are looked for everywhere else.

One person fills every question of all eight plans and all reflections. Then everybody else opens every address of the
tool, its facilitator reviews and releases, scores go to the gradebook, and nothing of it may hold a private word.
"""

import json
import logging
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import click
import pytest
from sqlalchemy import select, text

from lti_tool.cli import lti_tool as program
from lti_tool.cli import main
from lti_tool.content.questions import list_questions
from lti_tool.content.schema import Reflection, Worksheet
from lti_tool.content.sources import list_field_sources, list_sources, make_address
from lti_tool.domain.answer_views import Reader, describe_answers
from lti_tool.domain.answers import Document, list_private_paths
from lti_tool.domain.brief import list_brief_lines
from lti_tool.domain.carrying import Copy, Stage, copy_answer, take_copies
from lti_tool.models import Base, Submission
from lti_tool.services.invites import create_invite
from lti_tool.services.score_facts import PLAN_KEY
from lti_tool.web.worksheet_forms import list_form_items
from tests.support.clock import A_WEDNESDAY_AFTERNOON, Clock
from tests.support.cookieless import open_cookieless
from tests.support.front_door import TOOL, FrontDoor, Person, open_front_door
from tests.support.planted_words import Planting, confide, find_worksheet, group_items
from tests.support.series import load_real_series
from tests.support.walking import Walk, read_all

Fields = dict[str, str | list[str]]

SERIES = load_real_series()
CONFIDING = confide(SERIES)
PLANTED = Planting(CONFIDING)
TURNS = (Planting(CONFIDING, 1), Planting(CONFIDING, 2))
MODULES = [module.key for module in SERIES.modules]
NOTHING: frozenset[str] = frozenset()
PRAISE = "Every goal has a date."
# A launch comes by POST; who opens its address is told so.
ALWAYS_REFUSED = ["/lti/launch [400]"]
# What a command prints is an export. A new one must be judged: it prints nothing of anybody's work, or is read below.
COMMANDS_WITHOUT_WORK = {
    *("content check", "db check", "db upgrade", "demo", "keys list", "keys rotate", "serve", "worker"),
    *("grades retry", "invite", "platform add", "platform check", "platform edit", "platform remove"),
}
COMMANDS_READ = {
    "grades reconcile": ["grades", "reconcile", "--json"],
    "grades status": ["grades", "status", "--json"],
    "platform list": ["platform", "list", "--json"],
    "platform show": ["platform", "show", "1", "--json"],
}


@dataclass
class Scene:
    """Marisol writes, Ruth reviews; ``others`` are all but Marisol, by who they are."""

    door: FrontDoor
    walk: Walk
    planting: Planting
    marisol: Person
    ruth: Person
    others: Mapping[str, Person]
    log: list[logging.LogRecord]

    def read(self, person: Person, address: str) -> str:
        """Everything in the answer of one address."""
        return read_all(person.tool.get(person.place(address), base_url=TOOL))

    def send(self, person: Person, address: str, fields: Fields, do: str = "", *, page: str = "") -> str:
        """Send a form with the hidden fields of ``page`` (else of its own address); everything in all answers."""
        page = page or self.read(person, address)
        hidden = {name: find_hidden(page, name) for name in ("csrf_token", "version", "revision_id")}
        answer = person.send(address, {**hidden, **fields}, do=do)
        found = [read_all(answer)]
        if answer.status_code in {302, 303}:
            found.append(read_all(person.tool.get(answer.location, base_url=TOOL)))
        return "\n".join(found)

    def write_plan(
        self, key: str, do: str, shown: tuple[str, ...] = (), planting: Planting | None = None, page: str = ""
    ) -> str:
        """Send the whole form of a plan as Marisol, with these private fields shown."""
        document = {**(planting or self.planting).documents[key], "shown": list(shown)}
        items = list_form_items(find_worksheet(self.door.app.extensions["lti_tool"].series, key), document)
        return self.send(self.marisol, plan_of(key), group_items(items), do, page=page)

    def submit_again(self, key: str, shown: tuple[str, ...] = (), planting: Planting | None = None) -> str:
        """Take a plan back and submit it with these private fields shown; what Ruth then reads."""
        page = self.send(self.marisol, plan_of(key), {}, "take_back")
        assert is_done(page)
        assert is_done(self.write_plan(key, "submit", shown, planting, page))
        return self.read(self.ruth, self.review_of(key))

    def review_of(self, key: str, activity: str = PLAN_KEY) -> str:
        """The address of the review of one piece of Marisol's work."""
        statement = select(Submission.id).where(Submission.module_key == key, Submission.activity_key == activity)
        with self.door.store.reading() as session:
            return f"reviews/{session.scalars(statement.order_by(Submission.id)).first()}"

    def find_private(self, found: Mapping[str, str]) -> dict[str, frozenset[str]]:
        """Where private words are, among answers by address."""
        marks = {address: self.planting.find(words) for address, words in found.items()}
        return {address: names for address, names in marks.items() if names}


def plan_of(key: str) -> str:
    return f"modules/{key}/plan"


def reflection_of(key: str, reflection: str) -> str:
    return f"modules/{key}/reflections/{reflection}"


def list_reflections(key: str) -> tuple[Reflection, ...]:
    module = SERIES.find_module(key)
    assert module is not None
    return module.reflections


def find_hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""


def is_done(told: str) -> bool:
    """Whether a form led on to another page."""
    return told.startswith("303 ")


def is_refused(told: str, code: str) -> bool:
    """Whether a form was answered with the reason of this name."""
    return f'data-error-code="{code}"' in told


@pytest.fixture
def scene(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Scene]:
    log: list[logging.LogRecord] = []
    handler = logging.Handler(logging.INFO)
    handler.emit = log.append  # type: ignore[method-assign,assignment] # all it has to do is remember
    root, engine = logging.getLogger(), logging.getLogger("sqlalchemy.engine")
    levels = root.level, engine.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # Every statement is told, as where an operator looks for what is slow.
    engine.setLevel(logging.INFO)
    try:
        with open_front_door(database_url, tmp_path, clock, CONFIDING) as door:
            marisol = door.person("103")
            marisol.launch()
            others = {
                "a facilitator": door.person("201"),
                "the facilitator of another course": door.person("201"),
                "another librarian": door.person("102"),
                "an administrator": door.person("301"),
                "a visitor": door.person("401"),
            }
            for who, person in others.items():
                person.launch(course="course-2" if "another course" in who else "course-1")
            yield Scene(door, Walk(door), Planting(CONFIDING), marisol, others["a facilitator"], others, log)
    finally:
        root.removeHandler(handler)
        root.setLevel(levels[0])
        engine.setLevel(levels[1])


# On SQLite alone: some 2,500 pages take long, and a page is made of the same values whatever kept them. What the two
# databases can say differently is their own messages, which a test further down reads on both.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_private_words_never_leave_their_authors_pages(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in MODULES:
        # The first launch of a link brings its gradebook column.
        scene.marisol.launch(key)
    check_that_what_is_refused_comes_back_to_her(scene)
    check_that_she_reads_what_she_wrote(scene)
    check_that_others_read_only(scene, {})
    check_that_searching_for_it_finds_nothing(scene)
    for key in MODULES:
        check_a_review(scene, key)
        check_that_private_changes_are_not_told(scene, key)
        check_that_one_field_is_shown(scene, key)
    check_what_a_reviewer_meets_late(scene)
    # The page of a plan is opened by the reflections of its session as well.
    activities = (PLAN_KEY, *(reflection.key for reflection in list_reflections("visioning")))
    draft = scene.planting.list_private("visioning", "rough_draft")
    shown = {scene.review_of("visioning", activity): draft for activity in activities}
    scene.submit_again("visioning", ("rough_draft",))
    for key in MODULES:
        accept(scene, key)
    scene.door.deliver(3)
    check_that_others_read_only(scene, shown)
    check_the_gradebook(scene, tmp_path)
    check_what_is_stored(scene)
    check_the_commands(scene, tmp_path, monkeypatch, capsys)
    check_the_log(scene)
    check_that_every_address_was_visited(scene)


def check_that_what_is_refused_comes_back_to_her(scene: Scene) -> None:
    """Saves that fail in every way: her words are on the page that says so, and later nowhere in the log."""
    answers = list_form_items(find_worksheet(CONFIDING, "visioning"), scene.planting.documents["visioning"])
    mine: Fields = {f"a.{path}": dict(answers)[f"a.{path}"] for path in ("rough_draft", "secret")}
    plan = plan_of("visioning")
    page = scene.read(scene.marisol, plan)
    kept = [
        ("422", scene.send(scene.marisol, plan, mine, "submit", page=page)),
        ("409", scene.send(scene.marisol, plan, mine | {"a.secret": "From another tab."}, "save", page=page)),
    ]
    for status, told in kept:
        assert told.startswith(status)
        assert scene.planting.find(told) == scene.planting.list_private("visioning")
    refused: tuple[tuple[str, str, Fields], ...] = (
        (f"{plan}/autosave", "409", {"a.secret": "From another tab."}),
        (plan, "403", {"csrf_token": "wrong"}),
        (plan, "413", {"a.campus_name": "x" * 2**20}),
        (plan_of("nothing"), "404", {}),
    )
    for address, status, more in refused:
        assert scene.send(scene.marisol, address, mine | more, "save", page=page).startswith(status)


def check_that_she_reads_what_she_wrote(scene: Scene) -> None:
    """She saves and submits everything, and finds each private word on the page where she wrote it."""
    planting, expected = scene.planting, {}
    for key in MODULES:
        page = scene.write_plan(key, "save")
        assert is_done(page)
        assert planting.find(page) >= planting.list_private(key), "she reads it as she writes"
        draft = scene.read(scene.ruth, scene.review_of(key))
        assert planting.find(draft) | planting.find_open(draft) == NOTHING, "a draft is hers alone"
        assert is_done(scene.write_plan(key, "submit", page=page))
        expected[plan_of(key)] = planting.list_private(key)
    for key in MODULES:
        for reflection in list_reflections(key):
            name, address = f"reflection {reflection.key}", reflection_of(key, reflection.key)
            words = reflection.min_words + 10
            text = planting.plant_text(key, name, words, is_private=reflection.may_be_private)
            fields: Fields = {"a.text": text, "is_private": ["", "yes" if reflection.may_be_private else ""]}
            assert is_done(scene.send(scene.marisol, address, fields, "submit"))
            expected |= {address: planting.list_private(key, name)} if reflection.may_be_private else {}
    found = dict(scene.find_private(scene.walk.go(scene.marisol)))
    promises = found.pop("promises")
    assert promises, "a private date is in her own list of promises"
    assert promises <= planting.list_private()
    # The last plan has two private fields that take from private ones of earlier plans.
    assert found[plan_of("opportunity")] == expected.pop(plan_of("opportunity")) | list_taken(planting)
    assert {address: names for address, names in found.items() if address != plan_of("opportunity")} == {
        address: names for address, names in expected.items() if names
    }
    assert len(planting.list_private()) > 40


def list_taken(planting: Planting) -> frozenset[str]:
    """What "drafts" carries, and the name of the row that the first of "confided" picks."""
    picked = {name for name in planting.list_private("relationships") if is_picked(planting.marks[name].path)}
    return planting.list_private("visioning", "rough_draft") | picked


def is_picked(path: str) -> bool:
    return path == "trust_audit.trust_audit-0.respect_evidence"


def check_that_others_read_only(scene: Scene, shown: Mapping[str, frozenset[str]]) -> None:
    """Everybody else opens every address, and as long as nothing is ``shown`` to her facilitator, those of hers too."""
    for who, person in scene.others.items():
        found = scene.find_private(scene.walk.go(person))
        assert (who, found) == (who, shown if who == "a facilitator" else {})
        if not shown:
            at_hers = scene.find_private(scene.walk.go(person, scene.marisol.session_id))
            assert (who, at_hers) == (who, {})


def check_that_searching_for_it_finds_nothing(scene: Scene) -> None:
    """The page says back what was asked for, and is else that of another word, which nobody wrote."""
    for name in sorted(scene.planting.list_private()):
        first, rest = name[:4], name[4:]
        page, other = (
            scene.ruth.tool.get(
                scene.ruth.place("search"), base_url=TOOL, query_string={"q": begun + rest}
            ).text.lower()
            for begun in (first, "zqzq")
        )
        assert name in page
        assert page.replace(first, "zqzq") == other


def check_a_review(scene: Scene, key: str) -> None:
    """Ruth claims the plan, writes, meets her own other tab, reads it once more and sends it back."""
    planting, ruth, review = scene.planting, scene.ruth, scene.review_of(key)
    page = scene.read(ruth, review)
    assert planting.find_open(page) >= planting.list_open(key), "she reads all that is not private"
    worksheet = find_worksheet(CONFIDING, key)
    fields: Fields = {f"rating.{criterion.key}": "3" for criterion in worksheet.rubric}
    fields |= {"overall": "Look at your goals again.", "decision": "return"}
    # What no page of hers offers: to ask for a change in a private field.
    private: Fields = {"named": [path.partition(".")[0] for path in list_private_paths(worksheet)]}
    seen = [scene.send(ruth, review, {}, do, page=page) for do in ("start", "let_go")] + [page]
    steps: tuple[tuple[str, Fields, str, str], ...] = (
        (review, fields | private, "save", ""),
        (review, fields | {"version": "0", "overall": "From another tab."}, "save", "newer_version_saved"),
        (review, fields, "preview", ""),
        (f"{review}/release", {}, "", "review_not_complete"),
        (f"{review}/release", {"decision": "return"}, "", ""),
        (review, {}, "correct", ""),
        (review, {}, "drop", ""),
    )
    for action, sent, do, code in steps:
        seen.append(scene.send(ruth, action, sent, do, page=seen[-1]))
        assert is_refused(seen[-1], code) if code else is_done(seen[-1])
    page = seen[-1]
    for reflection in list_reflections(key):
        address = scene.review_of(key, reflection.key)
        form = page.partition(f'id="reflection-form-{address.rpartition("/")[2]}"')[2]
        assert bool(form) is not reflection.may_be_private
        note = scene.send(ruth, address, {"overall": "Thank you."}, "preview", page=form or page)
        assert is_refused(note, "kept_private") if reflection.may_be_private else is_done(note)
        seen.append(note)
    seen.append(scene.send(ruth, f"{review}/autosave", fields | {"overall": "One word more."}, page=page))
    assert planting.find("".join(seen)) == NOTHING


def check_that_private_changes_are_not_told(scene: Scene, key: str) -> None:
    """She submits twice more, each time with nothing but private answers changed: Ruth sees no difference at all."""
    first, second = TURNS
    assert is_done(scene.write_plan(key, "submit", planting=first))
    pages = [scene.read(scene.ruth, scene.review_of(key)), scene.submit_again(key, planting=second)]
    assert all("Since version 1, 0 answers changed" in page for page in pages)
    assert [planting.find(page) for page, planting in zip(pages, TURNS, strict=True)] == [NOTHING] * 2
    told = [re.sub(r'Version \d|"revision_id" value="\d+"', "", page) for page in pages]
    assert told[0] == told[1]


def check_that_one_field_is_shown(scene: Scene, key: str) -> None:
    """She ticks "show my facilitator" at one private field after the other: Ruth reads that one, and no other."""
    planting = scene.planting
    taken = {
        "drafts": planting.list_private("visioning", "rough_draft"),
        "confided": list_taken(planting) - planting.list_private("visioning"),
    }
    paths = list_private_paths(find_worksheet(CONFIDING, key))
    for path in paths:
        page = scene.submit_again(key, (path,))
        assert planting.find(page) == planting.list_private(key, path) | taken.get(path, NOTHING)
        assert "Private, shown to you" in page or "." in path, "also where there are only marks on a scale"
    if paths:
        assert planting.find(scene.read(scene.ruth, f"{scene.review_of(key)}/release")) == NOTHING
        assert planting.find(scene.submit_again(key)) == NOTHING


def check_what_a_reviewer_meets_late(scene: Scene) -> None:
    """Ruth's page is old: the plan was taken back, then submitted anew. Her words are kept beside nothing private."""
    review = scene.review_of("relationships")
    page = scene.read(scene.ruth, review)
    scene.send(scene.marisol, plan_of("relationships"), {}, "take_back")
    fields: Fields = {"overall": "Too late.", "decision": "accept"}
    seen = [scene.send(scene.ruth, review, fields, "save", page=page)]
    assert is_refused(seen[-1], "taken_back")
    scene.write_plan("relationships", "submit")
    for action in (review, f"{review}/release"):
        seen.append(scene.send(scene.ruth, action, fields, "save", page=page))
        assert is_refused(seen[-1], "newer_revision_submitted")
    assert scene.planting.find("".join(seen)) == NOTHING


def accept(scene: Scene, key: str) -> None:
    review = scene.review_of(key)
    preview = scene.send(scene.ruth, review, {"overall": PRAISE}, "preview")
    assert is_done(scene.send(scene.ruth, f"{review}/release", {"decision": "accept"}, page=preview))
    assert scene.planting.find(preview) == NOTHING


def check_the_gradebook(scene: Scene, tmp_path: Path) -> None:
    """Eight scores with the facilitator's words have arrived, and no private word came with them."""
    with closing(sqlite3.connect(tmp_path / "lms" / "demo_lms.sqlite3")) as connection:
        everything = "\n".join(connection.iterdump())
        scores = connection.execute("SELECT column_id, sub, given, comment FROM scores").fetchall()
    assert [(sub, given, comment) for _, sub, given, comment in scores] == [("103", 100, PRAISE)] * len(MODULES)
    assert "/scores" in everything, "the traffic"
    pages = ["/courses/course-1/grades", "/traffic?all=1"]
    pages += [f"/courses/course-1/grades/{column}/{sub}" for column, sub, *_ in scores]
    told = [scene.ruth.lms.get(address, base_url=scene.door.lms_url).text for address in pages]
    assert PRAISE in told[-1]
    assert scene.planting.find("\n".join([everything, *told])) == NOTHING


def check_what_is_stored(scene: Scene) -> None:
    """Private words are in her drafts and revisions and in no other column: no audit fact, outbox row or review."""
    found: dict[str, frozenset[str]] = {}
    with scene.door.store.reading() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)).mappings():
                for column, value in row.items():
                    found.setdefault(f"{table.name}.{column}", NOTHING)
                    found[f"{table.name}.{column}"] |= scene.planting.find(json.dumps(value, default=str))
    everything = scene.planting.list_private()
    assert {name: marks for name, marks in found.items() if marks} == {
        "submissions.draft": everything,
        "revisions.document": everything,
    }
    assert {"audit_facts.facts", "score_deliveries.comment", "score_attempts.detail", "reviews.overall"} <= set(found)


def check_the_commands(
    scene: Scene, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command that prints what is stored, and none that nobody has judged."""
    assert set(list_commands(program)) == COMMANDS_WITHOUT_WORK | COMMANDS_READ.keys()
    settings = scene.door.tool.settings
    monkeypatch.setenv("LTI_TOOL_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LTI_TOOL_BASE_URL", settings.base_url)
    monkeypatch.setenv("LTI_TOOL_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("LTI_TOOL_KEYS_DIR", str(folder / "keys"))
    monkeypatch.setenv("LTI_TOOL_ENV", "development")
    for arguments in COMMANDS_READ.values():
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main(arguments)
        told = capsys.readouterr()
        assert json.loads(told.out), arguments
        assert scene.planting.find(told.out + told.err) == NOTHING


def list_commands(group: click.Group, around: str = "") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from list_commands(command, f"{around}{name} ")
        else:
            yield f"{around}{name}"


def check_the_log(scene: Scene) -> None:
    told = read_log(scene)
    assert "INSERT INTO revisions" in told, "every statement is told, without what goes into it"
    assert scene.planting.find(told) == NOTHING


def read_log(scene: Scene) -> str:
    """Every line of the log since the scene began, with stack traces."""
    formatter = logging.Formatter("%(name)s %(message)s")
    return "\n".join(formatter.format(record) for record in scene.log)


def check_that_every_address_was_visited(scene: Scene) -> None:
    """Whoever adds an address that shows what is stored has it walked, or is told here that it was not."""
    newcomer = scene.door.person("102")
    answer = newcomer.tool.get("/lti/login", base_url=TOOL, query_string=newcomer.start_login())
    scene.walk.note("/lti/login", answer)
    scene.walk.get(newcomer, answer.location).close()
    button = open_cookieless(scene.door, "102").reach_button()
    pressed = newcomer.send("/lti/continue", button.form("/lti/continue"))
    scene.walk.get(newcomer, pressed.location).close()
    invite = create_invite(scene.door.store, name=None, now=scene.door.clock.now())
    scene.walk.get(newcomer, f"/lti/register/{invite.secret}").close()
    assert scene.walk.list_unvisited() == ALWAYS_REFUSED


def test_hiding_again_counts_at_once(scene: Scene) -> None:
    """What she showed and a facilitator has reviewed is hidden as soon as her newer draft says so."""
    scene.write_plan("visioning", "submit", ("rough_draft", "secret"))
    review = scene.review_of("visioning")
    fields: Fields = {"overall": "Say more.", "decision": "return"}
    preview = scene.send(scene.ruth, review, fields, "preview")
    returned = scene.send(scene.ruth, f"{review}/release", fields, page=preview)
    assert scene.planting.find(returned) == scene.planting.list_private("visioning")
    scene.write_plan("visioning", "save", ("secret",))
    assert scene.planting.find(scene.read(scene.ruth, review)) == scene.planting.list_private("visioning", "secret")


def test_a_reflection_that_came_back_is_hidden_as_soon_as_it_is_private(scene: Scene) -> None:
    reflection = list_reflections("coaching")[0]
    address = reflection_of("coaching", reflection.key)
    text = scene.planting.plant_text("coaching", "reflection", reflection.min_words + 10, is_private=True)
    names = scene.planting.list_private("coaching", "reflection")
    scene.send(scene.marisol, address, {"a.text": text, "is_private": ""}, "submit")
    review = scene.review_of("coaching", reflection.key)
    page = scene.read(scene.ruth, review)
    assert scene.planting.find(page) == names, "she has not said that it is private"
    preview = scene.send(scene.ruth, review, {"overall": "Who was it?"}, "preview")
    scene.send(scene.ruth, f"{review}/release", {"decision": "return"}, page=preview)
    assert scene.planting.find(scene.read(scene.ruth, review)) == names
    assert is_done(scene.send(scene.marisol, address, {"a.text": text, "is_private": ["", "yes"]}, "save"))
    assert scene.planting.find(scene.read(scene.ruth, review)) == NOTHING


def test_the_words_of_a_question_that_is_gone_are_their_authors_alone(scene: Scene) -> None:
    scene.write_plan("visioning", "save")
    tool = scene.door.app.extensions["lti_tool"]
    # A new version of the content, in which nobody can see any more that "secret" was private.
    scene.door.app.extensions["lti_tool"] = replace(tool, series=SERIES)
    assert is_done(scene.write_plan("visioning", "submit"))
    page = scene.read(scene.marisol, plan_of("visioning"))
    assert scene.planting.find(page) == scene.planting.list_private("visioning")
    for address in (scene.review_of("visioning"), "reviews/", "modules/visioning"):
        assert scene.planting.find(scene.read(scene.ruth, address)) == NOTHING
    with scene.door.store.reading() as session:
        document = session.scalars(select(Submission.draft)).one()
    assert scene.planting.find(json.dumps(document["retired"])) == scene.planting.list_private("visioning", "secret")
    described = describe_answers(find_worksheet(SERIES, "visioning"), document, reader=Reader.EXPORT)
    assert scene.planting.find(str(described)) == NOTHING


def test_a_fault_tells_nothing_of_what_was_being_saved(scene: Scene) -> None:
    """PostgreSQL says which row broke a rule, with what was in it; SQLite names the rule."""
    is_sqlite = scene.door.store.engine.dialect.name == "sqlite"
    begin, end = BREAK_SQLITE if is_sqlite else BREAK_POSTGRES
    reflection = list_reflections("coaching")[0]
    words = scene.planting.plant_text("coaching", "reflection", reflection.min_words + 10, is_private=True)
    fields: Fields = {"a.text": words, "is_private": ["", "yes"]}
    with scene.door.store.engine.begin() as connection:
        connection.execute(text(begin))
    try:
        told = scene.send(scene.marisol, reflection_of("coaching", reflection.key), fields, "submit")
    finally:
        with scene.door.store.engine.begin() as connection:
            connection.execute(text(end))
    assert is_refused(told, "our_fault")
    assert scene.planting.find(told) == NOTHING
    assert "IntegrityError" in read_log(scene)
    assert scene.planting.find(read_log(scene)) == NOTHING


BREAK_SQLITE = (
    "CREATE TRIGGER broken BEFORE INSERT ON revisions BEGIN SELECT RAISE(ABORT, 'broken'); END",
    "DROP TRIGGER broken",
)
BREAK_POSTGRES = (
    "ALTER TABLE revisions ADD CONSTRAINT broken CHECK (number > 100)",
    "ALTER TABLE revisions DROP CONSTRAINT broken",
)


def fill_plan(key: str) -> tuple[Worksheet, Document]:
    """A planted plan with copies of everything it builds on, and with every private field shown."""
    worksheet = find_worksheet(CONFIDING, key)
    current = {
        make_address(source): Copy(
            copy_answer(find_worksheet(CONFIDING, source.module), source.field, PLANTED.documents[source.module]),
            Stage.ACCEPTED,
            1,
            A_WEDNESDAY_AFTERNOON,
        )
        for source in list_sources(worksheet)
    }
    document = take_copies(worksheet, PLANTED.documents[key], current)
    return worksheet, {**document, "shown": list(list_private_paths(worksheet))}


@pytest.mark.parametrize("key", MODULES)
def test_an_export_has_nothing_private_whatever_is_shown(key: str) -> None:
    worksheet, document = fill_plan(key)
    described = describe_answers(worksheet, document, reader=Reader.EXPORT)
    assert not any(question.is_private for part in described for question in part.questions)
    assert PLANTED.find(str(described)) == NOTHING
    assert PLANTED.find_open(str(described)) >= PLANTED.list_open(key)
    own = describe_answers(worksheet, document, reader=Reader.AUTHOR)
    assert PLANTED.find(str(own)) >= PLANTED.list_private(key)


@pytest.mark.parametrize("key", MODULES)
def test_the_principals_page_has_nothing_private_whatever_is_shown(key: str) -> None:
    lines = str(list_brief_lines(*fill_plan(key)))
    assert PLANTED.find(lines) == NOTHING
    assert bool(PLANTED.find_open(lines)) is any(
        question.feeds_brief or any(column.brief for column in question.field.columns)
        for question in list_questions(find_worksheet(CONFIDING, key))
    )


def test_what_is_private_is_copied_only_for_private_fields_of_other_plans() -> None:
    holding = {}
    for key in MODULES:
        worksheet, document = fill_plan(key)
        for address, copy in document.get("carried", {}).items():
            if PLANTED.find(json.dumps(copy)):
                users = [
                    field
                    for part in worksheet.parts
                    for field in part.fields
                    if address in map(make_address, list_field_sources(field))
                ]
                holding[f"{key} {address}"] = [field.private for field in users]
        hidden = describe_answers(worksheet, {**document, "shown": []}, reader=Reader.REVIEWER)
        assert PLANTED.find(str(hidden)) == NOTHING
    assert holding == {
        "opportunity visioning.rough_draft": [True],
        "opportunity relationships.trust_audit": [True],
    }

"""The demo courses: the links they come with, their members, and what each person is in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lti_tool.demo_lms.people import CROWD, DANA, MARISOL, NOOR, PEOPLE, PRIYA, RUTH, TESS, TEST_STUDENT, Person
from lti_tool.demo_lms.settings import CLIENT_ID

SERIES_KEY: Final = "series"
COLUMN_MAXIMUM: Final = 100
COLUMN_TAG: Final = "leading-edge"


class CourseRole(StrEnum):
    """What a member is in a course."""

    LEARNER = "Learner"
    ASSISTANT = "TeachingAssistant"
    INSTRUCTOR = "Instructor"

    @property
    def in_words(self) -> str:
        """The role as the people page shows it."""
        return _ROLE_WORDS[self]

    @property
    def is_staff(self) -> bool:
        """Whether it teaches."""
        return self is not CourseRole.LEARNER


_ROLE_WORDS: Final = {
    CourseRole.LEARNER: "Librarian",
    CourseRole.ASSISTANT: "Assistant",
    CourseRole.INSTRUCTOR: "Facilitator",
}


@dataclass(frozen=True, slots=True)
class Session:
    """One session of the series as the course lists it."""

    key: str
    title: str
    description: str


SESSIONS: Final = (
    Session(
        "visioning",
        "On the Leading Edge of Visioning",
        "Build a foundation by analyzing core beliefs about what you do and why you do it. Make a plan for the future "
        "of the school library and develop ways to communicate that plan and its progress.",
    ),
    Session(
        "relationships",
        "On the Leading Edge of Relationships",
        "Examine status of current relationships and evaluate relationship needs. Devise a plan to reach and engage "
        "with stakeholders and reinforce existing relationships.",
    ),
    Session(
        "coaching",
        "On the Leading Edge of Coaching",
        "Build and practice coaching skills to strengthen interpersonal connections; establish and take action "
        "towards achieving goals.",
    ),
    Session(
        "communication",
        "On the Leading Edge of Communication",
        "Hone skills needed to communicate ideas clearly in order to reach understanding and consensus. Examine "
        "purpose and intent of messages with empathy and openness to varied points of view.",
    ),
    Session(
        "innovation",
        "On the Leading Edge of Innovation",
        "Discuss how today's students learn - with or without technology - and how librarians influence and support "
        "that process.",
    ),
    Session(
        "influence",
        "On the Leading Edge of Influence",
        "Examine, design, and develop methods to measure the library program's impact on student growth. Devise a "
        "plan to effectively communicate results and observations to all stakeholders.",
    ),
    Session(
        "promotion",
        "On the Leading Edge of Library Promotion",
        "Design and develop a marketing plan to build awareness of library activities and programs. Collect data and "
        "evidence of outreach results. Build an advocacy platform.",
    ),
    Session(
        "opportunity",
        "On the Leading Edge of Opportunity",
        "Compile a plan for next school year identifying areas of intended transformation. Discuss career planning "
        "for yourself, as well as those you may work with in a leadership capacity.",
    ),
)
_SERIES: Final = Session(SERIES_KEY, "On the Leading Edge Series", "The whole series on one page.")


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a course from which a tool is opened.

    ``target`` is the page of the tool it opens, empty for the tool's own first one. ``custom`` is as it was placed,
    with its variables unresolved.
    """

    course_id: str
    key: str
    title: str
    description: str
    custom: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    client_id: str = CLIENT_ID
    is_published: bool = True

    @property
    def id(self) -> str:
        """The resource link id the tool sees."""
        return f"{self.course_id}-{self.key}"

    @property
    def is_series(self) -> bool:
        """Whether this is the built-in link to the whole series, which has no gradebook column."""
        return self.key == SERIES_KEY


@dataclass(frozen=True, slots=True)
class Course:
    """A course with its links and members.

    ``comes_with_sessions`` says whether it began with a link to each session; ``placed`` are the links a tool or a
    copy put there. ``history`` are the courses it was copied from, the nearest first.
    """

    id: str
    label: str
    title: str
    members: tuple[tuple[Person, CourseRole], ...]
    comes_with_sessions: bool = True
    placed: tuple[Link, ...] = ()
    history: tuple[str, ...] = ()

    @property
    def links(self) -> tuple[Link, ...]:
        """The series first, then its eight sessions in order, then what was placed."""
        items = (_SERIES, *SESSIONS) if self.comes_with_sessions else ()
        built_in = (Link(self.id, one.key, one.title, one.description, {"module": one.key}) for one in items)
        return (*built_in, *self.placed)

    @property
    def learners(self) -> tuple[Person, ...]:
        """Those whose work can be graded here."""
        return tuple(person for person, role in self.members if role is CourseRole.LEARNER)

    @property
    def visitors(self) -> tuple[Person, ...]:
        """Those with an account who are not members."""
        return tuple(person for person in PEOPLE if self.find_role(person) is None)

    def find_link(self, key_or_id: str) -> Link | None:
        """Return the link with this module key or resource link id, or None."""
        return next((link for link in self.links if key_or_id in {link.key, link.id}), None)

    def find_role(self, person: Person) -> CourseRole | None:
        """Return what the person is in this course; None for somebody who is not in it."""
        if person == TEST_STUDENT:  # Canvas's Student View has one in every course, and lists it in none
            return CourseRole.LEARNER
        return next((role for member, role in self.members if member == person), None)

    def is_taught_by(self, person: Person) -> bool:
        """Whether the person may change what is in the course."""
        role = self.find_role(person)
        return role is not None and role.is_staff


COURSES: Final = (
    Course(
        "course-1",
        "LEC-DEMO",
        "Leading Edge Cohort, demo",
        (
            (DANA, CourseRole.LEARNER),
            (PRIYA, CourseRole.LEARNER),
            (MARISOL, CourseRole.LEARNER),
            (TESS, CourseRole.LEARNER),
            (RUTH, CourseRole.INSTRUCTOR),
        ),
    ),
    Course(
        "course-2",
        "LEC-SPRING",
        "Leading Edge Cohort, spring",
        ((DANA, CourseRole.LEARNER), (RUTH, CourseRole.INSTRUCTOR), (NOOR, CourseRole.ASSISTANT)),
    ),
    Course(
        "course-3",
        "LEC-NEW",
        "Leading Edge Cohort, empty",
        (
            (DANA, CourseRole.LEARNER),
            (PRIYA, CourseRole.LEARNER),
            (MARISOL, CourseRole.LEARNER),
            (TESS, CourseRole.LEARNER),
            (RUTH, CourseRole.INSTRUCTOR),
        ),
        comes_with_sessions=False,
    ),
)


BIG_COURSE: Final = Course(
    "course-big",
    "LEC-BIG",
    "Leading Edge Cohort, a big one",
    (*((person, CourseRole.LEARNER) for person in CROWD), (RUTH, CourseRole.INSTRUCTOR)),
)
"""A course for trying long lists. No page leads to it."""

ALL_COURSES: Final = (*COURSES, BIG_COURSE)


def find_course(course_id: str | None) -> Course | None:
    """Return the course as it began, or None; with what came later it is in ``catalog``."""
    return next((course for course in ALL_COURSES if course.id == course_id), None)

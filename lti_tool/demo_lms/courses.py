"""The two demo courses: their links, their members, and what each person is in them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lti_tool.demo_lms.people import DANA, MARISOL, PEOPLE, PRIYA, RUTH, Person
from lti_tool.lti import vocabulary as lti

SERIES_KEY: Final = "series"
COLUMN_MAXIMUM: Final = 100
COLUMN_TAG: Final = "leading-edge"


class CourseRole(StrEnum):
    """What a member is in a course."""

    LEARNER = "Learner"
    INSTRUCTOR = "Instructor"

    @property
    def in_words(self) -> str:
        """The role as the people page shows it."""
        return "Librarian" if self is CourseRole.LEARNER else "Facilitator"


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
    """A place in a course from which the tool is opened. ``id`` is its resource link id."""

    course_id: str
    key: str
    title: str
    description: str

    @property
    def id(self) -> str:
        """The resource link id the tool sees."""
        return f"{self.course_id}-{self.key}"

    @property
    def is_series(self) -> bool:
        """Whether this is the link to the whole series, which has no gradebook column."""
        return self.key == SERIES_KEY


@dataclass(frozen=True, slots=True)
class Course:
    """A course with its links and members."""

    id: str
    label: str
    title: str
    members: tuple[tuple[Person, CourseRole], ...]

    @property
    def links(self) -> tuple[Link, ...]:
        """The series first, then its eight sessions in order."""
        return tuple(Link(self.id, item.key, item.title, item.description) for item in (_SERIES, *SESSIONS))

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
        return next((role for member, role in self.members if member == person), None)

    def list_launch_roles(self, person: Person) -> list[str]:
        """Return the role URIs of a launch: the account's own, and the course's for a member."""
        role = self.find_role(person)
        return [*([lti.ROLE_CONTEXT_PREFIX + role] if role else []), *person.account_roles]


COURSES: Final = (
    Course(
        "course-1",
        "LEC-DEMO",
        "Leading Edge Cohort, demo",
        (
            (DANA, CourseRole.LEARNER),
            (PRIYA, CourseRole.LEARNER),
            (MARISOL, CourseRole.LEARNER),
            (RUTH, CourseRole.INSTRUCTOR),
        ),
    ),
    Course(
        "course-2",
        "LEC-SPRING",
        "Leading Edge Cohort, spring",
        ((DANA, CourseRole.LEARNER), (RUTH, CourseRole.INSTRUCTOR)),
    ),
)


def find_course(course_id: str | None) -> Course | None:
    """Return the course with this id, or None."""
    return next((course for course in COURSES if course.id == course_id), None)

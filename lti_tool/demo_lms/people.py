"""The invented people of the demo: six, each with a reason to be here."""

from dataclasses import dataclass
from typing import Final

from lti_tool.lti import vocabulary as lti


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account in the LMS. ``sub`` is the id the tool sees."""

    sub: str
    given_name: str
    family_name: str
    duty: str
    story: str
    account_roles: tuple[str, ...]

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given_name} {self.family_name}"

    @property
    def email(self) -> str:
        """An address that can reach nobody."""
        return f"{self.given_name}.{self.family_name}@example.org".lower()


_ADMINISTRATOR: Final = (
    lti.ROLE_INSTITUTION_PREFIX + "Administrator",
    lti.ROLE_SYSTEM_PREFIX + "Administrator",
)
_STAFF: Final = (lti.ROLE_INSTITUTION_PREFIX + "Staff",)

DANA: Final = Person(
    "101", "Dana", "Whitfield", "Librarian", "has done all of Visioning; her plan waits for review", ()
)
PRIYA: Final = Person("102", "Priya", "Raman", "Librarian", "is half-way through Visioning", ())
MARISOL: Final = Person("103", "Marisol", "Ortega", "Librarian", "is new: nothing begun yet", ())
RUTH: Final = Person("201", "Ruth", "Okafor", "Facilitator", "reviews what the librarians submit", ())
LEE: Final = Person("301", "Lee", "Sandoval", "Administrator", "runs the LMS and is not in the course", _ADMINISTRATOR)
SAM: Final = Person("401", "Sam", "Keller", "Not enrolled", "found the link but is not in the course", _STAFF)

PEOPLE: Final = (DANA, PRIYA, MARISOL, RUTH, LEE, SAM)


def find_person(sub: str | None) -> Person | None:
    """Return the person with this id, or None."""
    return next((person for person in PEOPLE if person.sub == sub), None)

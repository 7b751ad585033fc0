"""The invented people of the demo: six one can be, one who never comes, and a crowd for the length of a list."""

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
NOOR: Final = Person("202", "Noor", "Haddad", "Assistant", "helps the facilitator of the spring course", ())
LEE: Final = Person("301", "Lee", "Sandoval", "Administrator", "runs the LMS and is not in the course", _ADMINISTRATOR)
SAM: Final = Person("401", "Sam", "Keller", "Not enrolled", "found the link but is not in the course", _STAFF)

PEOPLE: Final = (DANA, PRIYA, MARISOL, RUTH, NOOR, LEE, SAM)
"""Those one can choose to be."""

TEST_STUDENT: Final = Person("901", "Test", "Student", "Student View", "is what Canvas shows its teachers", ())
"""In Canvas's manner one can choose to be this person too; no list of people has it and no score can be kept for it."""

TESS: Final = Person("104", "Tess", "Alderbrook", "Librarian", "is in the course and has never opened the tool", ())
"""She is on the roster only: nobody plays her, so the tool hears of her from the roster or not at all."""

_GIVEN_NAMES: Final = (
    "Abel", "Bea", "Caro", "Dov", "Edda", "Finn", "Gwen", "Hugo", "Ines", "Jory", "Kit", "Lena", "Milo",
    "Nell", "Otto", "Pia", "Quin", "Rosa", "Saul", "Tilda", "Ugo", "Vera", "Wim", "Xenia", "Yara",
)  # fmt: skip
_FAMILY_NAMES: Final = ("Samplefield", "Testerby", "Mockwell", "Fableton", "Inventon")

CROWD: Final = tuple(
    Person(str(1001 + number), given, family, "Librarian", "is invented, like everybody here", ())
    for number, (family, given) in enumerate((family, given) for family in _FAMILY_NAMES for given in _GIVEN_NAMES)
)
"""125 more librarians, for a course whose list of people does not fit on a page."""

_BY_SUB: Final = {person.sub: person for person in (*PEOPLE, TESS, TEST_STUDENT, *CROWD)}


def find_person(sub: str | None) -> Person | None:
    """Return the person with this id, or None."""
    return _BY_SUB.get(sub) if sub is not None else None

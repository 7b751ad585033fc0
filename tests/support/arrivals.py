"""Launches from where their token is proved: messages as the door hands them to the services."""

from dataclasses import dataclass, replace
from typing import Any

from lti_tool.content.schema import Series
from lti_tool.lti import vocabulary
from lti_tool.lti.values import (
    AgsEndpoint,
    ContextClaim,
    LaunchMessage,
    PersonClaim,
    Registration,
    ResourceLinkClaim,
)
from lti_tool.models import Registration as RegistrationRow
from lti_tool.models import Store
from lti_tool.services.arrivals import Arrival, record_arrival
from lti_tool.services.collisions import repeat_on_collision
from lti_tool.services.registrations import to_value
from tests.support.clock import Clock
from tests.support.factories import AGS_SCOPES, PLATFORM
from tests.support.series import load_real_series

LEARNER = f"{vocabulary.ROLE_CONTEXT_PREFIX}Learner"
INSTRUCTOR = f"{vocabulary.ROLE_CONTEXT_PREFIX}Instructor"
COLUMN = f"{PLATFORM}/courses/7/line_items/1"


@dataclass
class Doorstep:
    """A platform whose people arrive; everything about a launch but the point is filled in."""

    store: Store
    clock: Clock
    registration: Registration
    series: Series

    @classmethod
    def of(cls, store: Store, clock: Clock, row: RegistrationRow) -> "Doorstep":
        """The doorstep of a registration."""
        return cls(store, clock, to_value(row), load_real_series())

    def arrive(self, sub: str = "dana", *, role: str = LEARNER, **changes: Any) -> Arrival:
        """Arrive, as a launch that passed every check does."""
        message = replace(self.make_message(sub), roles=(role,), **changes)

        def record() -> Arrival:
            with self.store.writing_rows() as rows:
                return record_arrival(
                    rows, registration=self.registration, message=message, series=self.series, now=self.clock.now()
                )

        return repeat_on_collision(record)

    def make_message(self, sub: str) -> LaunchMessage:
        """A click on Visioning's link in course 7."""
        return LaunchMessage(
            message_type=vocabulary.MESSAGE_RESOURCE_LINK,
            subject=sub,
            deployment_id="deployment-7",
            target_link_uri="https://tool.example.org/lti/launch",
            roles=(LEARNER,),
            resource_link=ResourceLinkClaim("link-7", "Visioning"),
            context=ContextClaim("course-7", "LEC", "Leading Edge Cohort"),
            person=PersonClaim(name=sub.title()),
            custom={"module": "visioning"},
            ags=AgsEndpoint(AGS_SCOPES, f"{PLATFORM}/courses/7/line_items", COLUMN),
            memberships_url=None,
            return_url=None,
            locale="en-US",
            document_target="iframe",
            platform_family=None,
            issued_at=self.clock.now(),
        )

"""Remembering refusals: how often the door said no, why, and when last. A row for each place and code, no more."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_tool.models import RefusalCount, Store
from lti_tool.services.collisions import repeat_on_collision

NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class RefusalSeen:
    """One reason for which people were refused, and its latest reference number (which the log has too)."""

    code: str
    reference: str
    count: int
    first_at: datetime
    last_at: datetime


def note_refusal(store: Store, *, registration_id: str | None, code: str, reference: str, now: datetime) -> None:
    """Count a refusal. What strangers send can add no more rows than there are codes."""
    place = NOBODY if registration_id is None else f"registration:{registration_id}"

    def count_once() -> None:
        with store.writing() as session:
            counted = session.execute(
                update(RefusalCount)
                .where(RefusalCount.place == place, RefusalCount.code == code)
                .values(count=RefusalCount.count + 1, reference=reference, last_at=now)
                .returning(RefusalCount.id)
            ).one_or_none()
            if counted is None:
                session.add(
                    RefusalCount(
                        place=place,
                        registration_id=None if registration_id is None else int(registration_id),
                        code=code,
                        reference=reference,
                        count=1,
                        first_at=now,
                        last_at=now,
                    )
                )

    repeat_on_collision(count_once)


def list_refusals_of(session: Session, registration_id: int | None) -> tuple[RefusalSeen, ...]:
    """The refusals of a platform, or of those nobody knows, the latest first."""
    place = NOBODY if registration_id is None else f"registration:{registration_id}"
    rows = session.scalars(
        select(RefusalCount).where(RefusalCount.place == place).order_by(RefusalCount.last_at.desc())
    )
    return tuple(RefusalSeen(row.code, row.reference, row.count, row.first_at, row.last_at) for row in rows)

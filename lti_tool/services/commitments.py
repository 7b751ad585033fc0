"""The promises of one person, out of all her plans."""

from dataclasses import dataclass
from datetime import date

from lti_tool.content.schema import Module, Series
from lti_tool.domain.commitments import Commitment, list_commitments
from lti_tool.models import Store
from lti_tool.services.own_plans import read_own_plans
from lti_tool.services.visits import Visit
from lti_tool.services.work import require_worker


@dataclass(frozen=True, slots=True)
class PlanCommitment:
    """A promise with the plan it was made in."""

    module: Module
    plan_title: str
    promise: Commitment


@dataclass(frozen=True, slots=True)
class CommitmentsPage:
    """Her promises by day: ``coming`` from ``today`` on, ``past`` ones that are not marked as done, and ``done``."""

    today: date
    coming: tuple[PlanCommitment, ...]
    past: tuple[PlanCommitment, ...]
    done: tuple[PlanCommitment, ...]

    @property
    def is_empty(self) -> bool:
        """Whether she has promised nothing with a date yet."""
        return not (self.coming or self.past or self.done)


def read_commitments(store: Store, visit: Visit, series: Series, *, today: date) -> CommitmentsPage:
    """Everything dated that this person promised in her plans as they stand, drafts among them.

    Raises:
        NotAllowedError: this visit has no work of its own.
    """
    with store.reading() as session:
        plans = read_own_plans(session, series.modules, cohort_id=require_worker(visit), user_id=visit.user_id)
    promises = sorted(
        (
            PlanCommitment(plan.module, plan.worksheet.title, promise)
            for plan in plans.values()
            for promise in list_commitments(plan.worksheet, plan.draft)
        ),
        key=lambda item: item.promise.day,
    )
    open_ones = [item for item in promises if not item.promise.is_done]
    return CommitmentsPage(
        today=today,
        coming=tuple(item for item in open_ones if item.promise.day >= today),
        past=tuple(item for item in open_ones if item.promise.day < today),
        done=tuple(item for item in promises if item.promise.is_done),
    )

"""Recording an arrival: what a verified launch says of a person, a course, a link and its column, written once.

Runs inside the launch's transaction. The usual case (everything known, nothing changed) costs one statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, insert, literal, select, update
from sqlalchemy.orm import Session

from lti_tool.content.schema import Series
from lti_tool.domain.roles import Standing, decide_standing
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.values import LaunchMessage, PersonClaim, Registration
from lti_tool.models import (
    Cohort,
    Context,
    Deployment,
    Enrolment,
    LineItem,
    Membership,
    NoticeHandler,
    ResourceLink,
    Roster,
    User,
)
from lti_tool.models import Registration as RegistrationRow
from lti_tool.models.platforms import SERIES_LINK
from lti_tool.models.store import AnyRow
from lti_tool.services.arrival_links import keep_column, keep_link
from lti_tool.services.arrival_work import WantedWork, find_wanted_work
from lti_tool.services.audit import record_fact
from lti_tool.services.column_requests import look_for_columns_at_launch
from lti_tool.services.courses import add_course
from lti_tool.services.notices import keep_notice_service
from lti_tool.services.rosters import keep_roster

SEEN_AGAIN_AFTER = timedelta(hours=1)
LATEST_DAY_END = timedelta(hours=12)
SELF_CHECK_PAGE = "self_check"

_ANCHOR = select(literal(1).label("one")).subquery()
# What is known of a launch: one row for each open cohort of its course, the one she would go to first; a single row
# when there is none.
_FIND_KNOWN = (
    select(
        Deployment.id.label("deployment_id"),
        User.id.label("user_id"),
        User.name.label("user_name"),
        User.last_seen_at,
        Context.id.label("context_id"),
        Context.title.label("context_title"),
        Context.label.label("context_label"),
        Context.line_items_url,
        Context.ags_scopes,
        Membership.id.label("membership_id"),
        Membership.standing,
        Membership.has_been_staff,
        Membership.last_launch_at,
        ResourceLink.id.label("link_id"),
        ResourceLink.title.label("link_title"),
        ResourceLink.module_key.label("link_module_key"),
        ResourceLink.placement_id.label("link_placement_id"),
        LineItem.id.label("column_id"),
        LineItem.context_id.label("column_context_id"),
        LineItem.module_key.label("column_module_key"),
        LineItem.is_gone,
        Cohort.id.label("cohort_id"),
        Cohort.is_default,
        Enrolment.id.label("enrolment_id"),
        Enrolment.is_practice,
        NoticeHandler.service_url.label("notice_url"),
        Roster.url.label("roster_url"),
        Roster.wanted_at.label("roster_wanted_at"),
        Roster.read_at.label("roster_read_at"),
    )
    .select_from(_ANCHOR)
    .outerjoin(
        Deployment,
        and_(
            Deployment.registration_id == bindparam("registration_id"),
            Deployment.id_on_platform == bindparam("deployment"),
        ),
    )
    .outerjoin(NoticeHandler, NoticeHandler.deployment_id == Deployment.id)
    .outerjoin(User, and_(User.registration_id == bindparam("registration_id"), User.sub == bindparam("sub")))
    .outerjoin(Context, and_(Context.deployment_id == Deployment.id, Context.id_on_platform == bindparam("context")))
    .outerjoin(Roster, Roster.context_id == Context.id)
    .outerjoin(Membership, and_(Membership.context_id == Context.id, Membership.user_id == User.id))
    .outerjoin(
        ResourceLink, and_(ResourceLink.context_id == Context.id, ResourceLink.id_on_platform == bindparam("link"))
    )
    .outerjoin(
        LineItem, and_(LineItem.registration_id == bindparam("registration_id"), LineItem.url == bindparam("column"))
    )
    .outerjoin(
        Cohort,
        and_(Cohort.context_id == Context.id, Cohort.closes_on.is_(None) | (Cohort.closes_on >= bindparam("today"))),
    )
    .outerjoin(Enrolment, and_(Enrolment.cohort_id == Cohort.id, Enrolment.user_id == User.id))
    .order_by(Enrolment.id.is_(None), Cohort.created_at.desc(), Cohort.id.desc())
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who arrived where: ids of ours, her standing, and the module the link opens (``series``, a key or None).

    ``wanted_work`` is the piece of work the launch is about, when it is about one.
    """

    deployment_id: int
    user_id: int
    context_id: int | None
    resource_link_id: int | None
    cohort_id: int | None
    standing: Standing
    module_key: str | None
    wanted_work: WantedWork | None = None
    wants_self_check: bool = False


def record_arrival(
    rows: Connection | Session, *, registration: Registration, message: LaunchMessage, series: Series, now: datetime
) -> Arrival:
    """Write what is new about this launch and decide who enters as what.

    Raises:
        LaunchRefused: the deployment is not one of this registration's.
    """
    connection = rows.connection() if isinstance(rows, Session) else rows
    found = _find_known(connection, registration, message, now)
    known = found[0]
    deployment_id = known.deployment_id or _adopt_deployment(connection, registration, message, now)
    user_id = _keep_user(connection, known, registration, message, now)
    course = message.context
    has_context = course is not None
    standing = decide_standing(
        # Whoever has no id can neither work nor review: the next one without would be the same person.
        message.roles if message.subject else (),
        has_context=has_context,
        has_been_staff=has_context and bool(message.subject and known.has_been_staff),
    )
    wants_self_check = message.custom.get("page") == SELF_CHECK_PAGE and standing is Standing.ADMINISTRATOR
    if course is None:
        return Arrival(
            deployment_id, user_id, None, None, None, standing, SERIES_LINK, wants_self_check=wants_self_check
        )
    if known.context_id is None:
        context_id, cohort_id = add_course(connection, deployment_id, course, message.ags, now=now)
    else:
        context_id, cohort_id = known.context_id, None
        _keep_context(connection, known, message)
    if message.subject:
        _keep_membership(connection, known, context_id, user_id, standing, now)
    keep_notice_service(connection, deployment_id, known.notice_url, message, now)
    keep_roster(connection, known, context_id, message, standing, now)
    link_id, module_key = keep_link(connection, known, registration, context_id, message, series, now)
    keep_column(connection, known, registration, context_id, link_id, module_key, message, now)
    if standing is Standing.STAFF and known.membership_id is None:
        look_for_columns_at_launch(connection, context_id, message, series, now)
    if cohort_id is None:
        cohort_id, enrolled = _choose_cohort(found, standing)
    else:
        enrolled = None
    if standing is Standing.ADMINISTRATOR:
        cohort_id = None
    if cohort_id is not None and standing.may_work:
        _keep_enrolment(connection, enrolled, cohort_id, user_id, is_practice=standing is Standing.PRACTICE, now=now)
    return Arrival(
        deployment_id,
        user_id,
        context_id,
        link_id,
        cohort_id,
        standing,
        module_key,
        wanted_work=find_wanted_work(connection, message, cohort_id, module_key, standing),
        wants_self_check=wants_self_check,
    )


def _find_known(
    connection: Connection, registration: Registration, message: LaunchMessage, now: datetime
) -> Sequence[AnyRow]:
    column_url = message.ags.line_item_url if message.ags else None
    # No identifier is empty, so an absent claim finds nothing.
    return connection.execute(
        _FIND_KNOWN,
        {
            "registration_id": int(registration.id),
            "deployment": message.deployment_id,
            "sub": message.subject,
            "context": message.context.id_on_platform if message.context else "",
            "link": message.resource_link.id_on_platform if message.resource_link else "",
            "column": column_url or "",
            # A cohort closes at the end of a day, and that day ends last far west of Greenwich.
            "today": (now - LATEST_DAY_END).date(),
        },
    ).all()


def _adopt_deployment(connection: Connection, registration: Registration, message: LaunchMessage, now: datetime) -> int:
    """Take the first deployment id that a registration without any sees; refuse every other unknown one."""
    registration_id = int(registration.id)
    # Held, so that two first launches at the same moment adopt one deployment and not two.
    connection.execute(
        select(RegistrationRow.id).where(RegistrationRow.id == registration_id).with_for_update(key_share=True)
    )
    known = connection.execute(
        select(Deployment.id, Deployment.id_on_platform).where(Deployment.registration_id == registration_id)
    ).all()
    for deployment_id, id_on_platform in known:
        if id_on_platform == message.deployment_id:
            return int(deployment_id)
    if known:
        raise LaunchRefused(
            RefusalCode.UNKNOWN_DEPLOYMENT,
            f"deployment {message.deployment_id!r} of registration {registration_id}",
            return_url=message.return_url,
        )
    deployment_id = connection.execute(
        insert(Deployment)
        .values(registration_id=registration_id, id_on_platform=message.deployment_id, was_adopted=True, created_at=now)
        .returning(Deployment.id)
    ).scalar_one()
    record_fact(connection, now=now, verb="adopted_deployment", object_kind="deployment", object_id=deployment_id)
    return deployment_id


def _keep_user(
    connection: Connection, known: AnyRow, registration: Registration, message: LaunchMessage, now: datetime
) -> int:
    # An id stands for one person; where none came, no name may stand for all who come without.
    name = _name_person(message.person) if message.subject else None
    if known.user_id is None:
        return connection.execute(
            insert(User)
            .values(
                registration_id=int(registration.id), sub=message.subject, name=name, created_at=now, last_seen_at=now
            )
            .returning(User.id)
        ).scalar_one()
    changes: dict[str, Any] = {}
    # A launch without a name (privacy switched off, or on again) forgets the earlier one: only what is sent is kept.
    if known.user_name != name:
        changes["name"] = name
    if now - known.last_seen_at >= SEEN_AGAIN_AFTER:
        changes["last_seen_at"] = now
    if changes:
        connection.execute(update(User).where(User.id == known.user_id).values(changes))
    return int(known.user_id)


def _keep_context(connection: Connection, known: AnyRow, message: LaunchMessage) -> None:
    claim, ags = message.context, message.ags
    changes: dict[str, Any] = {}
    if claim is not None and claim.title is not None and known.context_title != claim.title:
        changes["title"] = claim.title
    if claim is not None and claim.label is not None and known.context_label != claim.label:
        changes["label"] = claim.label
    # A link without a column may come without the grading claim; that takes nothing away from the course.
    if ags is not None and (known.ags_scopes != list(ags.scopes) or known.line_items_url != ags.line_items_url):
        changes |= {"ags_scopes": list(ags.scopes), "line_items_url": ags.line_items_url}
    if changes:
        connection.execute(update(Context).where(Context.id == known.context_id).values(changes))


def _keep_membership(
    connection: Connection, known: AnyRow, context_id: int, user_id: int, standing: Standing, now: datetime
) -> None:
    is_staff = standing is Standing.STAFF
    if known.membership_id is None:
        connection.execute(
            insert(Membership).values(
                context_id=context_id,
                user_id=user_id,
                standing=standing,
                has_been_staff=is_staff,
                created_at=now,
                last_launch_at=now,
            )
        )
        return
    changes: dict[str, Any] = {}
    if known.standing != standing:
        changes["standing"] = standing
    if is_staff and not known.has_been_staff:
        changes["has_been_staff"] = True
        # What she did here as a learner is practice from now on; nothing of it is sent any more.
        connection.execute(
            update(Enrolment)
            .where(
                Enrolment.user_id == user_id,
                Enrolment.cohort_id.in_(select(Cohort.id).where(Cohort.context_id == context_id)),
            )
            .values(is_practice=True)
        )
    if now - known.last_launch_at >= SEEN_AGAIN_AFTER:
        changes["last_launch_at"] = now
    if changes:
        connection.execute(update(Membership).where(Membership.id == known.membership_id).values(changes))


def _choose_cohort(found: Sequence[AnyRow], standing: Standing) -> tuple[int | None, AnyRow | None]:
    """The cohort this launch goes to and her enrolment in it: her newest open one, else the course's default."""
    cohorts = [row for row in found if row.cohort_id is not None]
    if not cohorts:
        return None, None
    if standing.may_work and cohorts[0].enrolment_id is not None:
        return cohorts[0].cohort_id, cohorts[0]
    return next((row.cohort_id for row in cohorts if row.is_default), cohorts[0].cohort_id), None


def _keep_enrolment(
    connection: Connection,
    enrolled: AnyRow | None,
    cohort_id: int,
    user_id: int,
    *,
    is_practice: bool,
    now: datetime,
) -> None:
    if enrolled is None:
        connection.execute(
            insert(Enrolment).values(cohort_id=cohort_id, user_id=user_id, is_practice=is_practice, created_at=now)
        )
    elif is_practice and not enrolled.is_practice:
        connection.execute(update(Enrolment).where(Enrolment.id == enrolled.enrolment_id).values(is_practice=True))


def _name_person(person: PersonClaim) -> str | None:
    if person.name:
        return person.name[:255]
    parts = " ".join(part for part in (person.given_name, person.family_name) if part)
    return parts[:255] or None

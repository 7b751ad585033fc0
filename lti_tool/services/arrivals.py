"""Recording an arrival: what a verified launch says of a person, a course, a link and its column, written once.

Runs inside the launch's transaction. The usual case (everything known, nothing changed) costs two statements.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, literal, select, update
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
    ResourceLink,
    User,
)
from lti_tool.models.platforms import SERIES_LINK
from lti_tool.services.audit import record_fact
from lti_tool.services.scores import queue_waiting_scores

SEEN_AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who arrived where: ids of ours, her standing, and the module the link opens (``series``, a key or None)."""

    deployment_id: int
    user_id: int
    context_id: int | None
    resource_link_id: int | None
    cohort_id: int | None
    standing: Standing
    module_key: str | None


@dataclass(slots=True)
class _Known:
    """The rows of this launch that are already there."""

    deployment: Deployment | None
    context: Context | None
    user: User | None
    membership: Membership | None
    link: ResourceLink | None
    column: LineItem | None


def record_arrival(
    session: Session, *, registration: Registration, message: LaunchMessage, series: Series, now: datetime
) -> Arrival:
    """Write what is new about this launch and decide who enters as what.

    Raises:
        LaunchRefused: the deployment is not one of this registration's.
    """
    known = _find_known(session, registration, message)
    deployment = known.deployment or _adopt_deployment(session, registration, message, now)
    user = _keep_user(session, known.user, registration, message, now)
    context = _keep_context(session, known.context, deployment, message, now)
    membership = known.membership if context is not None else None
    standing = decide_standing(
        message.roles,
        has_context=context is not None,
        has_been_staff=membership is not None and membership.has_been_staff,
    )
    if context is None:
        return Arrival(deployment.id, user.id, None, None, None, standing, SERIES_LINK)
    _keep_membership(session, membership, context, user, standing, now)
    link = _keep_link(session, known.link, context, message, series, now)
    _keep_column(session, known.column, registration, context, link, message, now)
    cohort_id = _keep_enrolment(session, context, user, standing, now)
    return Arrival(
        deployment_id=deployment.id,
        user_id=user.id,
        context_id=context.id,
        resource_link_id=link.id if link else None,
        cohort_id=cohort_id,
        standing=standing,
        module_key=link.module_key if link else None,
    )


def _find_known(session: Session, registration: Registration, message: LaunchMessage) -> _Known:
    registration_id = int(registration.id)
    context_claim, link_claim = message.context, message.resource_link
    column_url = message.ags.line_item_url if message.ags else None
    anchor = select(literal(1).label("one")).subquery()
    row = session.execute(
        select(Deployment, Context, User, Membership, ResourceLink, LineItem)
        .select_from(anchor)
        .outerjoin(
            Deployment,
            and_(Deployment.registration_id == registration_id, Deployment.id_on_platform == message.deployment_id),
        )
        .outerjoin(
            Context,
            and_(
                Context.deployment_id == Deployment.id,
                Context.id_on_platform == (context_claim.id_on_platform if context_claim else ""),
            ),
        )
        .outerjoin(User, and_(User.registration_id == registration_id, User.sub == message.subject))
        .outerjoin(Membership, and_(Membership.context_id == Context.id, Membership.user_id == User.id))
        .outerjoin(
            ResourceLink,
            and_(
                ResourceLink.context_id == Context.id,
                ResourceLink.id_on_platform == (link_claim.id_on_platform if link_claim else ""),
            ),
        )
        .outerjoin(LineItem, and_(LineItem.registration_id == registration_id, LineItem.url == (column_url or "")))
    ).one()
    return _Known(*row)


def _adopt_deployment(
    session: Session, registration: Registration, message: LaunchMessage, now: datetime
) -> Deployment:
    """Take the first deployment id that a registration without any sees; refuse every other unknown one."""
    registration_id = int(registration.id)
    if session.scalar(select(exists().where(Deployment.registration_id == registration_id))):
        raise LaunchRefused(
            RefusalCode.UNKNOWN_DEPLOYMENT,
            f"deployment {message.deployment_id!r} of registration {registration_id}",
            return_url=message.return_url,
        )
    deployment = Deployment(
        registration_id=registration_id, id_on_platform=message.deployment_id, was_adopted=True, created_at=now
    )
    session.add(deployment)
    session.flush()
    record_fact(session, now=now, verb="adopted_deployment", object_kind="deployment", object_id=deployment.id)
    return deployment


def _keep_user(
    session: Session, user: User | None, registration: Registration, message: LaunchMessage, now: datetime
) -> User:
    name = _name_person(message.person)
    if user is None:
        user = User(
            registration_id=int(registration.id), sub=message.subject, name=name, created_at=now, last_seen_at=now
        )
        session.add(user)
        session.flush()
        return user
    # A launch without a name (privacy switched off, or on again) forgets the earlier one: only what is sent is kept.
    if user.name != name:
        user.name = name
    if now - user.last_seen_at >= SEEN_AGAIN_AFTER:
        user.last_seen_at = now
    return user


def _keep_context(
    session: Session, context: Context | None, deployment: Deployment, message: LaunchMessage, now: datetime
) -> Context | None:
    claim = message.context
    if claim is None:
        return None
    scopes = list(message.ags.scopes) if message.ags else []
    line_items_url = message.ags.line_items_url if message.ags else None
    if context is None:
        context = Context(
            deployment_id=deployment.id,
            id_on_platform=claim.id_on_platform,
            label=claim.label,
            title=claim.title,
            line_items_url=line_items_url,
            ags_scopes=scopes,
            created_at=now,
        )
        session.add(context)
        session.flush()
        session.add(Cohort(context_id=context.id, name=claim.title or "This course", is_default=True, created_at=now))
        session.flush()
        return context
    if claim.title is not None and context.title != claim.title:
        context.title = claim.title
    if claim.label is not None and context.label != claim.label:
        context.label = claim.label
    # A link without a column may come without the grading claim; that takes nothing away from the course.
    if message.ags is not None and (context.ags_scopes != scopes or context.line_items_url != line_items_url):
        context.ags_scopes = scopes
        context.line_items_url = line_items_url
    return context


def _keep_membership(
    session: Session,
    membership: Membership | None,
    context: Context,
    user: User,
    standing: Standing,
    now: datetime,
) -> None:
    is_staff = standing is Standing.STAFF
    if membership is None:
        session.add(
            Membership(
                context_id=context.id,
                user_id=user.id,
                standing=standing,
                has_been_staff=is_staff,
                created_at=now,
                last_launch_at=now,
            )
        )
        return
    if membership.standing != standing:
        membership.standing = standing
    if is_staff and not membership.has_been_staff:
        membership.has_been_staff = True
        # What she did here as a learner is practice from now on; nothing of it is sent any more.
        session.execute(
            update(Enrolment)
            .where(
                Enrolment.user_id == user.id,
                Enrolment.cohort_id.in_(select(Cohort.id).where(Cohort.context_id == context.id)),
            )
            .values(is_practice=True)
        )
    if now - membership.last_launch_at >= SEEN_AGAIN_AFTER:
        membership.last_launch_at = now


def _keep_link(
    session: Session,
    link: ResourceLink | None,
    context: Context,
    message: LaunchMessage,
    series: Series,
    now: datetime,
) -> ResourceLink | None:
    claim = message.resource_link
    if claim is None:
        return None
    wanted = message.custom.get("module")
    named = wanted if wanted == SERIES_LINK or (wanted and series.find_module(wanted)) else None
    if link is None:
        link = ResourceLink(
            context_id=context.id,
            id_on_platform=claim.id_on_platform,
            title=claim.title,
            module_key=named,
            created_at=now,
        )
        session.add(link)
        session.flush()
        return link
    if named is not None and link.module_key != named:
        link.module_key = named
    if claim.title is not None and link.title != claim.title:
        link.title = claim.title
    return link


def _keep_column(
    session: Session,
    column: LineItem | None,
    registration: Registration,
    context: Context,
    link: ResourceLink | None,
    message: LaunchMessage,
    now: datetime,
) -> None:
    """Keep the column this link is coupled to. A new one receives every score that waited for it."""
    url = message.ags.line_item_url if message.ags else None
    module_key = link.module_key if link else None
    if url is None or module_key is None or module_key == SERIES_LINK:
        return
    if column is None:
        column = LineItem(
            registration_id=int(registration.id),
            context_id=context.id,
            resource_link_id=link.id if link else None,
            module_key=module_key,
            url=url,
            created_at=now,
        )
        session.add(column)
        session.flush()
        queue_waiting_scores(session, column, now)
        return
    if column.context_id != context.id:
        return
    if column.is_gone or column.module_key != module_key:
        column.is_gone = False
        column.module_key = module_key
        queue_waiting_scores(session, column, now)


def _keep_enrolment(session: Session, context: Context, user: User, standing: Standing, now: datetime) -> int | None:
    """The cohort this launch goes to: her newest open one, else the course's default; participants are enrolled."""
    if standing is Standing.ADMINISTRATOR:
        return None
    rows = session.execute(
        select(Cohort.id, Cohort.is_default, Enrolment.id, Enrolment.is_practice)
        .outerjoin(Enrolment, and_(Enrolment.cohort_id == Cohort.id, Enrolment.user_id == user.id))
        .where(Cohort.context_id == context.id, Cohort.closes_on.is_(None) | (Cohort.closes_on >= now.date()))
        .order_by(Enrolment.id.is_(None), Cohort.created_at.desc(), Cohort.id.desc())
    ).all()
    if not rows:
        return None
    enrolled = rows[0] if rows[0][2] is not None else None
    if not standing.may_work or enrolled is None:
        cohort_id = next((row[0] for row in rows if row[1]), rows[0][0])
    else:
        cohort_id = enrolled[0]
    is_practice = standing is Standing.PRACTICE
    if standing.may_work and enrolled is None:
        session.add(Enrolment(cohort_id=cohort_id, user_id=user.id, is_practice=is_practice, created_at=now))
    elif standing.may_work and enrolled is not None and is_practice and not enrolled[3]:
        session.execute(update(Enrolment).where(Enrolment.id == enrolled[2]).values(is_practice=True))
    return int(cohort_id)


def _name_person(person: PersonClaim) -> str | None:
    if person.name:
        return person.name[:255]
    parts = " ".join(part for part in (person.given_name, person.family_name) if part)
    return parts[:255] or None

"""Platform notices: a platform tells of a copied course; a worker tells platforms where such notices go."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import wait_before_retry
from lti_tool.lti import vocabulary
from lti_tool.lti.configuration import list_addresses
from lti_tool.lti.errors import BadKeyError, LaunchRefused, NoKeyError, RefusalCode, ServiceError
from lti_tool.lti.notices import Notice, UnprovedNotice, ask_for_notices, verify_notice
from lti_tool.lti.platform_keys import PlatformKeys
from lti_tool.lti.values import AnswerClass, ContextClaim, LaunchMessage
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.models import Context, ContextCopy, Deployment, NoticeHandler, NoticeSeen, Registration, Store
from lti_tool.services.arrival_links import keep_copy
from lti_tool.services.collisions import repeat_on_collision
from lti_tool.services.courses import add_course
from lti_tool.services.duties import Duty, DutyCall, DutyDone
from lti_tool.services.registrations import to_value

_HEAL_BY_THEMSELVES: Final = frozenset({AnswerClass.THROTTLED, AnswerClass.PLATFORM_DOWN, AnswerClass.STALE})


def take_notice(store: Store, keys: PlatformKeys, unproved: UnprovedNotice, *, now: datetime) -> bool:
    """Believe a notice that is signed, once; whether it told anything new.

    A copied course becomes a new, empty run here before anybody opens it.

    Raises:
        LaunchRefused: unknown_issuer, registration_inactive, unknown_deployment, or the notice is not to be believed.
    """
    registration = _find_registration(store, unproved)
    notice = verify_notice(unproved, registration, keys, now=now)
    return repeat_on_collision(lambda: _keep_notice(store, registration, notice, now))


def keep_notice_service(
    rows: Connection, deployment_id: int, known_url: str | None, message: LaunchMessage, now: datetime
) -> None:
    """Note that this deployment's platform offers notices of copies, in the launch's transaction."""
    offered = message.notices
    if offered is None or offered.url == known_url or vocabulary.NOTICE_CONTEXT_COPY not in offered.notice_types:
        return
    values = {"service_url": offered.url, "wanted_at": now, "told_at": None, "failures": 0, "problem": None}
    if known_url is None:
        rows.execute(insert(NoticeHandler).values(deployment_id=deployment_id, **values))
    else:
        rows.execute(update(NoticeHandler).where(NoticeHandler.deployment_id == deployment_id).values(values))


def make_notice_duty(base_url: str) -> Duty:
    """The worker's duty: tell each platform that offers notices where ours go."""

    def serve(call: DutyCall) -> DutyDone:
        return _tell_platforms(call, handler=list_addresses(base_url).notices)

    return Duty("notices", _list_due, serve)


def _list_due(session: Session) -> Iterable[tuple[int, datetime]]:
    rows = session.execute(
        select(Deployment.registration_id, NoticeHandler.wanted_at)
        .join(Deployment, Deployment.id == NoticeHandler.deployment_id)
        .where(NoticeHandler.wanted_at.is_not(None))
    )
    return [(row.registration_id, row.wanted_at) for row in rows]


def _tell_platforms(call: DutyCall, *, handler: str) -> DutyDone:
    now = call.clock()
    with call.store.reading() as session:
        registration = to_value(session.get_one(Registration, call.registration_id))
        waiting = session.execute(
            select(NoticeHandler.deployment_id, NoticeHandler.service_url, NoticeHandler.failures)
            .join(Deployment, Deployment.id == NoticeHandler.deployment_id)
            .where(Deployment.registration_id == call.registration_id, NoticeHandler.wanted_at <= now)
        ).all()
    done = put_off = needs_you = 0
    for row in waiting:
        if call.should_stop():
            break
        problem, may_heal = None, False
        try:
            ask_for_notices(
                call.services,
                registration,
                row.service_url,
                notice_type=vocabulary.NOTICE_CONTEXT_COPY,
                handler=handler,
            )
        except ServiceError as error:
            problem, may_heal = error.answer.answer_class.value, error.answer.answer_class in _HEAL_BY_THEMSELVES
        except (NoKeyError, BadKeyError):
            problem, may_heal = "tool_fault", True
        wait = wait_before_retry(row.failures + 1, call.chance())
        with call.store.writing() as session:
            session.execute(
                update(NoticeHandler)
                .where(NoticeHandler.deployment_id == row.deployment_id, NoticeHandler.service_url == row.service_url)
                .values(
                    told_at=call.clock() if problem is None else None,
                    wanted_at=call.clock() + wait if may_heal else None,
                    failures=0 if problem is None else row.failures + 1,
                    problem=problem,
                )
            )
        done += problem is None
        put_off += may_heal
        needs_you += problem is not None and not may_heal
    return DutyDone(done, put_off, needs_you)


def _find_registration(store: Store, unproved: UnprovedNotice) -> RegistrationValue:
    with store.reading() as session:
        row = session.scalar(
            select(Registration).where(
                Registration.issuer == unproved.issuer, Registration.client_id == unproved.client_id
            )
        )
        if row is None:
            raise LaunchRefused(RefusalCode.UNKNOWN_ISSUER, "a notice from a platform that is not registered here")
        if not row.is_active:
            raise LaunchRefused(RefusalCode.REGISTRATION_INACTIVE, f"registration {row.id} is switched off")
        return to_value(row)


def _keep_notice(store: Store, registration: RegistrationValue, notice: Notice, now: datetime) -> bool:
    with store.writing() as session:
        registration_id = int(registration.id)
        seen = session.scalar(
            select(NoticeSeen.id).where(
                NoticeSeen.registration_id == registration_id, NoticeSeen.notice_id == notice.id
            )
        )
        if seen is not None:
            return False
        deployment_id = session.scalar(
            select(Deployment.id).where(
                Deployment.registration_id == registration_id, Deployment.id_on_platform == notice.deployment_id
            )
        )
        if deployment_id is None:
            raise LaunchRefused(RefusalCode.UNKNOWN_DEPLOYMENT, f"deployment {notice.deployment_id!r} of a notice")
        session.add(NoticeSeen(registration_id=registration_id, notice_id=notice.id, seen_at=now))
        if notice.notice_type == vocabulary.NOTICE_CONTEXT_COPY and notice.context and notice.origin_contexts:
            _keep_copied_course(session, registration, deployment_id, notice.context, notice.origin_contexts, now)
        return True


def _keep_copied_course(
    session: Session,
    registration: RegistrationValue,
    deployment_id: int,
    course: ContextClaim,
    history: Sequence[str],
    now: datetime,
) -> None:
    rows = session.connection()
    known = (Context.deployment_id == deployment_id, Context.id_on_platform == course.id_on_platform)
    context_id = session.scalar(select(Context.id).where(*known))
    if context_id is None:
        context_id, _ = add_course(rows, deployment_id, course, None, now=now)
    if session.get(ContextCopy, context_id) is None:
        keep_copy(rows, registration, context_id, list(history), copied_from_id=None, now=now)

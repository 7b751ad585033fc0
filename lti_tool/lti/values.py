"""The values that cross the door: what a platform said, checked and typed, and what we say back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Registration:
    """The tool as one platform knows it: issuer and client_id (LTI Core 1.3 §3.1.3), and that platform's addresses."""

    id: str
    name: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    family: str
    origins: tuple[str, ...] = ()
    active: bool = True
    allows_anonymous: bool = False
    was_invited: bool = False

    def vouches_for(self, url: str) -> bool:
        """Whether the operator typed an address on this host: then it may lie in a private network."""
        if self.was_invited:
            return False
        hosts = {urlsplit(known).hostname for known in (self.auth_url, self.token_url, self.jwks_url)}
        try:
            return urlsplit(url).hostname in hosts
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class LoginInitiation:
    """A third-party-initiated login (Security Framework §5.1.1.1). Nothing in it is signed: believe nothing."""

    issuer: str
    login_hint: str
    target_link_uri: str
    client_id: str | None = None
    message_hint: str | None = None
    deployment_hint: str | None = None
    storage_target: str | None = None


@dataclass(frozen=True, slots=True)
class ExpectedLaunch:
    """What the flow remembers of a login, and so what the launch that answers it must be."""

    registration: Registration
    nonce: str
    deployment_hint: str | None = None


@dataclass(frozen=True, slots=True)
class LaunchForm:
    """The two fields a platform posts back (Security Framework §5.1.1.3)."""

    state: str
    id_token: str


@dataclass(frozen=True, slots=True)
class ContextClaim:
    """The course."""

    id_on_platform: str
    label: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class ResourceLinkClaim:
    """The link that was clicked."""

    id_on_platform: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class PersonClaim:
    """Who clicked, as far as the platform tells."""

    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class AgsEndpoint:
    """Where this course's gradebook is, and what the tool may do there (AGS 2.0 §3.1)."""

    scopes: tuple[str, ...] = ()
    line_items_url: str | None = None
    line_item_url: str | None = None


@dataclass(frozen=True, slots=True)
class DeepLinkingSettings:
    """What a platform takes as an answer to a deep linking request (Deep Linking 2.0 §4.4), and where to.

    ``accepts_line_item`` is None where the platform does not say: Canvas never does, and takes them. ``data`` is the
    platform's own, to be sent back byte for byte; None if none came.
    """

    return_url: str
    accept_types: tuple[str, ...]
    document_targets: tuple[str, ...]
    accepts_multiple: bool = False
    accepts_line_item: bool | None = None
    is_auto_created: bool = False
    title: str | None = None
    text: str | None = None
    data: str | None = None
    placement: str | None = None


@dataclass(frozen=True, slots=True)
class NoticeService:
    """Where a platform takes wishes for notices (Platform Notification Service 1.0), and which it offers."""

    url: str
    notice_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaunchMessage:
    """A verified launch. Everything in it was signed by the platform and type-checked here.

    ``subject`` is empty in an anonymous launch, which only a registration that allows it gets through. ``for_user`` is
    the person whose work a submission review is about; platforms leave it out.
    """

    message_type: str
    subject: str
    deployment_id: str
    target_link_uri: str
    roles: tuple[str, ...]
    context: ContextClaim | None
    resource_link: ResourceLinkClaim | None
    person: PersonClaim
    custom: Mapping[str, str]
    ags: AgsEndpoint | None
    memberships_url: str | None
    return_url: str | None
    locale: str | None
    document_target: str | None
    platform_family: str | None
    issued_at: datetime
    deep_linking: DeepLinkingSettings | None = None
    for_user: str | None = None
    notices: NoticeService | None = None


class AnswerClass(StrEnum):
    """What a service's answer means for a delivery. The first four may be tried again without anybody's help."""

    SENT = "sent"
    STALE = "stale"
    THROTTLED = "throttled"
    PLATFORM_DOWN = "platform_down"
    NOT_IN_COURSE = "not_in_course"
    COLUMN_GONE = "column_gone"
    NO_PERMISSION = "no_permission"
    LOCKED = "locked"
    ATTEMPTS_USED_UP = "attempts_used_up"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PlatformAnswer:
    """A service's answer, classified. ``detail`` is the platform's own words: no tokens, no echo of what was sent.

    ``maybe_recorded`` is true when the request may have been acted upon although no good answer came back: read the
    result before repeating it.
    """

    answer_class: AnswerClass
    status: int | None
    detail: str
    retry_after: timedelta | None = None
    maybe_recorded: bool = False


@dataclass(frozen=True, slots=True)
class ScoreMessage:
    """A finished, final score for one person in one column: always FullyGraded and Completed.

    Anything less erases the grade a gradebook already holds (Moodle nulls it, Canvas clears it), so it cannot be said.
    ``overrides_teacher`` says that a facilitator saw the number somebody wrote by hand, and wants this one instead.
    ``work_url`` opens her work for a grader who launches it.
    """

    user_sub: str
    timestamp: datetime
    score_given: Decimal | int
    score_maximum: Decimal | int
    comment: str | None = None
    submitted_at: datetime | None = None
    is_new_attempt: bool = False
    overrides_teacher: bool = False
    work_url: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no gradebook may ever be told.

        Raises:
            ValueError: the person is missing, a time has no zone, or the score is not within 0 and its maximum.
        """
        if not self.user_sub:
            raise ValueError("a score needs the person it is for")
        if any(moment.tzinfo is None for moment in (self.timestamp, self.submitted_at) if moment is not None):
            raise ValueError("a score's times need a time zone")
        given, maximum = Decimal(self.score_given), Decimal(self.score_maximum)
        if not (given.is_finite() and maximum.is_finite() and maximum > 0 and 0 <= given <= maximum):
            raise ValueError(f"a score lies between 0 and a maximum above 0, not {given} of {maximum}")


@dataclass(frozen=True, slots=True)
class PendingNote:
    """That work came back to somebody, told to a cell that holds no grade: always PendingManual, without a number.

    It is no score: only a platform that keeps its grade at this, or whose cell is known to be empty, may be told.
    """

    user_sub: str
    timestamp: datetime
    comment: str

    def __post_init__(self) -> None:
        """Refuse a note that says nothing.

        Raises:
            ValueError: the person or the words are missing, or the time has no zone.
        """
        if not self.user_sub or not self.comment:
            raise ValueError("a note needs the person it is for, and words")
        if self.timestamp.tzinfo is None:
            raise ValueError("a note's time needs a time zone")


@dataclass(frozen=True, slots=True)
class ResultValue:
    """What a gradebook holds for one person (AGS 2.0 §3.3); ``recorded_at`` is Moodle's own addition."""

    user_sub: str
    score: Decimal | None
    maximum: Decimal | None
    comment: str | None
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LineItemValue:
    """A gradebook column (AGS 2.0 §3.2)."""

    url: str
    label: str | None
    score_maximum: Decimal | None
    resource_id: str | None
    tag: str | None
    resource_link_id: str | None

"""Memory: the tables. No verbs here; services do things."""

from lti_tool.models.audit import AuditFact
from lti_tool.models.base import Base, db
from lti_tool.models.connections import AccessToken, Invite, NoticeHandler, NoticeSeen, RefusalCount
from lti_tool.models.entries import DeepLinkRequest, LaunchSession, LoginFlow, ParkedLaunch, SessionTicket
from lti_tool.models.grades import DeliveryLease, EarnedScore, ReturnNote, ScoreAttempt, ScoreDelivery
from lti_tool.models.platforms import (
    ColumnRequest,
    Context,
    ContextCopy,
    Deployment,
    LineItem,
    Membership,
    Placement,
    Registration,
    ResourceLink,
    Roster,
    RosterEntry,
    User,
)
from lti_tool.models.store import Store
from lti_tool.models.work import Cohort, Enrolment, ReadingRecord, Review, Revision, Submission

__all__ = [
    "AccessToken",
    "AuditFact",
    "Base",
    "Cohort",
    "ColumnRequest",
    "Context",
    "ContextCopy",
    "DeepLinkRequest",
    "DeliveryLease",
    "Deployment",
    "EarnedScore",
    "Enrolment",
    "Invite",
    "LaunchSession",
    "LineItem",
    "LoginFlow",
    "Membership",
    "NoticeHandler",
    "NoticeSeen",
    "ParkedLaunch",
    "Placement",
    "ReadingRecord",
    "RefusalCount",
    "Registration",
    "ResourceLink",
    "ReturnNote",
    "Review",
    "Revision",
    "Roster",
    "RosterEntry",
    "ScoreAttempt",
    "ScoreDelivery",
    "SessionTicket",
    "Store",
    "Submission",
    "User",
    "db",
]

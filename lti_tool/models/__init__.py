"""Memory: the tables. No verbs here; services do things."""

from lti_tool.models.audit import AuditFact
from lti_tool.models.base import Base, db
from lti_tool.models.entries import LaunchSession, LoginFlow
from lti_tool.models.grades import DeliveryLease, EarnedScore, ScoreAttempt, ScoreDelivery
from lti_tool.models.platforms import Context, Deployment, LineItem, Membership, Registration, ResourceLink, User
from lti_tool.models.store import Store
from lti_tool.models.work import Cohort, Enrolment, ReadingRecord, Review, Revision, Submission

__all__ = [
    "AuditFact",
    "Base",
    "Cohort",
    "Context",
    "DeliveryLease",
    "Deployment",
    "EarnedScore",
    "Enrolment",
    "LaunchSession",
    "LineItem",
    "LoginFlow",
    "Membership",
    "ReadingRecord",
    "Registration",
    "ResourceLink",
    "Review",
    "Revision",
    "ScoreAttempt",
    "ScoreDelivery",
    "Store",
    "Submission",
    "User",
    "db",
]

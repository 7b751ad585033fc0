"""The answer to a deep linking request: links as content items, in a token that we sign (Deep Linking 2.0 §4.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pylti1p3.deep_link import DeepLink
from pylti1p3.deep_link_resource import DeepLinkResource
from typing_extensions import override

from lti_tool.domain.scoring import MAXIMUM
from lti_tool.lti import vocabulary
from lti_tool.lti.configuration import TOOL_ID, list_addresses
from lti_tool.lti.connector import BACKDATING_SECONDS
from lti_tool.lti.library import KnownRegistration
from lti_tool.lti.logins import new_token
from lti_tool.lti.platforms import placing_traits_of
from lti_tool.lti.tool_keys import ToolKey
from lti_tool.lti.values import DeepLinkingSettings, Registration

COLUMN_TAG: Final = TOOL_ID
ANSWER_SECONDS: Final = 300
LONGEST_TITLE: Final = 255
ICON_SIZE: Final = 32
# The spec's names for how far somebody is (AGS 2.0 §3.4.7); only with one of these is there anything to look at.
_REVIEWABLE: Final = ("InProgress", "Submitted", "Completed")


@dataclass(frozen=True, slots=True)
class PlacedLink:
    """A link to place: what it opens, how it is called, and our own stable id for it, which no copy changes."""

    module_key: str
    title: str
    text: str
    placement_id: str | None = None
    has_column: bool = False
    due_at: datetime | None = None
    closes_at: datetime | None = None
    opens_new_tab: bool = False


@dataclass(frozen=True, slots=True)
class DeepLinkAnswer:
    """What goes back: links, or none and why. ``shown`` and ``error`` are for the person, the logs for her LMS."""

    links: tuple[PlacedLink, ...] = ()
    shown: str | None = None
    logged: str | None = None
    error: str | None = None
    error_logged: str | None = None


def sign_answer(
    registration: Registration,
    deployment_id: str,
    settings: DeepLinkingSettings,
    answer: DeepLinkAnswer,
    *,
    key: ToolKey,
    base_url: str,
    now: datetime,
) -> str:
    """Write and sign the answer. ``deployment_id`` is the platform's own."""
    link = ToolDeepLink(KnownRegistration(registration, key), deployment_id, settings, answer, now)
    items = [ToolResource(describe_item(placed, registration.family, base_url)) for placed in answer.links]
    return link.get_response_jwt(items)


def describe_item(link: PlacedLink, family: str, base_url: str) -> dict[str, object]:
    """Write one link as an ``ltiResourceLink`` with what this family of platforms honours, and nothing else."""
    traits = placing_traits_of(family)
    own = list_addresses(base_url)
    custom = _write_custom(link, traits.variables)
    item: dict[str, object] = {
        "type": vocabulary.ITEM_RESOURCE_LINK,
        "url": own.launch,
        "title": link.title[:LONGEST_TITLE],
        "text": link.text,
        "icon": {"url": own.icon, "width": ICON_SIZE, "height": ICON_SIZE},
        "custom": custom,
    }
    if link.has_column:
        item["lineItem"] = _write_column(link, custom, own.launch, takes_review=traits.takes_submission_review)
    if traits.takes_dates and link.due_at is not None:
        item["submission"] = {"endDateTime": _write_time(link.due_at)}
    if traits.takes_dates and link.closes_at is not None:
        item["available"] = {"endDateTime": _write_time(link.closes_at)}
    if traits.takes_new_tab and link.opens_new_tab:
        item["window"] = {"targetName": "_blank"}
    elif traits.frame_height is not None:
        item["iframe"] = {"height": traits.frame_height}
    return item


def _write_custom(link: PlacedLink, variables: Mapping[str, str]) -> dict[str, str]:
    own = {"module": link.module_key}
    if link.placement_id is not None:
        own["placement"] = link.placement_id
    # Moodle keeps one parameter a line: a line break in a value would be another parameter (measured).
    return {name: " ".join(value.split()) for name, value in (own | dict(variables)).items()}


def _write_column(link: PlacedLink, custom: Mapping[str, str], launch: str, *, takes_review: bool) -> dict[str, object]:
    column: dict[str, object] = {
        "label": link.title[:LONGEST_TITLE],
        "scoreMaximum": MAXIMUM,
        "resourceId": link.module_key,
        "tag": COLUMN_TAG,
    }
    if takes_review:
        # The grader's launch carries these instead of the link's own where a platform keeps the two apart.
        kept = {name: custom[name] for name in ("module", "placement") if name in custom}
        column["submissionReview"] = {
            "reviewableStatus": list(_REVIEWABLE),
            "label": "Open the plan",
            "url": launch,
            "custom": kept,
        }
    return column


def _write_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class ToolResource(DeepLinkResource):
    """A content item as the library sees it, written down already.

    The stock class knows no text, window, iframe or dates, and sends ``custom`` even when it is empty.
    """

    def __init__(self, item: dict[str, object]) -> None:
        self._item = item

    @override
    def to_dict(self) -> dict[str, object]:
        """Give the item."""
        return self._item


class ToolDeepLink(DeepLink):
    """The library's answer, with the times, the data and the messages as platforms want them.

    The stock class signs for this very second, which a platform whose clock is behind refuses, always sends ``data``,
    and has no messages.
    """

    def __init__(
        self,
        registration: KnownRegistration,
        deployment_id: str,
        settings: DeepLinkingSettings,
        answer: DeepLinkAnswer,
        now: datetime,
    ) -> None:
        super().__init__(registration, deployment_id, {"deep_link_return_url": settings.return_url})
        self._data = settings.data
        self._answer = answer
        self._seconds = int(now.timestamp())

    @override
    def get_message_jwt(self, resources: Sequence[DeepLinkResource]) -> dict[str, object]:
        """Write the token's payload (Deep Linking 2.0 §4.5)."""
        payload: dict[str, object] = {
            "iss": self._registration.get_client_id(),
            "aud": self._registration.get_issuer(),
            "iat": self._seconds - BACKDATING_SECONDS,
            "exp": self._seconds + ANSWER_SECONDS,
            "nonce": new_token(),
            vocabulary.CLAIM_MESSAGE_TYPE: vocabulary.MESSAGE_DEEP_LINKING_RESPONSE,
            vocabulary.CLAIM_VERSION: vocabulary.VERSION,
            vocabulary.CLAIM_DEPLOYMENT_ID: self._deployment_id,
            vocabulary.CLAIM_CONTENT_ITEMS: [resource.to_dict() for resource in resources],
        }
        said = {
            # To be sent back unchanged if it came, and left out if it did not.
            vocabulary.CLAIM_DATA: self._data,
            vocabulary.CLAIM_MESSAGE_SHOWN: self._answer.shown,
            vocabulary.CLAIM_MESSAGE_LOGGED: self._answer.logged,
            vocabulary.CLAIM_ERROR_SHOWN: self._answer.error,
            vocabulary.CLAIM_ERROR_LOGGED: self._answer.error_logged,
        }
        return payload | {claim: words for claim, words in said.items() if words is not None}

"""What a ``lti_message_hint`` looks like: opaque, raw JSON as Moodle's (captured), or a signed token as Canvas's.

To a tool all three are text to send back unaltered. What it stands for is kept by the LMS under the text's digest.
"""

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import assert_never

from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.passes import LaunchOrder
from lti_tool.demo_lms.settings import MESSAGE_HINT_SECONDS
from lti_tool.lti import vocabulary as lti


def write_hint(manner: Manner, order: LaunchOrder, sign: Callable[[object], str], now: datetime) -> str:
    """Return a new hint's text; no two are the same and none can be guessed."""
    match manner:
        case Manner.STRICT:
            return secrets.token_urlsafe(24)
        case Manner.MOODLE:
            return json.dumps(_describe_as_moodle(order), separators=(",", ":"))
        case Manner.CANVAS:
            claims = {
                "verifier": secrets.token_hex(64),
                "canvas_domain": "localhost",
                "context_type": "Course",
                "context_id": order.course_id,
                "canvas_locale": "en",
                "include_storage_target": True,
                "exp": int((now + timedelta(seconds=MESSAGE_HINT_SECONDS)).timestamp()),
            }
            return sign(claims)
    assert_never(manner)


def _describe_as_moodle(order: LaunchOrder) -> dict[str, object]:
    chance = secrets.randbelow(2**62)
    if order.message == lti.MESSAGE_DEEP_LINKING:
        return {"launchid": f"ltilaunch_ContentItemSelectionRequest{chance}"}
    return {"cmid": 13, "launchid": f"ltilaunch11_{chance}"}

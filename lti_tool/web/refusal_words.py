"""What a refused login or launch says to the person in front of it: what happened, and what she can do."""

from dataclasses import dataclass, replace

from lti_tool.lti.errors import RefusalCode

_AGAIN = "Go back to your course and click the link once more."
_HOST = "{host}"
_ALLOW_COOKIES = (
    f"Allow cookies for {_HOST} in your browser's settings (some browsers call them third-party cookies), or use "
    "another browser. Then "
)
_SCHOOL_DEVICE = "On a school device, your technology department can allow them."
_ADMIN = "Please give your LMS administrator this page's code and reference number."


@dataclass(frozen=True, slots=True)
class RefusalWords:
    """A refusal in words, and its HTTP status."""

    title: str
    what_happened: str
    what_to_do: str
    status: int = 400


def _set_up(happened: str) -> RefusalWords:
    return RefusalWords("This link is not set up completely", happened, _ADMIN, 403)


def _unsafe(happened: str) -> RefusalWords:
    return RefusalWords(
        "We could not be sure that this came from your course",
        happened,
        f"{_AGAIN} If it happens again: {_ADMIN[0].lower()}{_ADMIN[1:]}",
        401,
    )


def _incomplete(happened: str) -> RefusalWords:
    return RefusalWords("Your course left something out", happened, f"{_AGAIN} If it happens again: {_ADMIN}", 400)


def _late(happened: str) -> RefusalWords:
    return RefusalWords("This click is used up", happened, _AGAIN, 401)


_CODES = RefusalCode
_WORDS: dict[RefusalCode, RefusalWords] = {
    _CODES.UNKNOWN_ISSUER: _set_up("We do not know the LMS this click came from."),
    _CODES.UNKNOWN_CLIENT: _set_up("We know this LMS, but not the client ID it sent."),
    _CODES.AMBIGUOUS_CLIENT: _set_up("This LMS has several entries here and did not say which one it is using."),
    _CODES.REGISTRATION_INACTIVE: _set_up("The connection between this LMS and this tool has been switched off."),
    _CODES.UNKNOWN_DEPLOYMENT: _set_up("This LMS is known here, but this installation of the tool in it is not."),
    _CODES.MISSING_DEEP_LINKING_SETTINGS: _incomplete("The message asks for content and does not say which kind."),
    _CODES.BAD_DEEP_LINK_RETURN: _incomplete("The message asks for content and does not say where it should go."),
    _CODES.COOKIES_REFUSED: RefusalWords(
        "Your browser keeps no cookies for us",
        "We need one small cookie to know that this tab is yours. It is deleted after your visit.",
        f"Allow cookies for {_HOST} in your browser's settings, then click the link in your course again. "
        f"{_SCHOOL_DEVICE}",
        401,
    ),
    _CODES.DEEP_LINK_NEEDS_COOKIES: RefusalWords(
        "Your browser blocks what this window needs",
        "Adding sessions to your course happens inside your LMS, and there your browser does not let us keep the one "
        "small cookie that we need. Nothing was placed.",
        f"{_ALLOW_COOKIES}add the content once more. {_SCHOOL_DEVICE}",
        401,
    ),
    _CODES.DEEP_LINK_IN_TAB: RefusalWords(
        "Adding sessions does not work in a tab of its own",
        "Your LMS waits for your choice in the window where you began, and a choice made here would be lost. Nothing "
        "was placed.",
        f"Close this tab. {_ALLOW_COOKIES}add the content once more. {_SCHOOL_DEVICE}",
        400,
    ),
    _CODES.BROWSER_NOT_PROVED: RefusalWords(
        "We could not be sure that this is your browser",
        "Your browser keeps no cookie for us inside your LMS, and your LMS did not give back what it kept for us.",
        "Reload the page of your course and click once more. If this page comes back: "
        f"{_ALLOW_COOKIES[0].lower()}{_ALLOW_COOKIES[1:]}click again. {_SCHOOL_DEVICE}",
        401,
    ),
    _CODES.PARKED_LAUNCH_GONE: _late("We waited for your browser and it took too long, or this step was done already."),
    _CODES.TICKET_GONE: _late("The button works once and for one minute, and that is over."),
    _CODES.DEEP_LINK_GONE: RefusalWords(
        "This page was used or is too old",
        "Choosing sessions for your course works once, within two hours. Nothing was placed by this click.",
        "Go back to your course and add the tool's content again.",
        410,
    ),
    _CODES.NOT_FOR_PLACING: RefusalWords(
        "Only facilitators add sessions to a course",
        "Your LMS says that you are not a teacher of this course.",
        "Ask a teacher of the course to add the sessions.",
        403,
    ),
    _CODES.MISSING_LOGIN_PARAMETER: _incomplete("The click did not bring everything we need to start."),
    _CODES.BAD_LOGIN_PARAMETER: _incomplete("Something in the click was not in a form we can read."),
    _CODES.MISSING_STATE: _incomplete("The answer of your LMS does not say which click it belongs to."),
    _CODES.FLOW_UNKNOWN: _late("We do not know this click. It may be from an old page or a bookmark."),
    _CODES.FLOW_EXPIRED: _late("More than ten minutes passed between the click and the answer of your LMS."),
    _CODES.FLOW_USED: _late("This click was used already, maybe by the Back button or by reloading. It works once."),
    _CODES.WRONG_BROWSER: RefusalWords(
        "This is not the browser the click came from",
        "The click began in another browser or window, or this browser did not keep a cookie for us.",
        f"{_AGAIN} If it happens again, open the link in a new tab.",
        401,
    ),
    _CODES.MISSING_TOKEN: RefusalWords(
        "Open this from your course",
        "This address works only when your course sends you here.",
        "Go to your course and click the activity there. Bookmarks and reloading do not work here.",
        400,
    ),
    _CODES.PLATFORM_ERROR: RefusalWords(
        "Your LMS stopped the click",
        "Your LMS answered with an error in place of letting you in.",
        f"{_AGAIN} If it happens again: {_ADMIN}",
        400,
    ),
    _CODES.MALFORMED_TOKEN: _unsafe("What your LMS sent is not in the form that LTI 1.3 asks for."),
    _CODES.MISSING_KID: _unsafe("The message of your LMS does not say which key signed it."),
    _CODES.UNKNOWN_KEY: _unsafe("The message is signed with a key that your LMS does not publish."),
    _CODES.PLATFORM_KEYS_UNREACHABLE: RefusalWords(
        "We could not reach your LMS",
        "To check the click we need the public keys of your LMS, and they did not come.",
        f"Wait a minute. {_AGAIN}",
        424,
    ),
    _CODES.BAD_SIGNATURE: _unsafe("The signature of the message is not right."),
    _CODES.WRONG_ALGORITHM: _unsafe("The message is signed in a way that we do not accept."),
    _CODES.WRONG_ISSUER: _unsafe("The message names another LMS than the one the click came from."),
    _CODES.WRONG_AUDIENCE: _unsafe("The message is meant for another tool, or for others besides this one."),
    _CODES.WRONG_AZP: _unsafe("The message was made for another tool."),
    _CODES.MISSING_EXPIRY: _unsafe("The message does not say until when it is valid."),
    _CODES.EXPIRED: _late("The message of your LMS was too old when it came."),
    _CODES.MISSING_ISSUED_AT: _unsafe("The message does not say when it was made."),
    _CODES.ISSUED_IN_FUTURE: _unsafe("The message says it was made in the future: the clock of your LMS runs ahead."),
    _CODES.ISSUED_TOO_LONG_AGO: _late("The message was made more than ten minutes ago."),
    _CODES.NOT_YET_VALID: _unsafe("The message says it is not valid yet: the clock of your LMS runs ahead."),
    _CODES.MISSING_NONCE: _unsafe("The message lacks the one-time number that we gave for this click."),
    _CODES.WRONG_NONCE: _unsafe("The message carries the one-time number of another click."),
    _CODES.MISSING_SUBJECT: _incomplete("Your LMS did not say who you are, not even by a number."),
    _CODES.BAD_SUBJECT: _incomplete("The number your LMS knows you by is not in a form we can read."),
    _CODES.MISSING_MESSAGE_TYPE: _incomplete("The message does not say what it is for."),
    _CODES.UNKNOWN_MESSAGE_TYPE: _incomplete("The message asks for something this tool does not do."),
    _CODES.MISSING_VERSION: _incomplete("The message does not say which version of LTI it uses."),
    _CODES.WRONG_VERSION: _incomplete(
        "The message uses a version of LTI that this tool does not speak (it speaks 1.3)."
    ),
    _CODES.MISSING_DEPLOYMENT: _incomplete("The message does not say which installation of this tool it came from."),
    _CODES.WRONG_DEPLOYMENT: _unsafe("The click and the message name different installations of this tool."),
    _CODES.MISSING_TARGET_LINK: _incomplete("The message does not say which page it should open."),
    _CODES.FOREIGN_TARGET_LINK: _unsafe("The message asks us to open a page that is not ours."),
    _CODES.MISSING_RESOURCE_LINK: _incomplete("The message does not say which link of the course was clicked."),
    _CODES.MISSING_ROLES: _incomplete("The message does not say what your role in the course is."),
    _CODES.BAD_CLAIM: _incomplete("Something in the message is not in a form we can read."),
    _CODES.BODY_TOO_LARGE: RefusalWords(
        "That is too much at once", "What was sent is larger than we can take.", _AGAIN, 413
    ),
}


def describe_refusal(code: RefusalCode, host: str = "this address") -> RefusalWords:
    """The words for this code; ``host`` is ours, for who has to allow its cookies."""
    words = _WORDS[code]
    return replace(words, what_to_do=words.what_to_do.replace(_HOST, host))

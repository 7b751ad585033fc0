"""LTI's own words as constants: claims, message types, scopes, media types, role prefixes.

Sources: LTI Core 1.3 §5, AGS 2.0 §3-§5, NRPS 2.0 §2, Deep Linking 2.0 §4, Dynamic Registration 1.0, Platform
Notification Service, LTI vocabulary appendix A.
Nothing but constants: the demo platform reads this file too and must share nothing else with the tool.
"""

from typing import Final

VERSION: Final = "1.3.0"

_CLAIM: Final = "https://purl.imsglobal.org/spec/lti/claim/"
CLAIM_MESSAGE_TYPE: Final = _CLAIM + "message_type"
CLAIM_VERSION: Final = _CLAIM + "version"
CLAIM_DEPLOYMENT_ID: Final = _CLAIM + "deployment_id"
CLAIM_TARGET_LINK_URI: Final = _CLAIM + "target_link_uri"
CLAIM_RESOURCE_LINK: Final = _CLAIM + "resource_link"
CLAIM_ROLES: Final = _CLAIM + "roles"
CLAIM_CONTEXT: Final = _CLAIM + "context"
CLAIM_TOOL_PLATFORM: Final = _CLAIM + "tool_platform"
CLAIM_LAUNCH_PRESENTATION: Final = _CLAIM + "launch_presentation"
CLAIM_CUSTOM: Final = _CLAIM + "custom"
CLAIM_AGS_ENDPOINT: Final = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
CLAIM_NAMES_ROLES: Final = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
CLAIM_FOR_USER: Final = _CLAIM + "for_user"
CLAIM_LIS: Final = _CLAIM + "lis"
CLAIM_EXTENSION: Final = _CLAIM + "ext"
CLAIM_LTI_1_1: Final = _CLAIM + "lti1p1"
CLAIM_LEGACY_USER_ID: Final = _CLAIM + "lti11_legacy_user_id"
CLAIM_BASIC_OUTCOME: Final = "https://purl.imsglobal.org/spec/lti-bo/claim/basicoutcome"
CLAIM_NOTICE: Final = _CLAIM + "notice"
CLAIM_NOTICE_SERVICE: Final = _CLAIM + "platformnotificationservice"
CLAIM_ORIGIN_CONTEXTS: Final = _CLAIM + "origin_contexts"

_DEEP_LINKING_CLAIM: Final = "https://purl.imsglobal.org/spec/lti-dl/claim/"
CLAIM_DEEP_LINKING_SETTINGS: Final = _DEEP_LINKING_CLAIM + "deep_linking_settings"
CLAIM_CONTENT_ITEMS: Final = _DEEP_LINKING_CLAIM + "content_items"
CLAIM_DATA: Final = _DEEP_LINKING_CLAIM + "data"
CLAIM_MESSAGE_SHOWN: Final = _DEEP_LINKING_CLAIM + "msg"
CLAIM_MESSAGE_LOGGED: Final = _DEEP_LINKING_CLAIM + "log"
CLAIM_ERROR_SHOWN: Final = _DEEP_LINKING_CLAIM + "errormsg"
CLAIM_ERROR_LOGGED: Final = _DEEP_LINKING_CLAIM + "errorlog"

MESSAGE_RESOURCE_LINK: Final = "LtiResourceLinkRequest"
MESSAGE_DEEP_LINKING: Final = "LtiDeepLinkingRequest"
MESSAGE_DEEP_LINKING_RESPONSE: Final = "LtiDeepLinkingResponse"
MESSAGE_SUBMISSION_REVIEW: Final = "LtiSubmissionReviewRequest"
ITEM_RESOURCE_LINK: Final = "ltiResourceLink"

NOTICE_CONTEXT_COPY: Final = "LtiContextCopyNotice"

PLATFORM_CONFIGURATION: Final = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL_CONFIGURATION: Final = "https://purl.imsglobal.org/spec/lti-tool-configuration"

SCOPE_LINE_ITEM: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
SCOPE_LINE_ITEM_READONLY: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
SCOPE_RESULT_READONLY: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
SCOPE_SCORE: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
AGS_SCOPES: Final = frozenset({SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READONLY, SCOPE_RESULT_READONLY, SCOPE_SCORE})
SCOPE_MEMBERSHIP_READONLY: Final = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
SCOPE_NOTICE_HANDLERS: Final = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"

MEDIA_LINE_ITEM: Final = "application/vnd.ims.lis.v2.lineitem+json"
MEDIA_LINE_ITEM_CONTAINER: Final = "application/vnd.ims.lis.v2.lineitemcontainer+json"
MEDIA_RESULT_CONTAINER: Final = "application/vnd.ims.lis.v2.resultcontainer+json"
MEDIA_SCORE: Final = "application/vnd.ims.lis.v1.score+json"
MEDIA_MEMBERSHIP_CONTAINER: Final = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"

ROLE_CONTEXT_PREFIX: Final = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
ROLE_CONTEXT_SUB_PREFIX: Final = "http://purl.imsglobal.org/vocab/lis/v2/membership/"
ROLE_INSTITUTION_PREFIX: Final = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
ROLE_SYSTEM_PREFIX: Final = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"
ROLE_TEST_USER: Final = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"

CLIENT_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

CONTEXT_COURSE_SECTION: Final = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseSection"
CONTEXT_COURSE_OFFERING: Final = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"

PROGRESS_COMPLETED: Final = "Completed"
PROGRESS_IN_PROGRESS: Final = "InProgress"
GRADING_FULLY_GRADED: Final = "FullyGraded"
GRADING_PENDING_MANUAL: Final = "PendingManual"

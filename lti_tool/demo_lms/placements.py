"""The places in a course from which content is added, and what each tells the tool (Deep Linking 2.0, 4.4.1)."""

from dataclasses import dataclass
from typing import Final

from lti_tool.demo_lms.manners import Manner
from lti_tool.lti import vocabulary as lti


@dataclass(frozen=True, slots=True)
class Placement:
    """One such place: its key in an address, its button, Canvas's name for it, and how much it takes."""

    key: str
    button: str
    canvas_name: str
    accepts_multiple: bool
    is_created_at_once: bool


PLACEMENTS: Final = (
    Placement("one", "Add one activity", "assignment_selection", False, False),
    Placement("several", "Add several activities", "link_selection", True, False),
    Placement("series", "Add a whole series", "module_index_menu_modal", True, True),
)


def list_placements(manner: Manner) -> tuple[Placement, ...]:
    """Return the places a course page offers. Moodle has one, its activity chooser."""
    return PLACEMENTS[1:2] if manner is Manner.MOODLE else PLACEMENTS


def find_placement(name: str) -> Placement | None:
    """Return the place with this key or this name of Canvas's, or None."""
    return next((one for one in PLACEMENTS if name in {one.key, one.canvas_name}), None)


def accepts_several(manner: Manner, name: str) -> bool:
    """Whether more than one item may come back: always on Moodle (captured), elsewhere as the place says."""
    placement = find_placement(name)
    return manner is Manner.MOODLE or (placement is not None and placement.accepts_multiple)


def describe_settings(manner: Manner, name: str, tool_name: str, data: str) -> dict[str, object]:
    """Return the settings claim without its return address."""
    placement = find_placement(name) or PLACEMENTS[0]
    multiple = accepts_several(manner, name)
    match manner:
        case Manner.STRICT:
            return {
                "accept_types": [lti.ITEM_RESOURCE_LINK],
                "accept_presentation_document_targets": ["iframe", "window"],
                "accept_multiple": multiple,
                "accept_lineitem": True,
                "auto_create": placement.is_created_at_once,
                "title": placement.button,
                "text": "Choose what the course page shows.",
                "data": data,
            }
        case Manner.CANVAS:  # it never says accept_lineitem, and keeps its own data in the return address
            return {
                "accept_types": [lti.ITEM_RESOURCE_LINK],
                "accept_presentation_document_targets": ["iframe", "window"],
                "accept_media_types": "application/vnd.ims.lti.v1.ltilink",
                "accept_multiple": multiple,
                "auto_create": placement.is_created_at_once,
                "validation_context": None,
                "errors": {"errors": {}},
            }
        case Manner.MOODLE:  # captured
            return {
                "accept_types": [lti.ITEM_RESOURCE_LINK],
                "accept_presentation_document_targets": ["frame", "iframe", "window"],
                "accept_copy_advice": False,
                "accept_multiple": multiple,
                "accept_unsigned": False,
                "auto_create": False,
                "can_confirm": False,
                "title": tool_name,
                "text": "",
            }

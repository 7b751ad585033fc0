"""What pydantic found wrong with a piece of content, said to the person who wrote it."""

from difflib import get_close_matches

from pydantic_core import ErrorDetails

from lti_tool.content import schema

# Steps that pydantic adds and no author wrote.
_SILENT_STEPS = frozenset({"leaf", "[key]"})
_KNOWN_KEYS = sorted(
    {
        name
        for model in vars(schema).values()
        if isinstance(model, type) and issubclass(model, schema.ContentModel)
        for name in model.model_fields
    }
)


_SENTENCES = {
    "missing": "{subject} is missing",
    "extra_forbidden": "{subject} is not a key that belongs here{suggestion}",
    "string_type": "{subject} must be words; put a number or a date in quotes",
    "string_too_short": "{subject} is empty",
    "string_pattern_mismatch": "{subject} is “{input}”; {rule}",
    "too_short": "{subject} needs at least {min_length} entries; it has {actual_length}",
    "too_long": "{subject} may have {max_length} entries at most; it has {actual_length}",
    "literal_error": "{subject} is “{input}”; it must be {expected}",
    "enum": "{subject} is “{input}”; it must be {expected}",
    "int_type": "{subject} must be a whole number",
    "int_parsing": "{subject} must be a whole number",
    "int_from_float": "{subject} must be a whole number",
    "bool_type": "{subject} must be true or false",
    "bool_parsing": "{subject} must be true or false",
    "greater_than_equal": "{subject} must be at least {ge}",
    "less_than_equal": "{subject} must be at most {le}",
    "tuple_type": "{subject} must be a list: each entry on a line that begins with -",
    "model_type": "{subject} must hold keys with values (key: value)",
    "dict_type": "{subject} must hold keys with values (key: value)",
}


def explain_error(error: ErrorDetails) -> str:
    """One sentence about ``error``, naming the key that the author wrote or forgot."""
    name = next((step for step in reversed(error["loc"]) if isinstance(step, str) and step not in _SILENT_STEPS), "")
    subject = f"“{name}”" if name else "this"
    sentence = _SENTENCES.get(error["type"])
    if sentence is None:
        message = error["msg"].removeprefix("Value error, ")
        return f"{subject}: {message}" if name else message
    context = error.get("ctx", {})
    rule = _explain_pattern(str(context.get("pattern", "")))
    known = {**context, "input": error["input"], "subject": subject, "suggestion": _suggest_key(name), "rule": rule}
    return sentence.format_map(known)


def _suggest_key(name: str) -> str:
    close = [key for key in get_close_matches(name, _KNOWN_KEYS, n=1) if key != name]
    return f"; did you mean “{close[0]}”?" if close else ""


def _explain_pattern(pattern: str) -> str:
    if pattern == "^[A-Z]$":
        return "it must be one capital letter"
    if "\\." in pattern:
        return "it must be the key of a field, or keys of a group and its field with a . between"
    return "it must begin with a small letter and hold only small letters, digits and _, at most 40"

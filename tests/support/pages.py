"""What every page fetched in a test must be: valid HTML, one h1, labelled controls, no id twice, no inline script."""

import re
import warnings
from collections import Counter
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import html5lib

_CONTROLS = {"input", "select", "textarea"}
_UNLABELLED = {"hidden", "submit", "button"}


class BadPageError(AssertionError):
    """A page breaks a rule of the house; the message says which and where."""


def check_page(html: str, address: str = "") -> Element:
    """Parse a page strictly and hold it against the rules of the house; returns its tree."""
    tree = _parse(html, address)
    problems = [
        *_find_heading_problems(tree),
        *_find_id_problems(tree),
        *_find_label_problems(tree),
        *_find_inline_problems(tree),
        *_find_link_problems(tree),
    ]
    if problems:
        raise BadPageError(f"{address}: " + "; ".join(problems[:12]))
    return tree


def find_text(element: Element) -> str:
    """All text inside an element, with single spaces."""
    return " ".join("".join(element.itertext()).split())


def _parse(html: str, address: str) -> Element:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        parser: Any = html5lib.HTMLParser(html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
        tree: Element = parser.parse(html)
    # Tables of the HTML specification that html5lib (2020) does not know yet would be listed here; there are none.
    if parser.errors:
        (line, column), code, _ = parser.errors[0]
        near = html.splitlines()[line - 1].strip()[:160] if html else ""
        raise BadPageError(f"{address}: not valid HTML at {line}:{column}: {code}: {near}")
    # What stands in a template is no part of the page until a script takes it out.
    for parent in tree.iter():
        for template in parent.findall("template"):
            template.clear()
    return tree


def _find_heading_problems(tree: Element) -> list[str]:
    headings = [element for element in tree.iter() if re.fullmatch(r"h[1-6]", str(element.tag))]
    ones = [heading for heading in headings if heading.tag == "h1"]
    problems = [] if len(ones) == 1 else [f"{len(ones)} h1 elements"]
    title = tree.find("head/title")
    if title is None or not find_text(title):
        problems.append("no title")
    levels = [int(str(heading.tag)[1]) for heading in headings]
    problems.extend(f"h{after} follows h{before}" for before, after in pairwise(levels) if after > before + 1)
    if tree.get("lang") in {None, ""}:
        problems.append("no language")
    return problems


def _find_id_problems(tree: Element) -> list[str]:
    counts = Counter(element.get("id") for element in tree.iter() if element.get("id"))
    return [f"id {name!r} {count} times" for name, count in counts.items() if count > 1]


def _find_label_problems(tree: Element) -> list[str]:
    labelled = {element.get("for") for element in tree.iter("label")}
    inside = {id(control) for label in tree.iter("label") for control in label.iter() if control.tag in _CONTROLS}
    problems = []
    for control in tree.iter():
        if control.tag not in _CONTROLS or control.get("type") in _UNLABELLED:
            continue
        has_name = control.get("id") in labelled or id(control) in inside
        if not (has_name or control.get("aria-label") or control.get("aria-labelledby")):
            problems.append(f"{control.tag} {control.get('name')!r} has no label")
    problems.extend(
        f"button {button.get('value')!r} has no name"
        for button in tree.iter("button")
        if button.get("hidden") is None and not (find_text(button) or button.get("aria-label"))
    )
    problems.extend("a form without action" for form in tree.iter("form") if form.get("action") in {None, ""})
    return problems


def _find_inline_problems(tree: Element) -> list[str]:
    problems = [
        "inline script"
        for script in tree.iter("script")
        if not script.get("src") and script.get("type") != "application/json"
    ]
    for element in tree.iter():
        if element.get("style") is not None:
            problems.append(f"style attribute on {element.tag}")
        problems.extend(f"{name} on {element.tag}" for name in element.attrib if name.startswith("on"))
    return problems


def _find_link_problems(tree: Element) -> list[str]:
    return [
        f"link {link.get('href')!r} has no words"
        for link in tree.iter("a")
        if link.get("href") and not (find_text(link) or link.get("aria-label"))
    ]

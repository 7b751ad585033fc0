"""Markdown to clean HTML: CommonMark with tables, citations and heading ids; no raw HTML, no images, no scripts."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_CITATION = re.compile(r"\[(@[a-z][a-z0-9_]*(?:\s*[;,]\s*@[a-z][a-z0-9_]*)*)\]")
_CITATION_LIKE = re.compile(r"\[@")
_ALLOWED = {
    "a": {"href"},
    "div": {"class", "role", "aria-label", "tabindex"},
    "h2": {"id"},
    "h3": {"id"},
    "h4": {"id"},
    "ol": {"start"},
    "th": {"scope"},
}
_BLOCKS = {"p", "ul", "li", "blockquote", "pre", "hr", "table", "thead", "tbody", "tr", "td"}
_TAGS = {*_ALLOWED, *_BLOCKS, "em", "strong", "code", "br"}
_PLAIN = MarkdownIt("commonmark", {"html": False}).enable("table")
_WATCHFUL = MarkdownIt("commonmark", {"html": True}).enable("table")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text ready to show. ``citations`` and ``problems`` name lines of the Markdown, counted from 0."""

    html: str
    text: str
    citations: tuple[tuple[str, int], ...]
    problems: tuple[tuple[int, str], ...]


def render_text(markdown: str, labels: Mapping[str, str]) -> Rendered:
    """Render a whole text; ``labels`` name the sources that ``[@key]`` may cite ("Bryk and Schneider 2002")."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.inline.ruler.before("link", "citation", _read_citation)
    parser.add_render_rule("citation", _render_citation)
    env: dict[str, Any] = {"labels": labels}
    tokens = parser.parse(markdown, env)
    _name_headings(tokens)
    tokens = _dress_tables(tokens)
    html = _clean(parser.renderer.render(tokens, parser.options, env))
    citations = tuple(
        (key, line) for line, child in _list_inline(tokens) if child.type == "citation" for key in child.meta["keys"]
    )
    return Rendered(html, _gather_text(tokens, labels), citations, (*_find_problems(markdown, tokens),))


def render_phrase(markdown: str) -> str:
    """Render one line (a reference, a label): emphasis and links, no paragraph around it."""
    return _clean(_PLAIN.renderInline(markdown))


def _clean(html: str) -> str:
    """Let through only what our own texts need, whatever the Markdown library does tomorrow."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ALLOWED,
        url_schemes={"https", "http", "mailto"},
        link_rel=None,
        strip_comments=True,
    )


def _read_citation(state: StateInline, silent: bool) -> bool:
    match = _CITATION.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.meta["keys"] = [key.lstrip("@") for key in re.split(r"\s*[;,]\s*", match[1])]
    state.pos = match.end()
    return True


def _render_citation(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, env: EnvType
) -> str:
    links = []
    for key in tokens[index].meta["keys"]:
        label = escape(env["labels"].get(key, key))
        links.append(f'<a href="#source-{key}">{label}</a>')
    return f"({'; '.join(links)})"


def _name_headings(tokens: Sequence[Token]) -> None:
    """Give every heading an id, so that a link can point at it; the prefix keeps clear of the page's own ids."""
    taken: set[str] = set()
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            slug = base = f"section-{_make_slug(_read_plain(tokens[index + 1]))}"
            number = 2
            while slug in taken:
                slug, number = f"{base}-{number}", number + 1
            taken.add(slug)
            token.attrSet("id", slug)


def _dress_tables(tokens: Sequence[Token]) -> list[Token]:
    """Say which cells are headings, and let a wide table scroll by itself, by keyboard too, on a narrow screen."""
    dressed: list[Token] = []
    number = 0
    for token in tokens:
        if token.type == "table_open":
            number += 1
            opening = f'<div class="table-scroll" role="region" aria-label="Table {number}" tabindex="0">\n'
            dressed.append(Token("html_block", "", 0, content=opening))
        dressed.append(token)
        if token.type == "th_open":
            token.attrSet("scope", "col")
        elif token.type == "table_close":
            dressed.append(Token("html_block", "", 0, content="</div>\n"))
    return dressed


def _make_slug(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[\W_]+", "-", plain).strip("-")[:60] or "part"


def _read_plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or () if child.type in {"text", "code_inline"})


def _gather_text(tokens: Sequence[Token], labels: Mapping[str, str]) -> str:
    """The words alone, one block after the other with an empty line between."""
    blocks = []
    for token in tokens:
        if token.type == "inline":
            pieces = []
            for child in token.children or ():
                if child.type == "citation":
                    pieces.append(f"({'; '.join(labels.get(key, key) for key in child.meta['keys'])})")
                elif child.type in {"softbreak", "hardbreak"}:
                    pieces.append(" ")
                else:
                    pieces.append(child.content)
            blocks.append("".join(pieces).strip())
        elif token.type in {"fence", "code_block"}:
            blocks.append(token.content.strip())
    return "\n\n".join(block for block in blocks if block)


def _list_inline(tokens: Sequence[Token]) -> list[tuple[int, Token]]:
    """Every inline token with its line: that of its block, and one more after each break."""
    found = []
    for token in tokens:
        if token.type == "inline":
            line = token.map[0] if token.map else 0
            for child in token.children or ():
                found.append((line, child))
                line += child.type in {"softbreak", "hardbreak"}
    return found


def _find_problems(markdown: str, tokens: Sequence[Token]) -> list[tuple[int, str]]:
    problems = [
        (token.map[0] if token.map else 0, "HTML is shown as it stands, not obeyed; write Markdown")
        for token in _WATCHFUL.parse(markdown)
        if token.type == "html_block"
    ]
    for line, child in _list_inline(_WATCHFUL.parse(markdown)):
        if child.type == "html_inline":
            problems.append((line, "HTML is shown as it stands, not obeyed; write Markdown"))
    for line, child in _list_inline(tokens):
        if child.type == "image":
            problems.append((line, "images are not shown; say it in words or in a table"))
        if child.type == "text" and _CITATION_LIKE.search(child.content):
            problems.append((line, "a citation looks like [@key] or [@one; @two]"))
    level = 1
    for token in tokens:
        if token.type == "heading_open":
            wanted, own = level + 1, int(token.tag[1])
            line = token.map[0] if token.map else 0
            if own == 1 or own > 4:
                problems.append((line, "headings in a text are ##, ### or ####; its title is written above it"))
            elif own > wanted:
                problems.append((line, f"a heading is skipped: expected {'#' * wanted}, found {'#' * own}"))
            level = own
    return problems

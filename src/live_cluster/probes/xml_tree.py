"""Elements and attributes of a tool's XML, without its texts: ElementTree takes 10 ms to load, this 1 ms.

The XML comes from this server's own tools, run by root.
"""

from __future__ import annotations

from xml.parsers.expat import ExpatError, ParserCreate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self


class NotXml(ValueError):
    """The text is no complete XML document."""


class Element:
    """One element; the methods are those of ElementTree, and know no more of its paths than `a/b`."""

    __slots__ = ("attributes", "children", "tag")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Self] = []

    def get(self, name: str, default: str = "") -> str:
        """An attribute's value."""
        return self.attributes.get(name, default)

    def iterfind(self, path: str) -> Iterator[Self]:
        """The elements below this one that the tags of `path` lead to."""
        tag, _, rest = path.partition("/")
        for child in self.children:
            if child.tag == tag:
                yield from child.iterfind(rest) if rest else (child,)

    def find(self, path: str) -> Self | None:
        """The first of them."""
        return next(self.iterfind(path), None)

    def iter(self, tag: str) -> Iterator[Self]:
        """The elements with this tag, here and at any depth, in the order of the document."""
        if self.tag == tag:
            yield self
        for child in self.children:
            yield from child.iter(tag)


def parse_xml(text: str | bytes) -> Element:
    """The root element; NotXml where the text is not well-formed, or cut off."""
    document = Element("", {})
    path = [document]

    def begin(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes)
        path[-1].children.append(element)
        path.append(element)

    def end(_tag: str) -> None:
        path.pop()

    parser = ParserCreate()
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    try:
        parser.Parse(text, True)  # noqa: FBT003
    except ExpatError as error:
        raise NotXml(str(error)) from error
    return document.children[0]

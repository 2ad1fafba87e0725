"""Opens files that are zip archives of XML parts: Office Open XML, OpenDocument and EPUB."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from rag.errors import SourceError
from rag.ingest.raw_source import RawSource, source_error

MAX_XML_BYTES = 50_000_000  # of the parts that are read, unpacked


class Package:
    """The parts of one file. Reading more than `MAX_XML_BYTES` in all raises `SourceError`."""

    def __init__(self, raw: RawSource, archive: ZipFile) -> None:
        self.raw = raw
        self.archive = archive
        self.names = set(archive.namelist())
        self.room = MAX_XML_BYTES

    def bytes_of(self, name: str) -> bytes:
        """The part `name`, empty where there is none."""
        if name not in self.names:
            return b""
        size = self.archive.getinfo(name).file_size
        self.room -= size
        if self.room < 0:
            raise source_error(
                self.raw.name, "unpacks to far too much text", "Split it into smaller files."
            )
        with self.archive.open(name) as part:
            return part.read(size)  # unpacks no more, should the archive's own figure be wrong

    def xml(self, name: str) -> Any:
        """The root element of the part `name`, None where there is none."""
        data = self.bytes_of(name)
        return parse_xml(data) if data else None

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """Of the part `name` of an Office file: kind and part by relation id."""
        folder, base = posixpath.split(name)
        root = self.xml(posixpath.join(folder, "_rels", f"{base}.rels"))
        found = {}
        for each in [] if root is None else root:
            kind = each.get("Type", "").rpartition("/")[2]
            target = posixpath.normpath(posixpath.join("/", folder, each.get("Target", "")))
            found[each.get("Id", "")] = (kind, target.lstrip("/"))
        return found


@contextmanager
def open_package(raw: RawSource, ending: str) -> Iterator[Package]:
    """The parts of a file that ends with `ending`; what fails within is told as a `SourceError`."""
    try:
        with ZipFile(BytesIO(raw.data)) as archive:
            yield Package(raw, archive)
    except SourceError:
        raise
    except Exception as error:  # zip, XML and missing parts each fail in their own way
        raise source_error(
            raw.name, f"is damaged, locked or not {ending}", "Save it again as such."
        ) from error


def parse_xml(data: bytes) -> Any:
    """The root element. No entity is resolved and nothing is fetched; more than 256 elements inside
    each other and document types are refused with `ValueError`."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(data, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("a document type")
    return root


def local_name(element: Any) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def attribute(element: Any, name: str, default: str = "") -> str:
    """The attribute of that name in any namespace."""
    if element is None:
        return default
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return default


def child(element: Any, *path: str) -> Any:
    """The first descendant along the local names `path`, None where there is none."""
    for name in path:
        if element is None:
            return None
        element = next((each for each in element if local_name(each) == name), None)
    return element


def children(element: Any, name: str) -> list[Any]:
    """The children with the local name `name`."""
    return [] if element is None else [each for each in element if local_name(each) == name]


def relation_id(element: Any) -> str:
    """The id of the relation that an element names: ``r:id``, which may stand beside ``id``."""
    return next((str(value) for key, value in element.attrib.items() if key.endswith("}id")), "")


def chosen_alternative(alternatives: Any) -> Any:
    """The alternative that a new Office shows; the others have the same text."""
    choice = child(alternatives, "Choice")
    return child(alternatives, "Fallback") if choice is None else choice


def diagram_texts(package: Package, part: str) -> Iterator[str]:
    """The texts of a diagram (SmartArt), whose data are in `part`."""
    root = package.xml(part)
    for point in [] if root is None else root.iter("{*}pt"):
        text = "".join(each.text or "" for each in point.iter("{*}t") if each.text)
        if text.strip():
            yield text


def warn_of_charts(raw: RawSource, count: int) -> None:
    """Report charts, whose figures are not read."""
    if count:
        charts = "A chart" if count == 1 else f"{count} charts"
        raw.warn(f"{charts} of {raw.name} {'was' if count == 1 else 'were'} not read.")


def core_title(package: Package) -> str:
    """The title that an Office file states in its properties, or ""."""
    title = child(package.xml("docProps/core.xml"), "title")
    return "" if title is None else "".join(title.itertext())

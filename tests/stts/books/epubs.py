"""EPUBs as tests need them: whole ones, and what is wrong with others."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np

CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>"""
HEAD = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'


def page(body: str, title: str = "A page") -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n{HEAD}<head><title>{title}</title></head><body>{body}</body></html>'
    )


@dataclass
class Epub:
    """Files of one book; `data()` packs them."""

    pages: dict[str, str]
    """Path below OPS -> XHTML, in the order of the spine."""
    contents: Sequence[tuple[str, str]] | None = None
    """Address and title of each line of the table of contents; none: no table."""
    version: int = 3
    others: dict[str, bytes] = field(default_factory=dict)
    """Path in the archive -> bytes, beside or in place of what is made."""
    manifest: str = ""
    """More items."""
    metadata: str = (
        "<dc:title>Two Cities</dc:title><dc:creator>Ch. Dickens</dc:creator><dc:language>en-GB</dc:language>"
    )
    spine: str | None = None
    doctype: str = ""

    def files(self) -> Mapping[str, bytes]:
        files = {"mimetype": b"application/epub+zip", "META-INF/container.xml": CONTAINER.encode()}
        files["OPS/book.opf"] = self._package().encode()
        files |= {f"OPS/{path}": text.encode() for path, text in self.pages.items()}
        if self.contents is not None:
            files["OPS/nav.xhtml" if self.version == 3 else "OPS/toc.ncx"] = self._contents().encode()
        return files | self.others

    def data(self, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", compression) as archive:
            for path, data in self.files().items():
                archive.writestr(path, data)
        return file.getvalue()

    def _package(self) -> str:
        items = "".join(
            f'<item id="p{number}" href="{path}" media-type="application/xhtml+xml"/>'
            for number, path in enumerate(self.pages)
        )
        if self.contents is not None and self.version == 3:
            items += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        elif self.contents is not None:
            items += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        order = "".join(f'<itemref idref="p{number}"/>' for number in range(len(self.pages)))
        spine = self.spine if self.spine is not None else f'<spine toc="ncx">{order}</spine>'
        return (
            f'<?xml version="1.0"?>{self.doctype}'
            f'<package xmlns="http://www.idpf.org/2007/opf" version="{self.version}.0">'
            f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{self.metadata}</metadata>'
            f"<manifest>{items}{self.manifest}</manifest>{spine}</package>"
        )

    def _contents(self) -> str:
        lines = self.contents or ()
        if self.version == 3:
            entries = "".join(f'<li><a href="{address}">{title}</a></li>' for address, title in lines)
            pages = '<nav epub:type="page-list"><ol><li><a href="a.xhtml#p1">1</a></li></ol></nav>'
            return page(f'<nav epub:type="toc"><h1>Contents</h1><ol>{entries}</ol></nav>{pages}')
        points = "".join(
            f"<navPoint><navLabel><text>{title}</text></navLabel><content src='{address}'/></navPoint>"
            for address, title in lines
        )
        return f'<?xml version="1.0"?><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'


def picture(codec: str, width: int = 60, height: int = 80) -> bytes:
    """An image file: `mjpeg`, `png`, `gif`, `bmp`, `libwebp`."""
    pixels = np.linspace(0, 255, width * height * 3).astype(np.uint8).reshape(height, width, 3)
    formats = {"mjpeg": "yuvj420p", "gif": "rgb8", "bmp": "bgr24", "libwebp": "yuv420p"}
    containers = {"gif": "gif", "libwebp": "webp"}
    file = io.BytesIO()
    with av.open(file, "w", format=containers.get(codec, "image2pipe")) as container:
        stream = container.add_stream(codec, rate=1)
        assert isinstance(stream, av.video.stream.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, formats.get(codec, "rgb24")
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=stream.pix_fmt)
        frame.pts, frame.time_base = 0, Fraction(1, 1)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()

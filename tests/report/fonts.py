"""The fonts in a PDF file."""

from __future__ import annotations

import re
import zlib
from pathlib import Path


def fonts_in(file: Path) -> set[str]:
    """Return the kinds of font in a PDF file: Type0, TrueType, Type3, …; streams are unpacked and searched, too."""
    content = file.read_bytes()
    parts = [content]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            continue  # not packed
    kinds = re.findall(rb"/Subtype\s*/(Type0|Type1C?|Type3|TrueType|CIDFontType[0-9])\b", b"\n".join(parts))
    assert kinds, f"{file} has no fonts"
    return {kind.decode() for kind in kinds}

"""What a file's bytes say of its format and length, before and after a decoder has given up on it."""

_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
# Mark of the end, and among how many last bytes: some programs append a few of their own.
_END_MARKS = {"JPEG": (b"\xff\xd9", 64), "PNG": (b"IEND", 64), "GIF": (b"\x3b", 8)}
_BOX_HEADER_BYTES = 8
_OTHER_FILES = (
    ((b"<!doc", b"<html", b"<head", b"<body"), "This is a web page, not a photo"),
    ((b"<svg", b"<?xml"), "This is an SVG or XML file, not a photo"),
    ((b"%pdf",), "This is a PDF, not a photo"),
)


def name(data: bytes) -> str | None:
    """The format that the first bytes promise; None for everything outside the allow-list."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and b"avi" in data[8:64]:  # avif, or avis for a sequence, among its brands
        return "AVIF"
    # "BM" alone starts many a text; the header's size follows at byte 14.
    if data[:2] == b"BM" and data[15:18] == b"\0\0\0":
        return "BMP"
    return next((found for signature, found in _SIGNATURES.items() if data.startswith(signature)), None)


def ends_early(data: bytes, format: str | None) -> bool:
    """True where a format marks its end or states its length and the file stops before."""
    if format in _END_MARKS:
        mark, within = _END_MARKS[format]
        return mark not in data[-within:]
    return _stated_length(data, format) > len(data)


def refusal(data: bytes) -> str:
    """What to tell a shop whose file is no photo that is taken."""
    start = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    what = next(
        (text for starts, text in _OTHER_FILES if start.startswith(starts)), "This is no photo in a known format"
    )
    if data[4:8] == b"ftyp" and data[8:11] in {b"hei", b"hev", b"mif"}:
        what = "HEIC photos cannot be read"
    return f"{what}. Send a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF."


def _stated_length(data: bytes, format: str | None) -> int:
    """At least this many bytes belong to the file; 0 where it does not say."""
    match format:
        case "WEBP":
            return int.from_bytes(data[4:8], "little") + 8
        case "BMP":
            return int.from_bytes(data[2:6], "little")
        case "TIFF":  # where its directory lies, often at the end
            return int.from_bytes(data[4:8], "little" if data[:2] == b"II" else "big") + 1
        case "AVIF":
            return _last_box_ends(data)
        case _:
            return 0


def _last_box_ends(data: bytes) -> int:
    """AVIF is a row of boxes, each starting with its size; 0 stands for "to the end", 1 for a size that follows."""
    position = 0
    while position + _BOX_HEADER_BYTES <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < _BOX_HEADER_BYTES:
            break
        position += size
    return position

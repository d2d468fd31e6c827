"""A tiny writer of TensorBoard's event files, which shares no line with the reader."""

from __future__ import annotations

import struct
from pathlib import Path


def crc32c(data: bytes) -> int:
    """Return CRC-32C bit by bit, from its polynomial 0x1EDC6F41 turned round."""
    crc = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):
            low = (crc ^ (byte >> bit)) & 1
            crc = (crc >> 1) ^ (0x82F63B78 * low)
    return crc ^ 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """Return a record of TFRecord."""
    length = struct.pack("<Q", len(data))
    return b"".join([length, _masked(length), data, _masked(data)])


def varint(number: int) -> bytes:
    """Return a number as a varint; a negative one as its two's complement of 64 bits."""
    number %= 2**64
    out = b""
    while number >= 128:
        out, number = out + bytes([number % 128 + 128]), number // 128
    return out + bytes([number])


def field(number: int, value: int | float | bytes | str) -> bytes:
    """Return a field of a message: a whole number as a varint, a real one as a double."""
    if isinstance(value, int):
        return varint(number * 8) + varint(value)
    if isinstance(value, float):
        return varint(number * 8 + 1) + struct.pack("<d", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number * 8 + 2) + varint(len(data)) + data


def scalar(tag: str, value: float) -> bytes:
    """Return a summary's value with a simple value."""
    return field(1, field(1, tag) + varint(2 * 8 + 5) + struct.pack("<f", value))


def tensor(tag: str, kind: int, content: bytes) -> bytes:
    """Return a summary's value with a tensor of one number, as its content."""
    return field(1, field(1, tag) + field(8, field(1, kind) + field(4, content)))


def hparams(values: dict[str, float | str], status: int | None = None) -> bytes:
    """Return the values of a summary by which the hparams plugin says what was set, and how it ended."""
    entries = b"".join(
        field(1, field(1, key) + field(2, field(2, value) if isinstance(value, float) else field(3, value)))
        for key, value in values.items()
    )
    start = _plugin("_hparams_/session_start_info", field(3, entries))
    return start + (
        b"" if status is None else _plugin("_hparams_/session_end_info", field(4, field(1, status)))
    )


def _plugin(tag: str, content: bytes) -> bytes:
    return field(1, field(1, tag) + field(9, field(1, field(1, "hparams") + field(2, content))))


def event(step: int, summary: bytes, wall_time: float = 0.0) -> bytes:
    """Return an event with a summary, as a record."""
    return record(field(1, wall_time or 1.0e9 + step) + field(2, step) + field(5, summary))


def restart(step: int, wall_time: float) -> bytes:
    """Return the event by which a session says that it starts anew at a step."""
    return record(field(1, wall_time) + field(2, step) + field(7, field(1, 1)))


def write_events(folder: Path, *events: bytes, name: str = "events.out.tfevents.1.host") -> Path:
    """Write an event file with its version record."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(record(field(1, 1.0e9) + field(3, "brain.Event:2")) + b"".join(events))
    return file


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17) & 0xFFFFFFFF) + 0xA282EAD8) % 2**32)

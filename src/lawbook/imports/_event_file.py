"""TensorBoard's event files: records of TFRecord, in each an `Event` of protocol buffers, read for its scalars.

TFRecord: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details. The messages: event.proto,
summary.proto and tensor.proto of TensorFlow, and the hparams plugin's, of which the fields named here are all that is
needed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from lawbook.imports import UnreadableError, Value

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SCALARS = {1: "<f", 2: "<d", 3: "<i", 9: "<q", 19: "<e"}
"""Formats of a tensor's content by its data type: float, double, int32, int64, half."""
_LISTS = {5: "<f", 6: "<d"}
"""Fields of a tensor with packed numbers: float_val, double_val."""
_WHOLE_LISTS = (7, 10)
"""Fields of a tensor with packed integers: int_val, int64_val."""
_START_OF_SESSION = 1
_HPARAMS = "hparams"
SESSION_STATES = {0: "", 1: "finished", 2: "failed", 3: "running"}
"""How a run ended, by the hparams plugin."""


@dataclass(frozen=True)
class Event:
    """What one record says. restarted: a session starts here, so that what was logged from `step` on counts no more."""

    wall_time: float
    step: int
    scalars: Mapping[str, float] = field(default_factory=dict)
    config: Mapping[str, Value] = field(default_factory=dict)
    state: str = ""
    restarted: bool = False


def records(content: bytes) -> Iterator[bytes | None]:
    """Yield the records of a TFRecord file; None at the end where the last one is cut off.

    Raises UnreadableError, naming the byte, where a checksum is wrong.
    """
    at = 0
    while at < len(content):
        head = content[at : at + 12]
        if len(head) < 12:
            yield None
            return
        length, length_crc = struct.unpack("<QI", head)
        if masked_crc32c(head[:8]) != length_crc:
            raise UnreadableError(f"byte {at:,}: the checksum of a record's length is wrong")
        data, end = content[at + 12 : at + 12 + length], at + 12 + length + 4
        if end > len(content):
            yield None
            return
        if masked_crc32c(data) != struct.unpack("<I", content[end - 4 : end])[0]:
            raise UnreadableError(f"byte {at:,}: the checksum of a record is wrong")
        yield data
        at = end


def masked_crc32c(data: bytes) -> int:
    """Return TFRecord's checksum: CRC-32C, turned round and shifted."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """Return CRC-32C; the example is its check value, RFC 3720 and others.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, crc = _crc_table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


def read_event(data: bytes) -> Event:
    """Return what a record says of scalars and of a run's hyperparameters. Raises UnreadableError if it is no event."""
    try:
        return _event(data)
    except (LookupError, ValueError, TypeError, AttributeError, struct.error) as error:
        raise UnreadableError(f"a record is no event of TensorBoard ({error})") from None


def _event(data: bytes) -> Event:
    wall_time, step, restarted = 0.0, 0, False
    scalars: dict[str, float] = {}
    config: dict[str, Value] = {}
    state = ""
    for number, value in _fields(data):
        if number == 1:
            wall_time = struct.unpack("<d", value)[0]
        elif number == 2:
            step = _signed(value)
        elif number == 7:  # session_log, whose field 1 is the status
            restarted = dict(_fields(value)).get(1) == _START_OF_SESSION
        elif number == 5:
            for place, summary in _fields(value):
                if place == 1:
                    tag, found, plugin = _value(summary)
                    if plugin:  # which comes with a tensor that says nothing
                        config, state = _hparams(plugin, config, state)
                    elif found is not None:
                        scalars[tag] = found
    return Event(wall_time, step, scalars, config, state, restarted)


def _value(data: bytes) -> tuple[str, float | None, bytes]:
    """Return the tag of a summary's value, its number if it is one, and what the hparams plugin says in it."""
    tag, found, plugin = "", None, b""
    for number, value in _fields(data):
        if number == 1:
            tag = value.decode("utf-8")
        elif number == 2:
            found = struct.unpack("<f", value)[0]
        elif number == 8:
            found = _tensor(value)
        elif number == 9:  # metadata; its field 1 is plugin_data: name, content
            about = dict(_fields(dict(_fields(value)).get(1, b"")))
            if about.get(1, b"") == _HPARAMS.encode():
                plugin = about.get(2, b"")
    return tag, found, plugin


def _tensor(data: bytes) -> float | None:
    """Return the number in a tensor of one number, None for another."""
    kind, numbers = 0, []
    for number, value in _fields(data):
        if number == 1:
            kind = value
        elif number == 4 and kind in _SCALARS and len(value) == struct.calcsize(_SCALARS[kind]):
            numbers.append(struct.unpack(_SCALARS[kind], value)[0])
        elif number in _LISTS:
            numbers += [one for (one,) in struct.iter_unpack(_LISTS[number], value)]
        elif number in _WHOLE_LISTS:
            numbers += [_signed(one) for one in (_varints(value) if isinstance(value, bytes) else [value])]
    return float(numbers[0]) if len(numbers) == 1 else None


def _hparams(content: bytes, config: Mapping[str, Value], state: str) -> tuple[dict[str, Value], str]:
    """Return the hyperparameters and the state that the plugin's start and end of a session say."""
    found = dict(config)
    for number, value in _fields(content):
        if number == 3:  # session_start_info: a map of names to google.protobuf.Value
            for place, entry in _fields(value):
                if place == 1:
                    pair = dict(_fields(entry))
                    found[pair[1].decode("utf-8")] = _protobuf_value(pair.get(2, b""))
        elif number == 4:  # session_end_info: its status
            state = SESSION_STATES.get(dict(_fields(value)).get(1, 0), "")
    return found, state


def _protobuf_value(data: bytes) -> Value:
    for number, value in _fields(data):
        if number == 2:
            found: float = struct.unpack("<d", value)[0]
            return int(found) if found.is_integer() and abs(found) < 2**53 else found
        if number == 3:
            return str(value.decode("utf-8"))
        if number == 4:
            return bool(value)
    return None


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the fields of a message: a varint as an integer, all else as bytes. Raises IndexError if it is cut off."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            length, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise IndexError(f"wire type {wire}")
        if at + length > len(data):
            raise IndexError("a field is cut off")
        yield number, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the integer at a place, and the place after it."""
    found = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found, at
    raise IndexError("an integer of more than 64 bits")


def _varints(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        found, at = _varint(data, at)
        yield found


def _signed(found: int) -> int:
    """Return a varint as the signed integer of 64 bits that it stands for."""
    return found - 2**64 if found >= 2**63 else found

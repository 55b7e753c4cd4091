#!/usr/bin/env python3
"""Writes outputs.bin: what the operations of other services answer, from botocore's service models.

    pip install botocore==1.41.5 && python3 generate.py outputs.bin

The format is described in README.md. The same botocore gives the same bytes.
"""

import re
import sys
import zlib

from botocore import __version__
from botocore.loaders import Loader

STRINGS = {"string", "timestamp", "blob", "character"}
NUMBERS = {"integer", "long", "float", "double", "short", "byte", "biginteger", "bigdecimal"}


def words(text):
    """The words of a service id or an error name."""
    text = re.sub(r"[^A-Za-z0-9]+", " ", text)
    text = re.sub(r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 ", text)
    text = re.sub(r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 ", text)
    text = re.sub(r"([a-z])([A-Z][a-zA-Z0-9])", r"\1 \2", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    text = re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", text)
    return text.split()


def segment(service_id):
    """The service in arn:aws:states:::aws-sdk:<service>:<action>."""
    prefix = "".join(word[:1].upper() + word[1:].lower() for word in words(service_id))
    prefix = re.sub(r"^(Amazon|Aws)", "", prefix)
    prefix = re.sub(r"Service$", "", prefix)
    return prefix.lower()


def action(operation):
    """The action there: only the leading capitals are small."""
    return re.sub(r"^([A-Z]+)(?=[A-Z][a-z])|^[A-Z]+", lambda m: m.group().lower(), operation)


class Table:
    """The shapes of one service, each written once."""

    def __init__(self, shapes):
        self.shapes, self.lines, self.numbers = shapes, [], {}

    def number(self, name):
        """The number of a shape; shapes that say the same are one."""
        if name in self.numbers:
            return self.numbers[name]
        shape = self.shapes[name]
        kind = shape["type"]
        if kind in ("structure", "list", "map"):
            # A shape can lead back to itself, so it has its number before its parts.
            self.lines.append(None)
            number = self.numbers[name] = len(self.lines) - 1
            self.lines[number] = self.compound(shape)
            return number
        line = scalar(shape)
        if ("scalar", line) not in self.numbers:
            self.lines.append(line)
            self.numbers["scalar", line] = len(self.lines) - 1
        self.numbers[name] = self.numbers["scalar", line]
        return self.numbers[name]

    def compound(self, shape):
        if shape.get("document") or shape.get("eventstream"):
            return "a"
        if shape["type"] == "list":
            return f"l{self.number(shape['member']['shape'])}{bounds(shape)}"
        if shape["type"] == "map":
            return f"m{self.number(shape['value']['shape'])}"
        required = set(shape.get("required", ()))
        members = (
            f" {name}{'!' if name in required else ':'}{self.number(part['shape'])}"
            for name, part in shape.get("members", {}).items()
        )
        return "o" + "".join(members)


def bounds(shape):
    least = shape.get("min")
    return f" {least}" if least else ""


def scalar(shape):
    kind = shape["type"]
    if kind in STRINGS:
        if shape.get("enum"):
            return "e " + " ".join(value.replace("%", "%25").replace(" ", "%20") for value in shape["enum"])
        return "s" + bounds(shape)
    if kind in NUMBERS:
        least, most = shape.get("min"), shape.get("max")
        text = "n"
        if least is not None or most is not None:
            text += f" {'' if least is None else least}"
        if most is not None:
            text += f" {most}"
        return text
    return "b" if kind == "boolean" else "a"


def service(model):
    """The text of one service: a line for each operation, an empty one, a line for each shape."""
    table, operations = Table(model["shapes"]), []
    for name, operation in sorted(model["operations"].items()):
        output = operation.get("output")
        if output:
            operations.append(f"{action(name)} {table.number(output['shape'])}")
        else:
            operations.append(action(name))
    return "".join(f"{line}\n" for line in [*operations, "", *table.lines])


def main(path):
    loader = Loader()
    parts = {}
    for folder in loader.list_available_services("service-2"):
        model = loader.load_service_model(folder, "service-2")
        metadata = model["metadata"]
        name = segment(metadata.get("serviceId") or metadata["serviceFullName"])
        parts[name] = zlib.compress(service(model).encode(), 9)
    index = "".join(f"{name} {len(part)}\n" for name, part in sorted(parts.items()))
    header = f"botocore {__version__}\n{index}\n".encode()
    with open(path, "wb") as file:
        file.write(header)
        for _, part in sorted(parts.items()):
            file.write(part)
    print(f"{len(parts)} services, {sum(map(len, parts.values()))} bytes")


if __name__ == "__main__":
    main(sys.argv[1])

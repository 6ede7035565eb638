# SPDX-License-Identifier: GPL-2.0
"""check_json.py SCHEMA FILE: all JSON objects in the file are as the schema says.

The schema allows members that it does not know, for programs that are older than their
ksmctl. Here they are faults: all that is printed has to be described.
"""

import json
import sys
from pathlib import Path

import jsonschema


def objects(text: str) -> list[object]:
    """One after the other, with or without newlines in them."""
    found, at, decoder = [], 0, json.JSONDecoder()
    text = text.rstrip()
    while at < len(text):
        item, at = decoder.raw_decode(text, at)
        found.append(item)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


def close(schema: dict) -> None:
    """Allow no more members than it names, in the object itself and in lists of objects."""
    schema.setdefault("unevaluatedProperties", False)
    for part in [schema, *schema.get("definitions", {}).values()]:
        for member in part.get("properties", {}).values():
            items = member.get("items", {})
            if items.get("type") == "object" or "allOf" in items:
                items["unevaluatedProperties"] = False
        if part.get("type") == "array" and part["items"].get("type") == "object":
            part["items"]["unevaluatedProperties"] = False


def main() -> None:
    schema = json.loads(Path(sys.argv[1]).read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    close(schema)
    # The draft that has unevaluatedProperties; all else means the same in both.
    validator = jsonschema.Draft201909Validator(schema)
    found = objects(Path(sys.argv[2]).read_text())
    if not found:
        sys.exit("no JSON at all")
    faults = [fault.message[:200] for item in found for fault in validator.iter_errors(item)]
    if faults:
        sys.exit("\n".join(faults))


main()

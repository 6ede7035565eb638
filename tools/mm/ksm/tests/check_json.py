# SPDX-License-Identifier: GPL-2.0
"""check_json.py SCHEMA FILE: all JSON objects in the file are as the schema says."""

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


def main() -> None:
    schema = json.loads(Path(sys.argv[1]).read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    found = objects(Path(sys.argv[2]).read_text())
    if not found:
        sys.exit("no JSON at all")
    faults = [fault.message[:200] for item in found for fault in validator.iter_errors(item)]
    if faults:
        sys.exit("\n".join(faults))


main()

# SPDX-License-Identifier: GPL-2.0
"""Documentation/mm/ksm/forward-port.rst must go with what it is about."""

import re
from pathlib import Path

from sources import Sources
from words import Refusal

NOTE = "Documentation/mm/ksm/forward-port.rst"
NAME = re.compile(r"\b(?:mm|fs|kernel|virt|arch|include|tools|scripts|Documentation)/[\w./-]*\w")


def check_note(sources: Sources, tree: Path) -> None:
    text = (sources.top / NOTE).read_text()
    named = set(NAME.findall(text))
    patched = {name for patch in sources.series_order for name in sources.patches[patch].parts}
    forgotten = sorted(patched - named)
    if forgotten:
        raise Refusal(f"{NOTE} must say of each file that a patch changes what a port takes; it does not name:\n    "
                      + "\n    ".join(forgotten))
    gone = sorted(name for name in named - patched
                  if not (tree / name).exists() and not (sources.top / name).exists())
    if gone:
        raise Refusal(f"{NOTE} names what is not there any more:\n    " + "\n    ".join(gone))

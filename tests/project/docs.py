# SPDX-License-Identifier: MIT
"""docs.py ROOT: checks that the C++ in README.md and docs is code that compiles, that relative links lead somewhere, no
page is empty, and that the reference has every public header.

Each block marked cpp has to be a run of lines, apart from indentation, of one file that the build compiles: the
examples, the snippets in tests/docs, the consumers.
"""
import re
import sys
from pathlib import Path
from urllib.parse import unquote

COMPILED = ("examples/**/*.cpp", "examples/**/*.hpp", "tests/docs/*.cpp", "tests/docs/*.hpp", "tests/consumers/*.cpp")
REFERENCE = "docs/reference/README.md"
# What other headers include, and users do not.
FOR_THE_ENGINE = ("baton/base/export.hpp", "baton/graph/body.hpp", "baton/graph/map_inl.hpp", "baton/graph/spawn.hpp",
                  "baton/graph/workflow_inl.hpp")
FENCE = re.compile(r"\s*(```+|~~~+)\s*([\w+-]*)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)|^\s*\[[^\]]+\]:\s*(\S+)")
IN_CODE = re.compile(r"`[^`]*`")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#", re.IGNORECASE)


def normal(lines):
    """Lines without what a cut from a file may change: indentation, runs of spaces, empty lines."""
    return [" ".join(line.split()) for line in lines if line.strip()]


def contains(whole, part):
    return any(whole[at:at + len(part)] == part for at in range(len(whole) - len(part) + 1))


def read(path):
    return path.read_text(encoding="utf-8").splitlines()


def headers_left_out(root):
    """Public headers that the table of the reference does not name."""
    page = root / REFERENCE
    table = page.read_text(encoding="utf-8") if page.exists() else ""
    headers = [path.relative_to(root / "include").as_posix() for path in sorted(root.glob("include/baton/**/*.hpp"))]
    return [header for header in headers if header not in FOR_THE_ENGINE and f"`<{header}>`" not in table]


def faults(root):
    root = Path(root)
    compiled = [normal(read(path)) for pattern in COMPILED for path in sorted(root.glob(pattern))]
    found = []
    for path in [*root.glob("README.md"), *sorted(root.glob("docs/**/*.md"))]:
        where = path.relative_to(root)
        if path.stat().st_size == 0:
            found.append(f"{where}: is empty")
        fence, language, start, block = None, "", 0, []
        for number, line in enumerate(read(path), 1):
            mark = FENCE.match(line)
            if fence is None and mark:
                fence, language, start, block = mark[1], mark[2], number, []
            elif fence is not None and line.strip() == fence:
                if language in ("cpp", "c++") and not any(contains(c, normal(block)) for c in compiled):
                    found.append(f"{where}:{start}: this code is not cut from a file that is compiled")
                fence = None
            elif fence is not None:
                block.append(line)
            else:
                for link in LINK.finditer(IN_CODE.sub("", line)):
                    target = link[1] or link[2]
                    file = unquote(target.partition("#")[0])
                    if not ELSEWHERE.match(target) and not (path.parent / file).exists():
                        found.append(f"{where}:{number}: the link leads nowhere: {target}")
        if fence is not None:
            found.append(f"{where}:{start}: this code block does not end")
    return found + [f"{REFERENCE}: has no row for `<{header}>`" for header in headers_left_out(root)]


if __name__ == "__main__":
    sys.exit("\n".join(faults(sys.argv[1])) or 0)

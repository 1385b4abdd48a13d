# SPDX-License-Identifier: MIT
"""layers.py ROOT: checks the #include lines of include/ and src/ against the layers of the project."""
import re
import sys
from pathlib import Path

# Which modules a module may include besides itself. Its link lines in CMake say the same.
MAY_INCLUDE = {
    "base": (),
    "graph": ("base",),
    "executor": ("base",),
    "scheduler": ("base", "graph", "executor"),
    "recovery": ("base", "graph", "scheduler"),
    "observe": ("base", "graph", "scheduler"),
    "testing": ("base", "graph", "executor", "scheduler"),
}
# What baton/baton.hpp is made of.
CORE = ("base", "graph", "executor", "scheduler", "recovery", "observe")

# Libraries of others: which modules may use them in src, and the headers that exist to offer them.
USED_BY = {"boost": ("graph",), "spdlog": ("observe",), "nlohmann": ("observe",)}
OFFERED_BY = {"include/baton/graph/bgl.hpp": "boost", "include/baton/observe/spdlog.hpp": "spdlog"}

INCLUDE = re.compile(r'\s*#\s*include\s*(<([^>]+)>|"([^"]+)")')


def module_of(path):
    """include/baton/graph/plan.hpp and src/graph/plan.cpp belong to graph, include/baton/baton.hpp to none."""
    parts = path.parts[2:] if path.parts[0] == "include" else path.parts[1:]
    return parts[0] if len(parts) > 1 else None


def fault_of(path, header, quoted):
    """Why the file may not include the header, or None."""
    module = module_of(path)
    public = path.parts[0] == "include"
    if quoted:
        if public:
            return "public headers are included as <baton/...>"
        header = f"baton/{header}" if "/" in header else f"baton/{module}/{header}"

    library, _, rest = header.partition("/")
    if library in USED_BY:
        if public and OFFERED_BY.get(path.as_posix()) != library:
            return f"{library} in a public header that does not exist to offer it"
        if not public and module not in USED_BY[library]:
            return f"{module} does not use {library}"
    if library != "baton":
        return None

    target, slash, _ = rest.partition("/")
    if not slash:
        return "the umbrella header is for users of baton"
    if public and f"include/{header}" in OFFERED_BY:
        return "a public header that is not opt-in includes one that is"
    if target not in ((module, *MAY_INCLUDE[module]) if module else CORE):
        return f"{module or 'the umbrella header'} may not include {target}"
    return None


def faults(root):
    root = Path(root)
    found = []
    files = sorted(p for top in ("include", "src") for p in (root / top).rglob("*")
                   if p.suffix in (".hpp", ".cpp", ".inl"))
    for file in files:
        path = file.relative_to(root)
        module = module_of(path)
        if module not in MAY_INCLUDE and path.as_posix() != "include/baton/baton.hpp":
            found.append(f"{path}:1: not in a module that the table in {Path(__file__).name} knows")
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                fault = fault_of(path, match[2] or match[3], match[3] is not None)
                if fault:
                    found.append(f"{path}:{number}: {line.strip()}: {fault}")
    if not files:
        found.append(f"{root}: no sources")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(faults(sys.argv[1])) or 0)

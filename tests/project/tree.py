# SPDX-License-Identifier: MIT
"""tree.py ROOT: checks what lies in the root folder and that each file says its licence."""
import os
import sys
from pathlib import Path

ROOT = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "vcpkg.json",
        "docs", "examples", "include", "src", "tests"}
# Not of the project: what builds, and what .gitignore allows the examples to leave behind.
PASSING = {"build", "CMakeUserPresets.json", "trace.json", "report.html"}

SPDX = "SPDX-License-Identifier: MIT"
HAS_SPDX = {".hpp", ".cpp", ".inl", ".py", ".sh", ".cmake", ".in", ".css", ".js", ".pml"}
HAS_SPDX_BY_NAME = {"CMakeLists.txt", "Doxyfile", "run", ".clang-format", ".clang-tidy", ".editorconfig"}
FIRST_LINES = 5


def faults(root):
    root = Path(root)
    found = [f"{entry.name}: does not belong in the root folder" for entry in sorted(root.iterdir())
             if entry.name not in ROOT | PASSING and not entry.name.startswith(".")]
    checked = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - {"build", ".git", ".cache", "__pycache__"})
        for path in (Path(folder, name) for name in sorted(names)):
            if path.suffix in HAS_SPDX or path.name in HAS_SPDX_BY_NAME:
                checked += 1
                with path.open(encoding="utf-8") as file:
                    if not any(SPDX in line for _, line in zip(range(FIRST_LINES), file)):
                        found.append(f"{path.relative_to(root)}:1: no line '{SPDX}'")
    if not checked:
        found.append(f"{root}: no sources")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(faults(sys.argv[1])) or 0)

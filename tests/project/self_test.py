# SPDX-License-Identifier: MIT
"""Plants violations in a small project and expects each check to name them."""
import tempfile
import unittest
from pathlib import Path

import docs
import layers
import tree

LICENCE = "// SPDX-License-Identifier: MIT\n"
SOUND = {
    "README.md": "[the header](include/baton/base/a.hpp)\n```cpp\nint main() {\n}\n```\n```sh\nls\n```\n",
    "include/baton/baton.hpp": LICENCE + "#include <baton/base/a.hpp>\n",
    "include/baton/base/a.hpp": LICENCE + "#include <vector>\n",
    "include/baton/graph/bgl.hpp": LICENCE + "#include <boost/graph/graph_traits.hpp>\n",
    "docs/reference/README.md": "`<baton/baton.hpp>` `<baton/base/a.hpp>` `<baton/graph/bgl.hpp>`\n",
    "src/graph/a.cpp": LICENCE + '#include "graph/a.hpp"\n#include <baton/base/a.hpp>\n#include <boost/graph/x.hpp>\n',
    "examples/a.cpp": LICENCE + "int main()  {\n}\n",
}


class Planted(unittest.TestCase):
    def check(self, check, expected, **planted):
        """With `planted` (path: text) added to the sound project, `check` finds exactly `expected`."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**SOUND, **planted}.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            self.assertEqual(check.faults(folder), expected)

    def include(self, path, line, reason):
        self.check(layers, [f"{path}:1: {line}: {reason}"], **{path: line + "\n"})

    def test_a_sound_project_passes(self):
        for check in (docs, layers, tree):
            self.check(check, [])

    def test_layers(self):
        self.include("include/baton/base/x.hpp", "#include <baton/graph/plan.hpp>", "base may not include graph")
        self.include("src/graph/x.cpp", "#  include <baton/executor/a.hpp>", "graph may not include executor")
        self.include("src/scheduler/x.cpp", "#include <baton/testing/a.hpp>", "scheduler may not include testing")
        self.include("src/scheduler/x.cpp", "#include <baton/observe/a.hpp>", "scheduler may not include observe")
        self.include("include/baton/baton.hpp", "#include <baton/testing/a.hpp>",
                     "the umbrella header may not include testing")
        self.include("src/graph/x.cpp", "#include <baton/baton.hpp>", "the umbrella header is for users of baton")

    def test_private_headers(self):
        self.include("include/baton/base/x.hpp", '#include "y.hpp"', "public headers are included as <baton/...>")
        self.include("src/graph/x.cpp", '#include "scheduler/y.hpp"', "graph may not include scheduler")

    def test_libraries_of_others(self):
        self.include("include/baton/graph/plan.hpp", "#include <boost/graph/x.hpp>",
                     "boost in a public header that does not exist to offer it")
        self.include("include/baton/observe/log.hpp", "#include <nlohmann/json_fwd.hpp>",
                     "nlohmann in a public header that does not exist to offer it")
        self.include("src/scheduler/x.cpp", "#include <spdlog/spdlog.h>", "scheduler does not use spdlog")
        self.include("include/baton/graph/plan.hpp", "#include <baton/graph/bgl.hpp>",
                     "a public header that is not opt-in includes one that is")

    def test_unknown_module(self):
        self.check(layers, ["src/stray/x.cpp:1: not in a module that the table in layers.py knows"],
                   **{"src/stray/x.cpp": LICENCE})

    def test_tree(self):
        self.check(tree, ["tools: does not belong in the root folder"], **{"tools/x.py": "# " + LICENCE})
        self.check(tree, ["src/base/x.cpp:1: no line 'SPDX-License-Identifier: MIT'"],
                   **{"src/base/x.cpp": "int x;\n"})

    def test_docs(self):
        self.check(docs, ["docs/x.md:2: this code is not cut from a file that is compiled"],
                   **{"docs/x.md": "Text\n```cpp\nint main() { return 1; }\n```\n"})
        self.check(docs, ["docs/x.md:1: the link leads nowhere: y.md#part"],
                   **{"docs/x.md": "[here](y.md#part), [there](https://example.org), [up](../README.md)\n"})
        self.check(docs, ["docs/x.md: is empty"], **{"docs/x.md": ""})
        self.check(docs, ["docs/x.md:1: this code block does not end"], **{"docs/x.md": "```cpp\nint main() {\n"})
        self.check(docs, ["docs/reference/README.md: has no row for `<baton/base/x.hpp>`"],
                   **{"include/baton/base/x.hpp": LICENCE, "include/baton/base/export.hpp": LICENCE})


if __name__ == "__main__":
    unittest.main()

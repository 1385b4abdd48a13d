# SPDX-License-Identifier: MIT
"""Indexes made-up folders."""
import json
import os
import re
import socket
import tempfile
import unittest
from pathlib import Path

import program

WRITTEN = "written: summary.txt, trace.json and report.html in {}\n"


class Index(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.folder = self.root / "folder"
        self.folder.mkdir()
        self.out = self.root / "out"

    def add(self, name, content=b""):
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def index(self, *arguments):
        """The summary, after the checks that hold for every run."""
        done = program.run(self.folder, "--out", self.out, "--quiet", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertTrue(done.stdout.decode().endswith(WRITTEN.format(self.out)))
        self.check_trace()
        return (self.out / "summary.txt").read_text(encoding="utf-8")

    def reported_tasks(self, path=None):
        """The states of the tasks of the report, by name."""
        report = (path or self.out / "report.html").read_text(encoding="utf-8")
        data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', report)[1])
        return {name: data["states"][state] for name, state in zip(data["name"], data["task_state"])}

    def check_trace(self):
        """Intervals of one lane never overlap, and lie inside their run."""
        lanes, runs = {}, {}
        for event in json.loads((self.out / "trace.json").read_text(encoding="utf-8")):
            if event["ph"] == "X":
                interval = (event["ts"], event["ts"] + event["dur"])
                (runs if event["tid"] == 0 else lanes).setdefault((event["pid"], event["tid"]), []).append(interval)
        self.assertEqual(len(runs), 2)
        for (run, _), lane in lanes.items():
            lane.sort()
            (start, end), = runs[run, 0]
            self.assertGreaterEqual(lane[0][0], start)
            self.assertLessEqual(lane[-1][1], end + 1e-6)
            for before, after in zip(lane, lane[1:]):
                self.assertLessEqual(before[1], after[0] + 1e-6)

    def traced_tasks(self):
        trace = json.loads((self.out / "trace.json").read_text(encoding="utf-8"))
        return sorted(event["name"] for event in trace if event.get("cat") == "task")

    def test_kinds_lines_and_duplicates(self):
        self.add("a.cpp", b"int a;\nint b;\n")
        self.add("deep/er/copy of a.cpp", b"int a;\nint b;\n")
        self.add("deep/same size.txt", b"int a;\nint c;\n")
        self.add("CMakeLists.txt", b"project(x)")
        self.add("tool.py", b"\n\n\n")
        self.add("picture.txt", b"a\0\n" * 3)
        self.add("empty 1")
        self.add("empty 2")
        self.add("large", b"x" * 200_000 + b"\0")  # the zero byte comes late
        self.assertEqual(self.index(), "\n".join((
            "kind                 files        size         lines",
            "other text               2      200 kB             3",
            "C++                      2        28 B             4",
            "CMake                    1        10 B             1",
            "binary                   1         9 B             0",
            "Python                   1         3 B             3",
            "empty                    2         0 B             0",
            "total                    9      200 kB            11",
            "",
            "contents that occur more than once: 1, 14 B could be saved",
            "  2 times 14 B:",
            "    a.cpp",
            "    deep/er/copy of a.cpp",
            "")))
        self.assertIn("deep › er › copy of a.cpp", self.traced_tasks())
        self.assertEqual(self.reported_tasks()["deep › er › copy of a.cpp"], "succeeded")

    def test_an_empty_folder(self):
        self.assertEqual(self.index(), "kind                 files        size         lines\n"
                                       "total                    0         0 B             0\n")

    def test_what_cannot_be_read_is_listed_and_disturbs_nothing(self):
        # Nobody, not even root, can open a file whose path is too long; relative to its folder it can be made.
        name = "n" * 250
        here = os.getcwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.folder)
        depth = (4095 - len(os.fsencode(self.folder))) // 251
        for _ in range(depth):
            os.mkdir(name)
            os.chdir(name)
        Path("f" * 250).write_bytes(b"x")
        os.mkdir("d" * 250)
        os.chdir(here)
        self.add("good", b"good\n")
        summary = self.index()
        self.assertIn("total                    1         5 B             1\n", summary)
        problems = summary[summary.index("could not be read: 2\n"):].splitlines()[1:]
        folder = "  " + f"{name}/" * depth
        self.assertEqual(problems, [folder + "d" * 250 + ": cannot be listed: File name too long",
                                    folder + "f" * 250 + ": cannot be opened: File name too long"])
        report = (self.out / "report.html").read_text(encoding="utf-8")
        self.assertIn("cannot be opened: File name too long", report)
        self.assertEqual(program.run(self.folder, "--out", self.out, "--quiet", "--strict").returncode, 1)

    def test_a_file_without_permission(self):
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        self.add("secret", b"x")
        os.chmod(self.folder / "secret", 0)
        self.assertIn("could not be read: 1\n  secret: cannot be opened: Permission denied\n", self.index())

    def test_links_and_special_files_are_left_out(self):
        self.add("file", b"text\n")
        os.symlink("file", self.folder / "link")
        os.symlink("nowhere", self.folder / "dangling")
        os.symlink(".", self.folder / "loop")
        os.mkfifo(self.folder / "pipe")
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        here = os.getcwd()
        os.chdir(self.folder)  # a socket's path must be short
        server.bind("socket")
        os.chdir(here)
        summary = self.index()
        self.assertIn("total                    1         5 B             1\n", summary)
        self.assertTrue(summary.endswith("\nleft out: symbolic links 3, devices, pipes and sockets 2\n"))

    def test_folders_of_git_and_builds_only_on_demand(self):
        self.add("file", b"1\n")
        self.add(".git/config", b"2\n")
        self.add("sub/build/out.o", b"3\n")
        self.add("building/x", b"4\n")
        self.assertIn("total                    2 ", self.index())
        self.assertIn("total                    4 ", self.index("--all"))

    def test_results_are_not_indexed(self):
        self.out = self.folder / "results"
        self.add("file", b"1\n")
        self.assertIn("total                    1 ", self.index())
        self.assertIn("total                    1 ", self.index())

    def test_names_of_any_bytes(self):
        shown = {b"new\nline": "new\\nline", b"\x1b[31mred": "\\x1b[31mred", b"\xff\xfe": "\\xff\\xfe",
                 "größer 数据".encode(): "größer 数据", b"<script>alert(1)": "<script>alert(1)", b"[x]": "[x]",
                 b"(x)": "(x)", b"-rf": "-rf", b"a'b\"c": "a'b\"c"}
        for name in shown:
            self.add(name, b"same\n")
        listed = [line.strip() for line in self.index().splitlines() if line.startswith("    ")]
        self.assertEqual(sorted(listed), sorted(shown.values()))
        report = (self.out / "report.html").read_bytes()
        self.assertEqual(report.count(b"<script"), 2)  # the data, and the page's own
        self.assertNotIn(b"\x1b", report)
        self.assertEqual(set(self.reported_tasks().values()), {"succeeded"})
        self.assertEqual(len(self.reported_tasks()), 9)
        self.assertIn("(x) (2)", self.traced_tasks())

    def test_many_files_and_many_duplicates(self):
        for i in range(2000):
            self.add(f"{i % 20}/{i}", b"content %d\n" % (i % 500))
        for workers in (1, 2, 8):
            summary = self.index("--workers", str(workers))
            self.assertIn("contents that occur more than once: 500, ", summary)
            self.assertEqual(summary.count("  4 times "), 500)
            self.assertEqual(len([name for name in self.traced_tasks() if " › " in name]), 2000)
        done = program.run(self.folder, "--out", self.out)
        self.assertIn("and 490 more, see summary.txt\n", done.stdout.decode())

    def test_progress(self):
        for i in range(10):
            self.add(str(i), b"%d" % i)
        code, out, err = program.run_text(self.folder, "--out", self.out)
        self.assertEqual(code, 0)
        # Where this is slow, lines that tell how far it has come stand in between.
        self.assertRegex(err, r"(^|\n)read files: 10 of 10 tasks ended, .*\n(.*\n)*summarize: 3 of 3 tasks ended, .*\n$")
        self.assertRegex(out, r"\nindexed .* in [0-9.]+ [mu]?s on [0-9]+ threads\n")

    def test_other_places_for_files(self):
        self.add("file", b"1\n")
        trace, report, graph, metrics = (self.root / name for name in ("t.json", "r.html", "g.svg", "m.prom"))
        code, out, err = program.run_text(self.folder, "--out", self.out, "--quiet", "--trace", trace,
                                          "--report", report, "--graph", graph, f"--metrics={metrics}")
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.endswith(f"written: {self.out}/summary.txt, {trace}, {report}, {graph}, {metrics}\n"))
        self.assertEqual(program.boxes(graph.read_bytes()), {"file: succeeded": "succeeded path"})
        self.assertEqual(os.listdir(self.out), ["summary.txt"])
        self.assertIn("file", [event["name"] for event in json.loads(trace.read_text(encoding="utf-8"))])
        self.assertIn("file", self.reported_tasks(report))
        lines = metrics.read_text(encoding="utf-8").splitlines()
        self.assertIn('baton_runs_ended_total{outcome="succeeded"} 2', lines)
        self.assertIn("baton_task_run_seconds_count 4", lines)  # the file, and three of the summary
        self.assertIn("pool_rescued_wakeups_total 0", lines)

    def test_log_instead_of_progress(self):
        self.add("file", b"1\n")
        code, _, err = program.run_text(self.folder, "--out", self.out, "--log", "debug")
        self.assertEqual(code, 0)
        self.assertRegex(err, r"info    run [0-9]+ 'read files': started, 1 task\n")
        self.assertRegex(err, r"debug   run [0-9]+ 'read files': task 'file', attempt 1: succeeded after ")
        self.assertNotIn("tasks ended", err)
        code, _, err = program.run_text(self.folder, "--out", self.out, "--log", "error", "--progress", "lines")
        self.assertEqual(code, 0)
        self.assertRegex(err, r"summarize: 3 of 3 tasks ended, .*\n$")

    def test_log_as_json(self):
        self.add("file", b"1\n")
        code, _, err = program.run_text(self.folder, "--out", self.out, "--log", "debug", "--log-format", "json")
        self.assertEqual(code, 0)
        lines = [json.loads(line) for line in err.splitlines()]
        self.assertEqual([line["state"] for line in lines if line.get("task") == "file"], ["running", "succeeded"])

    def test_wrong_calls(self):
        hint = "\n`index --help` tells more.\n"
        self.assertEqual(program.run_text("--fast"), (2, "", "index: there is no option '--fast'" + hint))
        self.assertEqual(program.run_text("a", "b"), (2, "", "index: there is nothing to be done with 'b'" + hint))
        self.assertEqual(program.run_text("--workers", "many"),
                         (2, "", "index: --workers takes a number, not 'many'" + hint))
        self.assertEqual(program.run_text("--quiet", "--progress", "bar"),
                         (2, "", "index: --quiet and --progress exclude each other" + hint))
        self.assertEqual(program.run_text(self.folder, "--out", self.out, "--trace", "/no/such/t.json"),
                         (1, "", "index: trace '/no/such/t.json': cannot be opened for writing: No such file or "
                                 "directory\n"))
        self.assertEqual(program.run_text("/no/such", "--out", self.out),
                         (1, "", "index: /no/such: there is no such folder\n"))
        self.add("file")
        file = self.folder / "file"
        self.assertEqual(program.run_text(file, "--out", self.out),
                         (1, "", f"index: {file}: is not a folder; give the one it lies in\n"))
        self.assertEqual(program.run_text(self.folder, "--out", file),
                         (1, "", f"index: {file}: cannot be made: Not a directory; "
                                 "choose another folder with --out\n"))

    def test_help(self):
        code, out, err = program.run_text("--help")
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.startswith("usage: index [FOLDER] [OPTIONS]\n"))

    def test_the_source_tree_is_the_default(self):
        code, out, err = program.run_text("--out", self.out, "--quiet", cwd=self.folder)
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(re.search(r"^C\+\+ +[0-9]+ ", out, re.MULTILINE))


if __name__ == "__main__":
    unittest.main()

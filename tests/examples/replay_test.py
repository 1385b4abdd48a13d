# SPDX-License-Identifier: MIT
"""What replay makes of files and command lines, good and bad."""
import json
import tempfile
import unittest
from pathlib import Path

import program


def workflow(tasks, runtimes=None, **top):
    """A document; `tasks` gives the parents of each id, `runtimes` the seconds."""
    document = {"name": "made up", "schemaVersion": "1.5", "workflow": {"specification": {"tasks": [
        {"name": "label", "id": task, "parents": parents, "children": []} for task, parents in tasks.items()]}}}
    if runtimes is not None:
        document["workflow"]["execution"] = {"makespanInSeconds": 0, "executedAt": "unknown", "tasks": [
            {"id": task, "runtimeInSeconds": seconds} for task, seconds in runtimes.items()]}
    return {**document, **top}


DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}
SECONDS = {"a": 1, "b": 2.5, "c": 0.25, "d": 0.125}
FIGURES = {"tasks": 4, "edges": 4, "roots": 1, "leaves": 1, "depth": 3, "max_width": 2, "critical_path_seconds": 3.625,
           "total_runtime_seconds": 3.875, "makespan_seconds": 3.625, "max_running": 2, "succeeded": 4, "failed": 0,
           "omitted": 0, "cancelled": 0, "skipped": 0}


class Replay(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "w.json"

    def write(self, content):
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content)
        if isinstance(content, str):
            content = content.encode()
        self.file.write_bytes(content)

    def replay(self, content, *arguments):
        """Exit code, stdout and stderr; in stderr FILE stands for the file's path."""
        self.write(content)
        code, out, err = program.run_text(self.file, *arguments)
        return code, out, err.replace(str(self.file), "FILE")

    def figures(self, content, *arguments):
        code, out, err = self.replay(content, "--json", *arguments)
        self.assertEqual((code, err), (0, ""))
        return json.loads(out)

    def expect_refused(self, content, *faults):
        code, out, err = self.replay(content)
        self.assertEqual(err, "".join(fault + "\n" for fault in faults))
        self.assertEqual((code, out), (1, ""))

    def expect_wrong(self, arguments, message, content=None):
        code, out, err = self.replay(workflow(DIAMOND, SECONDS) if content is None else content, *arguments)
        self.assertEqual(err, f"replay: {message}\n`replay --help` tells more.\n")
        self.assertEqual((code, out), (2, ""))


class GoodFiles(Replay):
    def test_all_figures(self):
        self.assertEqual(self.figures(workflow(DIAMOND, SECONDS)), FIGURES)

    def test_the_table_has_the_same(self):
        code, out, err = self.replay(workflow(DIAMOND, SECONDS))
        self.assertEqual((code, err), (0, ""))
        first, *lines = out.splitlines()
        self.assertEqual(first, "made up")
        table = {line[2:26].strip().replace(" ", "_"): json.loads(line[26:]) for line in lines}
        self.assertEqual(table, FIGURES)

    def test_tasks_in_any_order_and_edges_told_at_either_end(self):
        document = workflow(dict(reversed(DIAMOND.items())), SECONDS)
        by_id = {task["id"]: task for task in document["workflow"]["specification"]["tasks"]}
        by_id["d"]["parents"] = []
        by_id["b"]["children"] = ["d"]
        by_id["c"]["children"] = ["d"]
        by_id["a"]["children"] = ["b"]  # told at both ends, counts once
        self.assertEqual(self.figures(document), FIGURES)

    def test_without_execution_tasks_take_no_time(self):
        expected = FIGURES | dict.fromkeys(("critical_path_seconds", "total_runtime_seconds", "makespan_seconds"))
        self.assertEqual(self.figures(workflow(DIAMOND)), expected | {"max_running": 1})

    def test_zero_runtimes(self):
        figures = self.figures(workflow(DIAMOND, dict.fromkeys(DIAMOND, 0)))
        self.assertEqual((figures["makespan_seconds"], figures["max_running"]), (0, 1))

    def test_without_tasks(self):
        figures = self.figures(workflow({}, {}))
        self.assertEqual(figures, dict.fromkeys(FIGURES, 0))

    def test_nanoseconds_are_exact(self):
        runtimes = {"a": 0.1, "b": 0.2, "c": 1234567.123456789, "d": 0.000000001}
        figures = self.figures(workflow(DIAMOND, runtimes), "--workers", "1")
        self.assertEqual(figures["total_runtime_seconds"], 1234567.423456790)
        self.assertEqual(figures["makespan_seconds"], 1234567.423456790)
        self.assertEqual(figures["critical_path_seconds"], 1234567.223456790)

    def test_what_is_not_needed_is_ignored(self):
        document = workflow(DIAMOND, SECONDS, description=None, author={"name": "ä"})
        document["workflow"]["specification"]["files"] = [{"id": "f", "sizeInBytes": 5 * 2**32}]
        document["workflow"]["runName"] = "x"
        document["workflow"]["execution"]["tasks"][0]["command"] = {"program": "p", "arguments": ["1"]}
        self.write(b"\xef\xbb\xbf" + json.dumps(document, indent=1).replace("\n", "\r\n").encode())
        code, out, _ = program.run_text(self.file, "--json")
        self.assertEqual((code, json.loads(out)), (0, FIGURES))

    def test_ids_with_signs_and_of_any_length(self):
        ids = {"a-b_c.d#1": [], "#1": ["a-b_c.d#1"], "x" * 1000: ["#1"], "größer": ["#1"]}
        self.assertEqual(self.figures(workflow(ids), "--only", "#1")["succeeded"], 2)

    def test_failing(self):
        figures = self.figures(workflow(DIAMOND, SECONDS), "--fail", "b")
        self.assertEqual(figures, FIGURES | {"succeeded": 2, "failed": 1, "omitted": 1, "makespan_seconds": 3.5})

    def test_only(self):
        figures = self.figures(workflow(DIAMOND, SECONDS), "--only=c", "--fail=a", "--virtual")
        outcomes = {"succeeded": 0, "failed": 1, "omitted": 1}
        self.assertEqual(figures, FIGURES | outcomes | {"makespan_seconds": 1, "max_running": 1})

    def test_in_real_time(self):
        figures = self.figures(workflow(DIAMOND, SECONDS), "--scale", "0.01")
        self.assertGreaterEqual(figures["makespan_seconds"], 3.625)
        self.assertEqual({**figures, "makespan_seconds": 3.625}, FIGURES)
        figures = self.figures(workflow(DIAMOND, SECONDS), "--scale", "0.01", "--workers", "1")
        self.assertGreaterEqual(figures["makespan_seconds"], 3.875)
        self.assertEqual(figures["max_running"], 1)

    def test_real_time_shows_progress(self):
        code, out, err = self.replay(workflow(DIAMOND, SECONDS), "--scale", "0.001")
        self.assertEqual(code, 0)
        self.assertRegex(err, r"made up: 4 of 4 tasks ended, [0-9.]+ (ms|s), [0-9.]+/s\n$")

    def test_dot(self):
        dot = self.folder / "w.dot"
        self.figures(workflow(DIAMOND, SECONDS), "--fail", "b", "--dot", dot)
        text = dot.read_text(encoding="utf-8")
        for sign in ("✓ a", "✗ b", "✓ c", "⊘ d"):
            self.assertIn(sign, text)

    def test_what_watches(self):
        trace, report, metrics = (self.folder / name for name in ("t.json", "r.html", "m.prom"))
        figures = self.figures(workflow(DIAMOND, SECONDS), "--workers", "1", "--trace", trace, "--report", report,
                               "--metrics", metrics)
        self.assertEqual(figures, FIGURES | {"makespan_seconds": 3.875, "max_running": 1})
        events = json.loads(trace.read_text(encoding="utf-8"))
        parked = {event["name"]: (event["ts"], event["dur"]) for event in events if event.get("cat") == "parked"}
        self.assertEqual(parked["a"], (0, 1e6))
        self.assertEqual({name: length for name, (_, length) in parked.items()},
                         {task: seconds * 1e6 for task, seconds in SECONDS.items()})
        self.assertEqual(sum(event["ph"] == "s" for event in events), 4)
        waiting = [(event["args"]["reason"], event["ts"]) for event in events if event["ph"] == "b"]
        self.assertEqual(waiting, [("resource", 1e6)])
        self.assertIn("<html", report.read_text(encoding="utf-8"))
        lines = metrics.read_text(encoding="utf-8").splitlines()
        self.assertIn("baton_task_run_seconds_sum 3.875", lines)
        self.assertIn('baton_task_waits_total{reason="timer"} 4', lines)

    def test_graph(self):
        graph = self.folder / "g.svg"
        self.figures(workflow(DIAMOND, SECONDS), "--fail", "b", "--graph", graph)
        self.assertEqual(program.boxes(graph.read_bytes()), {
            "a: succeeded": "succeeded path", "b: failed": "failed path", "c: succeeded": "succeeded",
            "d: omitted": "omitted path"})
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["g.svg", "w.json"])

    def test_log_as_json(self):
        code, _, err = self.replay(workflow(DIAMOND, SECONDS), "--json", "--log", "debug", "--log-format", "json")
        self.assertEqual(code, 0)
        lines = [json.loads(line) for line in err.splitlines()]
        self.assertEqual([(line["event"], line.get("task")) for line in lines if line["event"] != "task_started"],
                         [("run_started", None), ("task_ended", "a"), ("task_ended", "c"), ("task_ended", "b"),
                          ("task_ended", "d"), ("run_ended", None)])
        self.assertEqual([line["duration_us"] for line in lines if line["event"] == "task_ended"],
                         [1e6, 0.25e6, 2.5e6, 0.125e6])
        code, _, err = self.replay(workflow(DIAMOND, SECONDS), "--json", "--log-format=json")
        self.assertEqual([json.loads(line)["event"] for line in err.splitlines()], ["run_started", "run_ended"])

    def test_log_in_virtual_time(self):
        code, _, err = self.replay(workflow(DIAMOND, SECONDS), "--json", "--log", "info", "--fail", "a")
        self.assertEqual(code, 0)
        self.assertRegex(err, r"error   run [0-9]+ 'made up': task 'a', attempt 1: failed after 1 s: made to fail")
        self.assertEqual(err.count("omitted"), 4)

    def test_progress_on_demand(self):
        _, _, err = self.replay(workflow(DIAMOND, SECONDS), "--json", "--progress", "lines")
        self.assertIn("made up: 4 of 4 tasks ended, ", err)
        code, _, err = self.replay(workflow(DIAMOND, SECONDS), "--scale", "0.001", "--progress", "off")
        self.assertEqual((code, err), (0, ""))

    def test_help(self):
        code, out, err = program.run_text("--help")
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.startswith("usage: replay FILE [OPTIONS]\n"))


class BadFiles(Replay):
    def test_no_file(self):
        missing = self.folder / "missing.json"
        self.assertEqual(program.run_text(missing),
                         (1, "", f"{missing}: cannot be opened: No such file or directory\n"))
        self.assertEqual(program.run_text(self.folder),
                         (1, "", f"{self.folder}: is a folder; give a workflow file in it\n"))

    def test_not_json(self):
        self.expect_refused("", "FILE: is empty; a workflow in WfFormat 1.5 is a JSON object")
        self.expect_refused('{\n "name": x}', "FILE:2:10: not valid JSON: syntax error while parsing value - invalid "
                            "literal; last read: '\"name\": x'")
        self.expect_refused('{"name": 1', "FILE:1:11: not valid JSON: syntax error while parsing object - unexpected "
                            "end of input; expected '}'")
        self.expect_refused(b'{"name": "\xff"}', "FILE:1:11: not valid JSON: syntax error while parsing value - "
                            "invalid string: ill-formed UTF-8 byte; last read: '\"\\xff'")
        self.expect_refused('{"name": 1e400}', "FILE: not usable: number overflow parsing '1e400'")
        self.expect_refused("[]", "FILE: a workflow in WfFormat 1.5 is a JSON object, this is an array")

    def test_hostile_json(self):
        self.expect_refused(b"[" * 10_000_000, "FILE: is nested more than 128 deep")
        self.expect_refused(b'{"a":' * 1_000_000, "FILE: is nested more than 128 deep")
        self.expect_refused('{"name": "a", "name": "b"}', "FILE: the key 'name' occurs twice in one object")

    def test_version(self):
        hint = "convert the file to WfFormat 1.5"
        for version in ("1.4", 1.5):
            self.expect_refused(workflow({}, schemaVersion=version),
                                f'FILE: schemaVersion: found {json.dumps(version)}, wanted "1.5"; {hint}')
        self.expect_refused({"name": "x", "workflow": {"jobs": []}},
                            'FILE: schemaVersion is missing; wanted "1.5" (WfFormat 1.5)')

    def test_missing_parts(self):
        base = {"schemaVersion": "1.5"}
        self.expect_refused(base, "FILE: workflow is missing")
        self.expect_refused(base | {"workflow": []}, "FILE: workflow should be an object, this is an array")
        self.expect_refused(base | {"workflow": {}}, "FILE: workflow.specification is missing")
        self.expect_refused(base | {"name": 7, "workflow": {"specification": {}}},
                            "FILE: name should be a string, this is a number",
                            "FILE: workflow.specification.tasks is missing")
        document = workflow({"a": []})
        document["workflow"]["execution"] = {"tasks": "none"}
        self.expect_refused(document, "FILE: workflow.execution.tasks should be an array, this is a string")
        document["workflow"]["execution"] = 3
        self.expect_refused(document, "FILE: workflow.execution should be an object, this is a number")

    def test_ids(self):
        document = workflow({"a": []})
        document["workflow"]["specification"]["tasks"] += [{"name": "x"}, {"id": 5}, {"id": ""}, 7, {"id": "a"}]
        self.expect_refused(document, "FILE: workflow.specification.tasks[1] has no id",
                            "FILE: workflow.specification.tasks[2].id should be a string, this is a number",
                            "FILE: workflow.specification.tasks[3].id is empty",
                            "FILE: workflow.specification.tasks[4] should be an object, this is a number",
                            "FILE: the task id 'a' occurs twice in workflow.specification.tasks")

    def test_edges(self):
        document = workflow({"extract": [], "load": ["extrat", "\u001b[2J"], "x": "extract"})
        document["workflow"]["specification"]["tasks"][0]["children"] = [1, "laod"]
        self.expect_refused(
            document, "FILE: task 'extract': children should hold task ids, found a number",
            "FILE: task 'extract' names the child 'laod', which is not a task of the file; did you mean 'load'?",
            "FILE: task 'load' names the parent 'extrat', which is not a task of the file; did you mean 'extract'?",
            "FILE: task 'load' names the parent '\\x1b[2J', which is not a task of the file",
            "FILE: task 'x': parents should be an array, this is a string")

    def test_cycles(self):
        self.expect_refused(workflow({"a": ["c"], "b": ["a"], "c": ["b"], "d": ["d"], "e": []}),
                            "FILE: dependency cycle: 'a' -> 'b' -> 'c' -> 'a'", "FILE: dependency cycle: 'd' -> 'd'")

    def test_runtimes(self):
        self.expect_refused(workflow({"a": [], "b": [], "c": []}, {"a": 1}),
                            *(f"FILE: task '{task}' has no runtime: it is not in workflow.execution.tasks; add it, "
                              "or leave out workflow.execution" for task in "bc"))
        limits = "it should be from 0 to 9000000000 (285 years)"
        document = workflow({"a": [], "b": [], "c": [], "d": []}, {"a": -1, "b": 1e300, "c": "5", "e": 1})
        records = document["workflow"]["execution"]["tasks"]
        records += [{"id": "a", "runtimeInSeconds": 1}, {"id": "d"}]
        self.expect_refused(document, f"FILE: task 'a': runtimeInSeconds is -1; {limits}",
                            f"FILE: task 'b': runtimeInSeconds is 1e+300; {limits}",
                            "FILE: task 'c': runtimeInSeconds should be a number, this is a string",
                            "FILE: workflow.execution.tasks names 'e', which is not in workflow.specification.tasks; "
                            "did you mean 'a'?",
                            "FILE: task 'a' occurs twice in workflow.execution.tasks",
                            "FILE: task 'd': runtimeInSeconds is missing")
        self.expect_refused(workflow({"a": [], "b": []}, {"a": 8e9, "b": 8e9}),
                            "FILE: the runtimes add up to more than 9000000000 s (285 years), which is too long to "
                            "replay")

    def test_many_faults_are_cut(self):
        code, _, err = self.replay(workflow({f"t{i}": [f"u{i}"] for i in range(1000)}))
        self.assertEqual(code, 1)
        self.assertEqual(err.count("\n"), 51)
        self.assertTrue(err.endswith("FILE: and 950 more faults\n"))

    def test_ids_that_baton_reserves(self):
        code, _, err = self.replay(workflow({"a/b": []}))
        self.assertEqual(code, 1)
        self.assertIn("FILE: ", err)
        self.assertIn("'a/b'", err)


class CommandLine(Replay):
    def test_wrong_words(self):
        self.expect_wrong(["--verbose"], "there is no option '--verbose'")
        self.expect_wrong(["other.json"], "there is nothing to be done with 'other.json'")
        self.expect_wrong(["--workers"], "--workers needs a value")
        self.expect_wrong(["--fail", "--json"], "--fail needs a value")
        self.expect_wrong(["--only", "a", "--only=b"], "--only is given twice")
        for value in ("x", "-1", "1.5", "1x", "99999999999999999999999"):
            self.expect_wrong([f"--workers={value}"], f"--workers takes a number, not '{value}'")
        for value in ("0", "-2", "nan", "x"):
            self.expect_wrong([f"--scale={value}"], f"--scale takes a number above 0, not '{value}'")
        self.expect_wrong(["--progress", "fast"], "--progress takes auto, bar, lines or off, not 'fast'")
        self.expect_wrong(["--log=\x1b"], "--log takes trace, debug, info, warning or error, not '\\x1b'")
        self.expect_wrong(["--log-format", "xml"], "--log-format takes text or json, not 'xml'")
        self.expect_wrong(["--graph="], "--graph needs a value")
        for one, other in (("--trace", "--metrics"), ("--report", "--graph"), ("--metrics", "--report")):
            self.expect_wrong([one, "x", other, "x"], "--trace, --report, --graph and --metrics need a file each")
        self.expect_wrong(["--virtual", "--scale", "2"], "--virtual and --scale exclude each other")
        self.expect_wrong(["--scale", "1e300"], "--scale: the replay would take more than 285 years")
        self.assertEqual(program.run_text(),
                         (2, "", "replay: which file? Give one in WfFormat 1.5\n`replay --help` tells more.\n"))

    def test_wrong_tasks(self):
        self.expect_wrong(["--fail", "load"], "--fail: there is no task 'load'")
        self.expect_wrong(["--only", "aa"], "--only: there is no task 'aa'; did you mean 'a'?")
        self.expect_wrong(["--only", "b", "--fail", "c"], "--fail: 'c' is not among the tasks that --only runs")

    def test_dot_that_cannot_be_written(self):
        code, _, err = self.replay(workflow(DIAMOND), "--dot", "/no/such/folder/w.dot")
        self.assertEqual((code, err), (1, "/no/such/folder/w.dot: cannot be written\n"))

    def test_files_that_cannot_be_written(self):
        path = "/no/such/folder/x"
        because = "cannot be opened for writing: No such file or directory\n"
        for option, message in (("--trace", f"trace '{path}': " + because), ("--report", f"report '{path}': " + because),
                                ("--graph", f"graph '{path}': " + because),
                                ("--metrics", f"{path}: cannot be opened for writing\n")):
            code, out, err = self.replay(workflow(DIAMOND, SECONDS), option, path)
            self.assertEqual((code, out, err), (1, "", message))
        code, _, err = self.replay(workflow(DIAMOND, SECONDS), "--metrics", "/dev/full")
        self.assertEqual((code, err), (1, "/dev/full: cannot be written\n"))
        code, _, err = self.replay(workflow(DIAMOND, SECONDS), "--graph", "/dev/full")
        self.assertEqual((code, err), (1, "graph '/dev/full': could not be written completely\n"))

    def test_names_that_look_like_options(self):
        self.write(workflow(DIAMOND, SECONDS))
        strange = self.folder / "--json"
        self.file.rename(strange)
        code, out, err = program.run_text("--json", "--", "--json", cwd=self.folder)
        self.assertEqual((code, err, json.loads(out)), (0, "", FIGURES))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""Replays recorded workflows and checks every figure against what was computed from the files alone.

They are read from BATON_WORKFLOWS: a folder of files in WfFormat 1.5 and a truth.json with the figures of each.
Without that variable a folder called workflows, next to the source tree or in a folder there, is taken.
"""
import itertools
import json
import math
import os
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import program

WORKERS = (1, 2, 3, 8, 0)
FROM_THE_FILE = {"tasks": "n_tasks", "edges": "n_edges", "roots": "roots", "leaves": "leaves", "depth": "depth",
                 "max_width": "max_width", "critical_path_seconds": "critical_path_seconds",
                 "total_runtime_seconds": "total_runtime_seconds"}
OUTCOMES = ("succeeded", "failed", "omitted", "cancelled", "skipped")


def find_folder():
    given = os.environ.get("BATON_WORKFLOWS")
    if given:
        return Path(given)
    beside = Path(__file__).resolve().parents[3]
    found = itertools.chain(beside.glob("workflows/truth.json"), beside.glob("*/workflows/truth.json"))
    return next((truth.parent for truth in sorted(found)), None)


def unlimited_overlap(path):
    """The tasks that run at once when each starts as soon as it can, an end counting before a start at the same moment.

    None without runtimes.
    """
    workflow = json.loads(path.read_bytes())["workflow"]
    if "execution" not in workflow:
        return None
    runtime = {task["id"]: round(task["runtimeInSeconds"] * 10**9) for task in workflow["execution"]["tasks"]}
    children = {task: set() for task in runtime}
    for task in workflow["specification"]["tasks"]:
        children[task["id"]].update(task["children"])
        for parent in task["parents"]:
            children[parent].add(task["id"])
    missing = dict.fromkeys(runtime, 0)
    for child in itertools.chain.from_iterable(children.values()):
        missing[child] += 1
    start = dict.fromkeys(runtime, 0)
    ready = [task for task, count in missing.items() if count == 0]
    changes = []
    for task in ready:  # grows meanwhile
        end = start[task] + runtime[task]
        changes += [(start[task], 1, 0)] if end == start[task] else [(start[task], 2, 1), (end, 0, -1)]
        for child in children[task]:
            start[child] = max(start[child], end)
            missing[child] -= 1
            if missing[child] == 0:
                ready.append(child)
    running = most = 0
    for _, order, change in sorted(changes):
        most = max(most, running + (order > 0))
        running += change
    return most


@unittest.skipIf(find_folder() is None, "no recorded workflows here; BATON_WORKFLOWS can name a folder of them")
class Truth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = find_folder()
        cls.truth = json.loads((cls.folder / "truth.json").read_text(encoding="utf-8"))

    def check_all(self, cases, check):
        """Replays each case (file, arguments, more) and calls check(more, facts, figures)."""
        def replay(case):
            return program.run_text(self.folder / case[0], "--virtual", "--json", *case[1])

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for (file, arguments, more), (code, out, err) in zip(cases, pool.map(replay, cases)):
                with self.subTest(file=file, arguments=arguments):
                    self.assertEqual((code, err), (0, ""))
                    self.assertEqual(out.count("\n"), 1)
                    figures = json.loads(out)
                    facts = self.truth[file]
                    self.assertEqual({key: figures[key] for key in FROM_THE_FILE},
                                     {key: facts[fact] for key, fact in FROM_THE_FILE.items()})
                    check(more, facts, figures)

    def expect_outcomes(self, figures, **expected):
        self.assertEqual({key: figures[key] for key in OUTCOMES}, dict.fromkeys(OUTCOMES, 0) | expected)

    def check_times(self, workers, figures, overlap):
        makespan, total, critical = (figures[f"{key}_seconds"]
                                     for key in ("makespan", "total_runtime", "critical_path"))
        if total is None:
            self.assertIsNone(makespan)
        elif workers == 0:
            self.assertEqual(makespan, critical)
            self.assertEqual(figures["max_running"], overlap)
        elif workers == 1:
            self.assertEqual(makespan, total)
        else:  # Graham's bound holds for every order that leaves no worker idle
            rounding = math.ulp(total) * 4
            self.assertGreaterEqual(makespan, max(critical, total / workers) - rounding)
            self.assertLessEqual(makespan, total / workers + (1 - 1 / workers) * critical + rounding)

    def test_each_number_of_workers(self):
        overlaps = {file: unlimited_overlap(self.folder / file) for file in self.truth}

        def check(case, facts, figures):
            file, workers = case
            self.expect_outcomes(figures, succeeded=facts["n_tasks"])
            self.assertGreaterEqual(figures["max_running"], 1)
            self.assertLessEqual(figures["max_running"], workers or facts["n_tasks"])
            self.check_times(workers, figures, overlaps[file])

        self.check_all([(file, ["--workers", str(workers)], (file, workers))
                        for file in self.truth for workers in WORKERS], check)

    def probes(self, option):
        return [(file, ["--workers", str(workers), option, probe["task"]], probe)
                for file, facts in self.truth.items() for probe in facts["probes"] for workers in (0, 3)]

    def test_each_probe_failing(self):
        def check(probe, facts, figures):
            omitted = probe["n_descendants"]
            self.expect_outcomes(figures, succeeded=facts["n_tasks"] - 1 - omitted, failed=1, omitted=omitted)

        self.check_all(self.probes("--fail"), check)

    def test_each_probe_alone(self):
        def check(probe, _, figures):
            self.expect_outcomes(figures, succeeded=probe["n_ancestors"] + 1)

        self.check_all(self.probes("--only"), check)

    def test_repeats_exactly(self):
        for file in self.truth:
            command = (self.folder / file, "--json", "--workers", "3")
            self.assertEqual(program.run(*command).stdout, program.run(*command).stdout)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""What train finds: the same figures as the few lines below, which do without workflows."""
import json
import math
import tempfile
import unittest
from pathlib import Path

import program

SHARDS = 8


class Random:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        bits = self.state
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & mask
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & mask
        bits ^= bits >> 31
        return (bits >> 11) * 2.0 ** -53

    def normal(self):
        total = -6.0
        for _ in range(12):
            total += self.uniform()
        return total


def dot(weights, point):
    total = 0.0
    for weight, number in zip(weights, point):
        total += weight * number
    return total


def squash(total):
    return 1 / (1 + math.exp(-total))


def loss_at(total, is_one):
    margin = total if is_one else -total
    return math.log1p(math.exp(-margin)) if margin > 0 else math.log1p(math.exp(margin)) - margin


def make_data(seed, samples, features):
    random = Random(seed)
    direction = [4 / math.sqrt(features) * random.normal() for _ in range(features)]
    data = []
    for _ in range(samples):
        point = [random.normal() for _ in range(features)]
        data.append((point, random.uniform() < squash(dot(direction, point))))
    cut = samples // 4 * 3
    return data[:cut], data[cut:]


def train(seed, samples, features, epochs, patience, rate):
    """Every epoch's training loss, validation loss and accuracy; the best epoch and its weights."""
    training, validation = make_data(seed, samples, features)
    weights = [0.0] * features
    found, best, best_weights = [], 0, None
    for epoch in range(epochs):
        slopes, losses = [], []
        for shard in range(SHARDS):
            slope, loss = [0.0] * features, 0.0
            for point, is_one in training[len(training) * shard // SHARDS:len(training) * (shard + 1) // SHARDS]:
                total = dot(weights, point)
                error = squash(total) - is_one
                loss += loss_at(total, is_one)
                for i, number in enumerate(point):
                    slope[i] += error * number
            slopes.append(slope)
            losses.append(loss)
        for slope in slopes:
            weights = [weight - rate * each / len(training) for weight, each in zip(weights, slope)]
        totals = [dot(weights, point) for point, _ in validation]
        loss = sum(loss_at(total, is_one) for total, (_, is_one) in zip(totals, validation)) / len(validation)
        right = sum((total > 0) == is_one for total, (_, is_one) in zip(totals, validation))
        found.append((sum(losses) / len(training), loss, right / len(validation)))
        if epoch == 0 or loss < found[best][1]:
            best, best_weights = epoch, weights
        if epoch >= best + patience:
            break
    return found, best, best_weights


class Train(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def figures(self, *arguments):
        code, out, err = program.run_text("--json", *arguments)
        self.assertEqual((code, err), (0, ""))
        return json.loads(out)

    def expect_as_by_hand(self, seed, samples, features, epochs=200, patience=5, rate=0.5):
        made = self.figures("--seed", str(seed), "--samples", str(samples), "--features", str(features), "--epochs",
                            str(epochs), "--patience", str(patience), "--rate", str(rate))
        found, best, best_weights = train(seed, samples, features, epochs, patience, rate)
        self.assertEqual(made["best_epoch"], best)
        self.assertEqual(len(made["epochs"]), len(found))
        for epoch, expected in zip(made["epochs"], found):
            for number, by_hand in zip(epoch, expected):
                self.assertAlmostEqual(number, by_hand, places=9)
        for weight, by_hand in zip(made["best_weights"], best_weights):
            self.assertAlmostEqual(weight, by_hand, places=9)
        self.assertEqual(len(made["best_weights"]), features)
        self.assertEqual(made["training"] + made["validation"], samples)
        self.assertEqual(made["training"], samples // 4 * 3)
        return made

    def test_finds_what_is_found_by_hand(self):
        for seed in (1, 2, 2 ** 64 - 1):
            made = self.expect_as_by_hand(seed, samples=400, features=40)
            self.assertTrue(made["is_stuck"])
            self.assertEqual(len(made["epochs"]), made["best_epoch"] + 1 + 5)
            losses = [epoch[1] for epoch in made["epochs"]]
            self.assertEqual(losses.index(min(losses)), made["best_epoch"])
            self.assertGreater(made["epochs"][made["best_epoch"]][2], 0.6)

    def test_stops_at_the_last_epoch_allowed(self):
        made = self.expect_as_by_hand(3, samples=1000, features=5, epochs=7, patience=50)
        self.assertFalse(made["is_stuck"])
        self.assertEqual(len(made["epochs"]), 7)

    def test_of_the_smallest_data(self):
        self.expect_as_by_hand(1, samples=8, features=1, epochs=3, patience=1, rate=0.125)
        self.expect_as_by_hand(5, samples=9, features=3, epochs=1)

    def test_is_the_same_on_any_number_of_threads(self):
        made = [self.figures("--samples", "800", "--features", "50", "--workers", str(n)) for n in (1, 2, 4, 7)]
        for other in made[1:]:
            self.assertEqual(other, made[0])

    def test_prints_a_table(self):
        code, out, err = program.run_text("--samples", "400", "--features", "40", "--patience", "5", "--epochs", "200")
        self.assertEqual((code, err), (0, ""))
        found, best, _ = train(1, 400, 40, 200, 5, 0.5)
        lines = out.splitlines()
        self.assertEqual(lines[0], "300 points to learn from, 100 to validate, 40 features")
        self.assertEqual(lines[-1], f"stopped after epoch {len(found)}: no gain since epoch {best + 1}")
        rows = {int(line.split()[0]): line.split() for line in lines[3:-2]}
        self.assertLessEqual(len(rows), 13)
        self.assertEqual([epoch for epoch, row in rows.items() if row[-1] == "best"], [best + 1])
        for epoch, row in rows.items():
            training, validation, accuracy = found[epoch - 1]
            self.assertEqual(row[1:4], [f"{training:.6f}", f"{validation:.6f}", f"{100 * accuracy:.2f}"])
        self.assertIn(1, rows)
        self.assertIn(len(found), rows)
        _, out, _ = program.run_text("--samples", "400", "--epochs", "3")
        self.assertEqual(out.splitlines()[-1].split(";")[0], "stopped after epoch 3, the last one allowed")

    def test_can_be_watched(self):
        trace, report, metrics = (self.folder / name for name in ("trace.json", "report.html", "metrics.prom"))
        code, out, err = program.run_text("--samples", "80", "--features", "4", "--epochs", "3", "--patience", "9",
                                          "--trace", trace, "--report", report, "--metrics", metrics, "--log", "info",
                                          "--json")
        self.assertEqual(code, 0)
        self.assertEqual(len(json.loads(out)["epochs"]), 3)
        processes = [event["args"]["name"].split(" (")[-1] for event in json.loads(trace.read_text())
                     if event["name"] == "process_name"]
        self.assertEqual(processes[1:], ["epoch[0])", "epoch[1])", "epoch[2])"])
        for round_number in range(3):
            self.assertRegex(err, rf"run \d+ 'epoch' \(epoch\[{round_number}\]\): started, 13 tasks")
        self.assertIn("epoch", report.read_text())
        self.assertIn('baton_runs_ended_total{outcome="succeeded"} 4\n', metrics.read_text())
        self.assertIn(f'baton_tasks_ended_total{{outcome="succeeded"}} {5 + 3 * 13}\n', metrics.read_text())

    def test_refuses_a_wrong_command_line(self):
        for arguments, message in [
                (["--samples", "7"], "--samples takes a number from 8 on"),
                (["--features", "0"], "--features takes a number above 0, not '0'"),
                (["--rate", "0"], "--rate takes a finite number above 0"),
                (["--rate", "nan"], "--rate takes a number, not 'nan'"),
                (["--rate", "inf"], "--rate takes a finite number above 0"),
                (["--epochs", "0"], "--epochs takes a number above 0, not '0'"),
                (["--patience", "many"], "--patience takes a number above 0, not 'many'"),
                (["--features", str(2 ** 60)], "--samples and --features are more than fit into memory"),
                (["--wat"], "there is no option '--wat'"),
                (["file"], "there is nothing to be done with 'file'")]:
            self.assertEqual(program.run_text(*arguments), (2, "", f"train: {message}\n`train --help` tells more.\n"))

    def test_says_when_a_file_cannot_be_written(self):
        code, out, err = program.run_text("--trace", self.folder / "none" / "t.json")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("t.json", err)

    def test_helps(self):
        code, out, err = program.run_text("--help")
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.startswith("usage: train [OPTIONS]\n"))
        self.assertLessEqual(max(map(len, out.splitlines())), 80)


if __name__ == "__main__":
    unittest.main()

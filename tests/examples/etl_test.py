# SPDX-License-Identifier: MIT
"""Loads made-up orders, and adds them up without the help of the program."""
import csv
import datetime
import json
import os
import re
import shutil
import tempfile
import time
import unittest
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import program

HEADER = "order,customer,date,currency,amount,note"
FIELD = re.compile(r'"((?:[^"]|"")*)"|((?:[^",\r\n]|\r(?!\n))*)')
LINE_END = re.compile(r"\r?\n|\Z")
WRITTEN = "\nwritten: report.txt, report.json, report.md and rejects.csv in {}\n"


def records(text):
    """RFC 4180: the line of each record and its fields, None where it is broken."""
    at, line = 0, 1
    while at < len(text):
        begin, fields = at, []
        if match := re.compile(r"\r?\n").match(text, at):
            at, line = match.end(), line + 1
            continue
        while True:
            match = FIELD.match(text, at)
            fields.append(match[2] if match[1] is None else match[1].replace('""', '"'))
            at = match.end()
            if text.startswith(",", at):
                at += 1
                continue
            if match := LINE_END.match(text, at):
                at = match.end()
            else:
                fields = None
                at = text.find("\n", begin) + 1 or len(text)
            break
        yield line, fields
        line += 1 if fields is None else text.count("\n", begin, at)


def is_order(fields):
    if fields is None or len(fields) != 6:
        return False
    number, customer, date, currency, amount, _ = fields
    try:
        datetime.date.fromisoformat(date)
    except ValueError:
        return False
    return all(re.fullmatch(pattern, field) for pattern, field in (
        (r"0*[1-9][0-9]*", number), (r"0*[1-9][0-9]*", customer), (r"\d{4}-\d\d-\d\d", date), (r"[A-Z]{3}", currency),
        (r"[0-9]{1,8}(\.[0-9]{1,2})?", amount)))


class Truth:
    """What a folder holds."""

    def __init__(self, folder):
        self.countries, self.rejects, self.broken, self.has_foreign = {}, [], [], False
        customers = {each["id"]: each["country"] for each in json.loads((folder / "customers.json").read_text())}
        rates = folder / "rates.json"
        self.rates = json.loads(rates.read_text())["rates"] if rates.exists() else {}
        for path in sorted(folder.glob("orders-*.csv")):
            if not path.is_file():
                continue
            text = path.read_bytes().decode("utf-8-sig")
            if text.splitlines()[:1] != [HEADER]:
                self.broken.append(path.name)
                continue
            for line, fields in list(records(text))[1:]:
                if not self.add(customers, fields):
                    self.rejects.append((path.name, line))

    def add(self, customers, fields):
        """Whether it counts."""
        if not is_order(fields):
            return False
        _, customer, _, currency, amount, _ = fields
        self.has_foreign = self.has_foreign or currency != "EUR"
        if int(customer) not in customers or currency not in {"EUR", *self.rates}:
            return False
        total = self.countries.setdefault(customers[int(customer)], {"orders": 0, "foreign": 0, "eur": Decimal(0)})
        total["orders"] += 1
        total["foreign"] += currency != "EUR"
        eur = Decimal(amount) * Decimal(self.rates[currency] if currency != "EUR" else 1)
        total["eur"] += eur.quantize(Decimal("0.01"), ROUND_HALF_UP)
        return True


def texts(total):
    return {**total, "eur": f"{total['eur']:.2f}"}


class Etl(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.folder = self.root / "in"
        self.out = self.root / "out"

    def generate(self, orders, *arguments):
        self.assertEqual(program.run_text("--generate", str(orders), self.folder, *arguments), (0, "", ""))

    def write(self, name, text):
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_bytes(text.encode())

    def write_tables(self):
        self.write("customers.json", '[{"id": 1, "country": "DE"}, {"id": 2, "country": "US"}]')
        self.write("rates.json", '{"base": "EUR", "rates": {"USD": "0.5"}}')

    def load(self, *arguments):
        """The report as JSON, after comparing all results with the truth."""
        code, out, err = program.run_text(self.folder, "--out", self.out, *arguments)
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.endswith(WRITTEN.format(self.out)), out)
        report = json.loads((self.out / "report.json").read_text())
        self.check(report, Truth(self.folder))
        self.assertTrue(out.startswith((self.out / "report.txt").read_text()))
        return report

    def check(self, report, truth):
        self.assertEqual(report["countries"], {country: texts(total) for country, total in truth.countries.items()})
        total = {key: sum(each[key] for each in truth.countries.values()) for key in ("orders", "foreign", "eur")}
        self.assertEqual(report["total"], texts(total))
        self.assertEqual([each["file"] for each in report["files_broken"]], truth.broken)
        self.assertEqual(report["lines_rejected"], len(truth.rejects))
        rows = self.rejects()
        self.assertEqual([(name, int(line)) for name, line, _ in rows if line], truth.rejects)
        self.assertEqual([name for name, line, _ in rows if not line], truth.broken)
        self.check_tables(report, total)

    def check_tables(self, report, total):
        """Text and Markdown say what the JSON says."""
        rows = [[name, *map(str, each.values())] for name, each in sorted(report["countries"].items())]
        sums = list(map(str, texts(total).values()))
        lines = (self.out / "report.txt").read_text().splitlines()
        begin = lines.index("country      orders     foreign                 EUR")
        self.assertEqual([line.split() for line in lines[begin + 1:begin + 2 + len(rows)]], [*rows, ["total", *sums]])
        marks = [line.strip("| ").split(" | ") for line in (self.out / "report.md").read_text().splitlines()
                 if line.startswith("| ")]
        self.assertEqual(marks[1:], [*rows, ["**Total**", *sums]])

    def rejects(self):
        with open(self.out / "rejects.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
        self.assertEqual(rows[0], ["file", "line", "reason"])
        return rows[1:]

    def test_made_up_orders(self):
        self.generate(20000)
        report = self.load()
        self.assertEqual((report["kind"], report["files_read"], report["files_kept"]), ("full", 8, 0))
        self.assertEqual([each["file"] for each in report["files_broken"]], ["orders-0009.csv"])
        self.assertEqual(report["lines_rejected"], 41)
        reasons = "\n".join(reason for _, _, reason in self.rejects())
        for reason in ("2 fields instead of 6", "no amount: '12,50'", "no amount: '-5.00'", "no date: '2026-02-30'",
                       "no such customer: 99999999", "no rate for currency XXX", "a field goes on behind its quotes",
                       "a quote is not closed", "no order number: '", "does not begin with"):
            self.assertIn(reason, reasons)

    def test_sizes(self):
        for orders, files in (0, 1), (1, 1), (3, 5), (10, 3), (1000, 1), (1000, 200):
            with self.subTest(orders=orders, files=files):
                self.folder = self.root / f"in {orders} {files}"
                self.out = self.root / f"out {orders} {files}"
                self.generate(orders, "--files", str(files), "--seed", "7")
                self.assertEqual(len(list(self.folder.glob("orders-*.csv"))), files + 1)
                self.load()

    def test_a_million_orders(self):
        self.generate(1_000_000, "--files", "16")
        begin = time.monotonic()
        code, out, err = program.run_text(self.folder, "--out", self.out)
        seconds = time.monotonic() - begin
        self.assertEqual((code, err), (0, ""))
        print(f"a million orders in {seconds:.1f} s")
        report = json.loads((self.out / "report.json").read_text())
        self.check(report, Truth(self.folder))
        self.assertEqual(report["lines_rejected"], 2001)
        self.assertEqual(report["total"]["orders"], 1_000_000 - 2000)
        self.assertTrue(out.endswith(WRITTEN.format(self.out)))

    def test_what_is_made_up_follows_from_the_seed(self):
        contents = []
        for name, seed in ("a", "1"), ("b", "1"), ("c", "2"):
            self.folder = self.root / name
            self.generate(500, "--seed", seed)
            contents.append({path.name: path.read_bytes() for path in self.folder.iterdir()})
        self.assertEqual(contents[0], contents[1])
        self.assertEqual(set(contents[0]), set(contents[2]))
        self.assertNotEqual(contents[0]["orders-0001.csv"], contents[2]["orders-0001.csv"])

    def test_a_flaky_source_is_asked_again(self):
        self.generate(2000)
        steady = self.load()
        for seed in "1", "2", "3":
            code, out, err = program.run_text(self.folder, "--out", self.out, "--full", "--flaky", "1", "--seed", seed)
            self.assertEqual((code, err), (0, ""))
            # Nine files of orders and two tables, one to three attempts each.
            self.assertTrue(11 <= int(out.split("attempts without an answer: ")[1].split()[0]) <= 33)
            report = json.loads((self.out / "report.json").read_text())
            self.assertEqual({**report, "reason": ""}, {**steady, "reason": ""})

    def test_a_source_that_never_answers(self):
        self.generate(2000)
        code, out, err = program.run_text(self.folder, "--out", self.out, "--flaky", "1", "--attempts", "1")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("task 'customers': customers.json: the source does not answer\n", err)
        self.assertEqual(os.listdir(self.out), [])
        # With luck only files of orders do not answer; they are loaded the next time.
        for seed in range(1, 100):
            code, _, _ = program.run_text(self.folder, "--out", self.out, "--flaky", "0.5", "--attempts", "1", "--seed",
                                          str(seed))
            if code == 0:
                break
        report = json.loads((self.out / "report.json").read_text())
        silent = [each["file"] for each in report["files_broken"] if each["reason"].endswith("does not answer")]
        self.assertEqual(report["files_read"] + len(report["files_broken"]), 9)
        self.assertTrue(silent)
        again = self.load()
        self.assertEqual((again["kind"], again["files_read"]), ("incremental", len(silent)))

    def test_a_broken_file_is_read_once(self):
        self.generate(100)
        code, _, err = program.run_text(self.folder, "--out", self.out, "--log", "debug")
        self.assertEqual(code, 0)
        reads = re.findall(r"'file' \(extract\[(\d+)\]\): task 'read', attempt (\d+): (\w+)", err)
        self.assertIn(("8", "1", "failed"), reads, err)
        self.assertEqual({attempt for _, attempt, _ in reads}, {"1"})

    def test_rates_are_asked_for_where_there_are_foreign_orders(self):
        self.generate(1000, "--domestic")
        rates = self.folder / "rates.json"
        text = rates.read_text()
        graph = self.root / "graph.svg"
        for full in (), ("--full",):
            rates.unlink(missing_ok=True)
            self.load("--graph", graph, *full)
            self.assertEqual(self.states(graph)["rates"], "skipped")
        rates.write_text(text)
        self.write("orders-0005.csv", f"{HEADER}\n1,1,2026-01-01,USD,1.00,\n")
        self.load("--graph", graph)
        self.assertEqual(self.states(graph)["rates"], "succeeded")
        rates.unlink()
        code, out, err = program.run_text(self.folder, "--out", self.out)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("task 'rates': rates.json: cannot be opened\n", err)

    @staticmethod
    def states(graph):
        return {name.rsplit(": ", 1)[0]: look.split()[0] for name, look in program.boxes(graph.read_bytes()).items()}

    def test_only_what_has_changed_is_read_again(self):
        self.generate(2000)
        first = self.load()
        self.assertEqual((first["kind"], first["reason"], first["files_read"]), ("full", "the first one", 8))
        again = self.load()
        self.assertEqual((again["kind"], again["files_read"], again["files_kept"]), ("incremental", 0, 8))
        self.write("orders-0010.csv", f"{HEADER}\n1,1,2026-01-01,EUR,100000.01,\nbroken\n")
        with open(self.folder / "orders-0002.csv", "ab") as file:
            file.write(b"9,2,2026-01-01,USD,77.77,\n,,,,,\n")
        (self.folder / "orders-0004.csv").unlink()
        changed = self.load()
        self.assertEqual((changed["kind"], changed["files_read"], changed["files_kept"]), ("incremental", 2, 6))
        self.assertNotEqual(changed["total"], first["total"])
        same = self.load("--full")
        self.assertEqual((same["kind"], same["reason"], same["files_read"]), ("full", "asked for", 8))
        self.assertEqual(same["countries"], changed["countries"])

    def test_what_all_depends_on_has_changed(self):
        self.generate(500)
        self.load()
        rates = json.loads((self.folder / "rates.json").read_text())
        rates["rates"]["USD"] = "0.000001"
        self.write("rates.json", json.dumps(rates))
        self.assertEqual(self.load()["reason"], "rates.json has changed")
        customers = json.loads((self.folder / "customers.json").read_text())
        self.write("customers.json", json.dumps(customers[1:]))
        self.assertEqual(self.load()["reason"], "customers.json has changed")

    def test_a_state_of_no_use_costs_a_full_load(self):
        self.generate(500)
        self.load()
        state = self.out / "state.json"
        good = state.read_text()
        for text in "", "{", "[]", "{}", '{"version": 2}', good[:-20], good.replace('"size"', '"seize"'):
            state.write_text(text)
            report = self.load()
            self.assertEqual((report["kind"], report["reason"]), ("full", "the state of the last one is of no use"))
        self.assertEqual(self.load()["kind"], "incremental")

    def test_lines_of_all_kinds(self):
        self.write_tables()
        good = [
            '1,1,2024-02-29,EUR,1.10,plain', '2,2,2026-01-01,USD,0.01,"rounded up, to 1 cent"', '"3","1","2026-01-01",'
            '"EUR","99999999.99","all in ""quotes"""', '4,1,2026-12-31,EUR,7,', '5,1,2026-01-01,EUR,7.5,"two\nlines"',
            '6,1,2026-01-01,EUR,1.00,"a\r\nb,\n\n""c"""', '007,01,2026-01-01,EUR,0,', '8,1,2026-01-01,EUR,1.00,a\rb',
            '9,1,2026-01-01,EUR,1.00,""', '10,1,2026-01-01,EUR,1.00,größer', '', '']
        bad = [
            ',', ',,,,,', ' ', '1,1,2026-01-01,EUR,1.00', '1,1,2026-01-01,EUR,1.00,,', '0,1,2026-01-01,EUR,1.00,',
            '1,1,2025-02-29,EUR,1.00,', '1,1,2026-13-01,EUR,1.00,', '1,1,26-01-01,EUR,1.00,', '1,1,,EUR,1.00,',
            '1,1,2026-01-01,EU,1.00,', '1,1,2026-01-01,eur,1.00,', '1,1,2026-01-01,GBP,1.00,',
            '1,3,2026-01-01,EUR,1.00,', '1,x,2026-01-01,EUR,1.00,', '1,-1,2026-01-01,EUR,1.00,',
            '1,99999999999999999999,2026-01-01,EUR,1.00,', '1,1,2026-01-01,EUR,1.,', '1,1,2026-01-01,EUR,.5,',
            '1,1,2026-01-01,EUR,1.234,', '1,1,2026-01-01,EUR,"1,00",', '1,1,2026-01-01,EUR,1e3,',
            '1,1,2026-01-01,EUR,123456789.00,', '1,1,2026-01-01,EUR, 1.00,', '1,1,2026-01-01,EUR,1.00,"a" b',
            '1,1,2026-01-01,EUR,1.00,a "b"', '1,1,2026-01-01,EUR,1.00,"a""', 'x"', '1,1,2026-01-01,EUR,1.00,"never',
            "1,1,2026-01-01,EUR," + "9" * 100_000 + ","]
        for end in "\n", "\r\n":
            self.write("orders-1.csv", end.join([HEADER, *good, *bad, *good]))
            self.write("orders-2.csv", end.join([HEADER, *bad, *good]) + end)
            self.write("orders-3.csv", end.join([HEADER, good[0], bad[-2]]) + end + good[1] + end)
            self.write("orders-4.csv", "\ufeff" + HEADER + end + end.join(good))
            self.write("orders-5.csv", HEADER)
            report = self.load()
            self.assertGreater(report["total"]["orders"], 35)
            self.assertGreater(report["lines_rejected"], 50)
        self.assertLess(max(len(reason) for _, _, reason in self.rejects()), 100)

    def test_shuffled_pieces_of_lines(self):
        self.write_tables()
        pieces = ['"', '""', ",", "\n", "\r\n", "\r", "a", "1,1,2026-01-01,EUR,1.00,x\n", '1,2,2026-01-01,USD,2.02,"y"\n',
                  '"1"', " "]
        state = 1
        for number in range(200):
            text = ""
            for _ in range(40):
                state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
                text += pieces[(state >> 33) % len(pieces)]
            self.write(f"orders-{number:03}.csv", f"{HEADER}\n{text}")
        report = self.load()
        self.assertGreater(report["total"]["orders"], 100)
        self.assertGreater(report["lines_rejected"], 1000)

    def test_broken_files(self):
        self.write_tables()
        self.write("orders-1.csv", "")
        self.write("orders-2.csv", HEADER + ",more\n1,1,2026-01-01,EUR,1.00,,\n")
        self.write("orders-3.csv", "\n" + HEADER + "\n")
        self.write("orders-4.csv", f"{HEADER}\n1,1,2026-01-01,EUR,1.00,\n")
        os.mkdir(self.folder / "orders-5.csv")  # is no file
        self.write("other.csv", "not of interest")
        report = self.load()
        self.assertEqual([each["file"] for each in report["files_broken"]],
                         ["orders-1.csv", "orders-2.csv", "orders-3.csv"])
        self.assertEqual(report["total"]["orders"], 1)
        code, _, err = program.run_text(self.folder, "--out", self.out, "--strict")
        self.assertEqual((code, err), (1, ""))
        for name in 1, 2, 3:
            (self.folder / f"orders-{name}.csv").unlink()
        self.assertEqual(program.run_text(self.folder, "--out", self.out, "--strict")[0], 0)

    def test_names_of_any_bytes(self):
        self.write_tables()
        for name in b"orders-\xff.csv", b"orders-a,\"b\"\n.csv", b"orders-\x1b[31m.csv":
            with open(os.path.join(os.fsencode(self.folder), name), "wb") as file:
                file.write(f"{HEADER}\n1,1,2026-01-01,EUR,1.00,\nx\n".encode())
        for _ in range(2):
            code, out, err = program.run_text(self.folder, "--out", self.out)
            self.assertEqual((code, err), (0, ""))
            self.assertIn("\ntotal             3           0                3.00\n", out)
            self.assertNotIn("\x1b", out)

    def test_tables_that_are_of_no_use(self):
        self.write("orders-1.csv", f"{HEADER}\n1,1,2026-01-01,USD,1.00,\n")
        self.write_tables()
        self.load()
        for name, text, message in [
                ("customers.json", "{", "customers.json: is no JSON: "),
                ("customers.json", "{}", "customers.json: is no list"),
                ("customers.json", '[{"id": 1, "country": "DE"}, {"id": 2}]', "customers.json, customer 2: "),
                ("customers.json", '[{"id": 1, "country": "Germany"}]', "no country: 'Germany'"),
                ("customers.json", '[{"id": 1, "country": "DE"}, {"id": 1, "country": "DE"}]', "a second one with that"),
                ("rates.json", "[]", "rates.json: "),
                ("rates.json", '{"base": "USD", "rates": {}}', "rates.json: the base is not EUR"),
                ("rates.json", '{"base": "EUR", "rates": {"USD": 0.5}}', "rates.json: 'USD' takes a text such as"),
                ("rates.json", '{"base": "EUR", "rates": {"USD": "0"}}', "rates.json: 'USD' takes a text such as"),
                ("rates.json", '{"base": "EUR", "rates": {"USD": "100"}}', "rates.json: 'USD' takes a text such as")]:
            with self.subTest(text):
                self.write_tables()
                self.write(name, text)
                code, out, err = program.run_text(self.folder, "--out", self.out, "--full")
                self.assertEqual((code, out), (1, ""))
                self.assertIn(message, err)

    def test_says_what_is_missing(self):
        self.assertEqual(program.run_text("/no/such", "--out", self.out),
                         (1, "", "etl: /no/such: there is no such folder\n"))
        self.folder.mkdir()
        code, out, err = program.run_text(self.folder, "--out", self.out)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("has no file orders-*.csv; `--generate` makes some\n", err)
        self.write("orders-1.csv", HEADER)
        self.assertEqual(program.run_text(self.folder / "orders-1.csv", "--out", self.out),
                         (1, "", f"etl: {self.folder}/orders-1.csv: is not a folder\n"))
        code, _, err = program.run_text(self.folder, "--out", self.out)
        self.assertEqual(code, 1)
        self.assertIn("customers.json: there is no such file\n", err)
        code, _, err = program.run_text(self.folder, "--out", self.folder / "orders-1.csv" / "x")
        self.assertEqual(code, 1)
        self.assertIn("choose another folder with --out\n", err)
        code, out, err = program.run_text("--generate", "10", self.folder)
        self.assertEqual((code, out), (1, ""))
        self.assertEqual(err, f"etl: {self.folder}: has orders already; choose another folder, or empty it\n")

    def test_results_that_cannot_be_written(self):
        self.generate(100)
        for name in "report.txt", "report.json", "report.md", "rejects.csv":
            with self.subTest(name):
                (self.out / name).mkdir(parents=True)
                (self.out / name / "in the way").touch()
                code, out, err = program.run_text(self.folder, "--out", self.out)
                self.assertEqual((code, out), (1, ""))
                self.assertIn(f"task 'write {name}': {self.out}/{name}: cannot be written\n", err)
                self.assertFalse((self.out / "state.json").exists())
                self.assertFalse((self.out / f"{name}.new").exists())
                shutil.rmtree(self.out)

    def test_is_the_same_on_any_number_of_threads(self):
        self.generate(3000, "--files", "30")
        results = []
        for workers in "1", "2", "5":
            self.load("--full", "--workers", workers)
            results.append([(self.out / name).read_bytes() for name in ("report.json", "rejects.csv", "state.json")])
        self.assertEqual(results[0], results[1])
        self.assertEqual(results[0], results[2])

    def test_can_be_watched(self):
        self.generate(200)
        metrics, trace = self.root / "metrics.prom", self.root / "trace.json"
        self.load("--metrics", metrics, "--trace", trace)
        self.assertIn('baton_runs_ended_total{outcome="succeeded"} 9\n', metrics.read_text())
        self.assertIn('baton_runs_ended_total{outcome="failed"} 1\n', metrics.read_text())
        json.loads(trace.read_text())

    def test_refuses_a_wrong_command_line(self):
        for arguments, message in [
                ([], "a folder is missing"),
                (["--generate", "5"], "a folder is missing"),
                (["--generate", "few", "x"], "--generate takes a number, not 'few'"),
                (["--generate", "5", "x", "--full"], "there is no option '--full'"),
                (["--generate", "5", "x", "--files", "0"], "--files takes a number above 0, not '0'"),
                (["x", "--files", "3"], "there is no option '--files'"),
                (["x", "--flaky", "2"], "--flaky takes a number from 0 to 1"),
                (["x", "--attempts", "0"], "--attempts takes a number above 0, not '0'"),
                (["x", "--wat"], "there is no option '--wat'"),
                (["x", "y"], "there is nothing to be done with 'y'")]:
            self.assertEqual(program.run_text(*arguments), (2, "", f"etl: {message}\n`etl --help` tells more.\n"))

    def test_helps(self):
        code, out, err = program.run_text("--help")
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.startswith("usage: etl FOLDER [OPTIONS]\n"))
        self.assertLessEqual(max(map(len, out.splitlines())), 80)


if __name__ == "__main__":
    unittest.main()

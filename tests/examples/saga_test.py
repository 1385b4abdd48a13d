# SPDX-License-Identifier: MIT
"""Books trips, and reads the ledger without the help of the program."""
import json
import tempfile
import unittest
from pathlib import Path

import program

SERVICES = ("flight", "hotel", "car", "insurance", "payment")
# What has been booked for certain when a service refuses; hotel and car do not wait for each other.
BOOKED_BEFORE = {"flight": [], "hotel": ["flight", "car"], "car": ["flight", "hotel"],
                 "insurance": ["flight", "hotel", "car"], "payment": ["flight", "hotel", "car", "insurance"]}
# (a, b): a is undone before b.
UNDO_ORDER = [("payment", "insurance"), ("insurance", "hotel"), ("insurance", "car"), ("hotel", "flight"),
              ("car", "flight"), ("payment", "flight"), ("insurance", "flight")]
MASK = (1 << 64) - 1


def draws(seed, topic):
    """SplitMix64, stirred by the letters of the topic; numbers from 0 to below 1."""
    state = seed

    def mix():
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) & MASK
        bits = state
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
        return bits ^ (bits >> 31)

    for letter in topic.encode():
        state = mix() ^ letter
    while True:
        yield (mix() >> 11) * 2.0 ** -53


def refused(seed, service, trip, share):
    return next(draws(seed, f"{service}/refuse/{trip}")) < share


def prices(trip):
    """In cents."""
    found = {service: base + trip % 97 * (base // 100)
             for service, base in (("flight", 24900), ("hotel", 41300), ("car", 17550))}
    found["insurance"] = sum(found.values()) // 25
    found["payment"] = sum(found.values())
    return found


class Books:
    """A ledger, added up."""

    def __init__(self, path):
        self.lines = [json.loads(line) for line in path.read_text().splitlines()]
        self.opened = {line["service"]: line["stock"] for line in self.of("open")}
        self.closed = {line["service"]: line for line in self.of("close")}
        self.booked = {(line["trip"], line["service"]): line for line in self.of("book")}
        self.undone = {(line["trip"], line["service"]): at for at, line in enumerate(self.lines)
                       if line["event"] == "undo"}
        self.confirmed = {line["trip"] for line in self.of("confirm")}
        self.ends = {line["trip"]: line for line in self.of("end")}

    def of(self, event):
        return [line for line in self.lines if line["event"] == event]

    def services_of(self, trip):
        return sorted(service for number, service in self.booked if number == trip)


class Saga(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.out = self.folder / "out"
        self.ledger = self.out / "ledger.jsonl"

    def book(self, *arguments):
        """What it printed and the ledger, after the checks that hold for every run."""
        code, out, err = program.run_text("--out", self.out, *arguments)
        self.assertEqual((code, err), (0, ""), out)
        self.assertTrue(out.endswith(f"\nthe ledger balances\nwritten: {self.ledger}, {self.out}/statements.txt\n"))
        books = Books(self.ledger)
        self.check(books)
        return out, books

    def check(self, books):
        self.assertEqual(len(books.booked), len(books.of("book")), "nothing is booked twice")
        self.assertEqual(len(books.undone), len(books.of("undo")), "nothing is undone twice")
        self.assertEqual(len(books.ends), len(books.of("end")))
        self.assertEqual(set(books.opened), set(SERVICES))
        self.assertEqual(set(books.closed), set(SERVICES))
        self.assertLessEqual({trip for trip, _ in books.booked}, set(books.ends))
        for (trip, service), line in books.booked.items():
            self.assertEqual(line["cents"], prices(trip)[service])
            is_open = service in books.ends[trip]["not_undone"]
            self.assertEqual((trip, service) in books.undone, not books.ends[trip]["succeeded"] and not is_open)
        for trip, end in books.ends.items():
            self.assertEqual(trip in books.confirmed, end["succeeded"])
            if end["succeeded"]:
                self.assertEqual(books.services_of(trip), sorted(SERVICES))
                self.assertEqual(end["not_undone"], [])
            for first, second in UNDO_ORDER:
                if (trip, first) in books.undone and (trip, second) in books.undone:
                    self.assertLess(books.undone[trip, first], books.undone[trip, second])
        for service in SERVICES:
            standing = [line["cents"] for (trip, name), line in books.booked.items()
                        if name == service and (trip, name) not in books.undone]
            self.assertEqual(books.closed[service]["cents"], sum(standing))
            stock = books.opened[service]
            self.assertEqual(books.closed[service]["stock"], None if stock is None else stock - len(standing))
        self.check_statements(books)

    def check_statements(self, books):
        blocks = (self.out / "statements.txt").read_text().split("\n\n")[:-1]
        self.assertEqual(len(blocks), len(books.ends))
        for block in blocks:
            head, *lines = block.splitlines()
            trip = int(head.split()[1].rstrip(":"))
            self.assertEqual(head, f"trip {trip}: " + ("booked" if books.ends[trip]["succeeded"] else "not booked"))
            expected = []
            for service in SERVICES:
                if (trip, service) in books.booked:
                    word = ("confirmed" if trip in books.confirmed else "undone" if (trip, service) in books.undone
                            else "NOT undone: to be undone by hand")
                    cents = books.booked[trip, service]["cents"]
                    number = books.booked[trip, service]["booking"]
                    expected.append(f"  {service:10}{f'{cents // 100}.{cents % 100:02}':>10}  {word}, booking {number}")
            self.assertEqual(lines, expected or ["  nothing was booked"])

    def test_one_trip(self):
        out, books = self.book()
        self.assertTrue(books.ends[1]["succeeded"])
        self.assertTrue(out.startswith("trip 1: booked\n  flight        251.49  confirmed, booking 1\n"))

    def test_whatever_refuses_the_rest_is_undone(self):
        for service in SERVICES:
            with self.subTest(service):
                out, books = self.book("--fail", service, "--trips", "3")
                for trip in (1, 2, 3):
                    self.assertEqual(books.services_of(trip), sorted(BOOKED_BEFORE[service]))
                    self.assertEqual(books.ends[trip], {"event": "end", "trip": trip, "succeeded": False,
                                                        "not_undone": []})
                self.assertEqual(len(books.undone), 3 * len(BOOKED_BEFORE[service]))
                self.assertIn(f"\n       3  {service}: refused\n", out)
                self.assertIn("\n3 trips: 0 booked, 3 not booked\n", out)

    def test_an_undo_that_fails_is_listed_and_the_others_go_on(self):
        for service in BOOKED_BEFORE["payment"]:
            with self.subTest(service):
                out, books = self.book("--fail", "payment", "--fail-undo", service)
                self.assertEqual(books.ends[1]["not_undone"], [service])
                self.assertEqual(len(books.undone), 3)
                cents = prices(1)[service]
                self.assertIn(f"\nto be undone by hand: 1\n  trip 1: {service}, booking 1, "
                              f"{cents // 100}.{cents % 100:02}\n", out)
                self.assertIn("calls without an answer: 7\n", out)  # all attempts of the undo
        _, books = self.book("--fail", "payment", "--fail-undo", "hotel,car,flight")
        self.assertEqual(books.ends[1]["not_undone"], ["car", "flight", "hotel"])
        self.assertEqual([service for _, service in books.undone], ["insurance"])

    def test_a_thousand_trips_at_once(self):
        for seed in (1, 2, 2 ** 64 - 1):
            with self.subTest(seed):
                out, books = self.book("--trips", "1000", "--seed", str(seed), "--fail", "payment,hotel",
                                       "--fail-share", "0.25", "--fail-undo", "car", "--busy", "0.3")
                self.assertEqual(set(books.ends), set(range(1, 1001)))
                succeeded = {trip for trip in books.ends if not refused(seed, "payment", trip, 0.25)
                             and not refused(seed, "hotel", trip, 0.25)}
                self.assertTrue(300 < len(succeeded) < 800)
                self.assertEqual({trip for trip, end in books.ends.items() if end["succeeded"]}, succeeded)
                open_cars = [trip for trip, end in books.ends.items() if end["not_undone"]]
                self.assertEqual(set(open_cars), set(books.ends) - succeeded)
                self.assertIn(f"\nto be undone by hand: {len(open_cars)}\n", out)
                self.assertIn(f"  and {len(open_cars) - 10} more\n", out)
                self.assertIn(f"1000 trips: {len(succeeded)} booked, {1000 - len(succeeded)} not booked\n", out)

    def test_answers_that_are_lost_book_nothing_twice(self):
        out, books = self.book("--trips", "200", "--busy", "1", "--fail", "payment", "--fail-share", "0.5")
        self.assertGreater(int(out.split("calls without an answer: ")[1].split()[0]), 1000)
        self.assertEqual({trip for trip, end in books.ends.items() if not end["succeeded"]},
                         {trip for trip in range(1, 201) if refused(1, "payment", trip, 0.5)})
        self.assertEqual(sum(not end["not_undone"] for end in books.ends.values()), 200)

    def test_sold_out(self):
        out, books = self.book("--trips", "500", "--stock", "100")
        succeeded = sum(end["succeeded"] for end in books.ends.values())
        self.assertEqual(succeeded, 100)  # who has a flight gets the rest
        self.assertIn("\n     400  flight: sold out\n", out)
        out, books = self.book("--trips", "2", "--stock", "0")
        self.assertEqual(books.booked, {})
        self.assertIn("\n       2  flight: sold out\n", out)

    def test_is_the_same_on_any_number_of_threads(self):
        arguments = ("--trips", "100", "--fail", "car,insurance", "--fail-share", "0.4", "--busy", "0.2")
        ends = []
        for workers in ("1", "2", "5"):
            _, books = self.book("--workers", workers, *arguments)
            ends.append(books.ends)
        self.assertEqual(ends[0], ends[1])
        self.assertEqual(ends[0], ends[2])

    def spoil(self, change):
        """What the check says of a ledger after `change(lines)`."""
        lines = [json.loads(line) for line in self.ledger.read_text().splitlines()]
        change(lines)
        spoilt = self.folder / "spoilt.jsonl"
        spoilt.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return program.run_text("--check", spoilt)

    def test_the_check_finds_what_is_wrong(self):
        self.book("--trips", "40", "--fail", "payment", "--fail-share", "0.5", "--fail-undo", "car")
        self.assertEqual(self.spoil(lambda lines: None)[0], 0)
        succeeded = next(trip for trip in range(1, 41) if not refused(1, "payment", trip, 0.5))
        failed = next(trip for trip in range(1, 41) if refused(1, "payment", trip, 0.5))

        def find(lines, event, **what):
            return next(line for line in lines
                        if line["event"] == event and all(line[key] == value for key, value in what.items()))

        def drop(event, **what):
            return lambda lines: lines.remove(find(lines, event, **what))

        def repeat(event, **what):
            return lambda lines: lines.insert(lines.index(find(lines, event, **what)),
                                              find(lines, event, **what))

        def change(event, key, value, **what):
            return lambda lines: find(lines, event, **what).update({key: value})

        for spoil, message in [
                (drop("undo", trip=failed, service="hotel"), f"trip {failed}: failed, but hotel is still booked"),
                (drop("confirm", trip=succeeded), f"trip {succeeded}: is not confirmed, but succeeded"),
                (drop("end", trip=succeeded), f"trip {succeeded}: does not end"),
                (drop("book", trip=succeeded, service="car"), f"trip {succeeded}: succeeded without car"),
                (drop("book", trip=failed, service="hotel"), f"trip {failed}: has no booking"),
                (drop("close", service="car"), "car is not closed"),
                (drop("open", service="car"), "car books, but was never opened"),
                (repeat("undo", trip=failed, service="hotel"), f"trip {failed}: hotel is undone twice"),
                (repeat("book", trip=succeeded, service="car"), f"trip {succeeded}: has two bookings of car"),
                (repeat("confirm", trip=succeeded), f"trip {succeeded}: is confirmed twice"),
                (repeat("end", trip=succeeded), f"trip {succeeded}: ends twice"),
                (repeat("close", service="car"), "car is closed twice"),
                (repeat("open", service="car"), "car is opened twice"),
                (change("end", "succeeded", False, trip=succeeded), f"trip {succeeded}: is confirmed, but failed"),
                (change("end", "not_undone", [], trip=failed), f"trip {failed}: failed, but car is still booked"),
                (change("end", "not_undone", ["car", "hotel"], trip=failed), "not undone, but it is"),
                (change("end", "not_undone", ["car", "payment"], trip=failed), "could not undo payment"),
                (change("book", "cents", 1, trip=succeeded, service="car"), f"trip {succeeded}: costs "),
                (change("close", "stock", 7, service="hotel"), "hotel has not the stock left"),
                (change("close", "cents", 7, service="hotel"), "hotel says that its bookings are worth 0.07"),
                (change("open", "stock", 1, service="hotel"), "hotel has booked more than there is")]:
            with self.subTest(message):
                code, out, err = self.spoil(spoil)
                self.assertEqual((code, err), (1, ""))
                self.assertIn("\nthe ledger does NOT balance: ", out)
                self.assertIn(message, out)

    def test_a_file_that_is_no_ledger(self):
        file = self.folder / "file"
        for text, message in [("{}\n", "line 1: is no line of a ledger"), ("", None),
                              ('{"event":"confirm","trip":1}\n{"event":"confirm","tr', "line 2: is no line"),
                              ('{"event":"lend"}\n', "there is no event 'lend'")]:
            file.write_text(text)
            code, out, err = program.run_text("--check", file)
            if message:
                self.assertEqual((code, out), (1, ""))
                self.assertIn(message, err)
            else:
                self.assertEqual((code, err), (0, ""))
                self.assertTrue(out.startswith("0 trips: 0 booked"))
        self.assertEqual(program.run_text("--check", "/no/such"), (1, "", "saga: /no/such: cannot be opened\n"))

    def test_files_that_cannot_be_written(self):
        self.out.mkdir()
        self.ledger.symlink_to("/dev/full")
        self.assertEqual(program.run_text("--out", self.out), (1, "", f"saga: {self.ledger}: cannot be written\n"))
        self.ledger.unlink()
        statements = self.out / "statements.txt"
        statements.unlink()
        statements.symlink_to("/dev/full")
        code, out, err = program.run_text("--out", self.out)
        self.assertEqual((code, err), (1, f"saga: a statement is missing: {statements}: cannot be written\n"))
        self.assertIn("\nthe ledger balances\n", out)
        statements.unlink()
        statements.mkdir()
        self.assertEqual(program.run_text("--out", self.out),
                         (1, "", f"saga: {statements}: cannot be opened for writing\n"))
        code, out, err = program.run_text("--out", "/dev/null/x")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("choose another folder with --out", err)

    def test_can_be_watched(self):
        graph, metrics = self.folder / "graph.svg", self.folder / "metrics.prom"
        code, _, err = program.run_text("--out", self.out, "--fail", "payment", "--fail-undo", "hotel", "--trips", "2",
                                        "--graph", graph, "--metrics", metrics, "--log", "error")
        self.assertEqual(code, 0)
        self.assertIn("hotel/compensate", err)
        states = {name.split(":")[0]: look.split()[0] for name, look in program.boxes(graph.read_bytes()).items()}
        self.assertEqual({states[name] for name in ("flight", "hotel", "car", "insurance", "statement",
                                                    "flight/compensate", "car/compensate")}, {"succeeded"})
        self.assertEqual((states["payment"], states["hotel/compensate"], states["payment/compensate"]),
                         ("failed", "failed", "skipped"))
        self.assertIn('baton_runs_ended_total{outcome="failed"} 2\n', metrics.read_text())

    def test_refuses_a_wrong_command_line(self):
        for arguments, message in [
                (["--fail", "train"], "--fail takes flight, hotel, car, insurance or payment, not 'train'"),
                (["--fail-undo", "car,"], "--fail-undo takes flight, hotel, car, insurance or payment, not ''"),
                (["--fail-share", "1.5"], "--fail-share takes a number from 0 to 1"),
                (["--busy", "nan"], "--busy takes a number, not 'nan'"),
                (["--trips", "0"], "--trips takes a number above 0, not '0'"),
                (["--wat"], "there is no option '--wat'"),
                (["file"], "there is nothing to be done with 'file'")]:
            self.assertEqual(program.run_text(*arguments), (2, "", f"saga: {message}\n`saga --help` tells more.\n"))
        self.assertFalse(self.out.exists())

    def test_helps(self):
        code, out, err = program.run_text("--help")
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.startswith("usage: saga [OPTIONS]\n"))
        self.assertLessEqual(max(map(len, out.splitlines())), 80)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""instructions.py PROGRAM [--update] [--repeat N]: counts the instructions that hot paths of baton take, a task, with
valgrind, and compares them with those in instructions.json. PROGRAM is baton_hot_cases of a release build.

Two sets are stored: `figures`, which --update writes anew, and `bar`, the figures when the file was first written.
Ends with 1 where a case takes over 3 % more than either, with 2 where nothing can be compared.
--repeat counts each case N times and shows how far the counts are apart.
"""
import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

STORED = Path(__file__).with_suffix(".json")
TOLERANCE = 0.03


def give_up(text):
    print(f"instructions.py: {text}", file=sys.stderr)
    sys.exit(2)


def output_of(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        give_up(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr}")
    return done.stdout


def count(program, case):
    """The instructions of the measured part of a case."""
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder, "counts")
        output_of(["valgrind", "--tool=callgrind", "--toggle-collect=baton_measured*",
                   f"--callgrind-out-file={counts}", program, case])
        total = re.search(r"^totals: (\d+)$", counts.read_text(encoding="utf-8"), re.MULTILINE)
    if not total or total[1] == "0":
        give_up(f"{case}: valgrind counted nothing; was the program stripped of its symbols?")
    return int(total[1])


def measure(program, tasks, repeats):
    """Instructions a task, by case."""
    figures = {}
    for case in tasks:
        counts = [count(program, case) for _ in range(repeats)]
        figures[case] = round(min(counts) / tasks[case], 2)
        if repeats > 1:
            print(f"{case:10} {figures[case]:10.2f} a task, {repeats} counts within "
                  f"{max(counts) / min(counts) - 1:.4%}", flush=True)
    return figures


def over_bar(figures, bar):
    return [case for case in figures if figures[case] > bar.get(case, figures[case]) * (1 + TOLERANCE)]


def compare(figures, stored):
    """Prints a line a case. @returns those that are worse than they may be."""
    print(f"{'':10} {'stored':>10} {'bar':>10} {'now':>10}")
    failed = over_bar(figures, stored["bar"])
    for case, now in figures.items():
        before = stored["figures"].get(case)
        if before is None:
            give_up(f"{case} has no stored figure; --update writes one")
        change = now / before - 1
        word = ""
        if change > TOLERANCE:
            word = "  worse"
            failed.append(case)
        elif change < -TOLERANCE:
            word = "  better; --update keeps it"
        if now > stored["bar"][case] * (1 + TOLERANCE):
            word += "  over the bar"
        print(f"{case:10} {before:10.2f} {stored['bar'][case]:10.2f} {now:10.2f} {change:+8.2%}{word}")
    return set(failed)


def update(figures, compiler, stored):
    bar = {**figures, **stored.get("bar", {})}
    failed = over_bar(figures, bar)
    if failed:
        print(f"not stored: over the bar: {', '.join(failed)}")
        return 1
    stored = {"compiler": compiler, "figures": figures, "bar": bar}
    STORED.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(f"written to {STORED.name}; the changelog says why they changed")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--repeat", type=int, default=1, metavar="N")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        give_up("valgrind is missing, so nothing was counted; on Debian: apt-get install valgrind")
    program = str(Path(options.program).resolve())
    listed = json.loads(output_of([program]))
    stored = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    if not stored and not options.update:
        give_up(f"there is no {STORED.name}; --update writes it")
    if stored and stored["compiler"] != listed["compiler"]:
        give_up(f"the stored figures are of {stored['compiler']}, this program is of {listed['compiler']}: "
                "nothing was compared")
    figures = measure(program, listed["tasks"], options.repeat)
    if options.update:
        sys.exit(update(figures, listed["compiler"], stored))
    sys.exit(1 if compare(figures, stored) else 0)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""run.py [MODEL...]: has SPIN try every order of steps of the models, by default of all *.pml beside this file.

Each line `// run: OPTIONS [cycles]` of a model is a search that has to find nothing, within its limits; with `cycles`
it also looks for ways to go on for ever. Each statement of a model has to be reached by one of its searches. For each
FAULT_... that a model knows, one of the searches, tried in their order, has to find it once it is planted. A line is
printed for each: states, memory, time.

Exits with 77 where there is no spin, the model checker, which is the package `spin` of Debian and needs a C compiler.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SKIPPED = 77
HERE = Path(__file__).resolve().parent
MOST_STEPS = 20_000  # of one way through a model
MOST_MEGABYTES = 900  # of one search
PATIENCE = 280  # seconds for one search, on a machine that does other things too
COMPILER = os.environ.get("CC") or next((c for c in ("cc", "gcc", "clang") if shutil.which(c)), "cc")


def searches_of(text):
    """(options, whether cycles are looked for) of each search of a model."""
    found = []
    for line in re.findall(r"^// run:(.*)$", text, re.MULTILINE):
        words = line.split()
        found.append(([word for word in words if word != "cycles"], "cycles" in words))
    return found


def faults_of(text):
    return sorted(set(re.findall(r"\bFAULT_\w+", text)))


def call(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=PATIENCE, check=False)
    return done.returncode, done.stdout


class Result:
    """What a search said."""

    def __init__(self, output, seconds):
        self.output, self.seconds = output, seconds
        self.errors = self.number(r"errors: (\d+)")
        self.states = self.number(r"(\d+) states, stored")
        self.megabytes = self.number(r"([\d.]+)\s+total actual memory usage")
        self.error = next(iter(re.findall(r"^pan:\d+: (.*?)(?: \(at depth \d+\))?$", output, re.MULTILINE)), "")
        # That the last statement of a process is not reached only says that it does not end.
        lines = re.findall(r"^\s+(\S+:\d+), state \d+, (.*)$", output, re.MULTILINE)
        self.unreached = [f"{where}: {what}" for where, what in lines if what != '"-end-"']
        cut = r"max search depth too small|Search not completed|reached -DMEMLIM|out of memory|VECTORSZ"
        self.complete = self.errors is not None and not re.search(cut, output)

    def number(self, pattern):
        match = re.search(pattern, self.output)
        return match and float(match[1])

    def __str__(self):
        return f"{self.states or 0:9,.0f} states  {self.megabytes or 0:5,.0f} MB  {self.seconds:5.1f} s"


def search(model, options, cycles=False, optimize="-O1"):
    """Makes a verifier of the model and runs it."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(model, folder)
        steps = [["spin", "-a", *options, model.name],
                 [COMPILER, optimize, "-w", "-DNP" if cycles else "-DSAFETY", "-DNOFAIR", f"-DMEMLIM={MOST_MEGABYTES}",
                  "-o", "pan", "pan.c"],
                 ["./pan", f"-m{MOST_STEPS}", "-w22", *(["-l"] if cycles else [])]]
        for step in steps:
            status, output = call(step, folder)
            if status != 0 and step is not steps[-1]:
                break
    return Result(output, time.monotonic() - begin)


def check_sound(model, options, cycles):
    """Of a search that has to find nothing: whether it is as it should be, the line about it, what was not reached."""
    result = search(model, options, cycles)
    what = " ".join([model.stem, *(option.removeprefix("-D") for option in options), *(["cycles"] if cycles else [])])
    if result.errors:
        return False, f"{result}  {what}: FAILED, {result.error}", set()
    if not result.complete:
        return False, f"{result}  {what}: NOT COMPLETE\n{result.output}", set()
    return True, f"{result}  {what}: holds", {(model.name, line) for line in result.unreached}


def check_fault(model, fault):
    """The same of a fault that has to be found by one of the searches."""
    for options, _ in searches_of(model.read_text(encoding="utf-8")):
        result = search(model, [*options, f"-D{fault}"], optimize="-O0")  # compiling takes longest
        if result.errors is None:
            return False, f"{result}  {model.stem} {fault}: NOT COMPLETE\n{result.output}", set()
        if result.errors:
            return True, f"{result}  {model.stem} {fault}: found, {result.error}", set()
    return False, f"{result}  {model.stem} {fault}: NOT FOUND", set()


def check(model, checked):
    """Prints a line for each search of the model. Returns how many are not as they should be."""
    text = model.read_text(encoding="utf-8")
    searches, faults = searches_of(text), faults_of(text)
    if not searches or not faults:
        print(f"{model.name}: has no line '// run:', or no fault to be planted")
        return 1
    sound = [checked(check_sound, model, *each) for each in searches]
    planted = [checked(check_fault, model, fault) for fault in faults]
    failed = 0
    for future in [*sound, *planted]:
        good, line, _ = future.result()
        print(line, flush=True)
        failed += not good
    for _, line in sorted(set.intersection(*(future.result()[2] for future in sound))):
        print(f"{model.name}: no search reaches {line}")
        failed += 1
    return failed


def main(names):
    if not shutil.which("spin"):
        print("no spin here, so the models are not checked; it is the package 'spin' of Debian", file=sys.stderr)
        return SKIPPED
    models = [Path(name).resolve() for name in names] or sorted(HERE.glob("*.pml"))
    begin = time.monotonic()
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as workers:  # two, for the sake of memory
        failed = sum(check(model, workers.submit) for model in models)
    print(f"{failed or 'none'} not as they should be, {time.monotonic() - begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

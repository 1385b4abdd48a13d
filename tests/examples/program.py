# SPDX-License-Identifier: MIT
"""Runs the example under test."""
import os
import subprocess
import xml.etree.ElementTree as xml

PROGRAM = os.environ["BATON_EXAMPLE"]


def run(*arguments, **options):
    """The finished process; what it wrote is bytes, since names may be any bytes."""
    return subprocess.run([PROGRAM, *map(os.fspath, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=240, check=False, **options)


def run_text(*arguments, **options):
    """Exit code, stdout and stderr as text."""
    done = run(*arguments, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def boxes(svg):
    """The boxes of a picture of a run: the look of each by the whole name and the state."""
    space = "{http://www.w3.org/2000/svg}"
    return {box.find(f"{space}title").text: box.find(f"{space}rect").get("class").removeprefix("task ")
            for box in xml.fromstring(svg).iter(f"{space}g")}

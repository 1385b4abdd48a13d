# SPDX-License-Identifier: MIT
"""Runs the example under test."""
import os
import subprocess

PROGRAM = os.environ["BATON_EXAMPLE"]


def run(*arguments, **options):
    """The finished process; what it wrote is bytes, since names may be any bytes."""
    return subprocess.run([PROGRAM, *map(os.fspath, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=240, check=False, **options)


def run_text(*arguments, **options):
    """Exit code, stdout and stderr as text."""
    done = run(*arguments, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()

# SPDX-License-Identifier: MIT
"""Checks that a file does not compile, for one readable reason; see baton_compile_fail()."""
import argparse
import re
import subprocess
import sys

STATIC_ASSERTION = re.compile(r"error: static(_assert| assertion) failed.*baton:")


def verdict(status, output, expect):
    """What is wrong with a compiler's answer, or None."""
    errors = [line for line in output.splitlines() if "error:" in line]
    if status == 0:
        return "it compiles, but must not"
    if len(errors) != 1:
        return f"{len(errors)} errors instead of one"
    if not STATIC_ASSERTION.search(errors[0]):
        return 'the error is not a static assertion that begins with "baton:"'
    if expect not in output:
        return f"the output lacks: {expect}"
    return None


parser = argparse.ArgumentParser()
parser.add_argument("--expect", required=True)
parser.add_argument("file")
parser.add_argument("compiler", nargs=argparse.REMAINDER)
args = parser.parse_args()

# The error has to be readable in plain text and in English, whoever runs this.
done = subprocess.run(["env", "LC_ALL=C", *args.compiler, args.file], text=True,
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
reason = verdict(done.returncode, done.stdout, args.expect)
if reason:
    sys.exit(f"{args.file}: refused: {reason}\n{done.stdout}")

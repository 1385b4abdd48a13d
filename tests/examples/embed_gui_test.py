# SPDX-License-Identifier: MIT
"""Reads the frames of the window."""
import re
import signal
import subprocess
import unittest

import program

WIDTH = 78
LINES = 15  # in a frame
TASKS = 62
# Of pixels that are made up in the same way each time.
RESULT = "contact sheet of 64 by 288, checksum 3704530701\n"
BOX = re.compile(r"\[(.)\]")


def frames_of(lines):
    return [lines[at:at + LINES] for at in range(0, len(lines), LINES)]


def boxes(frame):
    return BOX.findall("".join(frame[1:7]))


def ended(frame):
    return int(re.search(r"frame \d+: (\d+) of 62 tasks ended", frame[13])[1])


class EmbedGui(unittest.TestCase):
    def show(self, *arguments):
        """The exit code, the frames, and the lines after them; after the checks that hold for every call."""
        code, out, err = program.run_text("--plain", *arguments)
        self.assertEqual(err, "")
        *lines, last = out.splitlines(keepends=True)
        self.assertEqual(len(lines) % LINES, 0, out)
        self.assertTrue(all(len(line) == WIDTH + 1 and line.isascii() for line in lines), out)
        frames = frames_of(lines)
        for number, frame in enumerate(frames, 1):
            self.assertTrue(frame[13].startswith(f"| frame {number}: "), frame[13])
            self.assertEqual(len(boxes(frame)), TASKS)
            # What a frame counts is what it draws.
            self.assertEqual(sum(box in "#!-" for box in boxes(frame)), ended(frame))
        counts = [ended(frame) for frame in frames]
        self.assertEqual(counts, sorted(counts))
        return code, frames, last

    def test_makes_the_sheet(self):
        code, frames, last = self.show()
        self.assertEqual((code, last), (0, RESULT))
        # The slowest picture takes 1.2 s to be read, so there are many frames; a slow machine may have half of them.
        self.assertGreater(len(frames), 30)
        self.assertEqual(boxes(frames[-1]), ["#"] * TASKS)
        self.assertIn("contact sheet: succeeded", frames[-1][0])
        self.assertIn("contact sheet: running", frames[0][0])
        self.assertEqual(ended(frames[0]), 0)
        # The first frame: some pictures are being read, perhaps not all, and nothing else can be ready.
        self.assertEqual(boxes(frames[0]).count(" "), TASKS - 6)
        self.assertLessEqual(set(boxes(frames[0])), set(" o~"))
        self.assertTrue(frames[0][8].startswith("| ~ read picture 1, "), frames[0][8])
        self.assertTrue(any(0 < ended(frame) < TASKS for frame in frames))

    def test_frames_are_limited(self):
        code, frames, last = self.show("--frames", "5")
        self.assertEqual((code, last), (0, "cancelled\n"))
        self.assertEqual(len(frames), 5)
        self.assertIn("contact sheet: cancelled", frames[-1][0])
        self.assertEqual(boxes(frames[-1]), ["-"] * TASKS)

    def test_an_interrupt_cancels(self):
        with subprocess.Popen([program.PROGRAM, "--plain"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            # While nobody reads on, the program cannot get to its end: the pipe is full before.
            first = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=240)
        self.assertIn(b"contact sheet: running", first)
        self.assertEqual((process.returncode, err), (130, b""))
        self.assertTrue(out.endswith(b"\ncancelled\n"))
        self.assertIn(b"contact sheet: cancelled", out)

    def test_wrong_calls(self):
        hint = "\n`embed_gui --help` tells more.\n"
        self.assertEqual(program.run_text("--frames", "0"),
                         (2, "", "embed_gui: --frames takes a number above 0, not '0'" + hint))
        self.assertEqual(program.run_text("--fast"), (2, "", "embed_gui: there is no option '--fast'" + hint))
        self.assertEqual(program.run_text("x"), (2, "", "embed_gui: there is nothing to be done with 'x'" + hint))

    def test_help(self):
        code, out, err = program.run_text("--help")
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.startswith("usage: embed_gui [OPTIONS]\n"))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""report_browser_test.py SAMPLE: opens reports that SAMPLE writes in a headless Chromium and uses them like a person.

Exits with 77 where there is no Chromium; BATON_BROWSER names one that is not on the PATH. The browser is driven by its
DevTools protocol over two pipes, so nothing else is needed.
"""
import fcntl
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SKIPPED = 77
PATIENCE = 60  # seconds for one step, on a machine that does other things too


def find_browser():
    named = os.environ.get("BATON_BROWSER")
    return named or next((path for path in map(shutil.which, BROWSERS) if path), None)


class Browser:
    """One headless browser with one page. Faults of scripts on it are collected in `faults`."""

    def __init__(self, profile, *arguments):
        down_read, self.down = os.pipe()
        self.up, up_write = os.pipe()
        # The browser reads from descriptor 3 and writes to 4, whatever those are here.
        read, write = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (down_read, up_write))

        def place():
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen(
            [find_browser(), "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--window-size=1400,1300", f"--user-data-dir={profile}", *arguments, "about:blank"],
            preexec_fn=place, pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (down_read, up_write, read, write):
            os.close(end)
        self.last, self.buffer, self.faults, self.session = 0, b"", [], None
        pages = [one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        self.session = self.call("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def close(self):
        os.close(self.down)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.up)

    def read(self):
        while b"\0" not in self.buffer:
            if not select.select([self.up], [], [], PATIENCE)[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self.up, 1 << 16)
            if not piece:
                raise EOFError("the browser has ended")
            self.buffer += piece
        text, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(text)

    def call(self, method, **parameters):
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.down, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("method") == "Runtime.exceptionThrown":
                self.faults.append(answer["params"]["exceptionDetails"].get("exception", {}).get("description"))
            if answer.get("method") == "Log.entryAdded" and answer["params"]["entry"]["level"] == "error":
                self.faults.append(answer["params"]["entry"]["text"])
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def eval(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, expression):
        """Until it is true, looked at frame by frame."""
        end = time.monotonic() + PATIENCE
        while not self.eval(f"new Promise((done) => requestAnimationFrame(() => done(!!({expression}))))"):
            if time.monotonic() > end:
                raise AssertionError(f"never true: {expression}\n{self.eval('document.body.innerText')[:2000]}")

    def open(self, path, fragment=""):
        # A new page, also when only the fragment differs.
        self.call("Page.navigate", url="about:blank")
        self.wait_for("location.href === 'about:blank'")
        self.call("Page.navigate", url=f"{Path(path).as_uri()}{fragment}")
        self.wait_for("document.readyState === 'complete' && document.querySelector('#details')")

    def press(self, key, text=""):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, text=text if kind == "keyDown" else "")

    def type(self, text):
        for letter in text:
            self.press(letter, letter)

    def click(self, x, y):
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def data_of(path):
    text = Path(path).read_text(encoding="utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script', text, re.DOTALL)[1])


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        cls.page = cls.write("report.html", 300)
        cls.data = data_of(cls.page)
        cls.browser = Browser(Path(cls.folder, "profile"))

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        shutil.rmtree(cls.folder, ignore_errors=True)  # processes of the browser may still be leaving

    @classmethod
    def write(cls, name, tasks):
        path = Path(cls.folder, name)
        subprocess.run([SAMPLE, path, str(tasks)], check=True, timeout=PATIENCE)
        return path

    def setUp(self):
        self.browser.faults.clear()

    def tearDown(self):
        self.assertEqual(self.browser.faults, [])

    def rows(self):
        return self.browser.eval("[...document.querySelectorAll('.rows .row')].map((row) => Number(row.dataset.task))")

    def heading(self):
        return self.browser.eval("document.querySelector('#details h2').textContent")

    def note(self):
        return self.browser.eval("document.querySelector('#tasks .note').textContent")

    def chosen(self):
        found = re.search(r"task=(\d+)", self.browser.eval("location.hash"))
        return int(found[1]) if found else None

    def of_state(self, name):
        state = self.data["states"].index(name)
        return [task for task, one in enumerate(self.data["task_state"]) if one == state]

    def test_address_leads_to_one_failed_task_and_its_error(self):
        task = next(task for task in self.data["failed_task"] if self.data["name"][task].startswith("load"))
        self.browser.open(self.page, f"#state=failed&search=LOAD&task={task}")
        self.assertEqual(self.rows(), [task])
        self.assertEqual(self.note(), "1 of 300 tasks")
        self.assertEqual(self.heading(), self.data["name"][task])
        error = self.data["error"][self.data["failed_task"].index(task)]
        self.assertIn("</script>", error)
        self.assertEqual(self.browser.eval("document.querySelector('#details .error').textContent"), error)

    def test_address_that_makes_no_sense_is_passed_over(self):
        self.browser.open(self.page, "#state=hungry&task=4711&sort=__proto__&search=%E0%A4%A")
        self.assertEqual(self.heading(), "No task chosen")
        self.browser.open(self.page, "#state=constructor&task=-1")
        self.assertEqual(self.note(), "300 tasks")

    def test_states_are_switches(self):
        self.browser.open(self.page)
        self.assertEqual(self.note(), "300 tasks")
        for name in ("failed", "omitted"):
            state = self.data["states"].index(name)
            self.browser.eval(f"document.querySelector('#counts a[data-state=\"{state}\"]').click()")
        count = len(self.of_state("failed")) + len(self.of_state("omitted"))
        self.assertEqual(self.note(), f"{count} of 300 tasks")
        self.assertEqual(self.rows()[:2], [task for task in self.rows() if task in self.of_state("failed")])

    def test_keys_search_walk_and_clear(self):
        self.browser.open(self.page)
        self.browser.press("/")
        self.assertEqual(self.browser.eval("document.activeElement.id"), "search")
        self.browser.type("stock")
        expected = sum("stock" in name for name in self.data["name"])
        self.browser.wait_for(f"document.querySelector('#tasks .note').textContent === '{expected} of 300 tasks'")
        self.browser.eval("document.querySelector('.rows').focus()")
        rows = self.rows()
        for key, row in (("ArrowDown", rows[0]), ("ArrowDown", rows[1]), ("ArrowUp", rows[0])):
            self.browser.press(key)
            self.assertEqual(self.chosen(), row)
            self.assertEqual(self.heading(), self.data["name"][row])
        self.assertEqual(self.browser.eval("document.querySelector('[aria-selected=true]').dataset.task"), str(rows[0]))
        self.browser.press("End")
        self.browser.wait_for("document.querySelector('.rows').scrollTop > 0")
        self.browser.press("Escape")
        self.assertEqual(self.note(), "300 tasks")
        self.browser.press("Escape")
        self.assertEqual(self.heading(), "No task chosen")

    def test_columns_sort(self):
        def took(task):
            start, end = self.data["started"][task], self.data["task_ended"][task]
            return None if start is None else end - start
        ran = [task for task in range(300) if took(task) is not None]
        self.browser.open(self.page, "#sort=took&descending")
        self.assertEqual(took(self.rows()[0]), max(map(took, ran)))
        self.browser.eval("document.querySelectorAll('.head button')[4].click()")  # back to the order of the beginning
        self.assertIn(self.rows()[0], self.of_state("failed"))
        self.browser.eval("document.querySelectorAll('.head button')[4].click()")
        self.assertEqual(took(self.rows()[0]), min(map(took, ran)))
        sorts = self.browser.eval("[...document.querySelectorAll('[aria-sort]')].map((one) => one.ariaSort)")
        self.assertEqual(sorts, ["none"] * 4 + ["ascending"] + ["none"] * 2)

    def test_details_lead_on(self):
        task, cause = self.data["omitted_task"][0], self.data["cause"][0]
        self.browser.open(self.page, f"#task={task}")
        self.browser.eval("document.querySelector('#details p a').click()")
        self.assertEqual(self.chosen(), cause)
        self.browser.eval("document.querySelectorAll('#failures a')[1].click()")
        self.browser.wait_for(f"location.hash === '#task={self.data['failed_task'][1]}'")
        self.assertEqual(self.heading(), self.data["name"][self.data["failed_task"][1]])

    def test_drawings_show_and_choose_tasks(self):
        self.browser.open(self.page)
        for name, (x, y) in {"graph": (None, None), "timeline": (None, 34)}.items():
            drawn = f"""(() => {{
                const canvas = document.querySelector('#{name} canvas');
                const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                return pixels.filter((value, at) => at % 4 === 3 && value > 0).length > 3000;
            }})()"""
            self.browser.wait_for(drawn)
            box = self.browser.eval(f"document.querySelector('#{name} canvas').getBoundingClientRect().toJSON()")
            places = [(x, y)] if x else [(left, top) for top in ([y] if y else range(10, int(box["height"]), 7))
                                         for left in range(90, int(box["width"]), 23)]
            for left, top in places:
                self.browser.click(box["x"] + left, box["y"] + top)
                if self.chosen() is not None:
                    break
            self.assertIsNotNone(self.chosen(), name)
            self.assertEqual(self.heading(), self.data["name"][self.chosen()])
            self.browser.press("Escape")
            self.assertIsNone(self.chosen())

    def test_keys_move_and_zoom_a_drawing(self):
        picture = "document.querySelector('#{0} canvas').toDataURL()"
        for name in ("graph", "timeline"):
            self.browser.open(self.page)
            self.browser.eval(f"document.querySelector('#{name} canvas').focus()")
            for key in ("+", "ArrowRight", "-"):
                before = self.browser.eval(picture.format(name))
                self.browser.press(key)
                self.browser.wait_for(f"{picture.format(name)} !== {json.dumps(before)}")

    def test_other_scripts_do_not_run(self):
        text = self.page.read_text(encoding="utf-8")
        other = Path(self.folder, "other.html")
        other.write_text(text.replace("<noscript>", "<script>document.title = 'other'</script><noscript>"),
                         encoding="utf-8")
        self.browser.open(other)
        self.assertEqual(self.browser.eval("document.title"), f"nightly import, run {self.data['run']}")
        self.assertTrue(any("Content Security Policy" in fault for fault in self.browser.faults), self.browser.faults)
        self.browser.faults.clear()

    def test_many_tasks_are_few_rows(self):
        page = self.write("many.html", 50000)
        data = data_of(page)
        self.browser.open(page, "#task=49999&sort=name")
        self.assertEqual(self.note(), "50,000 tasks")
        self.assertLess(len(self.rows()), 100)
        self.assertIn(49999, self.rows())
        self.assertEqual(self.heading(), data["name"][49999])
        self.assertEqual(self.browser.eval("document.querySelector('.grid').getAttribute('aria-rowcount')"), "50001")

    def test_few_and_no_tasks(self):
        for tasks in (0, 1):
            self.browser.open(self.write("few.html", tasks))
            self.assertEqual(self.note(), f"{tasks} task{'' if tasks else 's'}")

    def test_without_scripts_the_summary_is_there(self):
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        try:
            self.browser.call("Page.navigate", url=self.page.as_uri())
            # Frames are not told to anybody now, so this asks again and again.
            end = time.monotonic() + PATIENCE
            text = ""
            while "need JavaScript" not in text and time.monotonic() < end:
                text = self.browser.eval("document.body ? document.body.innerText : ''") or ""
        finally:
            self.browser.call("Emulation.setScriptExecutionDisabled", value=False)
        for shown in ("nightly import", "connection reset", "omitted because of it", "need JavaScript"):
            self.assertIn(shown, text)


if __name__ == "__main__":
    SAMPLE = sys.argv.pop(1)
    if not find_browser():
        print(f"skipped: none of {', '.join(BROWSERS)} is installed; BATON_BROWSER may name one")
        sys.exit(SKIPPED)
    unittest.main()

"""The example script, as somebody would run it."""

import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import parallax
from daemon_process import DaemonTest
from rigs import TCLAB, read_recording

EXAMPLE = pathlib.Path(__file__).resolve().parents[3] / "client/python/examples/push_and_explain.py"

try:
    import pandas  # the example shows tables
except ImportError:
    pandas = None


class ExampleTest(DaemonTest):
    def test_it_pushes_reads_back_and_explains(self):
        if pandas is None:
            self.skipTest("pandas is not installed")
        for _ in range(2):  # a notebook's cells are run again and again
            done = subprocess.run([sys.executable, EXAMPLE, self.daemon.address, TCLAB, self.daemon.folder],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("The gap comes from", done.stdout)
        ElementTree.parse(self.daemon.folder / "waterfall.svg")
        self.assertIn("<svg", (self.daemon.folder / "report.html").read_text())
        times, columns = read_recording("mimo-3s")
        array = parallax.Client(self.daemon.address).run("python-tclab-byu/mimo-3s").series("T2").to_numpy()
        self.assertEqual(array["value"].tolist(), columns["T2"])
        self.assertEqual(array["time_unix_ns"].tolist(), times)

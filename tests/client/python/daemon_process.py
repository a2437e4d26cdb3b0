"""A daemon of its own for a test: a real process on a scratch folder."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import parallax

BIN = pathlib.Path(os.environ["PARALLAX_BIN"])
_START_S = 60.0


class DaemonProcess:
    """parallaxd on a scratch folder; it keeps port and folder over kill and start.

    address, http_address  "127.0.0.1:PORT"
    data     its store's folder
    log      file of what it wrote to stderr, over all starts
    """

    def __init__(self, config="", under=()):
        """config: TOML. under: a command that runs the daemon, such as strace with its flags."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="parallax-daemon-"))
        self.data = self.folder / "data"
        self.log = self.folder / "daemon.log"
        self.address = "127.0.0.1:0"
        (self.folder / "parallaxd.toml").write_text(config)
        self._process = None
        self.start(under)

    def start(self, under=()):
        port_file = self.folder / "port.json"
        port_file.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [*under, BIN / "parallaxd", "--config", self.folder / "parallaxd.toml", "--data", self.data,
                 "--listen", self.address, "--http", "127.0.0.1:0", "--port-file", port_file],
                stdout=log, stderr=log)
        give_up_at = time.monotonic() + _START_S
        while not port_file.exists():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError("the daemon did not start: " + self.log.read_text())
            time.sleep(0.01)
        ports = json.loads(port_file.read_text())
        self.address = f"127.0.0.1:{ports['grpc']}"
        self.http_address = f"127.0.0.1:{ports['http']}"

    @property
    def pid(self):
        return self._process.pid

    def wait(self, timeout_s):
        """Waits until it ends by itself; its exit code."""
        return self._process.wait(timeout_s)

    def kill(self):
        """SIGKILL, as a power cut would do it to the process."""
        self._end(signal.SIGKILL)

    def stop_process(self):
        """SIGTERM; returns the exit code. It may be started again."""
        return self._end(signal.SIGTERM)

    def stop(self):
        """SIGTERM, and its scratch folder is removed; returns the exit code."""
        code = self.stop_process()
        shutil.rmtree(self.folder)
        return code

    def cli(self, *arguments):
        """What `parallax ARGUMENTS -o json` prints, parsed."""
        command = [BIN / "parallax", "--server", self.address, "-o", "json", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{arguments}: exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def _end(self, number):
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.wait()


class DaemonTest(unittest.TestCase):
    """Tests that share one daemon and one client; each makes its own rig."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = DaemonProcess()
        cls.client = parallax.Client(cls.daemon.address)

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        code = cls.daemon.stop()
        if code != 0:
            raise AssertionError(f"the daemon ended with {code}")

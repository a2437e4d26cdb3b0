"""Evaluates campaigns with a daemon of its own, for `scoreboard`."""

import json
import os
import subprocess
import sys
import tempfile
import time

DAEMON_START_S = 30.0
DAEMON_STOP_S = 60.0
EVALUATION_TIMEOUT_S = 3600


class Daemon:
    """parallaxd on a scratch folder and a free port; gone with the block."""

    def __init__(self, binaries):
        self.binaries = binaries

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="scoreboard-")
        port_file = os.path.join(self.folder.name, "port.json")
        log = os.path.join(self.folder.name, "daemon.log")
        with open(log, "wb") as sink:
            self.process = subprocess.Popen(
                [os.path.join(self.binaries, "parallaxd"), "--data",
                 os.path.join(self.folder.name, "data"), "--listen", "127.0.0.1:0", "--http",
                 "127.0.0.1:0", "--port-file", port_file], stdout=sink, stderr=sink)
        deadline = time.monotonic() + DAEMON_START_S
        while not os.path.exists(port_file):
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(log, encoding="utf-8", errors="replace") as file:
                    said = file.read()
                self.__exit__()
                raise RuntimeError("parallaxd did not start: " + said)
            time.sleep(0.05)
        with open(port_file, encoding="utf-8") as file:
            self.server = "127.0.0.1:%d" % json.load(file)["grpc"]
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DAEMON_STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.folder.cleanup()

    def evaluate(self, folder):
        """The bytes of `campaign evaluate -o json`, or None with its error on stderr."""
        done = subprocess.run(
            [os.path.join(self.binaries, "parallax"), "--server", self.server, "--timeout",
             str(EVALUATION_TIMEOUT_S), "campaign", "evaluate", folder, "-o", "json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode == 0:
            return done.stdout
        print(done.stderr.decode(errors="replace").strip(), file=sys.stderr)
        return None


def evaluate_all(campaigns, binaries, out):
    with Daemon(binaries) as daemon:
        for number, (campaign, folder) in enumerate(campaigns, 1):
            begin = time.monotonic()
            result = daemon.evaluate(folder)
            path = os.path.join(out, campaign + ".json")
            if result is not None:
                with open(path, "wb") as file:
                    file.write(result)
            elif os.path.exists(path):
                os.remove(path)  # of an earlier evaluation: not what this one gave
            print("%d/%d %s: %.1f s" % (number, len(campaigns), campaign, time.monotonic() - begin),
                  file=sys.stderr, flush=True)

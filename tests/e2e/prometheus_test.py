#!/usr/bin/env python3
"""A real Prometheus reads /metrics of a real daemon.

prometheus_test.py BIN CAMPAIGN GRAFANA

Replays and analyses CAMPAIGN, has promtool check what /metrics says, lets a Prometheus server scrape it and
asks that server for the ack latency and for every expression of the Grafana dashboard.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "client" / "python"))

from waiting import wait_until  # noqa: E402

PATIENCE_S = 60.0
BIN, CAMPAIGN, GRAFANA = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def wait_for(what, attempt):
    """What `attempt` returns once that is true. That it cannot read anything yet is no error."""
    def read():
        try:
            return attempt()
        except (OSError, ValueError):
            return None

    return wait_until(read, PATIENCE_S, what)


class PrometheusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.processes = []
        cls.addClassCleanup(cls.stop)
        ports_file = os.path.join(cls.folder.name, "ports.json")
        cls.start("parallaxd", [os.path.join(BIN, "parallaxd"), "--data", os.path.join(cls.folder.name, "data"),
                                "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--port-file", ports_file])
        ports = wait_for("the daemon's port file", lambda: json.load(open(ports_file, encoding="utf-8")))
        cls.target = f"127.0.0.1:{ports['http']}"
        subprocess.run([os.path.join(BIN, "parallax"), "--server", f"127.0.0.1:{ports['grpc']}", "campaign",
                        "evaluate", CAMPAIGN, "-o", "json"], check=True, stdout=subprocess.DEVNULL, timeout=300)
        cls.metrics = get(f"http://{cls.target}/metrics")
        cls.prometheus = cls.start_prometheus()

    @classmethod
    def start(cls, name, command):
        with open(os.path.join(cls.folder.name, name + ".log"), "wb") as log:
            cls.processes.append(subprocess.Popen(command, stdout=log, stderr=log))

    @classmethod
    def start_prometheus(cls):
        """Its address. It binds a port of its own and says which in its log alone."""
        config = os.path.join(cls.folder.name, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("global: {scrape_interval: 200ms}\nscrape_configs:\n- job_name: parallax\n"
                       f"  static_configs: [{{targets: ['{cls.target}']}}]\n")
        cls.start("prometheus", ["prometheus", "--config.file=" + config, "--web.listen-address=127.0.0.1:0",
                                 "--storage.tsdb.path=" + os.path.join(cls.folder.name, "tsdb")])
        log = os.path.join(cls.folder.name, "prometheus.log")
        said = wait_for("Prometheus's address",
                        lambda: re.search(r"address=(127\.0\.0\.1:[1-9]\d*)", open(log, encoding="utf-8").read()))
        return "http://" + said.group(1)

    @classmethod
    def stop(cls):
        for process in cls.processes:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
        cls.folder.cleanup()

    def query(self, expression):
        answer = json.loads(get(f"{self.prometheus}/api/v1/query?query={urllib.parse.quote(expression)}"))
        self.assertEqual(answer["status"], "success", expression)
        return answer["data"]["result"]

    def value(self, expression):
        result = wait_for(expression, lambda: self.query(expression))
        return float(result[0]["value"][1])

    def test_promtool_finds_nothing_wrong(self):
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.metrics, text=True,
                                 capture_output=True, check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_prometheus_answers_for_the_ack_latency(self):
        batches = self.value("parallax_ingest_ack_latency_seconds_count")
        self.assertGreater(batches, 0)
        p99 = self.value("histogram_quantile(0.99, parallax_ingest_ack_latency_seconds_bucket)")
        self.assertGreater(p99, 0.0)
        self.assertLess(p99, 10.0)
        self.assertEqual(self.value('parallax_jobs_ended_total{kind="analysis",state="succeeded"}'), 1)
        self.assertGreater(self.value('parallax_twin_evaluations_total{twin="two_heater"}'), 1)

    def test_the_dashboard_asks_for_what_is_there(self):
        with open(GRAFANA, encoding="utf-8") as file:
            dashboard = json.load(file)
        named = set()
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                self.query(target["expr"])  # Prometheus can read it
                named.update(re.findall(r"parallax_\w+", target["expr"]))
        offered = set(re.findall(r"^# TYPE (parallax_\w+)", self.metrics, re.MULTILINE))
        histogram_parts = {re.sub("_(bucket|count|sum)$", "", name) for name in named}
        self.assertEqual(histogram_parts, offered - {"parallax_build_info"})


if __name__ == "__main__":
    unittest.main()

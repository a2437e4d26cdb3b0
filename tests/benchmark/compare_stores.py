#!/usr/bin/env python3
"""Loads the same samples into parallax, InfluxDB and PostgreSQL on this machine, one after the other.

compare_stores.py [--bin build/release/bin] [--rows 100000] [--folder /var/tmp]

Twenty channels that walk in hundredths, in batches of 2,000 rows, each on disk before the next is counted as stored:
parallax replays them as a campaign, InfluxDB 1.x takes line protocol over HTTP, PostgreSQL takes COPY into a table with
a column a channel, one transaction a batch. All three read text. Each store starts empty, with its packaged defaults
(which sync every write), in a folder of its own on the disk of --folder. A store that is not installed (Debian:
influxdb, postgresql) is left out, and that is said.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

CHANNELS = ["Q1", "Q2"] + [f"T{i}" for i in range(1, 19)]
BATCH_ROWS = 2000
START_NS = 1_700_000_000_000_000_000
PERIOD_NS = 1_000_000
WAIT_S = 60


def make_rows(rows):
    """Text of each row's cells: time, then values. The same for every store."""
    draw = random.Random(1)
    hundredths = [5000] * len(CHANNELS)
    for row in range(rows):
        hundredths = [min(max(h + draw.randint(-5, 5), 0), 10000) for h in hundredths]
        yield [str(START_NS + row * PERIOD_NS)] + [f"{h / 100:.2f}" for h in hundredths]


def in_batches(rows):
    return [rows[begin:begin + BATCH_ROWS] for begin in range(0, len(rows), BATCH_ROWS)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(ready, process):
    end = time.monotonic() + WAIT_S
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{process.args[0]} did not start")
        time.sleep(0.05)


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=WAIT_S)


def bytes_of(folder):
    return sum(os.path.getsize(os.path.join(where, name)) for where, _, names in os.walk(folder) for name in names)


def write_campaign(folder, rows):
    def channel(name):
        heater = name.startswith("Q")
        return {"id": name, "quantity": "heater_power" if heater else "temperature", "unit": "%" if heater else "Cel",
                "role": "actuator" if heater else "measured", "rate_hz": 1000, "noise_sd": 0.05, "resolution": 0.01,
                "range": [-40, 125]}

    run = os.path.join(folder, "runs", "load")
    os.makedirs(run)
    documents = {
        "campaign.json": {"format": "parallax-campaign/1", "id": "load", "title": "load", "rig": "load",
                          "twin": "two_heater", "assumptions": {}, "splits": {"calibrate": ["load"], "validate": []}},
        "rig.json": {"id": "load", "kind": "two_heater",
                     "geometry": {"heater_mass_kg": 0.004, "heat_capacity_j_per_kg_k": 500.0, "heater_area_m2": 0.001,
                                  "shared_area_m2": 0.0002, "ambient_k": 296.15},
                     "devices": [{"id": "board", "channels": [channel(name) for name in CHANNELS]}]},
        "runs/load/run.json": {"id": "load", "started_at": "2023-11-14T22:13:20Z", "segments": []},
    }
    for name, document in documents.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(document, file)
    with open(os.path.join(run, "board.csv"), "w", encoding="utf-8") as file:
        file.write(",".join(["time_ns"] + CHANNELS) + "\n")
        file.writelines(",".join(row) + "\n" for row in rows)


def load_parallax(folder, rows, programs):
    """@return seconds, bytes on disk."""
    campaign, data, ports = (os.path.join(folder, name) for name in ("campaign", "data", "ports.json"))
    write_campaign(campaign, rows)
    daemon = subprocess.Popen([os.path.join(programs, "parallaxd"), "--data", data, "--listen", "127.0.0.1:0",
                               "--http", "127.0.0.1:0", "--port-file", ports], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: os.path.exists(ports), daemon)
        with open(ports, encoding="utf-8") as file:
            port = json.load(file)["grpc"]
        begin = time.monotonic()
        subprocess.run([os.path.join(programs, "parallax"), "--server", f"127.0.0.1:{port}", "--quiet", "campaign",
                        "replay", campaign], check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - begin
    finally:
        stop(daemon)
    return seconds, bytes_of(data)


def load_influx(folder, rows, program):
    data, port = os.path.join(folder, "influx"), free_port()
    os.makedirs(data)
    config = os.path.join(folder, "influx.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
                   f'[meta]\ndir = "{data}/meta"\n[data]\ndir = "{data}/data"\nwal-dir = "{data}/wal"\n'
                   f'[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n')
    daemon = subprocess.Popen([program, "-config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def post(path, body=""):
        connection.request("POST", path, body)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status // 100 != 2:
            raise RuntimeError(f"influxd answers {answer.status}: {text[:200]}")

    def answers():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    try:
        wait_for(answers, daemon)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        post("/query?q=CREATE+DATABASE+load")
        bodies = ["\n".join("board " + ",".join(f"{name}={cell}" for name, cell in zip(CHANNELS, row[1:])) + " " + row[0]
                            for row in batch) for batch in in_batches(rows)]
        begin = time.monotonic()
        for body in bodies:
            post("/write?db=load", body)
        seconds = time.monotonic() - begin
    finally:
        stop(daemon)
    return seconds, bytes_of(data)


def load_postgres(folder, rows, programs):
    data, port = os.path.join(folder, "postgres"), free_port()
    # It refuses to run as root; Debian's package brings the user.
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    os.makedirs(data)
    if user:
        shutil.chown(data, "postgres", "postgres")
        os.chmod(folder, 0o755)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(user + [os.path.join(programs, "initdb"), "-D", data, "-U", "load", "-A", "trust"], check=True, **quiet)
    daemon = subprocess.Popen(user + [os.path.join(programs, "postgres"), "-D", data, "-p", str(port), "-k", data,
                                      "-c", "listen_addresses="], **quiet)
    client = [os.path.join(programs, "psql"), "-h", data, "-p", str(port), "-U", "load", "-q", "-d", "postgres"]
    try:
        wait_for(lambda: subprocess.run(client + ["-c", "SELECT 1"], check=False, **quiet).returncode == 0, daemon)
        columns = ", ".join(f'"{name}" double precision' for name in CHANNELS)
        subprocess.run(client + ["-c", f"CREATE TABLE board (time_ns bigint, {columns})"], check=True)
        text = "".join("COPY board FROM STDIN (FORMAT csv);\n" + "".join(",".join(row) + "\n" for row in batch) + "\\.\n"
                       for batch in in_batches(rows))
        begin = time.monotonic()
        subprocess.run(client + ["-v", "ON_ERROR_STOP=1", "-f", "-"], input=text, text=True, check=True, **quiet)
        seconds = time.monotonic() - begin
        count = subprocess.run(client + ["-t", "-c", "SELECT count(*) FROM board"], check=True, text=True,
                               capture_output=True).stdout
        if int(count) != len(rows):
            raise RuntimeError(f"PostgreSQL holds {count.strip()} rows of {len(rows)}")
    finally:
        daemon.send_signal(signal.SIGINT)  # with SIGTERM it waits for clients
        daemon.wait(timeout=WAIT_S)
    return seconds, bytes_of(os.path.join(data, "base"))


def find_postgres():
    """The folder of the newest server's programs, or None."""
    root = "/usr/lib/postgresql"
    versions = sorted(os.listdir(root), key=float) if os.path.isdir(root) else []
    folders = [os.path.join(root, version, "bin") for version in versions]
    return next((folder for folder in reversed(folders) if os.path.exists(os.path.join(folder, "postgres"))), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", default=tempfile.gettempdir())
    options = parser.parse_args()
    rows = list(make_rows(options.rows))
    built = options.bin if os.path.exists(os.path.join(options.bin, "parallaxd")) else None
    stores = [("parallax", load_parallax, built, f"not built in {options.bin}"),
              ("InfluxDB", load_influx, shutil.which("influxd"), "package influxdb is not installed"),
              ("PostgreSQL COPY", load_postgres, find_postgres(), "package postgresql is not installed")]
    samples = len(rows) * len(CHANNELS)
    print(f"{samples} samples, {len(CHANNELS)} channels, batches of {BATCH_ROWS} rows")
    for name, load, programs, why_not in stores:
        if programs is None:
            print(f"{name:16}  left out: {why_not}")
            continue
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            seconds, size = load(folder, rows, programs)
        print(f"{name:16}  {seconds:8.2f} s  {samples / seconds / 1e6:8.3f} M samples/s  "
              f"{size / samples:8.2f} bytes a sample on disk")
    return 0


if __name__ == "__main__":
    sys.exit(main())

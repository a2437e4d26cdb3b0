"""A lab for tests of security: an authority, a daemon with both ports on TLS, rigs, tokens, an audit log."""

import http.client
import json
import pathlib
import signal
import ssl
import subprocess
import tempfile
import time

import grpc

import parallax
from parallax.credentials import open_channel
from rigs import open_run
from waiting import wait_until

START_S = 60.0
CALL_S = 60.0


def run(*command):
    """What a command prints. Errors: RuntimeError with what it says."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class Lab:
    """parallaxd with certificates for the rigs r7 and r8 in `certs`, and tokens by name in `tokens`.

    bin    folder of the programs
    flags  of the daemon, besides those of its certificates, tokens and audit log
    """

    TOKENS = {"viewer": ("viewer", ()), "operator": ("operator", ()), "admin": ("admin", ()),
              "bound": ("operator", ("r8",)), "revoked": ("admin", ()), "expired": ("admin", ())}

    def __init__(self, bin_folder, flags=()):
        self.bin = pathlib.Path(bin_folder)
        self._scratch = tempfile.TemporaryDirectory(prefix="parallax-lab-")
        self.folder = pathlib.Path(self._scratch.name)
        self.certs = self.folder / "certs"
        self.audit_log = self.folder / "audit.log"
        self.token_file = self.folder / "tokens.json"
        self.daemon("certs", "init", self.certs, "--host", "127.0.0.1", "--host", "localhost")
        for rig in ("r7", "r8"):
            self.daemon("certs", "issue", self.certs, "--rig", rig)
        self.tokens = {name: self._make_token(name, role, rigs)
                       for name, (role, rigs) in self.TOKENS.items()}
        self._spoil_tokens()
        self.config_file = self.folder / "parallaxd.toml"
        # Streams of a test that say nothing outlast it on the slowest machine.
        self.config_file.write_text("[ingest]\nidle_timeout_s = 3600.0\n")
        self._flags = list(flags)
        self._process = None
        self.start()

    def daemon(self, *arguments):
        return run(self.bin / "parallaxd", *arguments)

    def flags(self):
        """What the daemon is started with."""
        return ["--config", self.config_file, "--data", self.folder / "data", "--listen", "127.0.0.1:0",
                "--http", "127.0.0.1:0", "--port-file", self.folder / "ports.json",
                "--tls-cert", self.certs / "server.crt",
                "--tls-key", self.certs / "server.key", "--tls-client-ca", self.certs / "ca.crt",
                "--token-file", self.token_file, "--audit-log", self.audit_log,
                "--log-format", "json", *self._flags]

    def start(self):
        ports_file = self.folder / "ports.json"
        with open(self.folder / "daemon.log", "ab") as log:
            self._process = subprocess.Popen([self.bin / "parallaxd", *map(str, self.flags())],
                                             stdout=log, stderr=log)
        wait_until(lambda: ports_file.exists() or self._process.poll() is not None, START_S,
                   "the daemon's port file")
        if self._process.poll() is not None:
            raise RuntimeError("the daemon did not start: " + self.log())
        ports = json.loads(ports_file.read_text())
        self.address, self.http_port = f"127.0.0.1:{ports['grpc']}", ports["http"]

    def stop(self):
        """Ends the daemon; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=START_S)

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._scratch.cleanup()

    def log(self):
        return (self.folder / "daemon.log").read_text()

    def _make_token(self, name, role, rigs):
        out = self.folder / f"{name}.token"
        bound = [word for rig in rigs for word in ("--rig", rig)]
        self.daemon("token", "create", self.token_file, "--label", name, "--role", role, *bound,
                    "--out", out)
        return out.read_text().strip()

    def token_id(self, name):
        return self.tokens[name].split("_")[1]

    def _spoil_tokens(self):
        self.daemon("token", "revoke", self.token_file, self.token_id("revoked"))
        table = json.loads(self.token_file.read_text())
        for token in table["tokens"]:
            if token["label"] == "expired":
                token["expire_time_unix_ns"] = time.time_ns() - 1_000_000_000
        self.token_file.write_text(json.dumps(table))

    def channel(self, certificate=None):
        """A channel that shows `certificate`, (certificate, key) as paths, or none."""
        ca = (self.certs / "ca.crt").read_bytes()
        certificate_pem, key_pem = (None, None) if certificate is None else (
            pathlib.Path(path).read_bytes() for path in certificate)
        return grpc.secure_channel(self.address,
                                   grpc.ssl_channel_credentials(ca, key_pem, certificate_pem))

    def rig_channel(self, rig):
        """A channel with that rig's certificate, as lab scripts open it."""
        return open_channel(self.address, (), tls_ca=self.certs / "ca.crt", tls_cert=self.certs / f"rig-{rig}.crt",
                            tls_key=self.certs / f"rig-{rig}.key")

    def bearer(self, name):
        return (("authorization", "Bearer " + self.tokens[name]),)

    def client(self, token):
        """A Client that shows the token of that name."""
        return parallax.Client(self.address, tls_ca=self.certs / "ca.crt",
                               token_file=self.folder / f"{token}.token")

    def create_rigs(self):
        """Registers r7 and r8, each with an open run "one"."""
        with self.client("operator") as client:
            for rig_id in ("r7", "r8"):
                open_run(client, rig_id, "one")

    def http(self):
        """An HTTPS connection to the daemon."""
        context = ssl.create_default_context(cafile=str(self.certs / "ca.crt"))
        return http.client.HTTPSConnection("127.0.0.1", self.http_port, timeout=CALL_S, context=context)

    def records(self):
        """The audit log as it stands."""
        return [json.loads(line) for line in self.audit_log.read_text().splitlines()]

    def denied(self):
        """Of the audit log: how many calls were refused, by (identity, method, code)."""
        counts = {}
        for record in self.records():
            if record["decision"] == "DENIED":
                key = (record["identity"], record["method"], record["code"])
                counts[key] = counts.get(key, 0) + record["count"]
        return counts

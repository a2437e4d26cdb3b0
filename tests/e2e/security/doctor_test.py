#!/usr/bin/env python3
"""`parallax doctor` names what is wrong with TLS, certificates and tokens, against real daemons.

doctor_test.py BIN PACKAGE

Each way to set a client up wrongly must have its finding, what to do next, and its exit code.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

BIN, PACKAGE = sys.argv.pop(1), sys.argv.pop(1)
os.environ["PARALLAX_BIN"] = BIN
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [PACKAGE, str(HERE), str(HERE.parents[1] / "client" / "python")]

from attempts import URI, foreign_rig, forge  # noqa: E402
from daemon_process import DaemonProcess  # noqa: E402
from lab import Lab  # noqa: E402

USAGE, DENIED, UNAVAILABLE = 2, 4, 5


@dataclasses.dataclass
class Wrong:
    """name: what is wrong. flags: of the client, given the test. check: the finding that must fail, and what its
    text and its next step must hold. code: the exit code."""
    name: str
    flags: object
    check: str
    text: str
    next_step: str
    code: int


def to(address, *flags):
    return ["--server", address, *map(str, flags)]


def rig(certificate, key):
    return ["--tls-cert", certificate, "--tls-key", key]


def forged_rig(test, name, **how):
    return rig(*forge(test.lab, name, URI, **how))


WRONG = [
    Wrong("plain text to TLS", lambda t: to(t.lab.address), "transport", "the server speaks TLS",
          "give --tls-ca", UNAVAILABLE),
    Wrong("plain text said, to TLS", lambda t: to(t.lab.address, "--plaintext"), "transport", "set to plain text",
          "leave out --plaintext", UNAVAILABLE),
    Wrong("TLS to plain text", lambda t: to(t.plain.address, *t.ca), "transport", "speaks plain text",
          "leave out --tls-ca", UNAVAILABLE),
    Wrong("the dashboard's port", lambda t: to(t.plain.http_address), "transport", "HTTP/1.1", "--server",
          UNAVAILABLE),
    Wrong("the dashboard's port with TLS", lambda t: to(f"127.0.0.1:{t.lab.http_port}", *t.ca), "transport",
          "no HTTP/2", "--server", UNAVAILABLE),
    Wrong("an authority that did not sign", lambda t: to(t.lab.address, "--tls-ca", t.other / "ca.crt", *t.viewer),
          "server_certificate", "is not trusted by", "--tls-ca", UNAVAILABLE),
    Wrong("no authority of a lab", lambda t: to(t.lab.address, *t.r7), "server_certificate",
          "the system's authorities", "--tls-ca", UNAVAILABLE),
    Wrong("a file of authorities that holds none", lambda t: to(t.lab.address, "--tls-ca", t.garbage, *t.viewer),
          "authorities", "none", "ca.crt", USAGE),
    Wrong("a name that is not in the certificate", lambda t: to(t.lab.address.replace("127.0.0.1", "127.1"), *t.ca),
          "server_certificate", "is called 127.1", "--host 127.1", UNAVAILABLE),
    Wrong("a certificate of a foreign authority",
          lambda t: to(t.lab.address, *t.ca, *rig(t.other / "rig-r7.crt", t.other / "rig-r7.key")), "access",
          "unable to get local issuer certificate", "parallaxd certs issue", DENIED),
    Wrong("an expired certificate", lambda t: to(t.lab.address, *t.ca, *forged_rig(t, "over", days="-1")),
          "client_certificate", "expired 2", "--renew", DENIED),
    Wrong("a key of another certificate",
          lambda t: to(t.lab.address, *t.ca, *rig(t.lab.certs / "rig-r7.crt", t.lab.certs / "rig-r8.key")),
          "client_certificate", "rig-r8.key", "issued together", USAGE),
    Wrong("a key that others may read", lambda t: to(t.lab.address, *t.ca, *rig(t.lab.certs / "rig-r7.crt", t.open_key)),
          "client_certificate", "0644", "chmod 600", USAGE),
    Wrong("a certificate without its key",
          lambda t: to(t.lab.address, *t.ca, "--tls-cert", t.lab.certs / "rig-r7.crt"), "client_certificate",
          "tls-key", "give both", USAGE),
    Wrong("a token that others may read", lambda t: to(t.lab.address, *t.ca, "--token-file", t.open_token), "token",
          "0644", "chmod 600", USAGE),
    Wrong("a token that was revoked", lambda t: to(t.lab.address, *t.ca, *t.token("revoked")), "access", "revoked",
          "a token in force", DENIED),
    Wrong("no proof", lambda t: to(t.lab.address, *t.ca), "access", "nothing is shown", "--token-file", DENIED),
    Wrong("two proofs", lambda t: to(t.lab.address, *t.ca, *t.r7, *t.viewer), "access", "beside the certificate",
          "either", DENIED),
    Wrong("no certificate where one is required", lambda t: to(t.strict.address, *t.ca), "handshake",
          "none is shown", "--tls-cert", DENIED),
    Wrong("a foreign certificate where one is required",
          lambda t: to(t.strict.address, *t.ca, *rig(t.other / "rig-r7.crt", t.other / "rig-r7.key")), "handshake",
          "refuses the certificate", "parallaxd certs issue", DENIED),
]


class DoctorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = lab = Lab(BIN)
        cls.addClassCleanup(lab.close)
        cls.plain = DaemonProcess()
        cls.addClassCleanup(cls.plain.stop)
        cls.strict = DaemonProcess(f"""[tls]
certificate = "{lab.certs}/server.crt"
key = "{lab.certs}/server.key"
client_ca = "{lab.certs}/ca.crt"
client_certificates = "required"
""")
        cls.addClassCleanup(cls.strict.stop)
        foreign_rig(lab).close()
        cls.other = lab.folder / "other"
        cls.ca = ["--tls-ca", lab.certs / "ca.crt"]
        cls.r7 = rig(lab.certs / "rig-r7.crt", lab.certs / "rig-r7.key")
        cls.viewer = cls.token("viewer")
        cls.garbage = lab.folder / "garbage.crt"
        cls.garbage.write_text("no certificate\n")
        cls.open_key = cls.readable(lab.certs / "rig-r7.key")
        cls.open_token = cls.readable(lab.folder / "viewer.token")

    @classmethod
    def readable(cls, secret):
        """A copy that others may read."""
        copy = cls.lab.folder / f"open-{secret.name}"
        shutil.copy(secret, copy)
        copy.chmod(0o644)
        return copy

    @classmethod
    def token(cls, name):
        return ["--token-file", cls.lab.folder / f"{name}.token"]

    def doctor(self, *arguments):
        # A thread of gRPC may outlive main(), and with it what OpenSSL keeps of its errors: no leak.
        environment = {**os.environ, "LSAN_OPTIONS": os.environ.get("LSAN_OPTIONS", "") + ":detect_leaks=0"}
        return subprocess.run([self.lab.bin / "parallax", "doctor", *arguments], capture_output=True, text=True,
                              check=False, env=environment)

    def ask(self, flags):
        """Exit code and findings by check."""
        done = self.doctor("-o", "json", *flags)
        self.assertEqual(done.stderr, "")
        return done.returncode, {finding["check"]: finding for finding in json.loads(done.stdout)}

    def test_each_has_its_finding_and_its_exit_code(self):
        for wrong in WRONG:
            with self.subTest(wrong.name):
                code, findings = self.ask(wrong.flags(self))
                self.assertIn(wrong.check, findings, findings)
                finding = findings[wrong.check]
                self.assertEqual(finding["result"], "failed", findings)
                self.assertIn(wrong.text, finding["text"])
                self.assertIn(wrong.next_step, finding["next_step"])
                self.assertEqual(code, wrong.code, findings)

    def test_who_may_is_told_who_they_are(self):
        """The table above would pass if nothing was ever good."""
        name = f"tokens/{self.lab.token_id('viewer')}"
        for flags, who in ((to(self.lab.address, *self.ca, *self.viewer), name),
                           (to(self.lab.address, *self.ca, *self.r7), "rig-r7.crt"),
                           (to(self.strict.address, *self.ca, *self.r7), "rig-r7.crt"),
                           (to(self.plain.address), "nobody")):
            code, findings = self.ask(flags)
            self.assertEqual({finding["result"] for finding in findings.values()}, {"ok"}, findings)
            self.assertIn(who, findings["access"]["text"])
            self.assertEqual(code, 0)
        _, findings = self.ask(to(self.strict.address, *self.ca, *self.r7))
        self.assertIn("parallax://rig/r7", findings["client_certificate"]["text"])

    def test_what_is_wrong_twice_is_told_twice(self):
        """A client does not learn of its second fault only after the first."""
        code, findings = self.ask(to(self.lab.address, "--tls-ca", self.other / "ca.crt", "--token-file",
                                     self.open_token))
        self.assertEqual([check for check, finding in findings.items() if finding["result"] == "failed"],
                         ["token", "server_certificate"])
        self.assertEqual(code, USAGE)

    def test_no_secret_is_printed(self):
        done = self.doctor(*to(self.lab.address, *self.ca, *self.token("revoked")))
        secret = self.lab.tokens["revoked"].split("_", 2)[2]
        self.assertIn("tokens/" + self.lab.token_id("revoked"), done.stdout)
        self.assertNotIn(secret, done.stdout + done.stderr)
        self.assertIn("; ask for a token in force", done.stdout)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Attempts to get past what guards a daemon, through the real programs, on both of its ports.

attempts_test.py BIN PACKAGE [STREAMS]

Every attempt must be refused with its code, and the audit log must tell of each, no more and no less. STREAMS
[1000] is how many streams one rig tries to open at once.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import threading
import unittest

BIN, PACKAGE = sys.argv.pop(1), sys.argv.pop(1)
STREAMS = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 1000
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [PACKAGE, str(HERE), str(HERE.parents[1] / "client" / "python")]

import grpc  # noqa: E402
from attempts import GET_RIG, OVER_GRPC, PROMOTE, STREAM, STRANGER, call  # noqa: E402
from http_attempts import OVER_HTTP, ask  # noqa: E402
from lab import CALL_S, Lab  # noqa: E402
from parallax.v1 import calibration_pb2, calibration_pb2_grpc, ingest_pb2, ingest_pb2_grpc  # noqa: E402
from waiting import wait_until  # noqa: E402

EXIT_USAGE = 2
EXIT_ERROR = 1


class AttemptsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(BIN)
        cls.addClassCleanup(cls.lab.close)
        cls.lab.create_rigs()

    def named(self, row):
        """A row with tokens/{NAME} by that token's id."""
        identity = row[0]
        for name in self.lab.tokens:
            identity = identity.replace(f"{{{name}}}", self.lab.token_id(name))
        return (identity, *row[1:])

    def test_each_is_refused_with_its_code_and_a_row(self):
        attempts = OVER_GRPC + OVER_HTTP
        self.assertGreaterEqual(sum(attempt.row is not None for attempt in attempts), 40)
        before = self.lab.denied()
        expected = dict(before)
        for attempt in attempts:
            with self.subTest(attempt.name):
                self.assertEqual(attempt.act(self.lab), attempt.code)
            if attempt.row is not None:
                row = self.named(attempt.row)
                expected[row] = expected.get(row, 0) + 1
        try:
            wait_until(lambda: self.lab.denied() == expected, 20.0, "a row of every attempt")
        except AssertionError:
            self.assertEqual(self.lab.denied(), expected)
        print(f"{len(attempts)} attempts refused, {sum(a.row is not None for a in attempts)} of them with a row",
              flush=True)

    def test_who_may_gets_in(self):
        """The table above would pass if nobody ever got in."""
        lab = self.lab
        with lab.rig_channel("r7") as channel:
            self.assertEqual(call(GET_RIG, channel), "OK")
        for token in ("viewer", "operator", "admin"):
            with lab.channel() as channel:
                self.assertEqual(call(GET_RIG, channel, lab.bearer(token)), "OK")
        bearer = [("Authorization", lab.bearer("viewer")[0][1])]
        self.assertEqual(ask(lab, "GET", "/metrics", bearer)[0], 200)
        self.assertEqual(ask(lab, "GET", "/healthz")[0], 200)
        self.assertEqual(ask(lab, "POST", GET_RIG, [("Content-Type", "application/json"), *bearer],
                             b'{"name": "rigs/r7"}')[0], 200)
        listed = subprocess.run([lab.bin / "parallax", "--server", lab.address, "--tls-ca", lab.certs / "ca.crt",
                                 "--token-file", lab.folder / "viewer.token", "rig", "list", "-o", "csv"],
                                capture_output=True, text=True, check=True)
        self.assertIn("r7", listed.stdout)

    def test_a_token_that_others_may_read_is_not_used(self):
        lab = self.lab
        token = lab.folder / "readable.token"
        shutil.copy(lab.folder / "viewer.token", token)
        os.chmod(token, 0o644)
        done = subprocess.run([lab.bin / "parallax", "--server", lab.address, "--tls-ca", lab.certs / "ca.crt",
                               "--token-file", token, "rig", "list"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, EXIT_USAGE)
        self.assertIn("0644", done.stderr)

    def test_revoking_acts_at_once(self):
        lab = self.lab
        out = lab.folder / "brief.token"
        lab.daemon("token", "create", lab.token_file, "--label", "brief", "--role", "viewer", "--out", out)
        metadata = (("authorization", "Bearer " + out.read_text().strip()),)
        with lab.channel() as channel:
            self.assertEqual(call(GET_RIG, channel, metadata), "OK")
            lab.daemon("token", "revoke", lab.token_file, metadata[0][1].split("_")[1])
            self.assertEqual(call(GET_RIG, channel, metadata), "UNAUTHENTICATED")

    def test_tokens_that_others_may_read_let_nobody_in(self):
        lab = self.lab
        os.chmod(lab.token_file, 0o640)
        try:
            with lab.channel() as channel:
                self.assertEqual(call(GET_RIG, channel, lab.bearer("admin")), "UNAVAILABLE")
        finally:
            os.chmod(lab.token_file, 0o600)
        with lab.channel() as channel:
            self.assertEqual(call(GET_RIG, channel, lab.bearer("admin")), "OK")

    def test_promotions_have_a_row(self):
        lab = self.lab
        with lab.channel() as channel:
            calibration = calibration_pb2_grpc.CalibrationServiceStub(channel)
            request = calibration_pb2.PromoteRequest(name="rigs/r7/parameterSets/0", etag="of another state")
            with self.assertRaises(grpc.RpcError) as refused:
                calibration.Promote(request, metadata=lab.bearer("operator"), timeout=CALL_S)
        row = [record for record in lab.records() if record["decision"] == "ALLOWED"][-1]
        self.assertEqual((row["decision"], row["identity"], row["method"], row["target"], row["code"]),
                         ("ALLOWED", f"tokens/{lab.token_id('operator')}", PROMOTE, "rigs/r7/parameterSets/0",
                          refused.exception.code().name))

    def test_one_rig_cannot_take_all_streams(self):
        lab = self.lab
        refused, welcomed = 0, 0
        with lab.rig_channel("r8") as channel:
            ingest = ingest_pb2_grpc.IngestServiceStub(channel)
            rig = self.schema_hash("r8")
            open_streams = []
            for number in range(STREAMS):
                over = threading.Event()
                self.addCleanup(over.set)
                stream = ingest.Stream(self.hello_and_wait("r8", f"p{number}", rig, over), timeout=10 * CALL_S)
                try:
                    next(stream)
                    welcomed += 1
                    open_streams.append(stream)
                except grpc.RpcError as error:
                    self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
                    refused += 1
                    over.set()
            for stream in open_streams:
                stream.cancel()
        self.assertEqual((welcomed, refused), (64, STREAMS - 64))
        row = ("rigs/r8", STREAM, "RESOURCE_EXHAUSTED")
        wait_until(lambda: lab.denied().get(row) == refused, 20.0, "rows of the refused streams")
        print(f"{STREAMS} streams of one rig: {welcomed} open, {refused} refused", flush=True)

    def schema_hash(self, rig):
        with self.lab.client("viewer") as client:
            return client.rig(rig).message.schema_hash

    def hello_and_wait(self, rig, producer, schema_hash, over):
        yield ingest_pb2.StreamRequest(hello=ingest_pb2.Hello(run=f"rigs/{rig}/runs/one", producer_id=producer,
                                                              schema_hash=schema_hash))
        over.wait()

    def test_the_log_is_whole_and_a_change_is_found(self):
        lab = self.lab
        with lab.channel() as channel:
            call(GET_RIG, channel)
        wait_until(lambda: lab.denied().get((STRANGER, GET_RIG, "UNAUTHENTICATED"), 0) > 0, what="a row")
        copy = lab.folder / "copy.log"
        shutil.copy(lab.audit_log, copy)
        shutil.copy(f"{lab.audit_log}.head", f"{copy}.head")
        self.assertIn("as they were written", lab.daemon("audit", "verify", copy))
        text = copy.read_text()
        copy.write_text(text.replace('"DENIED"', '"ALLOWED"', 1))
        with self.assertRaisesRegex(RuntimeError, "audit record 1"):
            lab.daemon("audit", "verify", copy)
        copy.write_text(text[:text.rstrip().rfind("\n") + 1])
        with self.assertRaisesRegex(RuntimeError, "bytes|missing"):
            lab.daemon("audit", "verify", copy)

    def test_no_secret_is_in_the_log_or_the_arguments(self):
        lab = self.lab
        secrets = [token.split("_", 2)[2] for token in lab.tokens.values()]
        said = lab.log() + lab.audit_log.read_text() + lab.token_file.read_text()
        said += " ".join(map(str, lab.flags()))
        for secret in secrets:
            self.assertNotIn(secret, said)


class StartTest(unittest.TestCase):
    """What a daemon does not start with."""

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(BIN)
        cls.addClassCleanup(cls.lab.close)
        cls.lab.stop()

    def start(self, *flags):
        """(exit code, stderr) of a daemon with these flags beside data and ports."""
        done = subprocess.run([self.lab.bin / "parallaxd", "--data", self.lab.folder / "other",
                               "--http", "127.0.0.1:0", *map(str, flags)],
                              capture_output=True, text=True, check=False, timeout=CALL_S)
        return done.returncode, done.stderr

    def refused(self, code, words, *flags):
        exit_code, stderr = self.start(*flags)
        self.assertEqual(exit_code, code, stderr)
        self.assertIn(words, stderr)

    def tls(self):
        certs = self.lab.certs
        return ("--tls-cert", certs / "server.crt", "--tls-key", certs / "server.key")

    def test_a_public_address_needs_tls_and_proof(self):
        self.refused(EXIT_USAGE, "there is no TLS", "--listen", "0.0.0.0:0")
        self.refused(EXIT_USAGE, "there is no TLS", "--listen", "0.0.0.0:0", "--token-file", self.lab.token_file)
        self.refused(EXIT_USAGE, "nobody is asked", "--listen", "0.0.0.0:0", *self.tls())

    def test_files_of_secrets_are_their_owners_alone(self):
        key = self.lab.folder / "open.key"
        shutil.copy(self.lab.certs / "server.key", key)
        os.chmod(key, 0o640)
        self.refused(EXIT_ERROR, "0640", "--listen", "127.0.0.1:0", "--tls-cert", self.lab.certs / "server.crt",
                     "--tls-key", key)
        tokens = self.lab.folder / "open.json"
        shutil.copy(self.lab.token_file, tokens)
        os.chmod(tokens, 0o604)
        self.refused(EXIT_ERROR, "0604", "--listen", "127.0.0.1:0", "--token-file", tokens)

    def test_key_and_certificate_must_fit(self):
        self.refused(EXIT_ERROR, "must be the key of", "--listen", "127.0.0.1:0", "--tls-cert",
                     self.lab.certs / "server.crt", "--tls-key", self.lab.certs / "rig-r7.key")
        self.refused(EXIT_USAGE, "tls.key", "--listen", "127.0.0.1:0", "--tls-cert", self.lab.certs / "server.crt")

    def test_an_audit_log_that_was_cut_is_not_written_on(self):
        log = self.lab.folder / "cut.log"
        shutil.copy(f"{self.lab.audit_log}.head", f"{log}.head")
        head = (self.lab.folder / "cut.log.head")
        head.write_text(head.read_text().replace('"bytes":0', '"bytes":10'))
        log.write_text("")
        self.refused(EXIT_ERROR, "audit log", "--listen", "127.0.0.1:0", "--audit-log", log)


if __name__ == "__main__":
    unittest.main(verbosity=2)

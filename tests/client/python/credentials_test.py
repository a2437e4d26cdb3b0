"""What a client shows a daemon: which files it takes, and where a token may go."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import parallax

TOKEN = "parallax_0123456789abcdef_" + "A" * 43


class CredentialsTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def write(self, text, mode=0o600):
        path = self.folder / "token"
        path.write_text(text)
        os.chmod(path, mode)
        return path

    def test_a_token_goes_to_another_machine_by_tls_alone(self):
        token = self.write(TOKEN + "\n")
        for address in ("lab-pc.example:50051", "10.0.0.7:50051", "127.evil.example:1", "[fe80::1]:1"):
            with self.assertRaisesRegex(ValueError, "must be reached by TLS"):
                parallax.Client(address, token_file=token)
            parallax.Client(address, token_file=token, plaintext=True).close()
        for address in ("127.0.0.1:1", "localhost:1", "[::1]:1"):
            parallax.Client(address, token_file=token).close()

    def test_a_token_that_others_may_read_is_refused(self):
        for mode in (0o640, 0o604, 0o644):
            with self.assertRaisesRegex(PermissionError, f"{mode:04o}"):
                parallax.Client("127.0.0.1:1", token_file=self.write(TOKEN, mode))

    def test_a_file_that_holds_something_else_is_refused_without_its_words(self):
        for text in ("", "two words", "é", "a\nb", "x" * 300):
            with self.assertRaises(ValueError) as refused:
                parallax.Client("127.0.0.1:1", token_file=self.write(text))
            self.assertNotIn("two words", str(refused.exception))

    def test_certificate_and_key_come_together(self):
        with self.assertRaisesRegex(ValueError, "together"):
            parallax.Client("127.0.0.1:1", tls_cert=self.write(TOKEN))
        with self.assertRaises(FileNotFoundError):
            parallax.Client("127.0.0.1:1", tls_ca=self.folder / "none")

    def test_a_key_of_another_certificate_is_refused(self):
        for name in ("seven", "eight"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                            "-nodes", "-subj", f"/CN={name}", "-keyout", self.folder / f"{name}.key",
                            "-out", self.folder / f"{name}.crt"], check=True, capture_output=True)
            os.chmod(self.folder / f"{name}.key", 0o600)
        certificate = self.folder / "seven.crt"
        parallax.Client("127.0.0.1:1", tls_cert=certificate, tls_key=self.folder / "seven.key").close()
        with self.assertRaisesRegex(ValueError, "must be the key"):
            parallax.Client("127.0.0.1:1", tls_cert=certificate, tls_key=self.folder / "eight.key")


if __name__ == "__main__":
    unittest.main()

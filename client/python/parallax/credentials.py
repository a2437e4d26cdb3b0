"""What a client shows a daemon of who it is, and what it believes the daemon by."""

import collections
import os
import ssl
import stat
import time

import grpc

_MAX_TOKEN_BYTES = 256
_PAIR_TRIES = 10
_PAIR_PAUSE_S = 0.05


def open_channel(address, options, *, tls_ca=None, tls_cert=None, tls_key=None, token_file=None,
                 plaintext=False):
    """A channel to `address`, with TLS where any file of it is named, as Client describes them.

    Errors: ValueError (one of certificate and key without the other; a key of another certificate; a token that
    is none; a token that would go to another machine as plain text); PermissionError (a key or token that others
    may read); OSError.
    """
    if (tls_cert is None) != (tls_key is None):
        raise ValueError("tls_cert and tls_key must be given together")
    tls = not plaintext and (tls_ca is not None or tls_cert is not None)
    if token_file is not None and not tls and not plaintext and not _is_loopback(address):
        raise ValueError(f"address = {address!r} must be reached by TLS, since others could read the token; "
                         "give tls_ca, or say plaintext=True to accept it")
    if tls:
        certificate, key = _read_pair(tls_cert, tls_key)
        credentials = grpc.ssl_channel_credentials(_read(tls_ca), key, certificate)
        channel = grpc.secure_channel(address, credentials, options=options)
    else:
        channel = grpc.insecure_channel(address, options=options)
    if token_file is None:
        return channel
    return grpc.intercept_channel(channel, _ShowToken(_read_token(token_file)))


def _is_loopback(address):
    host = address.rpartition(":")[0]
    return host in ("localhost", "[::1]") or (host.startswith("127.") and host.replace(".", "").isdigit())


def _read(path):
    if path is None:
        return None
    with open(path, "rb") as file:
        return file.read()


def _read_secret(path):
    """What a file holds that nobody but its owner can use."""
    if path is None:
        return None
    with open(path, "rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise PermissionError(f"mode of {path} = {mode:04o}, must be 0600 or 0400: it holds a secret")
        return file.read()


def _read_pair(certificate, key):
    """A certificate and its key, which are two files: while they are renewed one may be the former and one the
    new, which half a second is waited for."""
    if certificate is None:
        return None, None
    for _ in range(_PAIR_TRIES):
        pair = _read(certificate), _read_secret(key)
        problem = _misfit(certificate, key)
        if problem is None and pair == (_read(certificate), _read_secret(key)):
            return pair
        time.sleep(_PAIR_PAUSE_S)
    raise ValueError(f"{key} must be the key, without password, of {certificate}: {problem}")


def _misfit(certificate, key):
    """What keeps two files from being a certificate and its key; None where they are."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password="")
        return None
    except ssl.SSLError as error:
        return error


def _read_token(path):
    token = _read_secret(path).strip()
    # Nothing of it is repeated: it may be a secret all the same.
    if not 0 < len(token) <= _MAX_TOKEN_BYTES or any(byte <= 0x20 or byte >= 0x7F for byte in token):
        raise ValueError(f"{path} must hold one token and nothing else")
    return token.decode("ascii")


class _CallDetails(
        collections.namedtuple("_CallDetails",
                               ("method", "timeout", "metadata", "credentials", "wait_for_ready",
                                "compression")), grpc.ClientCallDetails):
    pass


class _ShowToken(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor,
                 grpc.StreamStreamClientInterceptor):
    """Has every call show a token, whatever the transport: gRPC's own call credentials refuse plain
    text, also on loopback."""

    def __init__(self, token):
        self._header = ("authorization", "Bearer " + token)

    def _with_token(self, details):
        return _CallDetails(details.method, details.timeout, [*(details.metadata or ()), self._header],
                            details.credentials, details.wait_for_ready, details.compression)

    def intercept_unary_unary(self, continuation, client_call_details, request):
        return continuation(self._with_token(client_call_details), request)

    def intercept_unary_stream(self, continuation, client_call_details, request):
        return continuation(self._with_token(client_call_details), request)

    def intercept_stream_stream(self, continuation, client_call_details, request_iterator):
        return continuation(self._with_token(client_call_details), request_iterator)

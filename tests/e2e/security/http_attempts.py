"""The same on the HTTP port, over TLS: codes are HTTP's, or gRPC-Web's where the call is one."""

import json
import socket
import ssl

from attempts import GET_RIG, LIST_RIGS, PROMOTE, STRANGER, Attempt
from lab import CALL_S

GRPC_WEB = {"Content-Type": "application/grpc-web+proto", "X-Grpc-Web": "1"}
JSON = {"Content-Type": "application/json"}
EMPTY_FRAME = b"\0\0\0\0\0"


def ask(lab, method, path, headers=(), body=b""):
    """Asks with exactly these headers, each as often as it is given; (status, headers) of the answer."""
    connection = lab.http()
    try:
        connection.putrequest(method, path, skip_host=any(name == "Host" for name, _ in headers),
                              skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers
    finally:
        connection.close()


def over_http(name, method, path, code, row_code, identity=STRANGER, headers=(), body=b""):
    """An attempt whose code is the HTTP status. headers: pairs, or a function of the lab."""
    def act(lab):
        return str(ask(lab, method, path, list(headers(lab) if callable(headers) else headers), body)[0])
    return Attempt(name, act, code, row_code and (identity, path.split("?")[0], row_code))


def over_web(name, path, code, row_code, identity=STRANGER, headers=lambda lab: []):
    """An attempt in gRPC-Web, whose code is that of gRPC."""
    def act(lab):
        status, answer = ask(lab, "POST", path, list(GRPC_WEB.items()) + headers(lab), EMPTY_FRAME)
        return answer.get("grpc-status", f"HTTP {status}")
    return Attempt(name, act, code, (identity, path, row_code))


def bearer(lab, token):
    return [("Authorization", "Bearer " + lab.tokens[token])]


def json_call(name, path, code, row_code, headers, identity=STRANGER, body=b"{}"):
    return over_http(name, "POST", path, code, row_code, identity,
                     lambda lab: list(JSON.items()) + headers(lab), body)


def raw(lab, data, tls):
    """What a socket answers to bytes, as text; "closed" where that is nothing."""
    with socket.create_connection(("127.0.0.1", lab.http_port), timeout=CALL_S) as plain:
        if tls is None:
            wire = plain
        else:
            try:
                wire = tls.wrap_socket(plain, server_hostname="127.0.0.1")
            except (ssl.SSLError, ConnectionError):
                return "closed"
        try:
            wire.sendall(data)
            return wire.recv(4096).decode("latin-1").split(" ")[1:2][0]
        except (ssl.SSLError, ConnectionError, IndexError):
            return "closed"


def old_tls(lab):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(lab.certs / "ca.crt")
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
NAME = json.dumps({"name": "rigs/r7"}).encode()
OVER_HTTP = [
    over_http("metrics without proof", "GET", "/metrics", "401", "UNAUTHENTICATED"),
    over_http("metrics with a token of one rig", "GET", "/metrics", "403", "PERMISSION_DENIED",
              "tokens/{bound}", lambda lab: bearer(lab, "bound")),
    over_http("metrics with a revoked token", "GET", "/metrics", "401", "UNAUTHENTICATED",
              headers=lambda lab: bearer(lab, "revoked")),
    over_http("metrics with two tokens", "GET", "/metrics", "401", "UNAUTHENTICATED",
              headers=lambda lab: bearer(lab, "viewer") + bearer(lab, "admin")),
    json_call("a call in JSON without proof", GET_RIG, "401", "UNAUTHENTICATED", lambda lab: [], body=NAME),
    json_call("a call in JSON with an expired token", LIST_RIGS, "401", "UNAUTHENTICATED",
              lambda lab: bearer(lab, "expired")),
    json_call("a viewer promotes from a page", PROMOTE, "403", "PERMISSION_DENIED",
              lambda lab: bearer(lab, "viewer"), "tokens/{viewer}"),
    json_call("a page reads another rig", GET_RIG, "403", "PERMISSION_DENIED",
              lambda lab: bearer(lab, "bound"), "tokens/{bound}", NAME),
    over_web("a call in gRPC-Web without proof", GET_RIG, "16", "UNAUTHENTICATED"),
    over_web("a stream in gRPC-Web without proof", "/parallax.v1.QueryService/Watch", "16", "UNAUTHENTICATED"),
    over_web("a page watches all rigs with a token of one", "/parallax.v1.QueryService/Watch", "7",
             "PERMISSION_DENIED", "tokens/{bound}", lambda lab: bearer(lab, "bound")),
    over_web("a method that nobody may call", "/parallax.v1.QueryService/Everything", "7", "PERMISSION_DENIED",
             "tokens/{admin}", lambda lab: bearer(lab, "admin")),
    over_web("being within the process, by the gateway's own header", GET_RIG, "16", "UNAUTHENTICATED",
             headers=lambda lab: [("parallax-gateway-caller", "tokens/admin")]),
    over_web("being within the process, by an address that is claimed", GET_RIG, "16", "UNAUTHENTICATED",
             headers=lambda lab: [("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1")]),
    over_http("a path out of the folder", "GET", "/../../etc/passwd", "404", "NOT_FOUND"),
    over_http("the same, escaped", "GET", "/%2e%2e/%2e%2e/etc/passwd", "404", "NOT_FOUND"),
    over_http("the same, the other way round", "GET", "/..\\..\\etc\\passwd", "404", "NOT_FOUND"),
    over_http("a null byte in a path", "GET", "/index.html%00.png", "404", "NOT_FOUND"),
    over_http("a page under another name", "GET", "/", "421", "PERMISSION_DENIED",
              headers=[("Host", "evil.example")]),
    over_http("a page of another site", "POST", LIST_RIGS, "403", "PERMISSION_DENIED",
              headers=lambda lab: [*JSON.items(), ("Origin", "https://evil.example"), *bearer(lab, "admin")],
              body=b"{}"),
    over_http("a page of another site asks beforehand", "OPTIONS", LIST_RIGS, "403", "PERMISSION_DENIED",
              headers=[("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")]),
    Attempt("more headers than any request needs",
            lambda lab: str(ask(lab, "GET", "/metrics", [("X-Padding", "x" * 20_000)])[0]), "431",
            (STRANGER, "/metrics", "RESOURCE_EXHAUSTED")),
    over_http("a body larger than any request", "POST", LIST_RIGS, "413", "RESOURCE_EXHAUSTED",
              headers=lambda lab: [*JSON.items(), *bearer(lab, "viewer"), ("Content-Length", "4300000")]),
    Attempt("plain text", lambda lab: raw(lab, GET, None), "closed", None),
    Attempt("TLS 1.1", lambda lab: raw(lab, GET, old_tls(lab)), "closed", None),
]

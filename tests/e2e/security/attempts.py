"""Attempts to get at what is somebody else's: each with the code it must be refused with and the row that
the audit log must have of it."""

import dataclasses
import typing

import grpc

from lab import CALL_S, run
from parallax.v1 import (analysis_pb2, analysis_pb2_grpc, calibration_pb2, calibration_pb2_grpc, ingest_pb2,
                         ingest_pb2_grpc, operations_pb2, operations_pb2_grpc, query_pb2, query_pb2_grpc, twin_pb2,
                         twin_pb2_grpc, watch_pb2)

STRANGER = "ipv4:127.0.0.1"
GET_RIG = "/parallax.v1.QueryService/GetRig"
LIST_RIGS = "/parallax.v1.QueryService/ListRigs"
WATCH = "/parallax.v1.QueryService/Watch"
STREAM = "/parallax.v1.IngestService/Stream"
OPEN_RUN = "/parallax.v1.IngestService/OpenRun"
CLOSE_RUN = "/parallax.v1.IngestService/CloseRun"
CREATE_RIG = "/parallax.v1.IngestService/CreateRig"
UPDATE_RIG = "/parallax.v1.IngestService/UpdateRig"
PROMOTE = "/parallax.v1.CalibrationService/Promote"
ROLLBACK = "/parallax.v1.CalibrationService/Rollback"
ANALYZE = "/parallax.v1.AnalysisService/Analyze"
SIMULATE = "/parallax.v1.TwinService/Simulate"
BACKUP = "/parallax.v1.OperationsService/Backup"
VERIFY_AUDIT = "/parallax.v1.OperationsService/VerifyAudit"
SET = "rigs/r7/parameterSets/0"
RUN = "rigs/r7/runs/one"

_STUBS = {"IngestService": ingest_pb2_grpc.IngestServiceStub, "QueryService": query_pb2_grpc.QueryServiceStub,
          "CalibrationService": calibration_pb2_grpc.CalibrationServiceStub,
          "AnalysisService": analysis_pb2_grpc.AnalysisServiceStub,
          "TwinService": twin_pb2_grpc.TwinServiceStub,
          "OperationsService": operations_pb2_grpc.OperationsServiceStub}
_REQUESTS = {
    GET_RIG: query_pb2.GetRigRequest(name="rigs/r7"),
    LIST_RIGS: query_pb2.ListRigsRequest(),
    WATCH: watch_pb2.WatchRequest(names=["rigs/-"]),
    OPEN_RUN: ingest_pb2.OpenRunRequest(rig="rigs/r7", run_id="two"),
    CLOSE_RUN: ingest_pb2.CloseRunRequest(name=RUN),
    CREATE_RIG: ingest_pb2.CreateRigRequest(rig_id="r7"),
    UPDATE_RIG: ingest_pb2.UpdateRigRequest(),
    PROMOTE: calibration_pb2.PromoteRequest(name=SET, etag="x"),
    ROLLBACK: calibration_pb2.RollbackRequest(rig="rigs/r7", etag="x"),
    ANALYZE: analysis_pb2.AnalyzeRequest(rig="rigs/r7"),
    SIMULATE: twin_pb2.SimulateRequest(run=RUN),
    BACKUP: operations_pb2.BackupRequest(),
    VERIFY_AUDIT: operations_pb2.VerifyAuditRequest(),
}


@dataclasses.dataclass
class Attempt:
    """name: what is tried. act: does it, given the lab; the code that it is refused with. code: what that must
    be. row: (identity, method, code) of the audit log; None where nothing of ours is reached."""
    name: str
    act: typing.Callable
    code: str
    row: tuple | None


def call(method, channel, metadata=()):
    """The status code of a call."""
    service, name = method.rsplit("/", 1)
    stub = _STUBS[service.rsplit(".", 1)[1]](channel)
    try:
        if method == STREAM:
            hello = ingest_pb2.StreamRequest(hello=ingest_pb2.Hello(run=RUN, producer_id="p", schema_hash="x"))
            list(stub.Stream(iter([hello]), metadata=metadata, timeout=CALL_S))
        elif method in (WATCH, SIMULATE, BACKUP):
            next(getattr(stub, name)(_REQUESTS[method], metadata=metadata, timeout=CALL_S))
        else:
            getattr(stub, name)(_REQUESTS[method], metadata=metadata, timeout=CALL_S)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def over_grpc(name, method, code, identity, channel=None, metadata=(), row_code=None):
    """An attempt on the gRPC port. channel, metadata: of the lab, or functions of it."""
    def act(lab):
        with (channel(lab) if channel else lab.channel()) as open_channel:
            return call(method, open_channel, metadata(lab) if callable(metadata) else metadata)
    return Attempt(name, act, code, identity and (identity, method, row_code or code))


def with_token(name, token, method, code, identity=None):
    """The same with a token; its identity is that token's unless it is no good."""
    return over_grpc(name, method, code, identity or f"tokens/{{{token}}}",
                     metadata=lambda lab: lab.bearer(token))


def with_rig(name, method, code, rig="r8"):
    return over_grpc(name, method, code, f"rigs/{rig}", channel=lambda lab: lab.rig_channel(rig))


def forge(lab, name, san, *, days="30", usage="clientAuth", issuer="ca"):
    """A certificate of the lab's authority, or of itself, that `parallaxd certs` would not make; as paths."""
    folder = lab.folder / "forged"
    folder.mkdir(exist_ok=True)
    key, request, certificate = (folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"extendedKeyUsage={usage}\n" + (f"subjectAltName={san}\n" if san else ""))
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
        "-out", request, "-subj", "/CN=r7")
    signer = (["-signkey", key] if issuer == "self" else
              ["-CA", lab.certs / "ca.crt", "-CAkey", lab.certs / "ca.key", "-CAcreateserial", "-CAserial",
               folder / "serial"])
    run("openssl", "x509", "-req", "-in", request, "-days", days, "-extfile", extensions, "-out", certificate,
        *signer)
    return certificate, key


def with_forged(name, san, **how):
    return over_grpc(name, GET_RIG, "UNAUTHENTICATED", STRANGER,
                     channel=lambda lab: lab.channel(forge(lab, name.replace(" ", "-").replace("/", "-"), san, **how)))


def foreign_rig(lab):
    """A certificate for r7 of another lab's authority."""
    other = lab.folder / "other"
    if not other.exists():
        lab.daemon("certs", "init", other)
        lab.daemon("certs", "issue", other, "--rig", "r7")
    return lab.channel((other / "rig-r7.crt", other / "rig-r7.key"))


def tampered(lab, change):
    return (("authorization", change(lab.tokens["admin"])),)


URI = "URI:parallax://rig/r7"
OVER_GRPC = [
    over_grpc("no proof at all", GET_RIG, "UNAUTHENTICATED", STRANGER),
    over_grpc("no proof, a stream", STREAM, "UNAUTHENTICATED", STRANGER),
    over_grpc("no proof, a watch", WATCH, "UNAUTHENTICATED", STRANGER),
    over_grpc("a certificate of another authority", GET_RIG, "UNAUTHENTICATED", STRANGER, channel=foreign_rig),
    with_forged("an expired certificate", URI, days="-1"),
    with_forged("a certificate signed by itself", URI, issuer="self"),
    with_forged("a certificate without a name", ""),
    with_forged("a certificate with a DNS name alone", "DNS:r7"),
    with_forged("a certificate of two rigs", f"{URI},URI:parallax://rig/r8"),
    with_forged("a certificate with another scheme", "URI:spiffe://rig/r7"),
    with_forged("a certificate with a path behind the rig", URI + "/x"),
    with_forged("a certificate for servers", URI, usage="serverAuth"),
    over_grpc("the daemon's own certificate", GET_RIG, "UNAUTHENTICATED", STRANGER,
              channel=lambda lab: lab.channel((lab.certs / "server.crt", lab.certs / "server.key"))),
    over_grpc("a certificate and a token", GET_RIG, "UNAUTHENTICATED", STRANGER,
              channel=lambda lab: lab.rig_channel("r7"), metadata=lambda lab: lab.bearer("admin")),
    with_rig("a rig streams as another", STREAM, "PERMISSION_DENIED"),
    with_rig("a rig reads another", GET_RIG, "PERMISSION_DENIED"),
    with_rig("a rig opens a run of another", OPEN_RUN, "PERMISSION_DENIED"),
    with_rig("a rig closes a run of another", CLOSE_RUN, "PERMISSION_DENIED"),
    with_rig("a rig lists all rigs", LIST_RIGS, "PERMISSION_DENIED"),
    with_rig("a rig watches all rigs", WATCH, "PERMISSION_DENIED"),
    with_rig("a rig registers a rig", CREATE_RIG, "PERMISSION_DENIED"),
    with_rig("a rig changes what it does by itself", UPDATE_RIG, "PERMISSION_DENIED", rig="r7"),
    with_rig("a rig promotes its own parameters", PROMOTE, "PERMISSION_DENIED", rig="r7"),
    with_rig("a rig simulates", SIMULATE, "PERMISSION_DENIED", rig="r7"),
    with_rig("a rig takes a copy of everything", BACKUP, "PERMISSION_DENIED", rig="r7"),
    with_token("a viewer takes a copy of everything", "viewer", BACKUP, "PERMISSION_DENIED"),
    with_token("an operator takes a copy of everything", "operator", BACKUP, "PERMISSION_DENIED"),
    with_token("an operator has the audit log verified", "operator", VERIFY_AUDIT, "PERMISSION_DENIED"),
    with_token("a viewer streams", "viewer", STREAM, "PERMISSION_DENIED"),
    with_token("a viewer has a rig analysed", "viewer", ANALYZE, "PERMISSION_DENIED"),
    with_token("a viewer promotes", "viewer", PROMOTE, "PERMISSION_DENIED"),
    with_token("a viewer rolls back", "viewer", ROLLBACK, "PERMISSION_DENIED"),
    with_token("a viewer registers a rig", "viewer", CREATE_RIG, "PERMISSION_DENIED"),
    with_token("an operator changes what a rig does by itself", "operator", UPDATE_RIG, "PERMISSION_DENIED"),
    with_token("a token of one rig promotes at another", "bound", PROMOTE, "PERMISSION_DENIED"),
    with_token("a token of one rig lists all", "bound", LIST_RIGS, "PERMISSION_DENIED"),
    with_token("a token of one rig simulates a run of another", "bound", SIMULATE, "PERMISSION_DENIED"),
    with_token("a token of one rig streams to another", "bound", STREAM, "PERMISSION_DENIED"),
    with_token("a token after its revocation", "revoked", GET_RIG, "UNAUTHENTICATED", STRANGER),
    with_token("a token after its time", "expired", GET_RIG, "UNAUTHENTICATED", STRANGER),
    over_grpc("a token with another secret", GET_RIG, "UNAUTHENTICATED", STRANGER,
              metadata=lambda lab: tampered(lab, lambda token: "Bearer " + token[:-4] + "AAAA")),
    over_grpc("a token cut by a character", GET_RIG, "UNAUTHENTICATED", STRANGER,
              metadata=lambda lab: tampered(lab, lambda token: "Bearer " + token[:-1])),
    over_grpc("a token as a password", GET_RIG, "UNAUTHENTICATED", STRANGER,
              metadata=lambda lab: tampered(lab, lambda token: "Basic " + token)),
    over_grpc("two tokens at once", GET_RIG, "UNAUTHENTICATED", STRANGER,
              metadata=lambda lab: lab.bearer("viewer") + lab.bearer("admin")),
    over_grpc("the gateway's word for another caller", GET_RIG, "UNAUTHENTICATED", STRANGER,
              metadata=(("parallax-gateway-caller", "tokens/admin"),)),
    over_grpc("more metadata than any call needs", GET_RIG, "RESOURCE_EXHAUSTED", "tokens/{admin}",
              metadata=lambda lab: lab.bearer("admin") + (("x-padding", "x" * 10_000),)),
]

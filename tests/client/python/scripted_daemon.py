"""A daemon that does what a test says, for what a real one does too rarely."""

import concurrent.futures
import contextlib

import grpc
import parallax
from parallax.v1 import (ingest_pb2, ingest_pb2_grpc, query_pb2, query_pb2_grpc, resources_pb2)

RUN = "rigs/r/runs/1"


class ScriptedDaemon(ingest_pb2_grpc.IngestServiceServicer, query_pb2_grpc.QueryServiceServicer):
    """Serves one rig with channel "board/T", one run, and a script of what each connection does.

    connections  generator functions, called in turn with (batches, context): they yield StreamResponses
    stored       (batches, samples) that GetRun tells of the producer
    seen         seq of every batch that a script took, one list a connection
    """

    def __init__(self, *connections, stored=None):
        self._connections = list(connections)
        self.stored = stored
        self.seen = []
        self._producer = ""

    def GetRig(self, request, context):
        device = resources_pb2.Device(id="board", channels=[resources_pb2.Channel(id="T")])
        return query_pb2.GetRigResponse(rig=resources_pb2.Rig(name="rigs/r", devices=[device]))

    def GetRun(self, request, context):
        response = query_pb2.GetRunResponse(run=resources_pb2.Run(name=RUN))
        if self.stored:
            response.streams.add(producer_id=self._producer, batches=self.stored[0], stored=self.stored[1])
        return response

    def Stream(self, requests, context):
        self._producer = next(requests).hello.producer_id
        self.seen.append([])
        script = self._connections.pop(0) if len(self._connections) > 1 else self._connections[0]
        yield from script(self._taken(requests, self.seen[-1]), context)

    @contextlib.contextmanager
    def serve(self):
        """Serves on a free port; gives a Client to it."""
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=8))
        ingest_pb2_grpc.add_IngestServiceServicer_to_server(self, server)
        query_pb2_grpc.add_QueryServiceServicer_to_server(self, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            with parallax.Client(f"127.0.0.1:{port}", timeout=10.0) as client:
                yield client
        finally:
            server.stop(None)

    @staticmethod
    def _taken(requests, seen):
        for request in requests:
            seen.append(request.batch.seq)
            yield request.batch


def welcome(resume=0, credit=8):
    return ingest_pb2.StreamResponse(
        welcome=ingest_pb2.Welcome(resume_from_seq=resume, credit=credit))


def ack(seq, received=0, stored=0, rejected=None):
    ledger = resources_pb2.Ledger(received=received, stored=stored, rejected=rejected or {})
    return ingest_pb2.StreamResponse(ack=ingest_pb2.Ack(seq=seq, ledger=ledger))


def take_all(batches, context, resume=0):
    """A connection that acks everything."""
    yield welcome(resume)
    samples = 0
    for batch in batches:
        samples += sum(len(column.value) for column in batch.columns)
        yield ack(batch.seq, samples, samples)

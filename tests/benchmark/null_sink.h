#pragma once

#include <string>

#include "absl/status/status.h"

namespace parallax::benchmarks {

struct NullSinkOptions {
  std::string port_file;     ///< `{"grpc": PORT}` is written to it
  int credit = 1;            ///< that it gives
  std::string certificates;  ///< folder of LabAccess; empty: plain text
};

/// The reference of the ingest benchmark: a gRPC server that answers the first message of any
/// bidirectional stream with a Welcome and every later one with an Ack of its own. It parses and
/// stores nothing. With certificates it speaks TLS and lets in whom their authority has signed.
/// Returns after SIGTERM. Errors: those of base::ReadFile; Unavailable where it cannot listen.
absl::Status RunNullSink(const NullSinkOptions& options);

}  // namespace parallax::benchmarks

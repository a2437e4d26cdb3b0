#pragma once

#include <string>

#include "absl/status/status.h"

namespace parallax::benchmarks {

/// The reference of the ingest benchmark: a gRPC server that answers the first message of any
/// bidirectional stream with a Welcome of `credit` and every later one with an Ack of its own. It
/// parses and stores nothing. Writes `{"grpc": PORT}` to `port_file` and returns after SIGTERM.
absl::Status RunNullSink(const std::string& port_file, int credit);

}  // namespace parallax::benchmarks

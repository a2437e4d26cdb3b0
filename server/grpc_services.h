#pragma once

#include <grpcpp/server_builder.h>

#include <memory>

#include "server/admission.h"
#include "server/ingest_context.h"
#include "server/service_context.h"
#include "server/watch_prelude.h"

namespace parallax::server {

/// The six services as gRPC sees them: each call that is admitted is handed to its handler on the
/// executor, a stream to its reactor. Nothing of gRPC is needed to use this header but the builder.
class GrpcServices {
 public:
  GrpcServices(const ServiceContext& context, const IngestContext& ingest,
               const WatchContext& watch, const Admission& admission);
  ~GrpcServices();

  void Register(grpc::ServerBuilder* builder);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace parallax::server

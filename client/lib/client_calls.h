#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/lib/client.h"
#include "client/lib/status.h"
#include "core/base/status_macros.h"
#include "parallax/v1/analysis.grpc.pb.h"
#include "parallax/v1/calibration.grpc.pb.h"
#include "parallax/v1/ingest.grpc.pb.h"
#include "parallax/v1/model.grpc.pb.h"
#include "parallax/v1/operations.grpc.pb.h"
#include "parallax/v1/query.grpc.pb.h"
#include "parallax/v1/twin.grpc.pb.h"

namespace parallax::client {

// How Client calls, for the files that define it: gRPC's headers stay out of its own.

inline constexpr int kPageSize = 1000;

inline void SetDeadline(grpc::ClientContext& context, absl::Duration timeout) {
  if (timeout == absl::InfiniteDuration()) return;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
}

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request, absl::Duration timeout) {
  grpc::ClientContext context;
  SetDeadline(context, timeout);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

/// Reads all pages; `items` is the response's mutable accessor of the list.
template <typename Item, typename Stub, typename Request, typename Response>
absl::StatusOr<std::vector<Item>> ReadPages(
    Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    Request request, google::protobuf::RepeatedPtrField<Item>* (Response::*items)(),
    absl::Duration timeout) {
  std::vector<Item> all;
  request.set_page_size(kPageSize);
  while (true) {
    PARALLAX_ASSIGN_OR_RETURN(Response page, Call(stub, method, request, timeout));
    for (Item& item : *(page.*items)()) all.push_back(std::move(item));
    if (page.next_page_token().empty()) return all;
    request.set_page_token(page.next_page_token());
  }
}

template <typename Response>
absl::Status ReadParts(grpc::ClientContext& context, grpc::ClientReaderInterface<Response>& reader,
                       const std::function<absl::Status(const Response&)>& part) {
  Response response;
  absl::Status failure;
  while (failure.ok() && reader.Read(&response)) failure = part(response);
  if (!failure.ok()) context.TryCancel();
  const grpc::Status status = reader.Finish();
  return failure.ok() ? FromGrpc(status) : failure;
}

struct Client::Stubs {
  using Ingest = v1::IngestService::StubInterface;
  using Query = v1::QueryService::StubInterface;
  using Analysis = v1::AnalysisService::StubInterface;
  using Calibration = v1::CalibrationService::StubInterface;
  using Models = v1::ModelService::StubInterface;
  using Twins = v1::TwinService::StubInterface;
  using Operations = v1::OperationsService::StubInterface;

  std::unique_ptr<Ingest> ingest;
  std::unique_ptr<Query> query;
  std::unique_ptr<Analysis> analysis;
  std::unique_ptr<Calibration> calibration;
  std::unique_ptr<Models> models;
  std::unique_ptr<Twins> twins;
  std::unique_ptr<Operations> operations;
};

}  // namespace parallax::client

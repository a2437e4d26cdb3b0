// Feeds server/convert.h messages of the wire. What it refuses, it refuses by the name of a field;
// what it accepts, it gives back as it took it.
#include <string>

#include "core/base/check.h"
#include "core/store/batch_codec.h"
#include "server/convert.h"
#include "server/status.h"
#include "tests/fuzz/answer.h"
#include "tests/fuzz/fuzz_input.pb.h"
#include "tests/fuzz/message_target.h"
#include "tests/fuzz/message_text.h"
#include "tests/server/rig_samples.h"

namespace parallax::server {
namespace {

constexpr size_t kMostErrorBytes = 4096;

/// Whatever was sent, the error names a field and is of a size to be shown.
void CheckError(const absl::Status& status) {
  PARALLAX_CHECK(absl::IsInvalidArgument(status));
  PARALLAX_CHECK(status.message().size() <= kMostErrorBytes);
  const std::optional<v1::ErrorDetail> detail = DetailOf(status);
  PARALLAX_CHECK(detail.has_value() && !detail->field().empty() && !detail->bound().empty());
}

store::RigRow RowOf(const signal::Rig& rig, const v1::Rig& wire) {
  return {.rig = rig, .title = wire.title(), .twin = wire.twin()};
}

void TestRig(const v1::CreateRigRequest& request) {
  const auto rig = RigFromProto(request.rig_id(), request.rig());
  if (!rig.ok()) return CheckError(rig.status());
  const v1::Rig wire = RigToProto(RowOf(*rig, request.rig()));
  const auto again = RigFromProto(request.rig_id(), wire);
  PARALLAX_CHECK(again.ok());
  PARALLAX_CHECK(fuzz::Answer(fuzz::WireBytes(RigToProto(RowOf(*again, wire)))) ==
                 fuzz::WireBytes(wire));
}

const signal::Rig& Board() {
  static const auto* const board =
      new signal::Rig(RigFromProto("board", BoardRequest("board").rig()).value());
  return *board;
}

void TestRun(const v1::OpenRunRequest& request) {
  const auto run = RunFromProto(Board(), request.run_id(), request.run());
  if (!run.ok()) return CheckError(run.status());
  const v1::Run wire = RunToProto({.rig = Board().id, .run = *run}, {});
  const auto again = RunFromProto(Board(), request.run_id(), wire);
  PARALLAX_CHECK(again.ok());
  const v1::Run back = RunToProto({.rig = Board().id, .run = *again}, {});
  PARALLAX_CHECK(fuzz::Answer(fuzz::WireBytes(back)) == fuzz::WireBytes(wire));
}

void TestOutcome(const v1::Outcome& sent) {
  const auto outcome = OutcomeFromProto(sent);
  if (!outcome.ok()) return CheckError(outcome.status());
  const v1::Outcome wire = OutcomeToProto(*outcome);
  const auto again = OutcomeFromProto(wire);
  PARALLAX_CHECK(again.ok());
  PARALLAX_CHECK(fuzz::Answer(fuzz::WireBytes(OutcomeToProto(*again))) == fuzz::WireBytes(wire));
}

void TestBatch(const v1::SampleBatch& sent) {
  auto batch = BatchFromProto(sent);
  if (!batch.ok()) return CheckError(batch.status());
  PARALLAX_CHECK(batch->SampleCount() == CountSamples(sent));
  static const auto* const channels =
      new std::vector<signal::ChannelRef>(signal::ListChannels(Board()));
  PARALLAX_CHECK(RejectedExamples(*channels, sent, 8).size() <= 8);
  signal::RejectCounts rejects;
  if (!signal::AdmitBatch(*channels, &*batch, &rejects).ok()) return;
  PARALLAX_CHECK(batch->SampleCount() + rejects.Total() == CountSamples(sent));
  const std::string stored = store::EncodeBatch(*batch, {}).data;
  const auto again = store::DecodeBatch(batch->seq, fuzz::Answer(stored));
  PARALLAX_CHECK(again.ok() && store::EncodeBatch(*again, {}).data == stored);
}

void TestWebhook(const v1::Webhook& sent) {
  const auto webhook = WebhookFromProto("rig.webhook", sent);
  if (!webhook.ok()) return CheckError(webhook.status());
  PARALLAX_CHECK(webhook->url == sent.url());
}

void TestTime(const google::protobuf::Timestamp& sent) {
  const auto time_unix_ns = UnixNsFromProto("time", sent);
  if (!time_unix_ns.ok()) return CheckError(time_unix_ns.status());
  PARALLAX_CHECK(fuzz::Answer(fuzz::WireBytes(TimestampFromUnixNs(*time_unix_ns))) ==
                 fuzz::WireBytes(sent));
}

void TestWire(const fuzz::ConvertInput& input) {
  switch (input.wire_case()) {
    case fuzz::ConvertInput::kRig:
      return TestRig(input.rig());
    case fuzz::ConvertInput::kRun:
      return TestRun(input.run());
    case fuzz::ConvertInput::kOutcome:
      return TestOutcome(input.outcome());
    case fuzz::ConvertInput::kBatch:
      return TestBatch(input.batch());
    case fuzz::ConvertInput::kWebhook:
      return TestWebhook(input.webhook());
    case fuzz::ConvertInput::kTime:
      return TestTime(input.time());
    case fuzz::ConvertInput::WIRE_NOT_SET:
      return;
  }
}

}  // namespace
}  // namespace parallax::server

namespace parallax::fuzz {

std::unique_ptr<google::protobuf::Message> NewInput() { return std::make_unique<ConvertInput>(); }

void TestInput(const google::protobuf::Message& input) {
  server::TestWire(dynamic_cast<const ConvertInput&>(input));
}

}  // namespace parallax::fuzz

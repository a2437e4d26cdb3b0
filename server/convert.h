#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/signal/sample_batch.h"
#include "core/store/store.h"
#include "core/twin/twin.h"
#include "parallax/v1/design.pb.h"
#include "parallax/v1/ingest.pb.h"
#include "parallax/v1/model.pb.h"
#include "parallax/v1/query.pb.h"
#include "parallax/v1/resources.pb.h"
#include "parallax/v1/twin.pb.h"
#include "server/ledger.h"

namespace parallax::server {

// The only place that knows both the wire's messages and core's types. Whatever comes from the wire
// is checked before anything is allocated for it; every error is InvalidArgument with an
// ErrorDetail that names the field by its path.

/// Longest texts and largest collections accepted from the wire.
inline constexpr size_t kMaxNameBytes = 256;
inline constexpr size_t kMaxTextBytes = 65'536;
inline constexpr int kMaxMapEntries = 1024;
inline constexpr int kMaxSegments = 10'000;
inline constexpr int kMaxOutcomeRows = 10'000;

/// Nanoseconds since the Unix epoch. Errors: nanos outside [0, 1e9) or a year that int64 cannot
/// hold.
absl::StatusOr<int64_t> UnixNsFromProto(std::string_view field,
                                        const google::protobuf::Timestamp& timestamp);
google::protobuf::Timestamp TimestampFromUnixNs(int64_t time_unix_ns);

/// A rig ready to be stored: ids, units ("did you mean"), roles, ranges, numbers all checked.
absl::StatusOr<signal::Rig> RigFromProto(const std::string& rig_id, const v1::Rig& wire);
v1::Rig RigToProto(const store::RigRow& row);

/// What a rig does by itself; nothing where the wire leaves it open. Errors: no known mode.
absl::StatusOr<std::optional<store::Recalibration>> RecalibrationFromProto(const std::string& field,
                                                                           v1::Recalibration wire);
/// Errors: a url that is not http, a secret shorter than 16 or longer than 256 bytes.
absl::StatusOr<store::Webhook> WebhookFromProto(const std::string& field, const v1::Webhook& wire);

/// How long samples are kept, infinite where the wire says 0. Errors: less than an hour, more than
/// 100 years.
absl::StatusOr<absl::Duration> KeepSamplesFromProto(const std::string& field,
                                                    const google::protobuf::Duration& wire);

/// A run of `rig`; a start time from 1980 to 2200 and a split are mandatory.
absl::StatusOr<signal::Run> RunFromProto(const signal::Rig& rig, const std::string& run_id,
                                         const v1::Run& wire);
v1::Run RunToProto(const store::RunRow& row, const Ledger& ledger);

v1::RunStream StreamToProto(const store::StreamRow& row);

/// Shares within [0, 1] that sum to 1 within 0.02, 0 <= m <= n, sds > 0, all numbers finite.
absl::StatusOr<signal::Outcome> OutcomeFromProto(const v1::Outcome& wire);
v1::Outcome OutcomeToProto(const signal::Outcome& outcome);

/// Samples of a batch as they came; counts only what is there, trusting no declared size.
uint64_t CountSamples(const v1::SampleBatch& batch);
/// Absolute times from first time and period or deltas. Values are not judged here: AdmitBatch
/// does. `batch` may have held another, whose memory is used again; after an error it holds nothing
/// of use.
absl::Status ReadBatch(const v1::SampleBatch& wire, signal::SampleBatch* batch);
/// The same into memory of its own.
absl::StatusOr<signal::SampleBatch> BatchFromProto(const v1::SampleBatch& wire);
/// At most `limit` samples of the batch that admission refuses one by one, for people to look at.
std::vector<v1::ErrorDetail> RejectedExamples(const std::vector<signal::ChannelRef>& channels,
                                              const v1::SampleBatch& wire, size_t limit);

v1::Ledger LedgerToProto(const Ledger& ledger);
v1::TwinDomain DomainToProto(const twin::DomainRange& range);
v1::DomainExit DomainExitToProto(const twin::DomainRange& reached, const twin::DomainRange& domain);
v1::Twin TwinToProto(const twin::Description& description);

/// Whether a stored document goes along with the figures that index it.
enum class Body { kWithJson, kWithoutJson };

/// Errors: DataLoss where the stored bytes do not fit their hash.
absl::StatusOr<v1::ParameterSet> ParameterSetToProto(const store::ParameterSetRow& row, Body body);
absl::StatusOr<v1::Report> ReportToProto(const store::ReportRow& row, Body body);
absl::StatusOr<v1::Design> DesignToProto(const store::DesignRow& row, Body body);
absl::StatusOr<v1::Model> ModelToProto(const store::ModelRow& row, Body body);
v1::Job JobToProto(const store::JobRow& row);

}  // namespace parallax::server

#include "server/what_if_desk.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/one_thread.h"
#include "core/base/status_macros.h"
#include "core/pipeline/what_if.h"
#include "server/names.h"
#include "server/status.h"

namespace parallax::server {
namespace {

constexpr char kWhatIfMethod[] = "/parallax.v1.AnalysisService/WhatIf";

v1::VerdictSummary SummaryToProto(const pipeline::VerdictSummary& summary) {
  v1::VerdictSummary wire;
  wire.set_kind(summary.kind);
  for (const std::string& parameter : summary.parameters) wire.add_parameters(parameter);
  for (const std::string& channel : summary.channels) wire.add_channels(channel);
  if (summary.confidence.has_value()) wire.set_confidence(*summary.confidence);
  wire.set_because(summary.because);
  return wire;
}

/// The parameter set that a request names.
absl::StatusOr<store::ParameterSetRow> AssumedBy(store::Store& store,
                                                 const v1::WhatIfRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("rig", request.rig()));
  PARALLAX_ASSIGN_OR_RETURN(const ParameterSetName name,
                            ParseParameterSetName("parameter_set", request.parameter_set()));
  PARALLAX_RETURN_IF_ERROR(store.GetRig(rig).status());
  if (name.rig != rig) {
    return InvalidField("parameter_set", request.parameter_set(),
                        absl::StrFormat("a set of rigs/%s", rig));
  }
  return store.GetParameterSet(name.rig, name.revision);
}

/// Ids of all reports of a rig, newest first.
absl::StatusOr<std::vector<std::string>> ReportsOf(store::Store& store, const std::string& rig) {
  std::vector<std::string> ids;
  store::PageRequest page;
  for (;;) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::ReportRow> rows,
                              store.ListReports(rig, page));
    for (const store::ReportRow& row : rows) ids.push_back(row.id);
    if (rows.size() < page.limit) return ids;
    page.after = rows.back().id;
  }
}

}  // namespace

/// Every step runs on the desk's thread; a slow reader holds one answer in memory. Deletes itself
/// in OnDone.
class WhatIfDesk::Call final : public grpc::ServerWriteReactor<v1::WhatIfResponse> {
 public:
  Call(WhatIfDesk& desk, v1::WhatIfRequest request) : desk_(&desk), request_(std::move(request)) {
    desk_->executor_.PostContinuation([this] { Begin(); });
  }
  /// A call that is refused.
  explicit Call(const absl::Status& refusal) : desk_(nullptr) { Finish(ToGrpc(refusal)); }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      Finish(ToGrpc(absl::CancelledError("the reader is gone")));
      return;
    }
    desk_->executor_.PostContinuation([this] { Next(); });
  }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override {
    if (desk_ != nullptr) desk_->busy_ = false;
    delete this;
  }

 private:
  void Begin() {
    store::Store& store = desk_->context_.store;
    absl::StatusOr<store::ParameterSetRow> base = AssumedBy(store, request_);
    if (!base.ok()) return Finish(ToGrpc(base.status()));
    base_ = *std::move(base);
    absl::StatusOr<std::vector<std::string>> reports = ReportsOf(store, base_.rig);
    if (!reports.ok()) return Finish(ToGrpc(reports.status()));
    reports_ = *std::move(reports);
    Next();
  }

  /// Writes the answer of the next report that is not superseded, or ends the call.
  void Next() {
    while (next_ < reports_.size()) {
      const absl::StatusOr<store::ReportRow> report =
          desk_->context_.store.GetReport(base_.rig, reports_[next_++]);
      if (!report.ok()) return Finish(ToGrpc(report.status()));
      if (report->superseded) continue;
      const absl::Status status = Fill(*report);
      if (!status.ok()) return Finish(ToGrpc(status));
      StartWrite(&answer_);
      return;
    }
    Finish(grpc::Status::OK);
  }

  /// Errors: Cancelled alone; that runs cannot be analysed is an answer.
  absl::Status Fill(const store::ReportRow& report) {
    answer_.Clear();
    answer_.set_report(ReportNameOf(report.rig, report.id));
    absl::StatusOr<pipeline::WhatIf> what_if = absl::UnknownError("not analysed");
    base::OnOneThread([&] {
      what_if = pipeline::AnalyzeWhatIf(desk_->context_.store, desk_->context_.twins, report, base_,
                                        [this](std::string_view, double) { return !cancelled_; });
    });
    if (cancelled_) return absl::CancelledError("the caller is gone");
    if (what_if.ok()) {
      *answer_.mutable_stored() = SummaryToProto(what_if->stored);
      *answer_.mutable_what_if() = SummaryToProto(what_if->other);
      answer_.set_flips(what_if->flips);
      return absl::OkStatus();
    }
    answer_.mutable_stored()->set_kind(report.verdict);
    answer_.mutable_failure()->set_code(static_cast<int>(what_if.status().code()));
    answer_.mutable_failure()->set_message(std::string(what_if.status().message()));
    if (std::optional<v1::ErrorDetail> detail = DetailOf(what_if.status())) {
      *answer_.mutable_failure()->mutable_detail() = *std::move(detail);
    }
    return absl::OkStatus();
  }

  WhatIfDesk* const desk_;
  const v1::WhatIfRequest request_;
  std::atomic<bool> cancelled_{false};
  // Used by one step at a time.
  store::ParameterSetRow base_;
  std::vector<std::string> reports_;
  size_t next_ = 0;
  v1::WhatIfResponse answer_;
};

grpc::ServerWriteReactor<v1::WhatIfResponse>* WhatIfDesk::Start(
    const grpc::CallbackServerContext& call, const Admission& admission,
    const v1::WhatIfRequest& request) {
  const absl::Status admitted = admission.Admit(call, kWhatIfMethod, request).status();
  if (!admitted.ok()) return new Call(admitted);
  if (busy_.exchange(true)) {
    context_.on_refused("what-ifs");
    return new Call(UnderWay("what-if"));
  }
  return new Call(*this, request);
}

}  // namespace parallax::server

#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "server/convert.h"
#include "server/convert_check.h"

namespace parallax::server {
namespace {

constexpr double kShareSumTolerance = 0.02;
constexpr int kMaxChiralIndex = 100;

absl::StatusOr<signal::Measurement> MeasurementFromProto(const std::string& field,
                                                         const v1::Measurement& wire) {
  PARALLAX_RETURN_IF_ERROR(CheckFinite(field + ".value", wire.value()));
  PARALLAX_RETURN_IF_ERROR(CheckPositive(field + ".sd", wire.sd()));
  return signal::Measurement{.value = wire.value(), .sd = wire.sd()};
}

absl::StatusOr<signal::ChiralityShare> ShareFromProto(const std::string& field,
                                                      const v1::ChiralityShare& wire) {
  PARALLAX_RETURN_IF_ERROR(CheckNumber(field + ".n", wire.n(), 1, kMaxChiralIndex, "in [1, 100]"));
  PARALLAX_RETURN_IF_ERROR(CheckNumber(field + ".m", wire.m(), 0, wire.n(), "in [0, n]"));
  PARALLAX_RETURN_IF_ERROR(CheckNumber(field + ".share", wire.share(), 0.0, 1.0, "in [0, 1]"));
  PARALLAX_RETURN_IF_ERROR(CheckNotNegative(field + ".sd", wire.sd()));
  return signal::ChiralityShare{
      .n = wire.n(), .m = wire.m(), .share = wire.share(), .sd = wire.sd()};
}

absl::Status SharesFromProto(const v1::Outcome& wire, signal::Outcome* outcome) {
  double sum = 0.0;
  for (int i = 0; i < wire.chirality_size(); ++i) {
    PARALLAX_ASSIGN_OR_RETURN(
        const signal::ChiralityShare share,
        ShareFromProto(absl::StrFormat("outcome.chirality[%d]", i), wire.chirality(i)));
    sum += share.share;
    outcome->chirality.push_back(share);
  }
  if (!outcome->chirality.empty() && std::abs(sum - 1.0) > kShareSumTolerance) {
    return InvalidField("outcome.chirality", absl::StrFormat("sum of shares %g", sum),
                        "1 within 0.02");
  }
  return absl::OkStatus();
}

absl::Status RamanFromProto(const v1::Outcome& wire, signal::Outcome* outcome) {
  PARALLAX_RETURN_IF_ERROR(CheckNotNegative("outcome.raman_laser_nm", wire.raman_laser_nm()));
  outcome->raman_laser_nm = wire.raman_laser_nm();
  if (wire.has_raman_d_over_g()) {
    PARALLAX_ASSIGN_OR_RETURN(
        outcome->raman_d_over_g,
        MeasurementFromProto("outcome.raman_d_over_g", wire.raman_d_over_g()));
  }
  for (int i = 0; i < wire.raman_rbm_size(); ++i) {
    const v1::RamanLine& line = wire.raman_rbm(i);
    const std::string field = absl::StrFormat("outcome.raman_rbm[%d]", i);
    PARALLAX_RETURN_IF_ERROR(CheckPositive(field + ".shift_per_cm", line.shift_per_cm()));
    PARALLAX_RETURN_IF_ERROR(CheckNotNegative(field + ".intensity", line.intensity()));
    PARALLAX_RETURN_IF_ERROR(CheckNotNegative(field + ".sd", line.sd()));
    outcome->raman_rbm.push_back(
        {.shift_per_cm = line.shift_per_cm(), .intensity = line.intensity(), .sd = line.sd()});
  }
  return absl::OkStatus();
}

void MeasurementToProto(const signal::Measurement& measurement, v1::Measurement* wire) {
  wire->set_value(measurement.value);
  wire->set_sd(measurement.sd);
}

}  // namespace

absl::StatusOr<signal::Outcome> OutcomeFromProto(const v1::Outcome& wire) {
  PARALLAX_RETURN_IF_ERROR(CheckCount("outcome.chirality", wire.chirality_size(), kMaxOutcomeRows));
  PARALLAX_RETURN_IF_ERROR(CheckCount("outcome.raman_rbm", wire.raman_rbm_size(), kMaxOutcomeRows));
  PARALLAX_RETURN_IF_ERROR(
      CheckText("outcome.chirality_method", wire.chirality_method(), kMaxNameBytes));
  PARALLAX_RETURN_IF_ERROR(CheckNotNegative("outcome.chirality_counts", wire.chirality_counts()));
  signal::Outcome outcome{.chirality_method = wire.chirality_method(),
                          .chirality_counts = wire.chirality_counts()};
  PARALLAX_ASSIGN_OR_RETURN(outcome.measured_at_unix_ns,
                            UnixNsFromProto("outcome.measure_time", wire.measure_time()));
  PARALLAX_RETURN_IF_ERROR(SharesFromProto(wire, &outcome));
  if (wire.has_height_um()) {
    PARALLAX_ASSIGN_OR_RETURN(outcome.height_um,
                              MeasurementFromProto("outcome.height_um", wire.height_um()));
  }
  PARALLAX_RETURN_IF_ERROR(RamanFromProto(wire, &outcome));
  return outcome;
}

v1::Outcome OutcomeToProto(const signal::Outcome& outcome) {
  v1::Outcome wire;
  *wire.mutable_measure_time() = TimestampFromUnixNs(outcome.measured_at_unix_ns);
  wire.set_chirality_method(outcome.chirality_method);
  wire.set_chirality_counts(outcome.chirality_counts);
  for (const signal::ChiralityShare& share : outcome.chirality) {
    v1::ChiralityShare* target = wire.add_chirality();
    target->set_n(share.n);
    target->set_m(share.m);
    target->set_share(share.share);
    target->set_sd(share.sd);
  }
  if (outcome.height_um.has_value()) {
    MeasurementToProto(*outcome.height_um, wire.mutable_height_um());
  }
  wire.set_raman_laser_nm(outcome.raman_laser_nm);
  if (outcome.raman_d_over_g.has_value()) {
    MeasurementToProto(*outcome.raman_d_over_g, wire.mutable_raman_d_over_g());
  }
  for (const signal::RamanLine& line : outcome.raman_rbm) {
    v1::RamanLine* target = wire.add_raman_rbm();
    target->set_shift_per_cm(line.shift_per_cm);
    target->set_intensity(line.intensity);
    target->set_sd(line.sd);
  }
  return wire;
}

}  // namespace parallax::server

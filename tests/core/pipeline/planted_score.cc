#include "tests/core/pipeline/planted_score.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include "absl/strings/str_format.h"

namespace parallax::pipeline::testing {
namespace {

using attribution::VerdictKind;
using Names = std::set<std::string>;

constexpr int kBins = 5;
constexpr size_t kLargestHalf = 3;  ///< group of an AMBIGUOUS that is worth half

Names PooledNames(const std::vector<std::string>& list) {
  Names names;
  for (const std::string& name : list) names.insert(Pooled(name));
  return names;
}

Names TruthOf(const PlantedCase& one) {
  Names names;
  for (const PlantedShift& shift : one.plant.shifts) names.insert(Pooled(shift.name));
  return names;
}

bool Holds(const Names& outer, const Names& inner) {
  return std::includes(outer.begin(), outer.end(), inner.begin(), inner.end());
}

bool NamesFault(const PlantedFault& fault, const std::vector<std::string>& channels) {
  const std::string device = fault.channel.substr(0, fault.channel.find('/'));
  return std::any_of(channels.begin(), channels.end(), [&](const std::string& channel) {
    return channel == fault.channel ||
           (fault.shape == FaultShape::kClock && channel.starts_with(device + "/"));
  });
}

/// What a case is worth.
double PointsOf(const PlantedCase& one, const Answer& answer) {
  const VerdictKind kind = answer.verdict.kind;
  const Names truth = TruthOf(one), group = PooledNames(answer.verdict.group);
  const bool sound = kind == VerdictKind::kIdentified && !answer.wrongly_identified;
  switch (one.family) {
    case Family::kSingle:
      if (sound) return 1.0;
      return kind == VerdictKind::kAmbiguous && group.contains(*truth.begin()) &&
                     group.size() <= kLargestHalf
                 ? 0.5
                 : 0.0;
    case Family::kPair:
      if (!sound) return 0.0;
      return PooledNames(answer.verdict.parameters) == truth ? 1.0 : 0.5;
    case Family::kSensor:
      return answer.claim_right ? 1.0 : 0.0;
    case Family::kMissing:
      return kind == VerdictKind::kUnmodelled ? 1.0 : 0.0;
    case Family::kNull:
      return kind == VerdictKind::kNoGap ? 1.0 : 0.0;
  }
  return 0.0;
}

/// Figures of some cases.
struct Tally {
  int n = 0, halves = 0, wrong = 0, errors = 0;
  double points = 0.0;
  std::map<std::string, int> kinds;
};

void PrintTallies(const std::vector<PlantedCase>& cases, const std::vector<Answer>& answers) {
  std::map<std::string, Tally> rows;
  for (size_t i = 0; i < cases.size(); ++i) {
    std::string row = NameOf(cases[i].family);
    if (answers[i].status.ok() && !Seen(answers[i])) row += ", cannot be seen";
    Tally& tally = rows[row];
    ++tally.n;
    tally.errors += answers[i].status.ok() ? 0 : 1;
    tally.points += answers[i].points;
    tally.halves += answers[i].points == 0.5 ? 1 : 0;
    tally.wrong += answers[i].wrongly_identified ? 1 : 0;
    ++tally.kinds[ToString(answers[i].verdict.kind)];
  }
  const char* kinds[] = {"IDENTIFIED", "AMBIGUOUS", "SENSOR_FAULT",
                         "UNMODELLED", "NO_GAP",    "ABSTAINED"};
  std::printf("\n%-24s %4s %7s %5s %6s %6s", "family", "n", "points", "half", "wrong", "errors");
  for (const char* kind : kinds) std::printf(" %12s", kind);
  std::printf("\n");
  for (const auto& [name, tally] : rows) {
    std::printf("%-24s %4d %7.1f %5d %6d %6d", name.c_str(), tally.n, tally.points, tally.halves,
                tally.wrong, tally.errors);
    for (const char* kind : kinds) {
      const auto found = tally.kinds.find(kind);
      std::printf(" %12d", found == tally.kinds.end() ? 0 : found->second);
    }
    std::printf("\n");
  }
}

double Share(int part, int whole) { return whole == 0 ? std::nan("") : 1.0 * part / whole; }

int PrintFigures(const std::vector<PlantedCase>& cases, const std::vector<Answer>& answers) {
  int singles = 0, top = 0, identified = 0, wrong = 0, nulls = 0, accused = 0, errors = 0;
  double seconds = 0.0, slowest = 0.0;
  for (size_t i = 0; i < cases.size(); ++i) {
    const Answer& answer = answers[i];
    if (!answer.status.ok()) {
      ++errors;
      continue;
    }
    const VerdictKind kind = answer.verdict.kind;
    if (cases[i].family == Family::kSingle && Seen(answer)) {
      ++singles;
      top += TruthOf(cases[i]).contains(MostProbable(answer.hypotheses)) ? 1 : 0;
    }
    identified += kind == VerdictKind::kIdentified ? 1 : 0;
    wrong += answer.wrongly_identified ? 1 : 0;
    if (cases[i].family == Family::kNull) {
      ++nulls;
      accused += kind == VerdictKind::kIdentified || kind == VerdictKind::kSensorFault ||
                         kind == VerdictKind::kAmbiguous
                     ? 1
                     : 0;
    }
    seconds += answer.seconds;
    slowest = std::max(slowest, answer.seconds);
  }
  const int judged = static_cast<int>(cases.size()) - errors;
  std::printf("\ntop-1 of single shifts        %.3f (%d of %d)\n", Share(top, singles), top,
              singles);
  std::printf("precision of IDENTIFIED       %.3f (%d wrong of %d)\n",
              1.0 - Share(wrong, identified), wrong, identified);
  std::printf("nulls accused                 %.3f (%d of %d)\n", Share(accused, nulls), accused,
              nulls);
  std::printf("confidence calibration error  %.3f over %d bins\n", CalibrationError(answers),
              kBins);
  std::printf("seconds a case                %.1f, at most %.1f\n", seconds / std::max(1, judged),
              slowest);
  return errors;
}

}  // namespace

std::string Pooled(const std::string& name) { return name == "nk" ? "k0" : name; }

std::string MostProbable(const std::vector<HypothesisSummary>& hypotheses) {
  std::map<std::string, double> probability;
  for (const HypothesisSummary& one : hypotheses) probability[Pooled(one.name)] += one.pip;
  const auto best =
      std::max_element(probability.begin(), probability.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return best == probability.end() ? "-" : best->first;
}

bool Seen(const Answer& answer) { return !(answer.effect_sd < kSeenSd); }

void Score(const PlantedCase& one, Answer* answer) {
  const VerdictKind kind = answer->verdict.kind;
  const Names truth = TruthOf(one), named = PooledNames(answer->verdict.parameters);
  const Names group = PooledNames(answer->verdict.group);
  const bool sound = kind == VerdictKind::kIdentified && !named.empty() && Holds(truth, named);
  answer->wrongly_identified = kind == VerdictKind::kIdentified && !sound;
  const bool among = std::any_of(truth.begin(), truth.end(),
                                 [&](const std::string& name) { return group.contains(name); });
  answer->claim_right =
      sound || (kind == VerdictKind::kAmbiguous && among) ||
      (kind == VerdictKind::kSensorFault && one.plant.fault &&
       NamesFault(*one.plant.fault, answer->verdict.channels)) ||
      (kind == VerdictKind::kUnmodelled && one.family == Family::kMissing) ||
      (kind == VerdictKind::kNoGap && (one.family == Family::kNull || !Seen(*answer)));
  answer->points = PointsOf(one, *answer);
}

double CalibrationError(const std::vector<Answer>& answers) {
  int right[kBins] = {}, claims = 0;
  double confidence[kBins] = {};
  for (const Answer& answer : answers) {
    if (!answer.status.ok() || answer.verdict.kind == VerdictKind::kAbstained) continue;
    const int bin = std::min(kBins - 1, static_cast<int>(answer.verdict.confidence * kBins));
    ++claims;
    right[bin] += answer.claim_right ? 1 : 0;
    confidence[bin] += answer.verdict.confidence;
  }
  double error = 0.0;
  for (int b = 0; b < kBins; ++b) error += std::abs(confidence[b] - right[b]);
  return claims == 0 ? std::nan("") : error / claims;
}

int PrintScore(const std::vector<PlantedCase>& cases, const std::vector<Answer>& answers) {
  PrintTallies(cases, answers);
  return PrintFigures(cases, answers);
}

}  // namespace parallax::pipeline::testing

#include "tests/core/pipeline/planted_score.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <set>

namespace parallax::pipeline::testing {
namespace {

using attribution::VerdictKind;
using Names = std::set<std::string>;

constexpr size_t kLargestHalf = 3;  ///< group of an AMBIGUOUS that is worth half

Names PooledNames(const std::vector<std::string>& list) {
  Names names;
  for (const std::string& name : list) names.insert(Pooled(name));
  return names;
}

Names TruthNames(const PlantedCase& one) {
  Names names;
  for (const PlantedShift& shift : one.plant.shifts) names.insert(Pooled(shift.name));
  return names;
}

bool Holds(const Names& outer, const Names& inner) {
  return std::includes(outer.begin(), outer.end(), inner.begin(), inner.end());
}

/// Whether a channel is the guilty one; of a late clock, any of its device.
bool IsGuilty(const PlantedFault& fault, const std::string& channel) {
  return channel == fault.channel ||
         (fault.shape == FaultShape::kClock && DeviceOf(channel) == DeviceOf(fault.channel));
}

/// Whether a channel is another instrument than the guilty one, whose clock is a part of it.
bool IsInnocent(const PlantedCampaign& plant, const std::string& channel) {
  if (!plant.fault) return true;
  return !IsGuilty(*plant.fault, channel) && channel != DeviceOf(plant.fault->channel) + "/clock";
}

/// What the channels are worth that a SENSOR_FAULT names.
double PointsOfChannels(const PlantedCampaign& plant, const Answer& answer) {
  const std::vector<std::string>& named = answer.verdict.channels;
  const bool found = plant.fault && std::any_of(named.begin(), named.end(), [&](const auto& one) {
                       return IsGuilty(*plant.fault, one);
                     });
  if (!found) return 0.0;
  return answer.innocents_accused == 0 ? 1.0 : 0.5;
}

/// What a case is worth.
double PointsOf(const PlantedCase& one, const Answer& answer) {
  const VerdictKind kind = answer.verdict.kind;
  const Names truth = TruthNames(one), group = PooledNames(answer.verdict.group);
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
      return kind == VerdictKind::kSensorFault ? PointsOfChannels(one.plant, answer) : 0.0;
    case Family::kMissing:
      return kind == VerdictKind::kUnmodelled ? 1.0 : 0.0;
    case Family::kNull:
      return kind == VerdictKind::kNoGap ? 1.0 : 0.0;
  }
  return 0.0;
}

/// Figures of some cases.
struct Tally {
  int n = 0, halves = 0, wrong = 0, innocents = 0, errors = 0;
  double points = 0.0;
  std::map<std::string, int> kinds;

  void Add(const Answer& answer) {
    ++n;
    errors += answer.status.ok() ? 0 : 1;
    points += answer.points;
    halves += answer.points == 0.5 ? 1 : 0;
    wrong += answer.wrongly_identified ? 1 : 0;
    innocents += answer.innocents_accused;
    ++kinds[ToString(answer.verdict.kind)];
  }
};

void PrintTallies(const char* what, const std::map<std::string, Tally>& rows) {
  const char* kinds[] = {"IDENTIFIED", "AMBIGUOUS", "SENSOR_FAULT",
                         "UNMODELLED", "NO_GAP",    "ABSTAINED"};
  std::printf("\n%-36s %4s %7s %5s %6s %9s %6s", what, "n", "points", "half", "wrong", "innocents",
              "errors");
  for (const char* kind : kinds) std::printf(" %12s", kind);
  std::printf("\n");
  for (const auto& [name, tally] : rows) {
    std::printf("%-36s %4d %7.1f %5d %6d %9d %6d", name.c_str(), tally.n, tally.points,
                tally.halves, tally.wrong, tally.innocents, tally.errors);
    for (const char* kind : kinds) {
      const auto found = tally.kinds.find(kind);
      std::printf(" %12d", found == tally.kinds.end() ? 0 : found->second);
    }
    std::printf("\n");
  }
}

void PrintTables(const std::vector<PlantedCase>& cases, const std::vector<Answer>& answers) {
  std::map<std::string, Tally> families, shapes;
  for (size_t i = 0; i < cases.size(); ++i) {
    const bool unseen = answers[i].status.ok() && !Seen(answers[i]);
    const std::string suffix = unseen ? ", cannot be seen" : "";
    families[FamilyOf(cases[i]) + suffix].Add(answers[i]);
    const std::optional<PlantedFault>& fault = cases[i].plant.fault;
    if (fault) shapes[NameOf(fault->shape) + suffix].Add(answers[i]);
  }
  PrintTallies("family", families);
  if (!shapes.empty()) PrintTallies("shape of a fault", shapes);
}

double Share(int part, int whole) { return whole == 0 ? std::nan("") : 1.0 * part / whole; }

/// What a claim is worth as such.
double WorthOfClaim(const Answer& answer) {
  const bool nothing = answer.verdict.kind == VerdictKind::kNoGap && answer.claim_right;
  return nothing ? 1.0 : answer.points;
}

double TruthOfClaim(const Answer& answer) { return answer.claim_right ? 1.0 : 0.0; }

/// Mean distance over bins of confidence between it and what claims are worth.
double DistanceFromConfidence(const std::vector<Answer>& answers, double (*worth)(const Answer&)) {
  double excess[kConfidenceBins] = {};
  int claims = 0;
  for (const Answer& answer : answers) {
    if (!answer.status.ok() || answer.verdict.kind == VerdictKind::kAbstained) continue;
    const double confidence = answer.verdict.confidence;
    const int bin = std::min(kConfidenceBins - 1, static_cast<int>(confidence * kConfidenceBins));
    ++claims;
    excess[bin] += confidence - worth(answer);
  }
  double error = 0.0;
  for (const double one : excess) error += std::abs(one);
  return claims == 0 ? std::nan("") : error / claims;
}

/// Counts of what is asked for.
struct Figures {
  int singles = 0, seen = 0, top = 0, top_seen = 0;  ///< of shifts that no bound cuts
  int identified = 0, wrong = 0, nulls = 0, accused = 0;
  int faults = 0, unjust = 0, innocents = 0;  ///< SENSOR_FAULT; with innocents; innocents in all
  int errors = 0;
  double seconds = 0.0, slowest = 0.0;

  void Add(const PlantedCase& one, const Answer& answer) {
    if (!answer.status.ok()) {
      ++errors;
      return;
    }
    const VerdictKind kind = answer.verdict.kind;
    if (one.family == Family::kSingle && !AtBound(one.plant)) {
      const int hit = TruthNames(one).contains(MostProbable(answer.hypotheses)) ? 1 : 0;
      ++singles;
      top += hit;
      seen += Seen(answer) ? 1 : 0;
      top_seen += Seen(answer) ? hit : 0;
    }
    identified += kind == VerdictKind::kIdentified ? 1 : 0;
    wrong += answer.wrongly_identified ? 1 : 0;
    faults += kind == VerdictKind::kSensorFault ? 1 : 0;
    unjust += answer.innocents_accused > 0 ? 1 : 0;
    innocents += answer.innocents_accused;
    if (one.family == Family::kNull) {
      const bool blames = kind == VerdictKind::kIdentified || kind == VerdictKind::kSensorFault ||
                          kind == VerdictKind::kAmbiguous;
      ++nulls;
      accused += blames ? 1 : 0;
    }
    seconds += answer.seconds;
    slowest = std::max(slowest, answer.seconds);
  }
};

int PrintFigures(const std::vector<PlantedCase>& cases, const std::vector<Answer>& answers) {
  Figures f;
  for (size_t i = 0; i < cases.size(); ++i) f.Add(cases[i], answers[i]);
  const int judged = static_cast<int>(cases.size()) - f.errors;
  std::printf("\ntop-1 of single shifts >= %g sd  %.3f (%d of %d that can be seen)\n",
              kLeastShiftSds, Share(f.top_seen, f.seen), f.top_seen, f.seen);
  std::printf("  of all of them               %.3f (%d of %d)\n", Share(f.top, f.singles), f.top,
              f.singles);
  std::printf("precision of IDENTIFIED        %.3f (%d wrong of %d)\n",
              1.0 - Share(f.wrong, f.identified), f.wrong, f.identified);
  std::printf("nulls accused                  %.3f (%d of %d)\n", Share(f.accused, f.nulls),
              f.accused, f.nulls);
  std::printf("innocent channels accused      %d, in %d of %d SENSOR_FAULT\n", f.innocents,
              f.unjust, f.faults);
  std::printf("confidence calibration error   %.3f over %d bins\n", CalibrationError(answers),
              kConfidenceBins);
  std::printf("  whatever is true as right    %.3f\n",
              DistanceFromConfidence(answers, TruthOfClaim));
  std::printf("seconds a case                 %.1f, at most %.1f\n",
              f.seconds / std::max(1, judged), f.slowest);
  return f.errors;
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
  const Names truth = TruthNames(one), named = PooledNames(answer->verdict.parameters);
  const Names group = PooledNames(answer->verdict.group);
  const bool sound = kind == VerdictKind::kIdentified && !named.empty() && Holds(truth, named);
  answer->wrongly_identified = kind == VerdictKind::kIdentified && !sound;
  answer->innocents_accused = 0;
  if (kind == VerdictKind::kSensorFault) {
    const std::vector<std::string>& channels = answer->verdict.channels;
    answer->innocents_accused = static_cast<int>(
        std::count_if(channels.begin(), channels.end(),
                      [&](const std::string& name) { return IsInnocent(one.plant, name); }));
  }
  const bool among = std::any_of(truth.begin(), truth.end(),
                                 [&](const std::string& name) { return group.contains(name); });
  answer->claim_right =
      sound || (kind == VerdictKind::kAmbiguous && among) ||
      (kind == VerdictKind::kSensorFault && PointsOfChannels(one.plant, *answer) == 1.0) ||
      (kind == VerdictKind::kUnmodelled && one.family == Family::kMissing) ||
      (kind == VerdictKind::kNoGap && (one.family == Family::kNull || !Seen(*answer)));
  answer->points = PointsOf(one, *answer);
}

double CalibrationError(const std::vector<Answer>& answers) {
  return DistanceFromConfidence(answers, WorthOfClaim);
}

int PrintScore(const std::vector<PlantedCase>& cases, const std::vector<Answer>& answers) {
  PrintTables(cases, answers);
  return PrintFigures(cases, answers);
}

}  // namespace parallax::pipeline::testing

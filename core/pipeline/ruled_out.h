#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/attribution/verdict.h"
#include "core/pipeline/hypothesis.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// What a verdict leaves out and by which figures: the best rivals of what is blamed, or the best
/// hypotheses where nothing is, each with its inclusion and what it gains alone; and what it does
/// not rule out, for its inclusion is 0.05 or more. Under any verdict, instruments that are at
/// fault beside it are listed as such.
/// @param twin     its name: interchangeable parameters are blamed together.
/// @param sensors  faults that were weighed.
std::vector<std::string> TellRuledOut(std::string_view twin, const attribution::Verdict& verdict,
                                      const std::vector<HypothesisSummary>& hypotheses,
                                      const std::vector<attribution::SensorEvidence>& sensors);

/// Which other assumptions explain the runs as well, in as many terms, as what a verdict names:
/// rivals without what is blamed and its other names. Empty where none is left, and where the
/// verdict is about the rivals itself.
std::string TellRivals(std::string_view twin, const attribution::Verdict& verdict,
                       const std::vector<std::string>& rivals);

/// What to measure to tell the members of a group apart: the experiments known for pairs of them,
/// then the best signals of members that stand in no such pair. Empty where none is known.
std::string SeparatingExperiment(const twin::Description& description,
                                 const std::vector<std::string>& group);

/// The measurement that would tell the causes apart that a verdict leaves open: AMBIGUOUS and
/// ABSTAINED. Empty where none is known, and under every other verdict.
std::string NextMeasurement(const attribution::Verdict& verdict,
                            const attribution::Evidence& evidence);

}  // namespace parallax::pipeline

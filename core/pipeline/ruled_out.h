#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/attribution/verdict.h"
#include "core/pipeline/hypothesis.h"

namespace parallax::pipeline {

/// What a verdict leaves out and by which figures: the best rivals of what is blamed, or the best
/// hypotheses where nothing is, each with its inclusion and what it gains alone; and what it does
/// not rule out, for its inclusion is 0.05 or more.
/// @param twin  its name: interchangeable parameters are blamed together.
std::vector<std::string> TellRuledOut(std::string_view twin, const attribution::Verdict& verdict,
                                      const std::vector<HypothesisSummary>& hypotheses);

/// The measurement that would tell the causes apart that a verdict leaves open: AMBIGUOUS and
/// ABSTAINED. Empty where none is known, and under every other verdict.
std::string NextMeasurement(const attribution::Verdict& verdict,
                            const attribution::Evidence& evidence);

}  // namespace parallax::pipeline

#pragma once

#include <string_view>

#include "core/attribution/verdict.h"
#include "core/pipeline/story.h"

namespace parallax::pipeline {

/// Tells an analysis whose subsets were enumerated: what was ruled out and by which figure, and
/// what to measure next. Its twins have no routes to tell an effect by, and their runs no outcome
/// to imagine otherwise.
/// @param twin  its name.
Story TellBoard(std::string_view twin, const attribution::Verdict& verdict,
                const attribution::Evidence& evidence);

}  // namespace parallax::pipeline

#pragma once

#include <string>

#include "client/lib/message_json.h"
#include "parallax/v1/resources.pb.h"

namespace parallax::client {

/// The documents of a campaign folder, as ParseRig, ParseRun and ParseOutcome read them; what those
/// take for absent is left out. Numbers keep their bits.

/// rig.json. @param id  last part of the rig's name.
Json RigDocument(const v1::Rig& rig, const std::string& id);
/// run.json. @param id  the run's folder.
Json RunDocument(const v1::Run& run, const std::string& id);
/// outcome.json.
Json OutcomeDocument(const v1::Outcome& outcome);

}  // namespace parallax::client

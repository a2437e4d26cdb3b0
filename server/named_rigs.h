#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

namespace parallax::server {

/// What the string fields `fields` of `message` hold, in that order, without the empty ones.
/// @param fields  "run,parameter_set" or "rig.name"; each must be one of the message's
std::vector<std::string> NamesIn(const google::protobuf::Message& message, std::string_view fields);

/// The id in a name, "7" of "rigs/7/runs/a"; the whole text where it does not begin with "rigs/".
std::string_view RigIn(std::string_view name);

}  // namespace parallax::server

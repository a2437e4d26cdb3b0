#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <string>

namespace parallax::server {

/// What is absurd in a request.
struct Absurdity {
  std::string what;  ///< "rig.devices[0].channels[1].noise_sd = nan"
  bool not_finite = false;
};

/// Visits requests that differ from a valid one in one field of it or of a message in it: a number
/// that is not one, infinite, 1e308 or negative, an integer at the ends of its type, an enumerator
/// of the future, a text that is empty, very long or made of control characters, a message that is
/// missing, and tens of thousands of elements. Flags are left as they are.
void ForEachAbsurdRequest(
    const google::protobuf::Message& valid,
    const std::function<void(const Absurdity&, const google::protobuf::Message&)>& visit);

}  // namespace parallax::server

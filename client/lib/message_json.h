#pragma once

#include <nlohmann/json.hpp>

#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"

namespace parallax::client {

/// JSON whose keys stay in the order in which they were written.
using Json = nlohmann::ordered_json;

/// The member of an object; null where it is absent or `from` is no object.
const Json& At(const Json& from, const char* key);

/// A message as JSON for people and scripts: snake_case keys, every field present (absent messages
/// null), whole numbers as numbers, enum values without their prefix ("CALIBRATE"), times in RFC
/// 3339 UTC, bytes fields named `json` as the JSON they hold and others as arrays of numbers; NaN
/// is null.
Json MessageToJson(const google::protobuf::Message& message);

/// RFC 3339 in UTC, as short as exact.
std::string TimestampText(const google::protobuf::Timestamp& time);

}  // namespace parallax::client

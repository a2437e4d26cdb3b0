#include "client/lib/message_json.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"

namespace parallax::client {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

/// "RUN_STATE_" of an enum named RunState.
std::string ValuePrefix(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0 && !prefix.empty()) prefix += '_';
    prefix += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return prefix + "_";
}

Json EnumJson(const EnumValueDescriptor& value) {
  const std::string prefix = ValuePrefix(*value.type());
  const bool prefixed = value.name().compare(0, prefix.size(), prefix) == 0;
  return prefixed ? value.name().substr(prefix.size()) : value.name();
}

Json BytesJson(const FieldDescriptor& field, const std::string& bytes) {
  if (field.name() == "json") {
    Json parsed = Json::parse(bytes, nullptr, false);
    return parsed.is_discarded() ? Json() : parsed;
  }
  Json numbers = Json::array();
  for (const char byte : bytes) numbers.push_back(static_cast<unsigned char>(byte));
  return numbers;
}

Json NumberJson(double number) { return std::isfinite(number) ? Json(number) : Json(); }

/// One value: element `index` of a repeated field, or the field where index is negative.
Json ValueJson(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& r = *message.GetReflection();
  const bool many = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return many ? r.GetRepeatedInt32(message, &field, index) : r.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return many ? r.GetRepeatedInt64(message, &field, index) : r.GetInt64(message, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return many ? r.GetRepeatedUInt32(message, &field, index) : r.GetUInt32(message, &field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return many ? r.GetRepeatedUInt64(message, &field, index) : r.GetUInt64(message, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return NumberJson(many ? r.GetRepeatedDouble(message, &field, index)
                             : r.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return NumberJson(static_cast<double>(many ? r.GetRepeatedFloat(message, &field, index)
                                                 : r.GetFloat(message, &field)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return many ? r.GetRepeatedBool(message, &field, index) : r.GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumJson(many ? *r.GetRepeatedEnum(message, &field, index)
                           : *r.GetEnum(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageToJson(many ? r.GetRepeatedMessage(message, &field, index)
                                : r.GetMessage(message, &field));
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text =
          many ? r.GetRepeatedString(message, &field, index) : r.GetString(message, &field);
      return field.type() == FieldDescriptor::TYPE_BYTES ? BytesJson(field, text) : Json(text);
    }
  }
  return Json();
}

/// A map as an object in order of its keys.
Json MapJson(const Message& message, const FieldDescriptor& field) {
  const Reflection& r = *message.GetReflection();
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  std::vector<std::pair<std::string, Json>> entries;
  for (int i = 0; i < r.FieldSize(message, &field); ++i) {
    const Message& entry = r.GetRepeatedMessage(message, &field, i);
    entries.emplace_back(ValueJson(entry, key, -1).get<std::string>(), ValueJson(entry, value, -1));
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  Json object = Json::object();
  for (auto& entry : entries) object[entry.first] = std::move(entry.second);
  return object;
}

Json FieldJson(const Message& message, const FieldDescriptor& field) {
  if (field.is_map()) return MapJson(message, field);
  const Reflection& r = *message.GetReflection();
  if (field.is_repeated()) {
    Json array = Json::array();
    for (int i = 0; i < r.FieldSize(message, &field); ++i) {
      array.push_back(ValueJson(message, field, i));
    }
    return array;
  }
  if (field.has_presence() && !r.HasField(message, &field)) return Json();
  return ValueJson(message, field, -1);
}

}  // namespace

const Json& At(const Json& from, const char* key) {
  static const Json kNull;
  return from.is_object() && from.contains(key) ? from[key] : kNull;
}

std::string TimestampText(const google::protobuf::Timestamp& time) {
  const absl::Time point = absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", point, absl::UTCTimeZone());
}

Json MessageToJson(const Message& message) {
  if (message.GetDescriptor()->full_name() == "google.protobuf.Timestamp") {
    return TimestampText(dynamic_cast<const google::protobuf::Timestamp&>(message));
  }
  Json object = Json::object();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    object[field.name()] = FieldJson(message, field);
  }
  return object;
}

}  // namespace parallax::client

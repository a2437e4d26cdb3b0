#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace google::protobuf {
class Descriptor;
class MethodDescriptor;
}  // namespace google::protobuf

namespace parallax::server::http {

/// The method at "/package.Service/Method", from the descriptors compiled into the program; null
/// where there is none.
const google::protobuf::MethodDescriptor* FindMethod(std::string_view path);

/// The serialised message that JSON writes, in protobuf's own mapping: names as in the .proto file
/// or in lowerCamelCase, 64-bit integers as strings, bytes in Base64, times in RFC 3339. Errors:
/// InvalidArgument naming the place.
absl::StatusOr<std::string> WireFromJson(const google::protobuf::Descriptor& type,
                                         const std::string& json);

/// The inverse: names as in the .proto file, fields at their default included.
/// Errors: Internal where `wire` is no message of the type.
absl::StatusOr<std::string> JsonFromWire(const google::protobuf::Descriptor& type,
                                         const std::string& wire);

}  // namespace parallax::server::http

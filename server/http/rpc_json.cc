#include "server/http/rpc_json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <memory>

#include "absl/strings/str_format.h"

namespace parallax::server::http {
namespace {

namespace pb = google::protobuf;

std::unique_ptr<pb::Message> NewMessage(const pb::Descriptor& type) {
  const pb::Message* prototype = pb::MessageFactory::generated_factory()->GetPrototype(&type);
  return std::unique_ptr<pb::Message>(prototype->New());
}

}  // namespace

const pb::MethodDescriptor* FindMethod(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return nullptr;
  return pb::DescriptorPool::generated_pool()->FindMethodByName(
      absl::StrFormat("%s.%s", path.substr(1, slash - 1), path.substr(slash + 1)));
}

absl::StatusOr<std::string> WireFromJson(const pb::Descriptor& type, const std::string& json) {
  const std::unique_ptr<pb::Message> message = NewMessage(type);
  const auto parsed = pb::util::JsonStringToMessage(json, message.get());
  if (parsed.ok()) return message->SerializeAsString();
  return absl::InvalidArgumentError(absl::StrFormat(
      "request body is no %s in JSON: %s", type.full_name(), std::string(parsed.message())));
}

absl::StatusOr<std::string> JsonFromWire(const pb::Descriptor& type, const std::string& wire) {
  const std::unique_ptr<pb::Message> message = NewMessage(type);
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  if (message->ParseFromString(wire) &&
      pb::util::MessageToJsonString(*message, &json, options).ok()) {
    return json;
  }
  return absl::InternalError(absl::StrFormat("the answer is no %s", type.full_name()));
}

}  // namespace parallax::server::http

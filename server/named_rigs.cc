#include "server/named_rigs.h"

#include <google/protobuf/descriptor.h>

#include "core/base/check.h"

namespace parallax::server {
namespace {

namespace pb = google::protobuf;

void AddNames(const pb::Message& message, std::string_view path, std::vector<std::string>* names) {
  const pb::Reflection& reflection = *message.GetReflection();
  const size_t dot = path.find('.');
  const pb::FieldDescriptor* const field =
      message.GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
  PARALLAX_CHECK(field != nullptr);
  if (dot != std::string_view::npos) {
    return AddNames(reflection.GetMessage(message, field), path.substr(dot + 1), names);
  }
  const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
  for (int i = 0; i < count; ++i) {
    std::string name = field->is_repeated() ? reflection.GetRepeatedString(message, field, i)
                                            : reflection.GetString(message, field);
    if (!name.empty()) names->push_back(std::move(name));
  }
}

}  // namespace

std::vector<std::string> NamesIn(const pb::Message& message, std::string_view fields) {
  std::vector<std::string> names;
  while (!fields.empty()) {
    const size_t comma = fields.find(',');
    AddNames(message, fields.substr(0, comma), &names);
    fields.remove_prefix(comma == std::string_view::npos ? fields.size() : comma + 1);
  }
  return names;
}

std::string_view RigIn(std::string_view name) {
  constexpr std::string_view kPrefix = "rigs/";
  if (!name.starts_with(kPrefix)) return name;
  name.remove_prefix(kPrefix.size());
  return name.substr(0, name.find('/'));
}

}  // namespace parallax::server

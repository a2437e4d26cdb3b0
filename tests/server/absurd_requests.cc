#include "tests/server/absurd_requests.h"

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"

namespace parallax::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMany = 20'000;
constexpr size_t kLongText = 200'000;

/// Adds elements of one kind, keys of a map apart from each other.
void AddMany(Message* message, const FieldDescriptor* field) {
  const Reflection& reflection = *message->GetReflection();
  for (int i = 0; i < kMany; ++i) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Message* const element = reflection.AddMessage(message, field);
      if (field->is_map()) {
        element->GetReflection()->SetString(element, field->message_type()->map_key(),
                                            absl::StrFormat("k%d", i));
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      reflection.AddString(message, field, "x");
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
      reflection.AddDouble(message, field, 1e308);
    } else {
      reflection.AddInt64(message, field, std::numeric_limits<int64_t>::min());
    }
  }
}

/// Walks the fields of one message of the request.
class Walker {
 public:
  using Visit = std::function<void(const Absurdity&, const Message&)>;
  Walker(const Message* request, const Visit& visit) : request_(request), visit_(visit) {}

  void Walk(Message* message, const std::string& path) {
    for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* const field = message->GetDescriptor()->field(i);
      const std::string name = path.empty() ? field->name() : path + "." + field->name();
      if (field->is_repeated()) {
        WalkRepeated(message, field, name);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        WalkMessage(message, field, name);
      } else {
        WalkScalar(message, field, name);
      }
    }
  }

 private:
  /// Shows the request with one change, then takes the change back.
  template <typename Change>
  void Show(Message* message, Absurdity absurdity, const Change& change) {
    const std::unique_ptr<Message> before(message->New());
    before->CopyFrom(*message);
    change();
    visit_(absurdity, *request_);
    message->CopyFrom(*before);
  }

  void WalkRepeated(Message* message, const FieldDescriptor* field, const std::string& name) {
    const Reflection& reflection = *message->GetReflection();
    Show(message, {name + " many times"}, [&] { AddMany(message, field); });
    const int size = reflection.FieldSize(*message, field);
    if (size == 0) return;
    Show(message, {name + " empty"}, [&] { reflection.ClearField(message, field); });
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return;
    if (field->is_map()) return WalkEntries(message, field, name);
    for (int i = 0; i < size; ++i) {
      Walk(reflection.MutableRepeatedMessage(message, field, i),
           absl::StrFormat("%s[%d]", name, i));
    }
  }

  /// Shows each absurdity of an entry as the only one of its map: an entry that was changed is not
  /// found again to change it back.
  void WalkEntries(Message* message, const FieldDescriptor* field, const std::string& name) {
    const Reflection& reflection = *message->GetReflection();
    const std::unique_ptr<Message> entry(reflection.GetRepeatedMessage(*message, field, 0).New());
    entry->CopyFrom(reflection.GetRepeatedMessage(*message, field, 0));
    const Visit alone = [&](const Absurdity& absurdity, const Message& absurd) {
      Show(message, absurdity, [&] {
        reflection.ClearField(message, field);
        reflection.AddMessage(message, field)->CopyFrom(absurd);
      });
    };
    Walker(entry.get(), alone).Walk(entry.get(), name + "[0]");
  }

  void WalkMessage(Message* message, const FieldDescriptor* field, const std::string& name) {
    const Reflection& reflection = *message->GetReflection();
    if (!reflection.HasField(*message, field)) return;
    Show(message, {name + " missing"}, [&] { reflection.ClearField(message, field); });
    Walk(reflection.MutableMessage(message, field), name);
  }

  void WalkScalar(Message* message, const FieldDescriptor* field, const std::string& name) {
    const Reflection& reflection = *message->GetReflection();
    const auto show = [&](const std::string& value, bool not_finite, const auto& set) {
      Show(message, {name + " = " + value, not_finite}, set);
    };
    const auto show_each = [&](const auto& values, const auto& set) {
      for (const auto value : values) {
        show(absl::StrFormat("%d", value), false, [&] { set(value); });
      }
    };
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_DOUBLE:
        for (const double value : {std::numeric_limits<double>::quiet_NaN(),
                                   std::numeric_limits<double>::infinity(), 1e308, -1.0}) {
          show(absl::StrFormat("%g", value), !(value <= 1e308),
               [&] { reflection.SetDouble(message, field, value); });
        }
        return;
      case FieldDescriptor::CPPTYPE_INT32:
        return show_each(std::vector<int32_t>{std::numeric_limits<int32_t>::min(), -1, 0,
                                              std::numeric_limits<int32_t>::max()},
                         [&](int32_t value) { reflection.SetInt32(message, field, value); });
      case FieldDescriptor::CPPTYPE_INT64:
        return show_each(std::vector<int64_t>{std::numeric_limits<int64_t>::min(), -1, 0,
                                              std::numeric_limits<int64_t>::max()},
                         [&](int64_t value) { reflection.SetInt64(message, field, value); });
      case FieldDescriptor::CPPTYPE_UINT32:
        return show_each(std::vector<uint32_t>{std::numeric_limits<uint32_t>::max()},
                         [&](uint32_t value) { reflection.SetUInt32(message, field, value); });
      case FieldDescriptor::CPPTYPE_UINT64:
        return show_each(std::vector<uint64_t>{std::numeric_limits<uint64_t>::max()},
                         [&](uint64_t value) { reflection.SetUInt64(message, field, value); });
      case FieldDescriptor::CPPTYPE_ENUM:
        return show_each(std::vector<int>{77, -1, 0},
                         [&](int value) { reflection.SetEnumValue(message, field, value); });
      case FieldDescriptor::CPPTYPE_STRING:
        show("very long", false,
             [&] { reflection.SetString(message, field, std::string(kLongText, 'x')); });
        show("nothing", false, [&] { reflection.SetString(message, field, ""); });
        return show("controls", false,
                    [&] { reflection.SetString(message, field, "../\x01\n\x1f%s{}"); });
      default:
        return;
    }
  }

  const Message* const request_;
  const Visit& visit_;
};

}  // namespace

void ForEachAbsurdRequest(const Message& valid,
                          const std::function<void(const Absurdity&, const Message&)>& visit) {
  const std::unique_ptr<Message> request(valid.New());
  request->CopyFrom(valid);
  visit({"nothing at all"}, *std::unique_ptr<Message>(valid.New()));
  Walker(request.get(), visit).Walk(request.get(), "");
}

}  // namespace parallax::server

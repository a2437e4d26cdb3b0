#include "tests/fuzz/proto_mutator.h"

#include <array>
#include <bit>
#include <limits>
#include <memory>
#include <utility>

namespace parallax::fuzz {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kSingular = -1;  ///< index of what is no element
constexpr int kAttempts = 4;   ///< to find a change that fits
constexpr size_t kLongText = 300;

constexpr std::array<double, 12> kNumbers = {0.0,
                                             -0.0,
                                             1.0,
                                             -1.0,
                                             1e-9,
                                             1e308,
                                             -1e308,
                                             std::numeric_limits<double>::denorm_min(),
                                             std::numeric_limits<double>::max(),
                                             std::numeric_limits<double>::infinity(),
                                             -std::numeric_limits<double>::infinity(),
                                             std::numeric_limits<double>::quiet_NaN()};
constexpr std::array<const char*, 10> kTexts = {
    "", "a", "a/b", "rigs/board/runs/a", "..", "/", "http://lab:80/x", "Cel", "\xC3\xA9", "\n"};

/// A field of a message, set or not.
struct Slot {
  Message* message;
  const FieldDescriptor* field;
};

/// All of a message and of those in it.
void CollectSlots(Message* message, std::vector<Slot>& slots) {
  const Reflection& reflection = *message->GetReflection();
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = message->GetDescriptor()->field(i);
    slots.push_back({message, field});
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->is_repeated()) {
      for (int element = 0; element < reflection.FieldSize(*message, field); ++element) {
        CollectSlots(reflection.MutableRepeatedMessage(message, field, element), slots);
      }
    } else if (reflection.HasField(*message, field)) {
      CollectSlots(reflection.MutableMessage(message, field), slots);
    }
  }
}

/// Adds a copy of an element to its field.
void AddCopy(Message* message, const FieldDescriptor* field, int index) {
  const Reflection& reflection = *message->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.AddInt32(message, field,
                                 reflection.GetRepeatedInt32(*message, field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.AddInt64(message, field,
                                 reflection.GetRepeatedInt64(*message, field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.AddUInt32(message, field,
                                  reflection.GetRepeatedUInt32(*message, field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.AddUInt64(message, field,
                                  reflection.GetRepeatedUInt64(*message, field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.AddDouble(message, field,
                                  reflection.GetRepeatedDouble(*message, field, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection.AddFloat(message, field,
                                 reflection.GetRepeatedFloat(*message, field, index));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.AddBool(message, field, reflection.GetRepeatedBool(*message, field, index));
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.AddEnumValue(message, field,
                                     reflection.GetRepeatedEnumValue(*message, field, index));
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.AddString(message, field,
                                  reflection.GetRepeatedString(*message, field, index));
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      // Added first: the element may move.
      Message* const added = reflection.AddMessage(message, field);
      added->CopyFrom(reflection.GetRepeatedMessage(*message, field, index));
      return;
    }
  }
}

/// An element of its type's default, to be changed.
void AddDefault(Message* message, const FieldDescriptor* field) {
  const Reflection& reflection = *message->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.AddInt32(message, field, 0);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.AddInt64(message, field, 0);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.AddUInt32(message, field, 0);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.AddUInt64(message, field, 0);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.AddDouble(message, field, 0.0);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection.AddFloat(message, field, 0.0F);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.AddBool(message, field, false);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.AddEnumValue(message, field, 0);
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.AddString(message, field, "");
    case FieldDescriptor::CPPTYPE_MESSAGE:
      reflection.AddMessage(message, field);
      return;
  }
}

/// A change that is undone where the message has grown beyond a bound.
template <typename Change>
void TryChange(Message* message, size_t max_bytes, const Change& change) {
  const std::unique_ptr<Message> before(message->New());
  before->CopyFrom(*message);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    change();
    if (message->ByteSizeLong() <= max_bytes) return;
    message->CopyFrom(*before);
  }
}

}  // namespace

void ProtoMutator::Mutate(Message* message, size_t max_bytes) {
  TryChange(message, max_bytes, [&] {
    std::vector<Slot> slots;
    CollectSlots(message, slots);
    if (slots.empty()) return;
    const Slot& slot = slots[random_.Below(slots.size())];
    if (slot.field->is_repeated()) {
      MutateRepeated(slot.message, slot.field);
    } else {
      MutateSingular(slot.message, slot.field);
    }
  });
}

void ProtoMutator::CrossOver(const Message& other, Message* message, size_t max_bytes) {
  TryChange(message, max_bytes, [&] {
    const std::unique_ptr<Message> source(other.New());
    source->CopyFrom(other);
    std::vector<Slot> theirs;
    CollectSlots(source.get(), theirs);
    if (theirs.empty()) return;
    const Slot& from = theirs[random_.Below(theirs.size())];
    std::vector<Slot> ours;
    CollectSlots(message, ours);
    std::erase_if(ours, [&](const Slot& slot) { return slot.field != from.field; });
    if (ours.empty()) return;
    Message* const target = ours[random_.Below(ours.size())].message;
    target->GetReflection()->SwapFields(from.message, target, {from.field});
  });
}

void ProtoMutator::MutateSingular(Message* message, const Field* field) {
  const Reflection& reflection = *message->GetReflection();
  const bool set = !field->has_presence() || reflection.HasField(*message, field);
  if (set && random_.Below(4) == 0) return reflection.ClearField(message, field);
  if (field->cpp_type() != Field::CPPTYPE_MESSAGE) return SetScalar(message, field, kSingular);
  reflection.MutableMessage(message, field);
}

void ProtoMutator::MutateRepeated(Message* message, const Field* field) {
  const Reflection& reflection = *message->GetReflection();
  const int size = reflection.FieldSize(*message, field);
  if (size == 0) return AddElement(message, field);
  const auto any = static_cast<int>(random_.Below(static_cast<uint64_t>(size)));
  switch (random_.Below(6)) {
    case 0:
      return AddElement(message, field);
    case 1:
      reflection.SwapElements(message, field, any, size - 1);
      return reflection.RemoveLast(message, field);
    case 2:
      return AddCopy(message, field, any);
    case 3:
      return reflection.SwapElements(message, field, any, size - 1);
    case 4:
      for (int i = 0; i < size; ++i) AddCopy(message, field, i);
      return;
    default:
      if (field->cpp_type() != Field::CPPTYPE_MESSAGE) SetScalar(message, field, any);
      return;
  }
}

void ProtoMutator::AddElement(Message* message, const Field* field) {
  AddDefault(message, field);
  if (field->cpp_type() == Field::CPPTYPE_MESSAGE) return;
  SetScalar(message, field, message->GetReflection()->FieldSize(*message, field) - 1);
}

// One case a type, for reflection has one function a type.
#define PARALLAX_SET(Type, Mutated)                                          \
  if (index == kSingular) {                                                  \
    const auto value = reflection.Get##Type(*message, field);                \
    reflection.Set##Type(message, field, Mutated);                           \
  } else {                                                                   \
    const auto value = reflection.GetRepeated##Type(*message, field, index); \
    reflection.SetRepeated##Type(message, field, index, Mutated);            \
  }                                                                          \
  return

void ProtoMutator::SetScalar(Message* message, const Field* field, int index) {
  const Reflection& reflection = *message->GetReflection();
  switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      PARALLAX_SET(Int32, MutateInteger(value));
    case Field::CPPTYPE_INT64:
      PARALLAX_SET(Int64, MutateInteger(value));
    case Field::CPPTYPE_UINT32:
      PARALLAX_SET(UInt32, MutateInteger(value));
    case Field::CPPTYPE_UINT64:
      PARALLAX_SET(UInt64, MutateInteger(value));
    case Field::CPPTYPE_DOUBLE:
      PARALLAX_SET(Double, MutateNumber(value));
    case Field::CPPTYPE_FLOAT:
      PARALLAX_SET(Float, static_cast<float>(MutateNumber(value)));
    case Field::CPPTYPE_BOOL:
      PARALLAX_SET(Bool, !value);
    case Field::CPPTYPE_ENUM: {
      const EnumDescriptor& type = *field->enum_type();
      const auto any = static_cast<int>(random_.Below(static_cast<uint64_t>(type.value_count())));
      const bool known = random_.Below(4) != 0;
      PARALLAX_SET(EnumValue, known ? type.value(any)->number() : MutateInteger(value));
    }
    case Field::CPPTYPE_STRING:
      PARALLAX_SET(String, MutateText(value, field));
    case Field::CPPTYPE_MESSAGE:
      return;
  }
}

#undef PARALLAX_SET

template <typename Integer>
Integer ProtoMutator::MutateInteger(Integer value) {
  using Limits = std::numeric_limits<Integer>;
  using Bits = std::make_unsigned_t<Integer>;
  const auto bits = static_cast<Bits>(value);
  switch (random_.Below(6)) {
    case 0:
      return static_cast<Integer>(random_.Below(4));
    case 1:
      return Limits::max();
    case 2:
      return Limits::min();
    case 3:
      return static_cast<Integer>(static_cast<Bits>(bits + 1));
    case 4:
      return static_cast<Integer>(static_cast<Bits>(bits - 1));
    default:
      return static_cast<Integer>(
          static_cast<Bits>(bits ^ (Bits{1} << random_.Below(Limits::digits))));
  }
}

double ProtoMutator::MutateNumber(double value) {
  switch (random_.Below(4)) {
    case 0:
      return kNumbers[random_.Below(kNumbers.size())];
    case 1:
      return -value;
    case 2:
      return value + 2.0 * random_.Uniform() - 1.0;
    default:
      return std::bit_cast<double>(std::bit_cast<uint64_t>(value) ^
                                   (uint64_t{1} << random_.Below(64)));
  }
}

/// Bytes are anything; a text stays UTF-8, since the wire has no other.
std::string ProtoMutator::MutateText(std::string text, const Field* field) {
  const bool bytes = field->type() == Field::TYPE_BYTES;
  const size_t at = text.empty() ? 0 : random_.Below(text.size());
  const bool ascii = text.find_first_of("\xC3\xA9") == std::string::npos;
  switch (random_.Below(6)) {
    case 0:
      return kTexts[random_.Below(kTexts.size())];
    case 1:
      return text + text;
    case 2:
      return std::string(kLongText, 'x');
    case 3:
      if (bytes || ascii) return text.erase(at, 1 + random_.Below(4));
      return "";
    default: {
      const auto byte = static_cast<char>(bytes ? random_.Below(256) : 32 + random_.Below(95));
      if (bytes || ascii) return text.insert(at, 1, byte);
      return text + byte;
    }
  }
}

}  // namespace parallax::fuzz

#include "tests/fuzz/proto_mutator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/fuzz/fuzz_input.pb.h"
#include "tests/fuzz/message_text.h"

namespace parallax::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kRoom = 4096;

/// Full names of the fields that are set anywhere in a message.
void CollectSet(const Message& message, std::set<std::string>& names) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    names.insert(field->full_name());
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      CollectSet(message.GetReflection()->GetMessage(message, field), names);
      continue;
    }
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      CollectSet(message.GetReflection()->GetRepeatedMessage(message, field, i), names);
    }
  }
}

/// Full names of all fields of a type and of the types in it.
void CollectAll(const google::protobuf::Descriptor& type, std::set<std::string>& names) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!names.insert(field.full_name()).second) continue;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
      CollectAll(*field.message_type(), names);
  }
}

SessionInput Hellos(int steps, const std::string& producer) {
  SessionInput input;
  for (int i = 0; i < steps; ++i) {
    input.add_steps()->mutable_send()->mutable_hello()->set_producer_id(producer);
  }
  return input;
}

TEST(ProtoMutatorTest, AMessageOfOneFlagHasOneNeighbour) {
  // Of Setpoint {value, ramp} each mutation changes one of the two.
  for (uint64_t seed = 0; seed < 50; ++seed) {
    v1::Setpoint setpoint;
    setpoint.set_value(20.0);
    ProtoMutator(seed).Mutate(&setpoint, kRoom);
    const bool value_stays = setpoint.value() == 20.0;
    EXPECT_TRUE(value_stays || !setpoint.ramp()) << "seed " << seed;
  }
}

TEST(ProtoMutatorTest, ASeedSaysWhatChanges) {
  std::set<std::string> results;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SessionInput first = Hellos(3, "p");
    SessionInput second = first;
    ProtoMutator(seed).Mutate(&first, kRoom);
    ProtoMutator(seed).Mutate(&second, kRoom);
    EXPECT_EQ(WireBytes(first), WireBytes(second)) << "seed " << seed;
    results.insert(WireBytes(first));
  }
  EXPECT_GT(results.size(), 20u);
}

TEST(ProtoMutatorTest, EveryFieldIsReachedFromNothing) {
  std::set<std::string> missing;
  CollectAll(*SessionInput::descriptor(), missing);
  for (uint64_t seed = 0; seed < 60; ++seed) {
    ProtoMutator mutator(seed);
    SessionInput input;
    for (int i = 0; i < 400; ++i) {
      mutator.Mutate(&input, kRoom);
      std::set<std::string> reached;
      CollectSet(input, reached);
      for (const std::string& name : reached) missing.erase(name);
    }
  }
  EXPECT_THAT(missing, ::testing::IsEmpty());
}

TEST(ProtoMutatorTest, NumbersReachWhatBreaksArithmetic) {
  bool nan = false;
  bool huge = false;
  bool negative = false;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    ProtoMutator mutator(seed);
    v1::Measurement measurement;
    for (int i = 0; i < 20; ++i) {
      mutator.Mutate(&measurement, kRoom);
      nan = nan || measurement.value() != measurement.value();
      huge = huge || measurement.value() == 1e308;
      negative = negative || measurement.sd() < 0.0;
    }
  }
  EXPECT_TRUE(nan && huge && negative);
}

class ProtoMutatorPropertyTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(ProtoMutatorPropertyTest, MessagesStayWithinTheirRoomAndCanBeSent) {
  constexpr size_t kLittle = 300;
  ProtoMutator mutator(GetParam());
  ConvertInput input;
  uint8_t text[65'536];
  for (int i = 0; i < 300; ++i) {
    mutator.Mutate(&input, kLittle);
    ASSERT_LE(input.ByteSizeLong(), kLittle);
    ConvertInput sent;
    ASSERT_TRUE(sent.ParseFromString(input.SerializeAsString())) << input.DebugString();
    ConvertInput written;
    ASSERT_TRUE(ReadText(text, WriteText(input, text, sizeof text), &written));
    // Texts know one NaN; what it was made of is lost with them, and neither matters to what reads
    // it.
    EXPECT_EQ(written.DebugString(), input.DebugString());
  }
}

TEST_P(ProtoMutatorPropertyTest, ACrossingTakesFieldsOfTheOther) {
  const SessionInput other = Hellos(2, "theirs");
  SessionInput input = Hellos(2, "ours");
  ProtoMutator(GetParam()).CrossOver(other, &input, kRoom);
  for (const SessionStep& step : input.steps()) {
    const std::string& producer = step.send().hello().producer_id();
    EXPECT_TRUE(producer == "ours" || producer == "theirs" || producer.empty()) << producer;
  }
  EXPECT_EQ(other.SerializeAsString(), Hellos(2, "theirs").SerializeAsString());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ProtoMutatorPropertyTest,
                         ::testing::Range(uint64_t{0}, uint64_t{50}));

TEST(ProtoMutatorTest, CrossingsDoTakeSomething) {
  int taken = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SessionInput input = Hellos(1, "ours");
    ProtoMutator(seed).CrossOver(Hellos(1, "theirs"), &input, kRoom);
    if (input.steps_size() == 1 && input.steps(0).send().hello().producer_id() == "theirs") ++taken;
  }
  EXPECT_GT(taken, 10);
}

TEST(MessageTextTest, ATextIsReadAsItIsWritten) {
  const SessionInput input = Hellos(1, "p");
  uint8_t text[200];
  const size_t size = WriteText(input, text, sizeof text);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(text), size),
            "steps {\n  send {\n    hello {\n      producer_id: \"p\"\n    }\n  }\n}\n");
  EXPECT_EQ(WriteText(input, text, size - 1), 0u) << "no room";
  SessionInput again;
  EXPECT_FALSE(ReadText(text, size - 2, &again)) << "without its last brace";
}

}  // namespace
}  // namespace parallax::fuzz

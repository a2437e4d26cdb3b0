#include "core/signal/rig.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/support/recording.h"
#include "tests/support/status_matchers.h"

namespace parallax::signal {
namespace {

using ::parallax::testing::StatusIs;
using ::parallax::testing::TwoHeaterRig;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Rig, CountsChannelsOverDevices) {
  Rig rig = TwoHeaterRig();
  rig.devices.push_back({.id = "room", .channels = {rig.devices[0].channels[2]}});
  const std::vector<ChannelRef> channels = ListChannels(rig);
  ASSERT_EQ(channels.size(), 5u);
  EXPECT_EQ(channels[4].index, 4u);
  EXPECT_EQ(channels[4].name(), "room/T1");
}

TEST(Rig, FindsByFullNameAndByBareId) {
  const Rig rig = TwoHeaterRig();
  EXPECT_EQ(FindChannel(rig, "board/T2")->index, 3u);
  EXPECT_EQ(FindChannel(rig, "T2")->index, 3u);
}

TEST(Rig, ABareIdOfTwoDevicesIsAmbiguous) {
  Rig rig = TwoHeaterRig();
  rig.devices.push_back({.id = "room", .channels = {rig.devices[0].channels[2]}});
  EXPECT_THAT(FindChannel(rig, "T1"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ambiguous")));
  EXPECT_EQ(FindChannel(rig, "room/T1")->index, 4u);
}

TEST(Rig, AnUnknownChannelIsNotFoundWithTheNearest) {
  const Rig rig = TwoHeaterRig();
  EXPECT_THAT(FindChannel(rig, "board/T3"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean \"board/T")));
  EXPECT_THAT(FindChannel(rig, "pressure"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("Q1, Q2, T1, T2")));
}

TEST(Rig, AGoodRigIsValid) { PARALLAX_EXPECT_OK(ValidateRig(TwoHeaterRig())); }

TEST(Rig, AWrongUnitIsNamedWithItsChannel) {
  Rig rig = TwoHeaterRig();
  rig.devices[0].channels[2].unit = "degC";
  EXPECT_THAT(ValidateRig(rig), StatusIs(absl::StatusCode::kInvalidArgument,
                                         AllOf(HasSubstr("\"T1\""), HasSubstr("degC"),
                                               HasSubstr("did you mean \"Cel\""))));
}

TEST(Rig, RefusesARangeThatIsEmptyOrNotFinite) {
  Rig rig = TwoHeaterRig();
  rig.devices[0].channels[2].range_high = -40.0;
  EXPECT_THAT(ValidateRig(rig), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("range")));
  rig.devices[0].channels[2].range_high = std::numeric_limits<double>::infinity();
  EXPECT_THAT(ValidateRig(rig), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("range")));
}

TEST(Rig, RefusesNegativeAndNotFiniteFigures) {
  for (double Channel::*field : {&Channel::rate_hz, &Channel::noise_sd, &Channel::resolution}) {
    for (const double value : {-1.0, std::nan("")}) {
      Rig rig = TwoHeaterRig();
      rig.devices[0].channels[2].*field = value;
      EXPECT_THAT(ValidateRig(rig), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("T1")));
    }
  }
  Rig rig = TwoHeaterRig();
  rig.geometry["ambient_k"] = std::nan("");
  EXPECT_THAT(ValidateRig(rig),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ambient_k")));
}

TEST(Rig, RefusesIdsThatAreIllegalOrRepeated) {
  for (const std::string& id : {std::string(), std::string("a/b"), std::string("a b"),
                                std::string("T\n1"), std::string(64, 'x')}) {
    Rig rig = TwoHeaterRig();
    rig.devices[0].channels[2].id = id;
    EXPECT_THAT(ValidateRig(rig),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 to 63 characters")))
        << id;
  }
  Rig rig = TwoHeaterRig();
  rig.devices[0].channels[3].id = "T1";
  EXPECT_THAT(ValidateRig(rig),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be unique")));
}

TEST(Rig, RefusesNoChannelsAndTooMany) {
  Rig rig = TwoHeaterRig();
  rig.devices.clear();
  EXPECT_THAT(ValidateRig(rig),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0 channels")));
  rig = TwoHeaterRig();
  for (size_t i = 0; i < kMaxChannels; ++i) {
    Channel channel = rig.devices[0].channels[2];
    channel.id = "c" + std::to_string(i);
    rig.devices[0].channels.push_back(channel);
  }
  EXPECT_THAT(ValidateRig(rig), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1024")));
}

TEST(Rig, RefusesAGasReferenceWithoutGas) {
  Rig rig = TwoHeaterRig();
  rig.devices[0].channels[2].reference = GasReference{.temperature_k = 0.0};
  EXPECT_THAT(ValidateRig(rig),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("temperature_k")));
}

TEST(Rig, SchemaHashFollowsWhatGivesABatchItsMeaning) {
  const Rig rig = TwoHeaterRig();
  Rig other = rig;
  other.geometry["ambient_k"] = 290.0;
  other.devices[0].channels[2].noise_sd = 9.0;
  EXPECT_EQ(SchemaHash(rig), SchemaHash(other));
  other.devices[0].channels[2].unit = "K";
  EXPECT_NE(SchemaHash(rig), SchemaHash(other));
  other = rig;
  std::swap(other.devices[0].channels[2], other.devices[0].channels[3]);
  EXPECT_NE(SchemaHash(rig), SchemaHash(other));
}

}  // namespace
}  // namespace parallax::signal

#include "core/surrogate/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "core/base/sha256.h"

namespace parallax::surrogate {
namespace {

using ::testing::HasSubstr;

constexpr size_t kBodyBegin = 24;

Bnn Tiny() {
  BnnParts parts{.feature_names = {"temperature_k", "flow"},
                 .outcome_name = "height_m",
                 .training_runs = 40,
                 .center = Eigen::Vector2d(1000.0, 0.1),
                 .scale = Eigen::Vector2d(30.0, 1.0 / 3.0),
                 .outcome_center = 1e-4,
                 .outcome_scale = 2e-5,
                 .noise_factor = 1.5,
                 .calibration_scores = Eigen::Vector3d(0.5, 1.0, 2.0)};
  for (const double shift : {0.0, 0.1}) {
    Eigen::VectorXd parameters = Eigen::VectorXd::LinSpaced(12, -1.0, 1.0);
    parameters.array() += shift;
    Eigen::MatrixXd factor = Eigen::MatrixXd::Zero(3, 3);
    factor.triangularView<Eigen::Lower>().setConstant(0.1 + shift);
    parts.members.push_back({Mlp({.inputs = 2, .hidden = {2}}, parameters), factor, 1.25});
  }
  return *Bnn::FromParts(parts);
}

/// With a digest that is right, whatever the bytes before it are.
std::string Signed(std::string bytes) {
  bytes.resize(bytes.size() - 64);
  return bytes + base::Sha256Hex(bytes);
}

TEST(ModelFile, ComesBackToTheLastBit) {
  const std::string bytes = EncodeBnn(Tiny());
  const absl::StatusOr<Bnn> back = DecodeBnn(bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(EncodeBnn(*back), bytes);
  const Eigen::MatrixXd asked = Eigen::RowVector2d(1010.0, 0.3);
  EXPECT_EQ((*back->Predict(asked))[0].mean, (*Tiny().Predict(asked))[0].mean);
  EXPECT_EQ((*back->Predict(asked))[0].variance(), (*Tiny().Predict(asked))[0].variance());
  EXPECT_EQ((*back->PredictIntervals(asked, 0.5))[0].upper,
            (*Tiny().PredictIntervals(asked, 0.5))[0].upper);
}

TEST(ModelFile, IsTheSameOnEveryMachine) {
  const std::string bytes = EncodeBnn(Tiny());
  EXPECT_EQ(bytes.substr(0, 16), std::string("network \1\0\0\0\0\0\0\0", 16));
  // Two names, of 13 and 4 bytes, begin the body.
  EXPECT_EQ(bytes.substr(kBodyBegin, 20), std::string("\2\0\0\0\0\0\0\0\15\0\0\0\0\0\0\0temp", 20));
}

TEST(ModelFile, EveryTruncationAndEveryChangedByteIsRefused) {
  const std::string bytes = EncodeBnn(Tiny());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeBnn(bytes.substr(0, size)).status().code(), absl::StatusCode::kDataLoss)
        << size;
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {1, 0x80, 0xFF}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      EXPECT_EQ(DecodeBnn(changed).status().code(), absl::StatusCode::kDataLoss) << at;
    }
  }
  EXPECT_EQ(DecodeBnn(bytes + "x").status().code(), absl::StatusCode::kDataLoss);
}

TEST(ModelFile, SignedNonsenseIsRefusedOrRead) {
  const std::string bytes = EncodeBnn(Tiny());
  const size_t body_end = bytes.size() - 64;
  size_t refused = 0;
  for (size_t at = kBodyBegin; at < body_end; ++at) {
    for (const int flip : {1, 0x80, 0xFF}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      const absl::StatusOr<Bnn> model = DecodeBnn(Signed(changed));
      if (model.ok()) {
        EXPECT_TRUE(EncodeBnn(*model) == Signed(changed))
            << at;  // as another model, to the last bit
      } else {
        ++refused;
        EXPECT_EQ(model.status().code(), absl::StatusCode::kDataLoss) << at;
      }
    }
  }
  EXPECT_GT(refused, 100u);
}

TEST(ModelFile, WhatIsWrongIsNamed) {
  const std::string bytes = EncodeBnn(Tiny());
  const auto error = [](const std::string& file) {
    return std::string(DecodeBnn(file).status().message());
  };
  EXPECT_THAT(error(""), HasSubstr("is not such a file"));
  std::string version = bytes;
  version[8] = 2;
  EXPECT_THAT(error(version), HasSubstr("has version 2, must be 1"));
  EXPECT_THAT(error(bytes.substr(0, bytes.size() - 1)), HasSubstr("holds"));
  std::string body = bytes;
  body[kBodyBegin + 6] = static_cast<char>(body[kBodyBegin + 6] ^ 1);
  EXPECT_THAT(error(body), HasSubstr("SHA-256"));
  std::string names = bytes;
  names[kBodyBegin + 3] = '\x7F';  // two thousand million names
  EXPECT_THAT(error(Signed(names)), HasSubstr("holds a 2130706434 where less than 4097 is known"));
}

TEST(ModelFile, PartsThatDoNotFitAreNamed) {
  const auto error = [](const BnnParts& parts) {
    const absl::Status status = Bnn::FromParts(parts).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  const BnnParts good = Tiny().parts();
  BnnParts parts = good;
  parts.scale(0) = 0.0;
  EXPECT_THAT(error(parts), HasSubstr("scale of the features"));
  parts = good;
  parts.center.resize(3);
  EXPECT_THAT(error(parts), HasSubstr("center of the features does not fit"));
  parts = good;
  parts.noise_factor = std::nan("");
  EXPECT_THAT(error(parts), HasSubstr("noise factor"));
  parts = good;
  parts.members.pop_back();
  EXPECT_THAT(error(parts), HasSubstr("number of members"));
  parts = good;
  parts.members[1].covariance_factor.resize(2, 2);
  EXPECT_THAT(error(parts), HasSubstr("covariance of a member does not fit"));
  parts = good;
  parts.members[1].mlp.mutable_parameters()(0) = std::nan("");
  EXPECT_THAT(error(parts), HasSubstr("parameters of a member"));
}

}  // namespace
}  // namespace parallax::surrogate

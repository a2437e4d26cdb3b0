#include "core/twin/separation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

using testing::BoardDrive;
using testing::FurnaceDrive;

TEST(Separations, NameParametersOfTheirTwin) {
  const Registry twins = BuiltInTwins();
  for (const Twin* twin : twins.List()) {
    const std::vector<Separation> pairs = SeparationsIn(twin->description().name);
    EXPECT_FALSE(pairs.empty()) << twin->description().name;
    for (const Separation& pair : pairs) {
      EXPECT_FALSE(pair.experiment.empty());
      for (const std::vector<std::string>& side : {pair.one, pair.other}) {
        EXPECT_FALSE(side.empty()) << pair.experiment;
        for (const std::string& name : side) {
          EXPECT_GE(ParameterIndex(twin->description(), name), 0) << name;
        }
      }
    }
  }
  EXPECT_TRUE(SeparationsIn("none").empty());
}

TEST(Separations, WhereNoPairIsKnownEveryParameterHasItsBestSignal) {
  const Registry twins = BuiltInTwins();
  for (const Twin* twin : twins.List()) {
    for (const Parameter& parameter : twin->description().parameters) {
      EXPECT_FALSE(parameter.best_signal.empty()) << parameter.name;
    }
  }
}

/// What one prior sd of a parameter changes in all readings of a run [K], at the nominal values.
Eigen::VectorXd EffectOf(const Twin& twin, const std::string& name, const Drive& drive) {
  Prediction prediction;
  Jacobian jacobian;
  EXPECT_TRUE(twin.Predict(testing::Nominal(twin), drive, &prediction, &jacobian).ok());
  const int p = ParameterIndex(twin.description(), name);
  const Parameter& parameter = twin.description().parameters[static_cast<size_t>(p)];
  const double per_sd =
      parameter.prior_sd *
      FromCoordinateDerivative(parameter, ToCoordinate(parameter, parameter.nominal));
  Eigen::VectorXd effect(drive.time_s.size() * std::ssize(jacobian.outputs));
  for (size_t i = 0; i < jacobian.outputs.size(); ++i) {
    effect.segment(static_cast<Eigen::Index>(i) * drive.time_s.size(), drive.time_s.size()) =
        per_sd * jacobian.outputs[i].col(p);
  }
  return effect;
}

/// |Cosine| of two effects: 1 where one passes for the other.
double Likeness(const Twin& twin, const std::string& one, const std::string& other,
                const Drive& drive) {
  return std::abs(
      EffectOf(twin, one, drive).normalized().dot(EffectOf(twin, other, drive).normalized()));
}

/// A board whose heaters are held at constant power for half an hour.
Drive HeldBoard(double heater_1, double heater_2, double start_k) {
  constexpr Eigen::Index kRows = 181;
  Eigen::MatrixXd power(kRows, 2);
  power.col(0).setConstant(heater_1);
  power.col(1).setConstant(heater_2);
  Drive drive = BoardDrive(Eigen::VectorXd::LinSpaced(kRows, 0.0, 1800.0), power);
  drive.initial.setConstant(start_k);
  return drive;
}

TEST(SeparationsOfABoard, ACooldownShowsTheLossAndNoGain) {
  const std::unique_ptr<Twin> board = MakeTwoHeater();
  const Drive cooldown = HeldBoard(0.0, 0.0, 340.0);
  EXPECT_EQ(EffectOf(*board, "alpha1", cooldown).norm(), 0.0);
  EXPECT_EQ(EffectOf(*board, "alpha2", cooldown).norm(), 0.0);
  EXPECT_GT(EffectOf(*board, "U", cooldown).cwiseAbs().maxCoeff(), 2.0);
  // With both heaters on from the cold, the loss passes for the gains.
  const Drive both = HeldBoard(0.5, 0.5, testing::kBoardAmbientK);
  EXPECT_GT(Likeness(*board, "U", "alpha1", both), 0.7);
}

TEST(SeparationsOfABoard, OneHeaterAloneTellsItsGainFromTheOthersAndExchangeFromLoss) {
  const std::unique_ptr<Twin> board = MakeTwoHeater();
  const Drive alone = HeldBoard(0.5, 0.0, testing::kBoardAmbientK);
  EXPECT_EQ(EffectOf(*board, "alpha2", alone).norm(), 0.0);
  EXPECT_GT(EffectOf(*board, "alpha1", alone).cwiseAbs().maxCoeff(), 2.0);
  const Drive both = HeldBoard(0.5, 0.5, testing::kBoardAmbientK);
  EXPECT_GT(EffectOf(*board, "Us", alone).norm(), 2.0 * EffectOf(*board, "Us", both).norm());
  EXPECT_LT(Likeness(*board, "Us", "U", alone), 0.5);
}

TEST(SeparationsOfABoard, AtRestOnlyTheAirsTemperatureShows) {
  const std::unique_ptr<Twin> board = MakeTwoHeater();
  const Drive rest = HeldBoard(0.0, 0.0, testing::kBoardAmbientK);
  EXPECT_LT(EffectOf(*board, "U", rest).norm(), 1e-6);
  EXPECT_LT(EffectOf(*board, "eps", rest).norm(), 1e-6);
  EXPECT_GT(EffectOf(*board, "Ta_offset", rest).cwiseAbs().maxCoeff(), 1.0);
}

TEST(SeparationsOfABoard, OneRunTakesRadiationForConvection) {
  const std::unique_ptr<Twin> board = MakeTwoHeater();
  EXPECT_GT(Likeness(*board, "U", "eps", HeldBoard(0.5, 0.2, testing::kBoardAmbientK)), 0.99);
}

/// A furnace at two commands [A], half of the time each, with argon for a share of each half.
Drive HeldFurnace(double first_a, double second_a, double argon_share) {
  constexpr Eigen::Index kRows = 800, kHalf = 400;
  Drive drive = FurnaceDrive(Eigen::VectorXd::LinSpaced(kRows, 0.0, 15980.0), first_a, 0.0);
  drive.inputs.col(kPowerCommand).tail(kRows - kHalf).setConstant(second_a);
  const auto on = static_cast<Eigen::Index>(argon_share * kHalf);
  drive.inputs.col(kArgonShare).segment(kHalf - on, on).setOnes();
  drive.inputs.col(kArgonShare).tail(on).setOnes();
  return drive;
}

TEST(SeparationsOfAFurnace, ArgonThatIsSwitchedTellsItsLossFromTheOther) {
  const std::unique_ptr<Twin> furnace = MakeFurnace();
  EXPECT_GT(Likeness(*furnace, "G", "G_gas", HeldFurnace(4e-4, 4e-4, 1.0)), 0.9999);
  EXPECT_LT(Likeness(*furnace, "G", "G_gas", HeldFurnace(4e-4, 4e-4, 0.5)), 0.9);
}

TEST(SeparationsOfAFurnace, HoldsFarApartTellConductionFromRadiation) {
  const std::unique_ptr<Twin> furnace = MakeFurnace();
  const double near = Likeness(*furnace, "G", "A", HeldFurnace(4e-4, 4e-4, 0.0));
  const double apart = Likeness(*furnace, "G", "A", HeldFurnace(2e-5, 8e-4, 0.0));
  EXPECT_LT(apart, near);
}

TEST(SeparationsOfAFurnace, NoCourseTellsEmissivityFromAreaOrAScaleFromItsParts) {
  const std::unique_ptr<Twin> furnace = MakeFurnace();
  const Drive drive = HeldFurnace(1e-4, 8e-4, 0.5);
  EXPECT_GT(Likeness(*furnace, "eps", "A", drive), 1.0 - 1e-9);
  // Power, capacity and losses by one factor: nothing changes.
  Eigen::VectorXd scaled = testing::Nominal(*furnace);
  for (const char* name : {"eta", "C", "G", "G_gas", "A"}) {
    const int p = ParameterIndex(furnace->description(), name);
    scaled(p) *= 1.1;
  }
  const Eigen::MatrixXd course = testing::Outputs(*furnace, testing::Nominal(*furnace), drive);
  EXPECT_LT((testing::Outputs(*furnace, scaled, drive) - course).cwiseAbs().maxCoeff(), 1e-6);
}

}  // namespace
}  // namespace parallax::twin

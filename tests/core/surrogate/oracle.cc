#include "tests/core/surrogate/oracle.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "core/base/random.h"

namespace parallax::surrogate {

Dataset SmoothRuns(int n, uint64_t seed, double noise_sd) {
  base::Random random(seed, 0);
  Dataset runs{.feature_names = {"temperature_k", "flow_sccm", "share"},
               .features = Eigen::MatrixXd(n, 3),
               .outcome_name = "height_m",
               .outcomes = Eigen::VectorXd(n)};
  for (int i = 0; i < n; ++i) {
    const double u = random.Uniform(), v = random.Uniform(), w = random.Uniform();
    runs.features.row(i) << 900.0 + 200.0 * u, 50.0 * v, 0.01 * w;
    runs.outcomes(i) =
        1e-3 * (2.0 + std::sin(5.0 * u) + v * v + 0.3 * w + noise_sd * random.Normal());
  }
  return runs;
}

std::vector<double> AskOracle(const std::string& script, const std::vector<double>& setup,
                              const Dataset& runs, const Eigen::MatrixXd& asked) {
  const std::string path =
      absl::StrFormat("%s/%s.%s.txt", ::testing::TempDir(), script,
                      ::testing::UnitTest::GetInstance()->current_test_info()->name());
  std::ofstream file(path);
  file << absl::StrFormat("%d %d", runs.features.rows(), runs.features.cols());
  for (const double value : setup) file << absl::StrFormat(" %.17g", value);
  for (Eigen::Index i = 0; i < runs.features.rows(); ++i) {
    for (const double value : runs.features.row(i)) file << absl::StrFormat(" %.17g", value);
    file << absl::StrFormat(" %.17g", runs.outcomes(i));
  }
  for (const auto& row : asked.rowwise()) {
    for (const double value : row) file << absl::StrFormat(" %.17g", value);
  }
  file.close();
  const std::string command =
      absl::StrFormat("%s %s/%s %s", PARALLAX_PYTHON, PARALLAX_SCRIPTS, script, path);
  FILE* pipe = popen(command.c_str(), "r");
  std::string said;
  std::array<char, 4096> piece{};
  while (const size_t size = pipe == nullptr ? 0 : fread(piece.data(), 1, piece.size(), pipe)) {
    said.append(piece.data(), size);
  }
  EXPECT_TRUE(pipe != nullptr && pclose(pipe) == 0) << command << ": " << said;
  std::istringstream words(said);
  std::vector<double> values;
  for (double value = 0.0; words >> value;) values.push_back(value);
  return values;
}

}  // namespace parallax::surrogate

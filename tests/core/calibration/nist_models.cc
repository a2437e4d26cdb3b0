#include "tests/core/calibration/nist_models.h"

#include <ceres/jet.h>

#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "core/base/check.h"

namespace parallax::calibration {
namespace {

constexpr int kMost = 8;
using Jet = ceres::Jet<double, kMost>;
using Model = std::function<Jet(const std::vector<Jet>& b, const Eigen::VectorXd& x)>;

Jet Square(const Jet& value) { return value * value; }

const std::map<std::string, Model>& Models() {
  static const auto* models = new std::map<std::string, Model>{
      {"BoxBOD", [](const auto& b, const auto& x) { return b[0] * (1.0 - exp(-b[1] * x(0))); }},
      {"Chwirut2",
       [](const auto& b, const auto& x) { return exp(-b[0] * x(0)) / (b[1] + b[2] * x(0)); }},
      {"DanWood", [](const auto& b, const auto& x) { return b[0] * exp(b[1] * std::log(x(0))); }},
      {"Eckerle4",
       [](const auto& b, const auto& x) {
         return b[0] / b[1] * exp(-0.5 * Square((x(0) - b[2]) / b[1]));
       }},
      {"Gauss1",
       [](const auto& b, const auto& x) {
         return b[0] * exp(-b[1] * x(0)) + b[2] * exp(-Square((x(0) - b[3]) / b[4])) +
                b[5] * exp(-Square((x(0) - b[6]) / b[7]));
       }},
      {"Hahn1",
       [](const auto& b, const auto& x) {
         const double t = x(0);
         return (b[0] + t * (b[1] + t * (b[2] + t * b[3]))) /
                (1.0 + t * (b[4] + t * (b[5] + t * b[6])));
       }},
      {"Kirby2",
       [](const auto& b, const auto& x) {
         const double t = x(0);
         return (b[0] + t * (b[1] + t * b[2])) / (1.0 + t * (b[3] + t * b[4]));
       }},
      {"MGH09",
       [](const auto& b, const auto& x) {
         const double t = x(0);
         return b[0] * (t * t + t * b[1]) / (t * t + t * b[2] + b[3]);
       }},
      {"MGH17",
       [](const auto& b, const auto& x) {
         return b[0] + b[1] * exp(-b[3] * x(0)) + b[2] * exp(-b[4] * x(0));
       }},
      {"Misra1a", [](const auto& b, const auto& x) { return b[0] * (1.0 - exp(-b[1] * x(0))); }},
      {"Misra1b",
       [](const auto& b, const auto& x) {
         return b[0] * (1.0 - 1.0 / Square(1.0 + 0.5 * b[1] * x(0)));
       }},
      {"Misra1d",
       [](const auto& b, const auto& x) { return b[0] * b[1] * x(0) / (1.0 + b[1] * x(0)); }},
      {"Nelson",
       [](const auto& b, const auto& x) { return b[0] - b[1] * x(0) * exp(-b[2] * x(1)); }},
      {"Rat42",
       [](const auto& b, const auto& x) { return b[0] / (1.0 + exp(b[1] - b[2] * x(0))); }},
  };
  return *models;
}

std::vector<double> Numbers(const std::string& line) {
  std::istringstream in(line);
  std::vector<double> numbers;
  for (double value; in >> value;) numbers.push_back(value);
  return numbers;
}

Eigen::VectorXd Column(const std::vector<std::vector<double>>& rows, size_t column) {
  Eigen::VectorXd values(static_cast<Eigen::Index>(rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) values(static_cast<Eigen::Index>(i)) = rows[i][column];
  return values;
}

}  // namespace

const std::vector<std::string>& NistNames() {
  static const auto* names = new std::vector<std::string>([] {
    std::vector<std::string> list;
    for (const auto& entry : Models()) list.push_back(entry.first);
    return list;
  }());
  return *names;
}

NistCase ReadNist(const std::string& name) {
  std::ifstream file(std::string(PARALLAX_TEST_DATA "/nist/") + name + ".dat");
  PARALLAX_CHECK(file.good());
  NistCase data;
  data.name = name;
  std::vector<std::vector<double>> parameters, rows;
  bool in_data = false;
  for (std::string line; std::getline(file, line);) {
    const size_t equals = line.find('=');
    if (in_data) {
      if (const std::vector<double> row = Numbers(line); row.size() >= 2) rows.push_back(row);
    } else if (line.starts_with("Residual Sum of Squares:")) {
      data.residual_sum_of_squares = Numbers(line.substr(24)).at(0);
    } else if (line.starts_with("Data:") && line.find(" y ") != std::string::npos &&
               line.find("Response") == std::string::npos) {
      in_data = true;
    } else if (line.starts_with("  b") && equals != std::string::npos) {
      parameters.push_back(Numbers(line.substr(equals + 1)));
      PARALLAX_CHECK(parameters.back().size() == 4);
    }
  }
  PARALLAX_CHECK(!rows.empty() && !parameters.empty());
  data.start1 = Column(parameters, 0);
  data.start2 = Column(parameters, 1);
  data.certified = Column(parameters, 2);
  data.certified_sd = Column(parameters, 3);
  data.y = Column(rows, 0);
  if (name == "Nelson") data.y = data.y.array().log().matrix();
  data.x.resize(data.y.size(), static_cast<Eigen::Index>(rows.front().size()) - 1);
  for (Eigen::Index j = 0; j < data.x.cols(); ++j) data.x.col(j) = Column(rows, j + 1);
  return data;
}

LeastSquaresProblem NistProblem(const NistCase& data) {
  const Model& model = Models().at(data.name);
  LeastSquaresProblem problem;
  problem.parameters = static_cast<int>(data.certified.size());
  problem.evaluate = [&data, &model](const Eigen::VectorXd& b, Eigen::VectorXd* residuals,
                                     Eigen::MatrixXd* jacobian) {
    std::vector<Jet> jets;
    for (int i = 0; i < b.size(); ++i) jets.emplace_back(b(i), i);
    residuals->resize(data.y.size());
    if (jacobian != nullptr) jacobian->resize(data.y.size(), b.size());
    for (Eigen::Index row = 0; row < data.y.size(); ++row) {
      const Jet value = model(jets, data.x.row(row).transpose());
      (*residuals)(row) = data.y(row) - value.a;
      if (jacobian != nullptr) jacobian->row(row) = -value.v.head(b.size()).transpose();
    }
    return true;
  };
  return problem;
}

}  // namespace parallax::calibration

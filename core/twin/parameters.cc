#include "core/twin/parameters.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/edit_distance.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/twin/predict.h"

namespace parallax::twin {
namespace {

/// A field preceded by its length, so that no two lists of fields give the same text.
void AppendField(std::string_view field, std::string* text) {
  *text += absl::StrFormat("%d:%s", field.size(), field);
}

void AppendNumber(double value, std::string* text) {
  AppendField(absl::StrFormat("%.17g", value), text);
}

absl::Status UnknownParameter(const Description& description, const std::string& name) {
  const std::vector<std::string> names = ParameterNames(description);
  const std::string near = base::NearestName(name, names);
  const std::string known = absl::StrJoin(names, ", ");
  const std::string hint = near.empty() ? absl::StrFormat("known: %s", known)
                                        : absl::StrFormat("did you mean \"%s\"?", near);
  return base::WithFieldError(
      absl::InvalidArgumentError(
          absl::StrFormat("twin \"%s\" has no parameter \"%s\"; %s", description.name, name, hint)),
      {.field = absl::StrFormat("[%s]", name),
       .value = name,
       .bound = absl::StrFormat("one of %s", known),
       .next_step = near.empty() ? "" : hint});
}

}  // namespace

std::vector<std::string> ParameterNames(const Description& description) {
  std::vector<std::string> names;
  for (const Parameter& parameter : description.parameters) names.push_back(parameter.name);
  return names;
}

std::string Digest(const Description& description) {
  std::string text;
  AppendField(description.name, &text);
  AppendField(description.version, &text);
  for (const Parameter& parameter : description.parameters) {
    for (const std::string* field :
         {&parameter.name, &parameter.unit, &parameter.step_input, &parameter.mechanism}) {
      AppendField(*field, &text);
    }
    for (double number :
         {parameter.nominal, parameter.prior_sd, parameter.lower, parameter.upper, parameter.run_sd,
          static_cast<double>(parameter.transform), static_cast<double>(parameter.scope)}) {
      AppendNumber(number, &text);
    }
  }
  return base::Sha256Hex(text);
}

bool PredictsRigKind(const Description& description, std::string_view kind) {
  return std::find(description.rig_kinds.begin(), description.rig_kinds.end(), kind) !=
         description.rig_kinds.end();
}

int ParameterIndex(const Description& description, std::string_view name) {
  for (size_t i = 0; i < description.parameters.size(); ++i) {
    if (description.parameters[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

absl::StatusOr<Eigen::VectorXd> ParametersFromAssumptions(
    const Description& description, const std::map<std::string, double>& assumptions) {
  Eigen::VectorXd values(static_cast<Eigen::Index>(description.parameters.size()));
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    values[i] = description.parameters[static_cast<size_t>(i)].nominal;
  }
  for (const auto& [name, value] : assumptions) {
    const int index = ParameterIndex(description, name);
    if (index < 0) return UnknownParameter(description, name);
    PARALLAX_RETURN_IF_ERROR(
        CheckParameter(description.parameters[static_cast<size_t>(index)], value));
    values[index] = value;
  }
  return values;
}

absl::Status CheckParameter(const Parameter& parameter, double value) {
  if (std::isfinite(value) && value >= parameter.lower && value <= parameter.upper) {
    return absl::OkStatus();
  }
  const std::string bound = absl::StrFormat("in [%g, %g]", parameter.lower, parameter.upper);
  return base::WithFieldError(
      absl::InvalidArgumentError(
          absl::StrFormat("%s = %g %s, must be %s", parameter.name, value, parameter.unit, bound)),
      {.field = absl::StrFormat("[%s]", parameter.name),
       .value = absl::StrFormat("%g", value),
       .bound = bound,
       .next_step = absl::StrFormat("the unit is %s", parameter.unit)});
}

absl::Status CheckParameters(const Description& description,
                             const Eigen::Ref<const Eigen::VectorXd>& parameters) {
  const auto expected = static_cast<Eigen::Index>(description.parameters.size());
  if (parameters.size() != expected) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "twin \"%s\": %d parameters, must be %d", description.name, parameters.size(), expected));
  }
  for (Eigen::Index i = 0; i < expected; ++i) {
    PARALLAX_RETURN_IF_ERROR(
        CheckParameter(description.parameters[static_cast<size_t>(i)], parameters[i]));
  }
  return absl::OkStatus();
}

absl::Status CheckDrive(const Description& description, const Drive& drive, int constants) {
  const Eigen::Index rows = drive.time_s.size();
  const auto inputs = static_cast<Eigen::Index>(description.inputs.size());
  const auto outputs = static_cast<Eigen::Index>(description.outputs.size());
  if (rows < 1) return absl::InvalidArgumentError("drive has 0 rows, must have at least 1");
  if (drive.inputs.rows() != rows || drive.inputs.cols() != inputs) {
    return absl::InvalidArgumentError(absl::StrFormat("drive inputs are %d x %d, must be %d x %d",
                                                      drive.inputs.rows(), drive.inputs.cols(),
                                                      rows, inputs));
  }
  if (drive.initial.size() != outputs || drive.constants.size() != constants) {
    return absl::InvalidArgumentError(
        absl::StrFormat("drive has %d initial readings and %d constants, must be %d and %d",
                        drive.initial.size(), drive.constants.size(), outputs, constants));
  }
  if (!AllFinite(drive.inputs) || !AllFinite(drive.constants) || !AllFinite(drive.time_s)) {
    return absl::InvalidArgumentError("drive holds a time, input or constant that is not finite");
  }
  for (Eigen::Index i = 1; i < rows; ++i) {
    if (drive.time_s[i] > drive.time_s[i - 1]) continue;
    return absl::InvalidArgumentError(absl::StrFormat("drive time_s[%d] = %.9g, must be > %.9g", i,
                                                      drive.time_s[i], drive.time_s[i - 1]));
  }
  return absl::OkStatus();
}

}  // namespace parallax::twin

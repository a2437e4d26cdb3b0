#include "core/store/record_codec.h"

#include "absl/strings/str_format.h"
#include "core/store/record_json.h"

namespace parallax::store {
namespace {

template <typename MakeJson>
absl::StatusOr<std::string> Encode(const char* what, const MakeJson& make_json) {
  try {
    return nlohmann::json(make_json()).dump();
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: %s", what, error.what()));
  }
}

template <typename T, typename FromJson>
absl::StatusOr<T> Decode(const char* what, std::string_view text, const FromJson& from_json) {
  try {
    return T(from_json(nlohmann::json::parse(text)));
  } catch (const nlohmann::json::exception& error) {
    return absl::DataLossError(absl::StrFormat("stored %s: %s", what, error.what()));
  }
}

template <typename T>
absl::StatusOr<T> DecodeRecord(const char* what, std::string_view text) {
  return Decode<T>(what, text, [](const nlohmann::json& json) { return json.get<T>(); });
}

}  // namespace

absl::StatusOr<std::string> EncodeRig(const signal::Rig& rig) {
  return Encode("rig", [&]() -> nlohmann::json { return rig; });
}
absl::StatusOr<signal::Rig> DecodeRig(std::string_view text) {
  return DecodeRecord<signal::Rig>("rig", text);
}
absl::StatusOr<std::string> EncodeRun(const signal::Run& run) {
  return Encode("run", [&]() -> nlohmann::json { return run; });
}
absl::StatusOr<signal::Run> DecodeRun(std::string_view text) {
  return DecodeRecord<signal::Run>("run", text);
}
absl::StatusOr<std::string> EncodeOutcome(const signal::Outcome& outcome) {
  return Encode("outcome", [&]() -> nlohmann::json { return outcome; });
}
absl::StatusOr<signal::Outcome> DecodeOutcome(std::string_view text) {
  return DecodeRecord<signal::Outcome>("outcome", text);
}

absl::StatusOr<std::string> EncodeNames(const std::vector<std::string>& names) {
  return Encode("names", [&]() -> nlohmann::json { return names; });
}
absl::StatusOr<std::vector<std::string>> DecodeNames(std::string_view text) {
  return DecodeRecord<std::vector<std::string>>("names", text);
}
absl::StatusOr<std::string> EncodeSeconds(const std::map<std::string, double>& seconds) {
  return Encode("seconds", [&] { return NumbersToJson(seconds); });
}
absl::StatusOr<std::map<std::string, double>> DecodeSeconds(std::string_view text) {
  return Decode<std::map<std::string, double>>("seconds", text, NumbersFromJson);
}

}  // namespace parallax::store

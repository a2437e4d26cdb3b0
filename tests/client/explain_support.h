#pragma once

#include <gtest/gtest.h>

#include <string>

#include "client/lib/explain.h"
#include "core/base/file.h"

/// A report and its explanation, which the tests of its parts share.
namespace parallax::client {

inline Json ReadJson(const std::string& path) {
  const absl::StatusOr<std::string> text = base::ReadFile(path);
  EXPECT_TRUE(text.ok()) << text.status();
  return Json::parse(*text);
}

/// report.json: what an analysis of a furnace said.
inline Json FullReport() { return ReadJson(std::string(PARALLAX_TEST_CLIENT) + "/report.json"); }

/// The text with every run of white space as one space, so that line breaks do not matter.
inline std::string Unwrapped(const std::string& text) {
  std::string flat;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n';
    if (!space) flat += c;
    if (space && !flat.empty() && flat.back() != ' ') flat += ' ';
  }
  return flat;
}

inline std::string Explained(const Json& report) { return Unwrapped(ExplainReport(report)); }

}  // namespace parallax::client

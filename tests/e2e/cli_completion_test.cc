// The completion script in a real bash, which is given words as bash cuts them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/e2e/cli_support.h"

namespace parallax::e2e {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

// $1 is the script, the rest what was typed.
constexpr char kComplete[] = R"(source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_parallax
printf '%s\n' "${COMPREPLY[@]}")";

class CliCompletionTest : public ::testing::Test {
 protected:
  CliCompletionTest()
      : folder_(::testing::TempDir() + "cli_completion_" + std::to_string(getpid())),
        script_(folder_ + "/parallax.bash") {
    std::filesystem::create_directories(folder_);
    EXPECT_EQ(Process({PARALLAX_CLI, "completion", "bash"}, script_, "").Wait(), 0);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// What is offered for the last of some words after "parallax".
  std::vector<std::string> Offered(const std::vector<std::string>& words) {
    std::vector<std::string> command = {"/bin/bash", "-c", kComplete, "bash", script_, "parallax"};
    command.insert(command.end(), words.begin(), words.end());
    const std::string out = folder_ + "/offered";
    EXPECT_EQ(Process(command, out, folder_ + "/err").Wait(), 0);
    std::vector<std::string> offered;
    std::ifstream lines(out);
    for (std::string line; std::getline(lines, line);) offered.push_back(line);
    return offered;
  }

 private:
  const std::string folder_;
  const std::string script_;
};

TEST_F(CliCompletionTest, NounsVerbsAndFlagsAreOffered) {
  EXPECT_THAT(Offered({"doc"}), ElementsAre("doctor"));
  EXPECT_THAT(Offered({""}), Contains("campaign"));
  EXPECT_THAT(Offered({"rig", "s"}), ElementsAre("show"));
  EXPECT_THAT(Offered({"param", "pro"}), ElementsAre("promote"));
  EXPECT_THAT(Offered({"design", "su"}), ElementsAre("suggest"));
  EXPECT_THAT(Offered({"model", "train", "board", "--par"}), ElementsAre("--parameter-set"));
  EXPECT_THAT(Offered({"back"}), ElementsAre("backup"));
  EXPECT_THAT(Offered({"audit", "v"}), ElementsAre("verify"));
  EXPECT_THAT(Offered({"run", "watch", "board/one", "--det"}), ElementsAre("--detail"));
  EXPECT_THAT(Offered({"report", "show", "board", "--fig"}), ElementsAre("--figure"));
}

TEST_F(CliCompletionTest, TheValueOfAGlobalFlagIsNoVerb) {
  EXPECT_THAT(Offered({"-o", "json", "job", "wa"}), ElementsAre("watch"));
  EXPECT_THAT(Offered({"--quiet", "job", "wa"}), ElementsAre("watch"));
  EXPECT_THAT(Offered({"--server", "lab", ":", "50051", "job", "wa"}), ElementsAre("watch"));
  EXPECT_THAT(Offered({"--output", "=", "json", "job", "wa"}), ElementsAre("watch"));
}

}  // namespace
}  // namespace parallax::e2e

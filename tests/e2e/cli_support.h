#pragma once

#include <sys/types.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace parallax::e2e {

inline constexpr char kBoardRig[] = "tclab-byu";
inline const std::string kBoardCampaign = PARALLAX_TEST_DATA "/tclab-byu";

/// A program that runs beside the test; killed with the object if it still runs.
class Process {
 public:
  /// Starts a program with its stdout and stderr in files (empty: thrown away).
  Process(const std::vector<std::string>& command, const std::string& out, const std::string& err);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Kill(int signal) const;
  /// Waits for its end. @return the exit code, or 128 + the signal that ended it.
  int Wait();

 private:
  pid_t pid_;
  int code_ = -1;
};

/// What a finished command said.
struct Output {
  int exit_code = 0;
  std::string out;
  std::string err;

  nlohmann::ordered_json json() const { return nlohmann::ordered_json::parse(out); }
};

/// A daemon of the test's own: its own folder, a port that was free, gone with the object.
class CliBench {
 public:
  /// @param config  TOML of the daemon.
  explicit CliBench(const std::string& name, const std::string& config = "");
  ~CliBench();

  /// Ends the daemon with a signal, unless it has ended. @return as Process::Wait.
  int StopDaemon(int signal);
  /// Waits until the daemon ends by itself. @return as Process::Wait.
  int AwaitDaemonEnd() { return daemon_->Wait(); }
  /// Starts a daemon on the same folder. @param program  with the flags of parallaxd.
  void StartDaemon(const std::string& program = PARALLAX_DAEMON);

  /// Runs `parallax ARGUMENTS...` against the daemon to its end.
  Output Cli(const std::vector<std::string>& arguments);
  /// Starts the same and leaves it running; its stderr goes into a file (empty: thrown away).
  std::unique_ptr<Process> StartCli(const std::vector<std::string>& arguments,
                                    const std::string& err = "");
  const std::string& folder() const { return folder_; }

 private:
  std::vector<std::string> Command(const std::vector<std::string>& arguments) const;

  std::string folder_;
  std::string config_;
  std::string server_;
  std::unique_ptr<Process> daemon_;
};

}  // namespace parallax::e2e

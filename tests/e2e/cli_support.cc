#include "tests/e2e/cli_support.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace parallax::e2e {
namespace {

namespace fs = std::filesystem;

constexpr auto kPoll = std::chrono::milliseconds(10);
constexpr int kMaxPolls = 2000;  // 20 s until the daemon must have bound its port

void Redirect(const std::string& path, int fd) {
  const int file =
      open(path.empty() ? "/dev/null" : path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  dup2(file, fd);
}

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::string& out,
                 const std::string& err) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ != 0) return;
  Redirect(out, STDOUT_FILENO);
  Redirect(err, STDERR_FILENO);
  execv(arguments[0], arguments.data());
  _exit(127);
}

Process::~Process() {
  if (code_ >= 0) return;
  Kill(SIGKILL);
  Wait();
}

void Process::Kill(int signal) const {
  if (code_ < 0) kill(pid_, signal);
}

int Process::Wait() {
  if (code_ >= 0) return code_;
  int status = 0;
  waitpid(pid_, &status, 0);
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code_;
}

// ctest runs every case in a process of its own, several at a time.
CliBench::CliBench(const std::string& name, const std::string& config)
    : folder_(::testing::TempDir() + "cli_e2e_" + name + "_" + std::to_string(getpid())),
      config_(folder_ + "/parallaxd.toml") {
  fs::remove_all(folder_);
  fs::create_directories(folder_);
  std::ofstream(config_) << config;
  StartDaemon();
}

int CliBench::StopDaemon(int signal) {
  daemon_->Kill(signal);
  return daemon_->Wait();
}

void CliBench::StartDaemon(const std::string& program) {
  const std::string port_file = folder_ + "/port.json";
  fs::remove(port_file);
  daemon_ = std::make_unique<Process>(
      std::vector<std::string>{program, "--config", config_, "--data", folder_ + "/data",
                               "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--port-file",
                               port_file},
      folder_ + "/daemon.out", folder_ + "/daemon.err");
  for (int poll = 0; poll < kMaxPolls && !fs::exists(port_file); ++poll) {
    std::this_thread::sleep_for(kPoll);
  }
  const nlohmann::json ports = nlohmann::json::parse(Slurp(port_file), nullptr, false);
  if (!ports.is_object()) {
    ADD_FAILURE() << "the daemon did not start: " << Slurp(folder_ + "/daemon.err");
    return;
  }
  server_ = "127.0.0.1:" + std::to_string(ports["grpc"].get<int>());
}

CliBench::~CliBench() {
  daemon_.reset();
  fs::remove_all(folder_);
}

std::vector<std::string> CliBench::Command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {PARALLAX_CLI};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--server", server_});
  return command;
}

Output CliBench::Cli(const std::vector<std::string>& arguments) {
  const std::string out = folder_ + "/cli.out";
  const std::string err = folder_ + "/cli.err";
  Process process(Command(arguments), out, err);
  Output output;
  output.exit_code = process.Wait();
  output.out = Slurp(out);
  output.err = Slurp(err);
  return output;
}

std::unique_ptr<Process> CliBench::StartCli(const std::vector<std::string>& arguments,
                                            const std::string& err) {
  return std::make_unique<Process>(Command(arguments), "", err);
}

}  // namespace parallax::e2e

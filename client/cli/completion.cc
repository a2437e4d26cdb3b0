// parallax completion bash | zsh
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/verbs.h"

namespace parallax::client {
namespace {

struct CompletionOptions {
  std::string shell;
  const CLI::App* app = nullptr;
};

/// Every word that may follow a command: its subcommands, or its own flags and the global ones.
std::string Words(const CLI::App& command, const CLI::App& root) {
  std::vector<std::string> words;
  for (const CLI::App* sub : command.get_subcommands({})) words.push_back(sub->get_name());
  for (const CLI::App* app : {&command, &root}) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
    if (app == &root) break;
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return absl::StrJoin(words, " ");
}

void AddCases(const CLI::App& command, const CLI::App& root, const std::string& path,
              std::string& script) {
  script += absl::StrFormat("    \"%s\") words=\"%s\" ;;\n", path, Words(command, root));
  for (const CLI::App* sub : command.get_subcommands({})) {
    AddCases(*sub, root, path.empty() ? sub->get_name() : path + " " + sub->get_name(), script);
  }
}

/// "rig|run|…": the words that a verb follows.
std::string Nouns(const CLI::App& root) {
  std::vector<std::string> nouns;
  for (const CLI::App* sub : root.get_subcommands({})) {
    if (!sub->get_subcommands({}).empty()) nouns.push_back(sub->get_name());
  }
  return absl::StrJoin(nouns, "|");
}

/// "-o|--output|…": the flags before a verb whose next word is their value.
std::string ValueFlags(const CLI::App& root) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : root.get_options()) {
    if (option->get_items_expected_max() == 0) continue;
    for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return absl::StrJoin(flags, "|");
}

// bash cuts "--server host:1" and "--output=json" at the colon and the equals sign: what follows
// one is a value.
constexpr char kHead[] = R"(_parallax() {
  local words path="" word value="" current="${COMP_WORDS[COMP_CWORD]}"
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in =|:) value=yes; continue ;; esac
    if [ -n "$value" ]; then value=""; continue; fi
    case "$word" in %s) value=yes; continue ;; esac
    case "$word" in -*|*/*) ;; *) [ -z "$path" ] && path="$word" || path="$path $word" ;; esac
    case "$path" in %s) continue ;; esac
    [ -n "$path" ] && break
  done
  case "$path" in
)";
constexpr char kTail[] = R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ ${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _parallax parallax
)";

absl::StatusOr<ExitCode> Complete(const CompletionOptions& options, Context& context) {
  std::string script =
      options.shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "";
  script += absl::StrFormat(kHead, ValueFlags(*options.app), Nouns(*options.app));
  AddCases(*options.app, *options.app, "", script);
  context.environment().out << script << kTail;
  return kExitOk;
}

}  // namespace

void AddCompletion(CLI::App& app, Selection& selection) {
  CLI::App* const verb = app.add_subcommand("completion", "prints a completion script for a shell");
  const auto options = std::make_shared<CompletionOptions>();
  options->app = &app;
  verb->add_option("SHELL", options->shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  SetAction(*verb, selection, options, Complete);
}

}  // namespace parallax::client

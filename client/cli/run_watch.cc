// parallax run watch
#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_format.h"
#include "client/cli/verbs.h"
#include "client/lib/follow_watch.h"
#include "client/lib/live_residual.h"
#include "client/lib/names.h"
#include "client/lib/sample_text.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct WatchOptions {
  std::string name;
  std::string detail = "points";
  bool backfill = false;
};

/// A line of the table and of CSV: what of it an event does not have is empty.
struct Line {
  std::string event, time_ns, channel, value, filtered, sd, predicted, predicted_sd, residual,
      quality, text;

  std::vector<std::string> Cells() const {
    return {event,     time_ns,      channel,  value,   filtered, sd,
            predicted, predicted_sd, residual, quality, text};
  }
};

const std::vector<std::string> kColumns = {"event",    "time_ns", "channel",   "value",
                                           "filtered", "sd",      "predicted", "predicted_sd",
                                           "residual", "quality", "text"};

std::string Known(double value) { return std::isnan(value) ? "" : ExactText(value); }

std::string NumberText(double value) { return std::isnan(value) ? "-" : Figure(value, 6); }

std::vector<Line> PointLines(const v1::ChannelPoints& points) {
  std::vector<Line> lines;
  for (int i = 0; i < points.time_unix_ns_size(); ++i) {
    const bool predicted = i < points.predicted_size();
    lines.push_back({.event = "point",
                     .time_ns = std::to_string(points.time_unix_ns(i)),
                     .channel = points.channel(),
                     .value = Known(points.value(i)),
                     .filtered = Known(points.filtered(i)),
                     .sd = Known(points.sd(i)),
                     .predicted = predicted ? Known(points.predicted(i)) : "",
                     .predicted_sd = predicted ? Known(points.predicted_sd(i)) : "",
                     .residual = predicted ? Known(points.residual(i)) : "",
                     .quality = QualityText(points.quality()[static_cast<size_t>(i)])});
  }
  return lines;
}

Line DetectionLine(const v1::Detection& detection) {
  return {.event = "detection",
          .time_ns = std::to_string(detection.time_unix_ns()),
          .channel = detection.channel(),
          .text = MessageToJson(detection)["kind"].get<std::string>() + ": " + detection.text()};
}

Line GapLine(const v1::Gap& gap) {
  return {.event = "gap",
          .time_ns = gap.from_unix_ns() == 0 ? "" : std::to_string(gap.from_unix_ns()),
          .channel = gap.channel(),
          .text = absl::StrFormat(
              "%s: %d left out", MessageToJson(gap)["reason"].get<std::string>(), gap.coalesced())};
}

std::vector<Line> HealthLines(const v1::RunHealth& health) {
  std::vector<Line> lines;
  for (const v1::ChannelHealth& channel : health.channels()) {
    std::string text =
        absl::StrFormat("%d samples, last %.1f s ago", channel.samples(), channel.age_s());
    if (channel.stale()) text += ", stale";
    if (channel.stuck()) text += ", stuck";
    for (const std::string& finding : channel.findings()) text += "; " + finding;
    lines.push_back({.event = "health", .channel = channel.channel(), .text = text});
  }
  return lines;
}

std::vector<Line> LinesOf(const v1::WatchResponse& event) {
  std::vector<Line> lines;
  if (event.has_points()) {
    for (const v1::ChannelPoints& channel : event.points().channels()) {
      for (Line& line : PointLines(channel)) lines.push_back(std::move(line));
    }
  } else if (event.has_detection()) {
    lines.push_back(DetectionLine(event.detection()));
  } else if (event.has_gap()) {
    lines.push_back(GapLine(event.gap()));
  } else if (event.has_health()) {
    lines = HealthLines(event.health());
  } else if (event.has_run()) {
    lines.push_back(
        {.event = "run", .text = MessageToJson(event.run())["state"].get<std::string>()});
  }
  return lines;
}

/// The same for people, in columns of fixed width, since nobody knows what follows.
std::string TableLine(const v1::ChannelPoints& points, int i) {
  const bool predicted = i < points.predicted_size();
  return absl::StrFormat("%-20d %-20s %12s %12s %12s %9s  %s\n", points.time_unix_ns(i),
                         points.channel(), NumberText(points.value(i)),
                         NumberText(points.filtered(i)),
                         predicted ? NumberText(points.predicted(i)) : "-",
                         predicted ? NumberText(points.residual(i)) : "-",
                         QualityText(points.quality()[static_cast<size_t>(i)]));
}

void WriteTable(const v1::WatchResponse& event, std::ostream& out) {
  if (event.has_points()) {
    for (const v1::ChannelPoints& channel : event.points().channels()) {
      for (int i = 0; i < channel.time_unix_ns_size(); ++i) out << TableLine(channel, i);
    }
    return;
  }
  for (const Line& line : LinesOf(event)) {
    out << absl::StrFormat("%-20s %-20s %s\n", line.event, line.channel, line.text);
  }
}

void WriteHead(OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kCsv) out << FormatCsv({kColumns, {}});
  if (format != OutputFormat::kTable) return;
  out << absl::StrFormat("%-20s %-20s %12s %12s %12s %9s  %s\n", "time_ns", "channel", "value",
                         "filtered", "predicted", "residual", "quality");
}

void WriteEvent(const v1::WatchResponse& event, OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kJson) {
    out << MessageToJson(event).dump() << "\n";
  } else if (format == OutputFormat::kTable) {
    WriteTable(event, out);
  } else {
    TextTable table{kColumns, {}};
    for (const Line& line : LinesOf(event)) table.rows.push_back(line.Cells());
    const std::string text = FormatCsv(table);
    out << text.substr(text.find('\n') + 1);  // the head was written once
  }
  out << std::flush;
}

/// The rig's current set, as a watch of one of its runs begins. What cannot be read is not told.
std::optional<v1::ParameterSet> CurrentSet(const std::string& run, Context& context) {
  const std::string rig = run.substr(0, run.find("/runs/"));
  absl::StatusOr<v1::ParameterSet> set =
      context.client().GetParameterSet(rig + "/parameterSets/current");
  if (!set.ok()) return std::nullopt;
  return *std::move(set);
}

/// How far the run was from its twin, and how far it would have been with the set before.
void TellResiduals(const std::string& run, const std::optional<v1::ParameterSet>& set,
                   const LiveResiduals& residuals, Context& context) {
  const std::vector<ResidualFigure> live = residuals.Figures();
  if (live.empty() || !set.has_value()) return;
  std::vector<ResidualFigure> before;
  if (!set->parent().empty()) {
    absl::StatusOr<std::vector<ResidualFigure>> found =
        ResidualsWith(context.client(), run, set->parent(), live);
    if (found.ok()) {
      before = *std::move(found);
    } else {
      context.Note("the parameter set before cannot be compared: " +
                   std::string(found.status().message()));
    }
  }
  for (const ResidualFigure& one : live) {
    std::string line = absl::StrFormat("%s: measured - twin %s %s rms live, parameter set %d",
                                       one.channel, Figure(one.rms, 3), one.unit, set->revision());
    const auto same = std::find_if(before.begin(), before.end(), [&](const ResidualFigure& other) {
      return other.channel == one.channel;
    });
    if (same != before.end()) {
      line += absl::StrFormat("; %s %s with parameter set %s", Figure(same->rms, 3), same->unit,
                              LastPart(set->parent()));
    }
    context.Note(line);
  }
}

absl::StatusOr<ExitCode> WatchRun(const WatchOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, RunName(options.name));
  v1::WatchRequest request;
  request.add_names(name);
  request.set_detail(options.detail == "state"    ? v1::WATCH_DETAIL_STATE
                     : options.detail == "health" ? v1::WATCH_DETAIL_HEALTH
                                                  : v1::WATCH_DETAIL_POINTS);
  if (options.backfill) request.mutable_backfill_start_time()->set_seconds(0);
  const OutputFormat format = context.settings().output;
  std::ostream& out = context.environment().out;
  const std::optional<v1::ParameterSet> set = CurrentSet(name, context);
  LiveResiduals residuals;
  WriteHead(format, out);
  bool closed = false, caught_up = false;
  const absl::Status status =
      FollowWatch(context.client(), request, context.environment().clock,
                  context.environment().sleeper, [&](const v1::WatchResponse& event) {
                    WriteEvent(event, format, out);
                    if (event.has_points()) residuals.Take(event.points());
                    if (event.has_run()) closed = event.run().state() == v1::RUN_STATE_CLOSED;
                    if (event.has_caught_up()) caught_up = true;
                    // A reader that went away ends the program, not the daemon's patience.
                    const bool over = (closed && caught_up) || !out.good();
                    return over ? Client::WatchNext::kStop : Client::WatchNext::kGoOn;
                  });
  PARALLAX_RETURN_IF_ERROR(status);
  if (closed) TellResiduals(name, set, residuals, context);
  return kExitOk;
}

}  // namespace

void AddRunWatch(CLI::App& noun, Selection& selection) {
  CLI::App* const verb = noun.add_subcommand(
      "watch", "samples against the twin as they come, until the run is closed");
  const auto options = std::make_shared<WatchOptions>();
  verb->add_option("RUN", options->name, "RIG/RUN")->required();
  verb->add_option("--detail", options->detail, "state, health or points")
      ->check(CLI::IsMember({"state", "health", "points"}))
      ->type_name("DETAIL")
      ->capture_default_str();
  verb->add_flag("--backfill", options->backfill, "first what is stored of the run");
  SetAction(*verb, selection, options, WatchRun);
}

}  // namespace parallax::client

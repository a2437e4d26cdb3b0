// parallax series get | digest
#include "absl/strings/str_format.h"
#include "client/cli/verbs.h"
#include "client/lib/names.h"
#include "client/lib/sample_text.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct GetOptions {
  std::string run;
  std::string channel;
  std::string form = "raw";
  int buckets = 1000;
};

struct DigestOptions {
  std::string name;
};

TextTable EmptyTable(const std::string& form) {
  if (form == "decimated") {
    return {{"time_ns", "minimum", "maximum", "first", "last", "count"}, {}};
  }
  if (form == "filtered") return {{"time_ns", "value", "sd", "quality"}, {}};
  if (form == "live") return {{"time_ns", "value", "filtered", "sd", "quality"}, {}};
  return {{"time_ns", "value", "quality"}, {}};
}

void AddRows(const v1::GetSeriesResponse& part, const std::string& form, TextTable& table) {
  for (int i = 0; i < part.time_unix_ns_size(); ++i) {
    const std::string time = std::to_string(part.time_unix_ns(i));
    if (form == "decimated") {
      table.rows.push_back({time, ExactText(part.minimum(i)), ExactText(part.maximum(i)),
                            ExactText(part.first(i)), ExactText(part.value(i)),
                            std::to_string(part.count(i))});
      continue;
    }
    const auto index = static_cast<size_t>(i);
    const std::string quality =
        index < part.quality().size() ? QualityText(part.quality()[index]) : "good";
    if (form == "filtered") {
      table.rows.push_back({time, ExactText(part.value(i)),
                            i < part.sd_size() ? ExactText(part.sd(i)) : "", quality});
    } else if (form == "live") {
      table.rows.push_back({time, ExactText(part.value(i)), ExactText(part.filtered(i)),
                            ExactText(part.sd(i)), quality});
    } else {
      table.rows.push_back({time, ExactText(part.value(i)), quality});
    }
  }
}

/// Appends a part's vectors to those of the parts before.
void Append(const v1::GetSeriesResponse& part, Json& whole) {
  const Json converted = MessageToJson(part);
  for (const auto& item : converted.items()) {
    if (!item.value().is_array()) {
      whole[item.key()] = item.value();
      continue;
    }
    Json& target = whole[item.key()];
    if (target.is_null()) target = Json::array();
    for (const Json& element : item.value()) target.push_back(element);
  }
}

absl::Status CheckPart(const v1::GetSeriesResponse& part, const std::string& form) {
  const int n = part.time_unix_ns_size();
  const bool decimated = form == "decimated";
  const bool live = form == "live";
  const bool whole = part.value_size() == n &&
                     (!live || (part.filtered_size() == n && part.sd_size() == n)) &&
                     (!decimated || (part.minimum_size() == n && part.maximum_size() == n &&
                                     part.first_size() == n && part.count_size() == n));
  if (whole) return absl::OkStatus();
  return absl::InternalError("the daemon sent a part of a series with vectors of unequal length");
}

absl::StatusOr<ExitCode> Get(const GetOptions& options, Context& context) {
  v1::GetSeriesRequest request;
  PARALLAX_ASSIGN_OR_RETURN(*request.mutable_run(), RunName(options.run));
  request.set_channel(options.channel);
  request.set_form(options.form == "filtered"    ? v1::SERIES_FORM_FILTERED
                   : options.form == "decimated" ? v1::SERIES_FORM_DECIMATED
                   : options.form == "live"      ? v1::SERIES_FORM_LIVE
                                                 : v1::SERIES_FORM_RAW);
  if (options.form == "decimated") request.set_buckets(options.buckets);
  Json json = {{"run", request.run()}, {"channel", request.channel()}, {"form", options.form}};
  Append(v1::GetSeriesResponse(), json);
  TextTable table = EmptyTable(options.form);
  auto take = [&](const v1::GetSeriesResponse& part) -> absl::Status {
    PARALLAX_RETURN_IF_ERROR(CheckPart(part, options.form));
    if (context.settings().output == OutputFormat::kJson) {
      Append(part, json);
    } else {
      AddRows(part, options.form, table);
    }
    return absl::OkStatus();
  };
  PARALLAX_RETURN_IF_ERROR(context.client().GetSeries(request, take));
  context.Emit(json, table);
  return kExitOk;
}

absl::StatusOr<ExitCode> Digest(const DigestOptions& options, Context& context) {
  const absl::StatusOr<std::string> run = RunName(options.name);
  const absl::StatusOr<std::string> name = run.ok() ? run : RigName(options.name);
  PARALLAX_RETURN_IF_ERROR(name.status());
  PARALLAX_ASSIGN_OR_RETURN(const v1::GetSeriesDigestResponse digest,
                            context.client().GetSeriesDigest(*name));
  context.Emit({{"name", *name}, {"sha256", digest.sha256()}, {"samples", digest.samples()}},
               {{"name", "sha256", "samples"},
                {{*name, digest.sha256(), std::to_string(digest.samples())}}});
  return kExitOk;
}

}  // namespace

void AddSeriesVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun = app.add_subcommand("series", "stored samples");
  noun->require_subcommand(1);
  CLI::App* const get = noun->add_subcommand("get", "samples of one channel of a run");
  const auto options = std::make_shared<GetOptions>();
  get->add_option("RUN", options->run, "RIG/RUN")->required();
  get->add_option("CHANNEL", options->channel, "DEVICE/CHANNEL")->required();
  get->add_option("--form", options->form,
                  "as sent, cleaned, extremes of equal times, or as run watch shows it")
      ->check(CLI::IsMember({"raw", "filtered", "decimated", "live"}))
      ->capture_default_str();
  get->add_option("--buckets", options->buckets, "equal times of the decimated form")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  SetAction(*get, selection, options, Get);

  CLI::App* const digest =
      noun->add_subcommand("digest",
                           "SHA-256 over all samples: equal where two stores are; "
                           "of a retired run that of what it had");
  const auto digest_options = std::make_shared<DigestOptions>();
  digest->add_option("NAME", digest_options->name, "RIG or RIG/RUN")->required();
  SetAction(*digest, selection, digest_options, Digest);
}

}  // namespace parallax::client

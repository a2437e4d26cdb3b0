#include "tests/e2e/contracts_support.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/e2e/cli_support.h"

namespace parallax::e2e {
namespace {

constexpr char kEvaluationJob[] = "j1";  ///< the first of the daemon

}  // namespace

std::vector<Contract> Contracts() {
  const std::string documents = "path,value";
  const std::string exported = ::testing::TempDir() + "contract_export";
  std::filesystem::remove_all(exported);  // each export makes it anew
  const std::string copied = ::testing::TempDir() + "contract_backup";
  std::filesystem::remove_all(copied);
  return {
      {{"rig", "list"},
       {"name", "kind", "devices", "twin"},
       "rig,kind,twin,devices,registered,title"},
      {{"rig", "show", kBoardRig},
       {"name", "geometry", "devices", "schema_hash", "recalibration", "webhook", "keep_samples"},
       documents},
      {{"rig", "update", kBoardRig, "--title", "A board", "--keep-samples", "90d"},
       {"name", "title", "recalibration", "etag", "keep_samples"},
       documents},
      {{"run", "list", kBoardRig},
       {"name", "start_time", "split", "state", "ledger"},
       "run,start,split,state,stored,duplicate,rejected"},
      {{"run", "show", kRun}, {"run", "outcome"}, documents},
      {{"run", "close", kRun}, {"name", "state"}, documents},
      {{"rig", "register", kBoardCampaign + "/rig.json", "--twin", "two_heater", "--rig", "other"},
       {"name", "geometry", "devices", "schema_hash"},
       documents},
      {{"run", "open", kBoardCampaign + "/runs/mimo-3s/run.json", "--rig", "other"},
       {"name", "start_time", "segments", "split", "state"},
       documents},
      {{"run", "outcome", "other/mimo-3s",
        PARALLAX_TEST_DATA "/swcnt-case-a/runs/r25/outcome.json"},
       {"measure_time", "chirality", "height_um"},
       documents},
      {{"campaign", "replay", kBoardCampaign},
       {"campaign", "rig", "runs", "ledger"},
       "run,split,received,stored,duplicate,rejected,batches sent,resumed"},
      {{"job", "list"},
       {"name", "rig", "state", "phase_seconds", "kind"},
       "job,rig,state,phase,done,attempts,queued,report,kind,made"},
      {{"job", "watch", kEvaluationJob},
       {"name", "state", "report"},
       "job,rig,state,phase,done,attempts,queued,report,kind,made"},
      {{"job", "cancel", kEvaluationJob, "--dry-run"},
       {"name", "state", "report"},
       "job,rig,state,phase,done,attempts,queued,report,kind,made"},
      {{"report", "list", kBoardRig},
       {"name", "verdict", "sha256", "superseded", "retired_runs"},
       "report,verdict,parameter set,superseded,stored"},
      {{"report", "show", kBoardRig}, {"name", "verdict", "json", "sha256"}, documents},
      {{"report", "show", kBoardRig, "--figure", ::testing::TempDir() + "contract.svg"},
       {"report", "figure", "panel", "bytes"},
       documents},
      {{"report", "explain", kBoardRig},
       {"report", "superseded", "verdict", "explanation", "hypotheses", "failed_gates",
        "measure_next", "posterior", "counterfactuals", "text"},
       documents},
      {{"report", "diff", kBoardRig, kBoardRig}, {}, "part,name,run,from,to,unit"},
      {{"param", "list", kBoardRig},
       {"name", "revision", "state", "etag", "reason", "promoter", "promote_time"},
       "revision,state,parent,registered,sha256,promoter,promoted,reason"},
      {{"param", "show", "tclab-byu/0"},
       {"name", "values", "json"},
       "parameter,run,value,sd,assumed,unit,calibrated"},
      {{"param", "diff", "tclab-byu/0", "tclab-byu/0"}, {}, "parameter,run,from,to,sd,unit"},
      {{"param", "promote", "tclab-byu/0", "--yes"},
       {"name", "state", "etag", "reason", "promoter"},
       "set,state,promoter,promoted,reason"},
      {{"param", "rollback", kBoardRig, "--yes"},
       {"name", "state", "etag", "reason", "promoter"},
       "set,state,promoter,promoted,reason"},
      {{"design", "list", kBoardRig}, {}, "design,kind,report,superseded,stored,headline"},
      {{"model", "list", kBoardRig},
       {},
       "revision,state,parameter set,superseded,stored,promoter,reason"},
      {{"twin", "list"}, {"name", "parameters"}, "twin,rig kind,parameters,description"},
      {{"twin", "show", "two_heater"},
       {"name", "parameters", "inputs", "outputs", "domain"},
       "parameter,unit,nominal,prior,lower,upper,mechanism,per run,best signal,source"},
      {{"twin", "simulate", kRun, "--parameter-set", "tclab-byu/0"},
       {"mode", "time_s", "signals", "outside_domain"},
       "time_s,"},
      {{"series", "get", kRun, "board/T1"},
       {"channel", "time_unix_ns", "value", "unit"},
       "time_ns,value,quality"},
      {{"series", "get", kRun, "board/T1", "--form", "live"},
       {"channel", "time_unix_ns", "value", "filtered", "sd"},
       "time_ns,value,filtered,sd,quality"},
      {{"series", "digest", kBoardRig}, {"name", "sha256", "samples"}, "name,sha256,samples"},
      {{"doctor"}, {"check", "result", "text", "next_step"}, "check,result,text"},
      {{"backup", copied}, {"folder", "bytes", "sha256"}, "folder,bytes,sha256"},
      {{"audit", "verify"}, {"head", "broken"}, "records,hash,broken"},
      {{"export", kBoardRig, exported},
       {"rig", "folder", "runs", "retired", "samples"},
       "run,split,samples"},
  };
}

}  // namespace parallax::e2e

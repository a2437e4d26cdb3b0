"""One rig, and what belongs to it."""

import uuid

from parallax.channel_index import ChannelIndex
from parallax.design import Design
from parallax.documents import content_id, run_from_document
from parallax.errors import NotFound, invalid_field
from parallax.job import Job
from parallax.model import Model
from parallax.names import last_part, name_below
from parallax.parameter_set import ParameterSet
from parallax.report import Report
from parallax.run import Run
from parallax.times import timestamp
from parallax.v1 import (analysis_pb2, automation_pb2, calibration_pb2, design_pb2, ingest_pb2,
                         model_pb2, query_pb2, resources_pb2)

_SPLITS = ("unassigned", "calibrate", "validate")
_MODES = ("off", "hold", "promote")
_AIMS = ("auto", "group", "outcome", "target")


class Rig:
    """A rig by its name; what it is like is read when it is asked for, and again by refresh.

    name  "rigs/r7"
    """

    def __init__(self, connection, name, message=None):
        self._connection = connection
        self.name = name
        self._message = message

    @property
    def id(self):
        """"r7"."""
        return last_part(self.name)

    @property
    def message(self):
        """parallax.v1.Rig: kind, geometry, devices, twin. Errors: NotFound."""
        if self._message is None:
            self.refresh()
        return self._message

    def refresh(self):
        """Reads the rig again and returns it. Errors: NotFound, InvalidArgument (malformed name)."""
        self._message = self._connection.call(self._connection.query.GetRig,
                                              query_pb2.GetRigRequest(name=self.name)).rig
        return self

    def channels(self):
        """"device/channel" of every channel, in the order that the wire counts them."""
        return ChannelIndex(self.message).names

    def run(self, run):
        """A Run by id or name; nothing is asked yet. Errors: InvalidArgument for a malformed name."""
        return Run(self._connection, name_below(self.name, run, "runs"))

    def runs(self):
        """Runs in order of start. Errors: NotFound (rig)."""
        found = self._connection.pages(self._connection.query.ListRuns,
                                       query_pb2.ListRunsRequest(rig=self.name), "runs")
        return [Run(self._connection, run.name, run) for run in found]

    def open_run(self, run, start=None, segments=(), split="unassigned", notes="", document=None):
        """Opens a run and returns it; an identical one that exists is returned as it is.

        run       its id: 1 to 63 characters of [A-Za-z0-9_.-]
        start     its start by the rig's own record, from which analysis takes its clock
        segments  the recipe as in run.json; see documents.run_from_document
        split     "calibrate", "validate" or "unassigned": what the run may inform
        document  instead of start, segments and notes: a whole run.json as dict, or a parallax.v1.Run
        Errors: NotFound (rig), InvalidArgument, AlreadyExists (another run of that name).
        """
        if split not in _SPLITS:
            raise invalid_field("split", repr(split), "one of " + ", ".join(_SPLITS))
        message = resources_pb2.Run()
        message.CopyFrom(run_from_document(document or {"segments": segments, "notes": notes}))
        if start is not None:
            message.start_time.CopyFrom(timestamp(start, "start"))
        message.split = resources_pb2.RunSplit.Value(f"RUN_SPLIT_{split.upper()}")
        request = ingest_pb2.OpenRunRequest(rig=self.name, run_id=run, run=message)
        request.request_id = content_id(request)
        opened = self._connection.call(self._connection.ingest.OpenRun, request).run
        return Run(self._connection, opened.name, opened)

    def analyze(self, calibrate=(), validate=(), base=None, seed=0):
        """Queues an analysis and returns its Job; job.report() waits for the report.

        calibrate  Runs or ids to calibrate on; none: the closed runs of split "calibrate"
        validate   Runs or ids to validate on; none: the closed runs of split "validate"
        base       ParameterSet or revision to start from; None: the assumptions
        seed       of everything random in the analysis
        Errors: NotFound, InvalidArgument (no run to calibrate on, a run in both lists),
        ResourceExhausted (too many queued jobs).
        """
        request = analysis_pb2.AnalyzeRequest(
            rig=self.name, seed=seed,
            calibrate_runs=[self._name_of(run, "runs") for run in calibrate],
            validate_runs=[self._name_of(run, "runs") for run in validate],
            base_parameter_set="" if base is None else self._name_of(base, "parameterSets"),
            request_id=uuid.uuid4().hex)
        # Its own id makes the request harmless to repeat while a daemon restarts.
        job = self._connection.call_patiently(self._connection.analysis.Analyze, request).job
        return Job(self._connection, job.name, job)

    def suggest_experiments(self, aim="auto", outcome="", count=1, limits=None, minimize=False,
                            report="", seed=0):
        """Queues the search for the experiments that tell most and returns its Job; job.design() waits.

        aim       "group": tell an ambiguous verdict's explanations apart; "outcome": of runs anywhere;
                  "target": of those that promise most of it; "auto": group where the verdict is ambiguous,
                  else outcome
        limits    {knob: (low, high)} to keep within, in the knob's own unit
        minimize  of aim "target": little of the outcome is wanted
        report    Report or id to go on from; none: the newest that is not superseded
        Errors: NotFound, InvalidArgument, FailedPrecondition (no report), ResourceExhausted (too many
        queued jobs).
        """
        if aim not in _AIMS:
            raise invalid_field("aim", repr(aim), "one of " + ", ".join(_AIMS))
        name = "UNSPECIFIED" if aim == "auto" else aim.upper()
        request = analysis_pb2.SuggestExperimentsRequest(
            aim=design_pb2.DesignAim.Value(f"DESIGN_AIM_{name}"), count=count,
            **self._design_fields(outcome, limits, minimize, report, seed))
        job = self._connection.call_patiently(self._connection.analysis.SuggestExperiments, request).job
        return Job(self._connection, job.name, job)

    def seek_goal(self, outcome, threshold=None, limits=None, minimize=False, report="", seed=0):
        """Queues the search for the recipe that promises most of an outcome and returns its Job;
        job.design() waits.

        threshold  value to reach, in the outcome's SI unit; None: that of the best run so far
        Others and errors: as suggest_experiments.
        """
        request = analysis_pb2.SeekGoalRequest(
            threshold=threshold, **self._design_fields(outcome, limits, minimize, report, seed))
        job = self._connection.call_patiently(self._connection.analysis.SeekGoal, request).job
        return Job(self._connection, job.name, job)

    def train_model(self, calibrate=(), validate=(), parameter_set=None, seed=0):
        """Queues the training of a model of what the twin leaves over and returns its Job; job.model()
        waits.

        calibrate, validate  as of analyze: runs to learn from, and those that judge
        parameter_set        ParameterSet or revision whose residuals to learn; None: the current one
        Errors: as analyze.
        """
        request = model_pb2.TrainModelRequest(
            rig=self.name, seed=seed,
            calibrate_runs=[self._name_of(run, "runs") for run in calibrate],
            validate_runs=[self._name_of(run, "runs") for run in validate],
            parameter_set="" if parameter_set is None else self._name_of(parameter_set, "parameterSets"),
            request_id=uuid.uuid4().hex)
        job = self._connection.call_patiently(self._connection.models.TrainModel, request).job
        return Job(self._connection, job.name, job)

    def update(self, title=None, recalibration=None, webhook=None, keep_samples=None):
        """Changes what is given of the rig and returns it.

        recalibration  "off", "hold" or "promote"; see Client.create_rig
        webhook        (url, secret): where the ends of jobs are posted, signed with the secret of 16 to
                       256 bytes; None leaves it, ("", "") takes it away
        keep_samples   datetime.timedelta: how long after its end samples of a run are kept, at least an hour;
                       timedelta(0) is for ever
        Errors: NotFound, InvalidArgument, Aborted (somebody else changed it at the same time).
        """
        current = self.refresh().message
        wanted = resources_pb2.Rig(name=self.name, etag=current.etag,
                                   title=current.title if title is None else title)
        if recalibration is not None:
            wanted.recalibration = recalibration_mode(recalibration)
        if webhook is not None:
            wanted.webhook.url, wanted.webhook.secret = webhook
            wanted.webhook.SetInParent()
        if keep_samples is not None:
            wanted.keep_samples.FromTimedelta(keep_samples)
            wanted.keep_samples.SetInParent()
        self._message = self._connection.call(self._connection.ingest.UpdateRig,
                                              ingest_pb2.UpdateRigRequest(rig=wanted)).rig
        return self

    def jobs(self):
        """Jobs of this rig, newest first. Errors: InvalidArgument (malformed name)."""
        return list_jobs(self._connection, self.name)

    def report(self, report):
        """A Report by id or name. Errors: NotFound."""
        return Report.read(self._connection, name_below(self.name, report, "reports"))

    def reports(self):
        """Reports, newest first; their JSON is read when it is asked for. Errors: NotFound (rig)."""
        found = self._connection.pages(self._connection.analysis.ListReports,
                                       analysis_pb2.ListReportsRequest(rig=self.name), "reports")
        return [Report(self._connection, report) for report in found]

    def latest_report(self):
        """The newest Report. Errors: NotFound where there is none yet."""
        reports = self.reports()
        if not reports:
            hint = "analyze() makes one"
            raise NotFound(f"{self.name} has no report yet; {hint}", field="report", value="none",
                           bound="at least one report", next_step=hint)
        return reports[0]

    def design(self, design):
        """A Design by id or name. Errors: NotFound."""
        return Design.read(self._connection, name_below(self.name, design, "designs"))

    def designs(self):
        """Designs, newest first; their JSON is read when it is asked for. Errors: NotFound (rig)."""
        found = self._connection.pages(self._connection.analysis.ListDesigns,
                                       analysis_pb2.ListDesignsRequest(rig=self.name), "designs")
        return [Design(self._connection, design) for design in found]

    def model(self, revision="current"):
        """A Model by revision, or the current one. Errors: NotFound."""
        return Model.read(self._connection, name_below(self.name, revision, "models"))

    def models(self):
        """Models, newest first; their cards are read when they are asked for. Errors: NotFound (rig)."""
        found = self._connection.pages(self._connection.models.ListModels,
                                       model_pb2.ListModelsRequest(rig=self.name), "models")
        return [Model(self._connection, model) for model in found]

    def parameter_set(self, revision="current"):
        """A ParameterSet by revision, or the current one. Errors: NotFound."""
        return ParameterSet.read(self._connection, name_below(self.name, revision, "parameterSets"))

    def parameter_sets(self):
        """ParameterSets, newest first. Errors: NotFound (rig)."""
        found = self._connection.pages(self._connection.calibration.ListParameterSets,
                                       calibration_pb2.ListParameterSetsRequest(rig=self.name),
                                       "parameter_sets")
        return [ParameterSet(self._connection, one) for one in found]

    def rollback(self):
        """Puts the ParameterSet to use that was current before the one that is now, and returns it.

        Errors: FailedPrecondition (none was), Aborted (somebody else promoted one at the same time).
        """
        request = calibration_pb2.RollbackRequest(rig=self.name, etag=self.parameter_set().message.etag)
        response = self._connection.call(self._connection.calibration.Rollback, request)
        return ParameterSet(self._connection, response.parameter_set)

    def what_if(self, parameter_set, timeout_s=3600.0):
        """Yields parallax.v1.WhatIfResponse messages, newest report first: what the runs of each report
        that is not superseded say under another ParameterSet or revision. The daemon analyses each anew.

        timeout_s  of all of them [s]
        Errors: NotFound, ResourceExhausted (another what-if is under way), DeadlineExceeded.
        """
        request = analysis_pb2.WhatIfRequest(rig=self.name,
                                             parameter_set=self._name_of(parameter_set, "parameterSets"))
        return self._connection.parts(self._connection.analysis.WhatIf, request, timeout_s)

    def _design_fields(self, outcome, limits, minimize, report, seed):
        """What every request for a design has."""
        direction = design_pb2.GOAL_DIRECTION_MINIMIZE if minimize else design_pb2.GOAL_DIRECTION_MAXIMIZE
        return {
            "rig": self.name,
            "report": self._name_of(report, "reports") if report else "",
            "outcome": outcome,
            "direction": direction,
            "limits": [design_pb2.KnobLimit(knob=knob, low=low, high=high)
                       for knob, (low, high) in (limits or {}).items()],
            "seed": seed,
            "request_id": uuid.uuid4().hex,
        }

    def _name_of(self, thing, child):
        return name_below(self.name, getattr(thing, "name", thing), child)

    def __repr__(self):
        return f"<Rig {self.name}>"


def recalibration_mode(mode):
    """The number of "off", "hold" or "promote" on the wire. Errors: InvalidArgument."""
    if mode not in _MODES:
        raise invalid_field("recalibration", repr(mode), "one of " + ", ".join(_MODES))
    return automation_pb2.Recalibration.Value(f"RECALIBRATION_{mode.upper()}")


def list_jobs(connection, rig=""):
    """Jobs, newest first; of all rigs where `rig` is empty."""
    found = connection.pages(connection.analysis.ListJobs, analysis_pb2.ListJobsRequest(rig=rig), "jobs")
    return [Job(connection, job.name, job) for job in found]

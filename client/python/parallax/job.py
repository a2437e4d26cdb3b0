"""Long work of the daemon."""

import time

from parallax.design import Design
from parallax.errors import Cancelled, DeadlineExceeded, Internal, with_detail
from parallax.model import Model
from parallax.report import Report
from parallax.v1 import analysis_pb2, resources_pb2

_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 0.5


class Job:
    """A job as last read; refresh and wait read it again.

    name      "jobs/{job}"
    progress  share done, 0 to 1
    phase     what it is doing: "calibrate"
    """

    def __init__(self, connection, name, message=None):
        self._connection = connection
        self.name = name
        self._message = message

    @property
    def message(self):
        """parallax.v1.Job. Errors: NotFound."""
        if self._message is None:
            self.refresh()
        return self._message

    @property
    def state(self):
        """"QUEUED", "RUNNING", "SUCCEEDED", "FAILED" or "CANCELLED"."""
        return resources_pb2.JobState.Name(self.message.state).removeprefix("JOB_STATE_")

    @property
    def progress(self):
        return self.message.progress

    @property
    def phase(self):
        return self.message.phase

    @property
    def ended(self):
        """Whether it has succeeded, failed or been cancelled."""
        return self.state in ("SUCCEEDED", "FAILED", "CANCELLED")

    def refresh(self):
        """Reads the job again and returns it; a daemon that restarts is waited for. Errors: NotFound."""
        self._message = self._connection.call_patiently(
            self._connection.analysis.GetJob, analysis_pb2.GetJobRequest(name=self.name)).job
        return self

    def wait(self, timeout_s=None, on_progress=None):
        """Waits until the job has succeeded and returns it.

        timeout_s    [s]; None waits without end
        on_progress  called with the job after every answer
        Errors: the one that ended the job, with field, value, bound and next step; Cancelled;
        DeadlineExceeded after `timeout_s`, while the job goes on.
        """
        give_up_at = None if timeout_s is None else time.monotonic() + timeout_s
        wait_s = _FIRST_WAIT_S
        while not self.refresh().ended:
            if on_progress:
                on_progress(self)
            if give_up_at is not None and time.monotonic() >= give_up_at:
                raise DeadlineExceeded(f"{self.name} is {self.state} ({self.phase or 'waiting'}) after "
                                       f"{timeout_s:g} s and goes on")
            time.sleep(wait_s)
            wait_s = min(1.5 * wait_s, _LONGEST_WAIT_S)
        if on_progress:
            on_progress(self)
        self._raise_failure()
        return self

    def report(self, timeout_s=None):
        """Waits for the job and reads its Report. Errors: as wait."""
        self.wait(timeout_s)
        return Report.read(self._connection, self.message.report)

    def design(self, timeout_s=None):
        """Waits for the job and reads its Design. Errors: as wait."""
        self.wait(timeout_s)
        return Design.read(self._connection, self.message.design)

    def model(self, timeout_s=None):
        """Waits for the job and reads its Model. Errors: as wait."""
        self.wait(timeout_s)
        return Model.read(self._connection, self.message.model)

    def cancel(self):
        """Cancels it; a running one ends at its next check. Errors: FailedPrecondition (it has ended)."""
        self._message = self._connection.call(self._connection.analysis.CancelJob,
                                              analysis_pb2.CancelJobRequest(name=self.name)).job
        return self

    def _raise_failure(self):
        if self.state == "CANCELLED":
            raise Cancelled(f"{self.name} was cancelled")
        if self.state != "FAILED":
            return
        if not self.message.HasField("failure"):
            raise Internal(f"{self.name} failed: {self.message.error}")
        failure = self.message.failure
        raise with_detail(failure.code, f"{self.name} failed: {failure.message}",
                          failure.detail if failure.HasField("detail") else None)

    def __repr__(self):
        return f"<Job {self.name} {self.state}>"

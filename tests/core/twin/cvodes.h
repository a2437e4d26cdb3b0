#pragma once

#include <cvodes/cvodes.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_context.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace parallax::twin::testing {

/// dy/dt as a function of t and y.
using RateFunction = std::function<void(double t, const double* y, double* rate)>;

inline int CallRate(double t, N_Vector y, N_Vector rate, void* user) {
  (*static_cast<const RateFunction*>(user))(t, N_VGetArrayPointer(y), N_VGetArrayPointer(rate));
  return 0;
}

/// CVODES' backward differentiation formulas at rtol 1e-10, an integrator with nothing in common
/// with ours.
class Cvodes {
 public:
  explicit Cvodes(const std::vector<double>& start) {
    const auto n = static_cast<sunindextype>(start.size());
    SUNContext_Create(nullptr, &context_);
    y_ = N_VNew_Serial(n, context_);
    std::copy(start.begin(), start.end(), N_VGetArrayPointer(y_));
    memory_ = CVodeCreate(CV_BDF, context_);
    CVodeInit(memory_, CallRate, 0.0, y_);
    CVodeSStolerances(memory_, 1e-10, 1e-8);
    CVodeSetMaxNumSteps(memory_, 1'000'000);
    matrix_ = SUNDenseMatrix(n, n, context_);
    solver_ = SUNLinSol_Dense(y_, matrix_, context_);
    CVodeSetLinearSolver(memory_, solver_, matrix_);
  }
  ~Cvodes() {
    SUNLinSolFree(solver_);
    SUNMatDestroy(matrix_);
    CVodeFree(&memory_);
    N_VDestroy(y_);
    SUNContext_Free(&context_);
  }
  Cvodes(const Cvodes&) = delete;
  Cvodes& operator=(const Cvodes&) = delete;

  /// Goes from `begin_s` to `end_s` at `rate`; false where it fails.
  bool Advance(double begin_s, double end_s, RateFunction rate) {
    double reached_s = begin_s;
    return CVodeReInit(memory_, begin_s, y_) == CV_SUCCESS &&
           CVodeSetUserData(memory_, &rate) == CV_SUCCESS &&
           CVodeSetStopTime(memory_, end_s) == CV_SUCCESS &&
           CVode(memory_, end_s, y_, &reached_s, CV_NORMAL) >= 0;
  }
  double* state() { return N_VGetArrayPointer(y_); }
  double state(size_t i) const { return N_VGetArrayPointer(y_)[i]; }

 private:
  SUNContext context_ = nullptr;
  N_Vector y_ = nullptr;
  void* memory_ = nullptr;
  SUNMatrix matrix_ = nullptr;
  SUNLinearSolver solver_ = nullptr;
};

}  // namespace parallax::twin::testing

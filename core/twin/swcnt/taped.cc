#include "core/twin/swcnt/plain.h"

namespace parallax::twin::swcnt {

Reach PredictTaped(const SwcntOptions& options, const Eigen::Ref<const Eigen::VectorXd>& parameters,
                   const Drive& drive, Tape* tape, Prediction* prediction) {
  return PredictPlain(options, parameters, drive, TapeTaps{tape}, prediction);
}

}  // namespace parallax::twin::swcnt

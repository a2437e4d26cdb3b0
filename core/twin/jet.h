#pragma once

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <type_traits>
#include <utility>

/// Numbers that carry their derivatives by N parameters, for twins that have many of them.
///
/// ceres::Jet works out N derivatives at every operation. Here a statement
///
///     const Jet<N> q = e * (p * p) + h * (p - 300.0);
///
/// is taken as a whole: first its value and, by the chain rule, its partial derivative by each jet
/// that it names; then one sum over those jets, q' = sum of dq/dx x'. Between two assignments there
/// are scalars only. Values are those of the same statement on doubles, to the last bit.
///
/// REQUIRES: what is not yet assigned borrows the jets it names. Give it a Jet within its own
/// statement: no `auto`, no reference to keep it.
namespace parallax::twin {

/// A jet, or what operations on jets make: a value `a`, and Collect, which hands every jet named
/// to `terms` with `weight` times the derivative by it.
template <typename E>
concept JetExpression = requires {
  E::kTerms;  // jets named
  E::kWidth;  // N
};

/// The jets of one statement: their derivatives and what these are multiplied by.
template <int K>
struct JetTerms {
  std::array<const double*, K> derivatives;
  std::array<double, K> weight;
  size_t count = 0;

  void Add(double by, const double* of) {
    derivatives[count] = of;
    weight[count++] = by;
  }
};

/// A number `a` and its derivatives `v`, undefined until assigned. N even lets the compiler use
/// vector instructions.
template <int N>
class Jet {
 public:
  static constexpr int kTerms = 1;
  static constexpr int kWidth = N;
  using Derivatives = Eigen::Matrix<double, N, 1, Eigen::DontAlign>;

  double a;
  Derivatives v;

  Jet() {}  // NOLINT(modernize-use-equals-default): `= default` would zero in Jet<N>{}
  explicit Jet(double value) : a(value), v(Derivatives::Zero()) {}
  /// The parameter in place `k`.
  Jet(double value, int k) : Jet(value) { v[k] = 1.0; }

  template <JetExpression E>
  Jet(const E& e) : a(e.a) {  // NOLINT(google-explicit-constructor): assigning evaluates
    JetTerms<E::kTerms> terms;
    e.Collect(1.0, &terms);
    Sum(terms, std::make_index_sequence<E::kTerms>(), v.data());
  }
  template <JetExpression E>
  Jet& operator=(const E& e) {
    *this = Jet(e);  // *this may be among the terms
    return *this;
  }
  template <typename E>
  Jet& operator+=(const E& e) {
    *this = *this + e;
    return *this;
  }
  template <typename E>
  Jet& operator-=(const E& e) {
    *this = *this - e;
    return *this;
  }

  template <typename Terms>
  void Collect(double weight, Terms* terms) const {
    terms->Add(weight, v.data());
  }

 private:
  template <int K, size_t... I>
  static void Sum(const JetTerms<K>& terms, std::index_sequence<I...> /*terms*/,
                  double* __restrict sum) {
    for (size_t i = 0; i < N; ++i) sum[i] = ((terms.weight[I] * terms.derivatives[I][i]) + ...);
  }
};

/// Operands: jets are borrowed, what is not yet assigned is held.
template <typename E>
struct JetOperand {
  using Type = const E;
};
template <int N>
struct JetOperand<Jet<N>> {
  using Type = const Jet<N>&;
};

/// A function of one operand with the derivative `slope` by it.
template <JetExpression X>
struct JetUnary {
  static constexpr int kTerms = X::kTerms;
  static constexpr int kWidth = X::kWidth;
  typename JetOperand<X>::Type x;
  double a, slope;

  template <typename Terms>
  void Collect(double weight, Terms* terms) const {
    x.Collect(weight * slope, terms);
  }
};

/// A function of two with the derivatives `by_x`, `by_y`.
template <JetExpression X, JetExpression Y>
struct JetBinary {
  static_assert(X::kWidth == Y::kWidth);
  static constexpr int kTerms = X::kTerms + Y::kTerms;
  static constexpr int kWidth = X::kWidth;
  typename JetOperand<X>::Type x;
  typename JetOperand<Y>::Type y;
  double a, by_x, by_y;

  template <typename Terms>
  void Collect(double weight, Terms* terms) const {
    x.Collect(weight * by_x, terms);
    y.Collect(weight * by_y, terms);
  }
};

/// f(x) where f(x.a) is `value` and f'(x.a) is `slope`: how functions are made known to jets. On a
/// plain number it is the value.
template <JetExpression X>
JetUnary<X> ChainRule(double value, double slope, const X& x) {
  return {x, value, slope};
}
inline double ChainRule(double value, double /*slope*/, double /*x*/) { return value; }

/// The same of a function of two.
template <JetExpression X, JetExpression Y>
JetBinary<X, Y> ChainRule(double value, double by_x, const X& x, double by_y, const Y& y) {
  return {x, y, value, by_x, by_y};
}

template <JetExpression X>
JetUnary<X> operator-(const X& x) {
  return {x, -x.a, -1.0};
}
template <JetExpression X, JetExpression Y>
JetBinary<X, Y> operator+(const X& x, const Y& y) {
  return {x, y, x.a + y.a, 1.0, 1.0};
}
template <JetExpression X, JetExpression Y>
JetBinary<X, Y> operator-(const X& x, const Y& y) {
  return {x, y, x.a - y.a, 1.0, -1.0};
}
template <JetExpression X, JetExpression Y>
JetBinary<X, Y> operator*(const X& x, const Y& y) {
  return {x, y, x.a * y.a, y.a, x.a};
}
template <JetExpression X, JetExpression Y>
JetBinary<X, Y> operator/(const X& x, const Y& y) {
  const double value = x.a / y.a;
  const double inverse = 1.0 / y.a;
  return {x, y, value, inverse, -value * inverse};
}

template <JetExpression X>
JetUnary<X> operator+(const X& x, double y) {
  return {x, x.a + y, 1.0};
}
template <JetExpression X>
JetUnary<X> operator+(double x, const X& y) {
  return {y, x + y.a, 1.0};
}
template <JetExpression X>
JetUnary<X> operator-(const X& x, double y) {
  return {x, x.a - y, 1.0};
}
template <JetExpression X>
JetUnary<X> operator-(double x, const X& y) {
  return {y, x - y.a, -1.0};
}
template <JetExpression X>
JetUnary<X> operator*(const X& x, double y) {
  return {x, x.a * y, y};
}
template <JetExpression X>
JetUnary<X> operator*(double x, const X& y) {
  return {y, x * y.a, x};
}
template <JetExpression X>
JetUnary<X> operator/(const X& x, double y) {
  return {x, x.a / y, 1.0 / y};
}
template <JetExpression X>
JetUnary<X> operator/(double x, const X& y) {
  const double value = x / y.a;
  return {y, value, -value / y.a};
}

template <JetExpression X>
JetUnary<X> exp(const X& x) {
  const double value = std::exp(x.a);
  return {x, value, value};
}
template <JetExpression X>
JetUnary<X> log(const X& x) {
  return {x, std::log(x.a), 1.0 / x.a};
}
template <JetExpression X>
JetUnary<X> sqrt(const X& x) {
  const double value = std::sqrt(x.a);
  return {x, value, 0.5 / value};
}

}  // namespace parallax::twin

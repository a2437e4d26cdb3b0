"""Classification by a Gaussian process of scikit-learn at given hyperparameters: for the squared
exponential and the Matern 5/2 kernel each the log marginal likelihood, then mean and variance of
the log odds and the probability of each point asked.

usage: sklearn_classifier.py FILE
FILE: n, d, d length scales, variance of the log odds, n rows of d features and the outcome (0 or 1),
rows of d features asked.
"""

import sys

import numpy
from scipy.integrate import quad
from scipy.linalg import solve
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern


def probability(mean, variance):
    """Exact, where predict_proba of scikit-learn takes a sum of five error functions."""
    sd = numpy.sqrt(variance)
    return quad(lambda z: norm.pdf(z) / (1 + numpy.exp(-mean - sd * z)), -9, 9, epsabs=1e-12)[0]


def predict(kernel, table, asked):
    model = GaussianProcessClassifier(kernel, optimizer=None).fit(table[:, :-1], table[:, -1])
    print(repr(float(model.log_marginal_likelihood_value_)))
    inner = model.base_estimator_
    across = inner.kernel_(inner.X_train_, asked)
    means = across.T @ (inner.y_train_ - inner.pi_)
    white = solve(inner.L_, inner.W_sr_[:, None] * across)
    variances = inner.kernel_.diag(asked) - (white**2).sum(axis=0)
    coarse = model.predict_proba(asked)[:, 1]
    for mean, variance, near in zip(means, variances, coarse):
        exact = probability(mean, variance)
        if abs(exact - near) > 1e-2:
            raise SystemExit(f"scikit-learn itself says {near}, not {exact}")
        print(repr(float(mean)), repr(float(variance)), repr(float(exact)))


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        words = numpy.array(file.read().split(), dtype=float)
    n, d = (int(word) for word in words[:2])
    scales, variance = words[2 : 2 + d], words[2 + d]
    rest = words[3 + d :]
    table = rest[: n * (d + 1)].reshape(n, d + 1)
    asked = rest[n * (d + 1) :].reshape(-1, d)
    for shape in (RBF(scales), Matern(scales, nu=2.5)):
        predict(ConstantKernel(variance) * shape, table, asked)


main()

"""Kriging by OpenTURNS at given hyperparameters: prints mean and variance of each point asked, for
the squared exponential and the Matern 5/2 kernel with a constant and a linear trend each.

usage: openturns_kriging.py FILE
FILE: n, d, d length scales, signal variance, noise variance, n rows of d features and the outcome,
rows of d features asked.
"""

import sys

import numpy
import openturns


def predict(covariance, basis, table, noise, asked):
    inputs, outputs = table[:, :-1], table[:, -1:]
    algorithm = openturns.KrigingAlgorithm(inputs, outputs, covariance, basis)
    # Nothing is fitted but the trend.
    algorithm.setOptimizeParameters(False)
    algorithm.setNoise([noise] * len(table))
    algorithm.run()
    result = algorithm.getResult()
    if result.getCovarianceModel().getParameter() != covariance.getParameter():
        raise SystemExit("OpenTURNS changed the hyperparameters")
    means = numpy.array(result.getConditionalMean(asked)).ravel()
    variances = numpy.array(result.getConditionalMarginalVariance(asked)).ravel()
    for mean, variance in zip(means, variances):
        print(repr(float(mean)), repr(float(variance)))


def main():
    openturns.Log.Show(openturns.Log.NONE)
    with open(sys.argv[1], encoding="ascii") as file:
        words = numpy.array(file.read().split(), dtype=float)
    n, d = (int(word) for word in words[:2])
    scales, signal, noise = words[2 : 2 + d], words[2 + d], words[3 + d]
    rest = words[4 + d :]
    table = rest[: n * (d + 1)].reshape(n, d + 1)
    asked = rest[n * (d + 1) :].reshape(-1, d)
    amplitude = [float(numpy.sqrt(signal))]
    for covariance in (
        openturns.SquaredExponential(scales, amplitude),
        openturns.MaternModel(scales, amplitude, 2.5),
    ):
        for basis in (openturns.ConstantBasisFactory(d), openturns.LinearBasisFactory(d)):
            predict(covariance, basis.build(), table, noise, asked)


main()

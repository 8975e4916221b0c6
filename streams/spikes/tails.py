"""How surprising a count is: the upper tail of a negative binomial, by its mean and variance."""

from __future__ import annotations

from math import exp, lgamma, log, log1p
from statistics import NormalDist

LOG10 = log(10.0)
LOWEST = -300.0
"""Tails below 1e-300 are told as this: floating point ends there, and nobody needs more."""
TERMS = 400
_TINY = 1e-300


def log10_tail(observed: float, mean: float, variance: float) -> float:
    """log10 of P(X >= observed) for a negative binomial; Poisson where the variance is no greater than the mean.

    By the regularised incomplete beta function, P(X >= k) = I_x(k, r) with r = mean² / (variance - mean) and
    x = mean / (mean + r) (Johnson, Kemp, Kotz: Univariate Discrete Distributions, 5.6). `observed` may be a fraction.
    """
    if observed <= 0.0:
        return 0.0
    mean = max(mean, 1e-9)
    if observed <= mean:
        return log10_half(observed, mean)
    size = mean * mean / max(variance - mean, 1e-4 * mean)
    # with so wide a distribution that counts barely matter, r may be tiny: the beta function still holds
    size = min(max(size, 1e-6), 1e9)
    value = _log_beta_tail(observed, size, mean / (mean + size)) / LOG10
    return max(min(value, 0.0), LOWEST)


def log10_half(observed: float, mean: float) -> float:
    """At or below the mean nothing is surprising: between 0 and log10(1/2), falling with the count."""
    return log(0.5) / LOG10 * observed / mean


def deviations(log10_p: float) -> float:
    """The standard deviations above its mean at which a normal variable has this upper tail; 0 to about 37."""
    probability = 10.0 ** max(log10_p, LOWEST)
    return max(0.0, -NormalDist().inv_cdf(min(max(probability, _TINY), 0.5)))


def _log_beta_tail(a: float, b: float, x: float) -> float:
    """log I_x(a, b) by Lentz's continued fraction (DLMF 8.17.22), which converges where x < (a + 1) / (a + b + 2)."""
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x) - log(a)
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1.0))
    fraction = d
    for term in range(1, TERMS):
        even = 2 * term
        step = term * (b - term) * x / ((a + even - 1.0) * (a + even))
        d = 1.0 / _away(1.0 + step * d)
        c = _away(1.0 + step / c)
        fraction *= d * c
        step = -(a + term) * (a + b + term) * x / ((a + even) * (a + even + 1.0))
        d = 1.0 / _away(1.0 + step * d)
        c = _away(1.0 + step / c)
        fraction *= d * c
        if abs(d * c - 1.0) < 1e-9:
            break
    return front + log(max(fraction, _TINY))


def _away(value: float) -> float:
    """Never quite zero: it is divided by."""
    return value if abs(value) > _TINY else _TINY


def tail(observed: float, mean: float, variance: float) -> float:
    """P(X >= observed) itself."""
    return exp(log10_tail(observed, mean, variance) * LOG10)

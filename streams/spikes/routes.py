"""Which topics, beside the one of all alerts, an alert belongs on: by its brand or product."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.alerts import Alert


class Routes:
    """The setting `alerts_routes`: `brand=B`, `product=P` or `brand=B/product=P` to a topic."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = dict(table)

    def of(self, alert: Alert) -> list[str]:
        """Topics of every route that fits, each once: those of its brand, and those of the product that it is about.

        An alert of another dimension is about a product where the alert that leads its incident is.
        """
        if not self._table:
            return []
        brand = f"brand={alert.brand}"
        names = [brand]
        about = (f"{brand}/{alert.dimension}={alert.value}", alert.leading or "")
        for series in about:
            dimension = series.removeprefix(f"{brand}/")
            if dimension.startswith("product="):
                names += [dimension, series]
        return list(dict.fromkeys(self._table[name] for name in names if name in self._table))

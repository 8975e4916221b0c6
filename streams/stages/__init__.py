"""The six stages: enrich, index, alert, case, link, learn. One shape, see `streams.stages.base`."""
